"""The OpenAPI document of a table of endpoints. Pure: nothing here serves anything."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from toggle_mock.faults.record import components_of
from toggle_mock.faults.spec import FaultSpec
from toggle_mock.faults.spec import schema_components as fault_schemas
from toggle_mock.http_api.bodies.base import LARGEST_BODY, Answer, Body, Failure
from toggle_mock.http_api.decoding import fields_of
from toggle_mock.http_api.endpoint import Endpoint

_JSON = "application/json"
_REFERENCE = "#/components/schemas/{name}"

_KEPT_OUT = "Another site's page asks, or the request is for another host."
_MEANINGS: Mapping[type[Exception], str] = {
    ValueError: "The request is wrong; the text tells what, and what would be right."
}
_TOO_LARGE = f"The body has more than {LARGEST_BODY} bytes."


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of some endpoints."""
    schemas = _Schemas(endpoints)
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, schemas)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Toggle mock",
            "version": "1",
            "description": "What a mock Toggle has recorded, and what it is to do.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": _described_failures(endpoints, schemas.of(Failure)),
        },
    }


class _Schemas:
    """The schemas of all that goes over the wire in some endpoints."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        named = [one for endpoint in endpoints for one in (endpoint.body, endpoint.answer)]
        types = [one for one in dict.fromkeys([*named, Failure]) if _is_record(one)]
        schemas, self.components = components_of(types, ref_template=_REFERENCE)
        fault, components = fault_schemas(_REFERENCE)
        self.components |= {**components, "Fault": fault}
        self._of: dict[Any, dict[str, Any]] = dict(zip(types, schemas, strict=True))
        self._of[FaultSpec] = {"$ref": _REFERENCE.format(name="Fault")}
        for one in types:
            if issubclass(one, Body):
                self.components[one.__name__] |= one.rules

    def of(self, data: Any) -> dict[str, Any]:
        """The schema of a type."""
        return self._of[data]


def _is_record(one: Any) -> bool:
    """Whether something is a record of this package, rather than a fault or a kind of Response."""
    return isinstance(one, type) and issubclass(one, Body | Answer)


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    subject = endpoint.handler.__module__.rpartition(".")[2]
    operation: dict[str, Any] = {
        "operationId": f"{subject}_{endpoint.handler.__name__}",
        "tags": [subject],
        "summary": endpoint.summary,
    }
    if parameters := _parameters(endpoint):
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = _request_body(endpoint.body, schemas)
    operation["responses"] = _answers(endpoint, schemas) | {
        code: {"$ref": f"#/components/responses/{name}"}
        for code, name in _failures(endpoint).items()
    }
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    record = msgspec.json.schema(endpoint.parameters)["$defs"][endpoint.parameters.__name__]
    return [
        _parameter(name, schema, in_path=name in endpoint.names_in_path)
        for name, schema in record["properties"].items()
    ]


def _parameter(name: str, schema: Mapping[str, Any], *, in_path: bool) -> dict[str, Any]:
    rest = dict(schema)
    text = {"description": rest.pop("description")} if "description" in rest else {}
    place: dict[str, Any] = {"in": "path", "required": True} if in_path else {"in": "query"}
    return {"name": name, **place, **text, "schema": _without_null(rest)}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The same for a place that has no null, since what is null is left out there."""
    if schema.get("default", ...) is None:
        del schema["default"]
    for key in ("anyOf", "enum"):
        if key in schema:
            schema[key] = [one for one in schema[key] if one not in (None, {"type": "null"})]
    if len(schema.get("anyOf", ())) == 1:
        schema |= schema.pop("anyOf")[0]
    return schema


def _request_body(body: Any, schemas: _Schemas) -> dict[str, Any]:
    needed = (
        body is FaultSpec
        or bool(body.rules)
        or any(field.required for field in fields_of(body).values())
    )
    return {"required": needed, "content": {_JSON: {"schema": schemas.of(body)}}}


def _answers(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    answer = endpoint.answer
    text = inspect.getdoc(answer)
    if not _is_record(answer):
        return {"200": {"description": text, "content": {_media_type(answer): {}}}}
    content = {_JSON: {"schema": schemas.of(answer)}}
    return {str(code): {"description": text, "content": content} for code in answer.statuses}


def _media_type(response: Any) -> str:
    return str(response.media_type).partition(";")[0]


def _failures(endpoint: Endpoint) -> dict[str, str]:
    """The names of what an endpoint can answer when it fails, by the status of that."""
    names = {
        str(code): "_".join(error.__name__ for error in errors)
        for code, errors in endpoint.failures.items()
    }
    too_large = {"413": "TooLarge"} if endpoint.body is not None else {}
    return dict(sorted({**names, "403": "KeptOut", **too_large}.items()))


def _described_failures(endpoints: Sequence[Endpoint], schema: dict[str, Any]) -> dict[str, Any]:
    """What each of those names stands for."""
    texts = {"KeptOut": _KEPT_OUT, "TooLarge": _TOO_LARGE}
    for endpoint in endpoints:
        for errors in endpoint.failures.values():
            name = "_".join(error.__name__ for error in errors)
            texts[name] = "\n\n".join(_told(error) for error in errors)
    content = {_JSON: {"schema": schema}}
    return {name: {"description": text, "content": content} for name, text in texts.items()}


def _told(error: type[Exception]) -> str:
    return f"{error.__name__}: {_MEANINGS.get(error) or inspect.getdoc(error)}"
