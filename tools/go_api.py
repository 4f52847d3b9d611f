"""The Go of go/togglemock/api that follows from the description of the HTTP API.

Types, and a method for each operation: what all of them need stands in client.go, by hand. It is
written as gofmt would have it: a blank line between fields leaves nothing to align.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

HEADER = "// Code generated from docs/openapi.json by make schemas. DO NOT EDIT.\n"

Json = Mapping[str, Any]

INITIALISMS = {"api", "http", "id", "jwt", "ok", "rid", "tls", "url"}

_PLAIN = {"boolean": "bool", "integer": "int", "number": "float64", "string": "string"}
_ZERO: tuple[Any, ...] = (None, "", 0, False, {}, [])
_REF = "#/components/schemas/"


def go_name(name: str) -> str:
    """The exported name of a field, a schema or an operation: ``rid`` is RID."""
    words = [word for word in re.split(r"[_\W]+|(?<=[a-z])(?=[A-Z])", name) if word]
    return "".join(
        word.upper() if word.lower() in INITIALISMS else word[0].upper() + word[1:]
        for word in words
    )


def comment(text: str, indent: str = "") -> str:
    """A comment of Go."""
    told = text.replace("``", "`").splitlines()
    lines = chain.from_iterable(textwrap.wrap(line, 96) or [""] for line in told)
    return "".join(f"{indent}// {line}".rstrip() + "\n" for line in lines)


# Types


def _ref(schema: Json) -> str:
    return str(schema["$ref"]).removeprefix(_REF)


def _is_null(schema: Json) -> bool:
    return schema.get("type") == "null"


def is_union(schema: Json) -> bool:
    """Whether it is one of several, and no record: an interface of Go."""
    return "anyOf" in schema and "properties" not in schema


class Types:
    """The types of Go for schemas.

    Args:
        schemas: The named ones.
    """

    def __init__(self, schemas: Mapping[str, Json]) -> None:
        self.schemas = schemas

    def of(self, schema: Json, *, closed: bool) -> str:
        """The type of a value.

        Args:
            schema: What it may be.
            closed: Whether it is sent, and not received; what has any form is kept as it came.
        """
        if "$ref" in schema:
            return go_name(_ref(schema))
        if "anyOf" in schema:
            return self._one_of(schema, closed=closed)
        match schema.get("type", "string" if "enum" in schema else None):
            case "array":
                return self._list(schema, closed=closed)
            case "object":
                return self._map(schema, closed=closed)
            case str(plain):
                return "[]byte" if schema.get("contentEncoding") == "base64" else _PLAIN[plain]
        return "any" if closed else "json.RawMessage"

    def _list(self, schema: Json, *, closed: bool) -> str:
        if "prefixItems" not in schema:
            return f"[]{self.of(schema['items'], closed=closed)}"
        kinds = {self.of(one, closed=closed) for one in schema["prefixItems"]}
        return f"[{len(schema['prefixItems'])}]{kinds.pop() if len(kinds) == 1 else 'any'}"

    def _map(self, schema: Json, *, closed: bool) -> str:
        values = schema.get("additionalProperties")
        if isinstance(values, Mapping):
            return f"map[string]{self.of(values, closed=closed)}"
        return "map[string]any" if closed else "json.RawMessage"

    def alternatives(self, schema: Json, *, closed: bool) -> list[str]:
        """The types of a value that may have several."""
        found = schema.get("anyOf", [])
        return [self.of(one, closed=closed) for one in found if not _is_null(one)]

    def _one_of(self, schema: Json, *, closed: bool) -> str:
        kinds = self.alternatives(schema, closed=closed)
        if len(kinds) == 1:
            return self._pointer(kinds[0])
        lists = [kind for kind in kinds if kind == f"[]{kinds[0]}"]
        return lists[0] if lists else "any"

    def _pointer(self, kind: str) -> str:
        """The type of one that there may be none of."""
        named = {go_name(name): schema for name, schema in self.schemas.items()}
        has_none = kind[0] in "[*" or kind.startswith(("map", "json.", "any"))
        return kind if has_none or (kind in named and is_union(named[kind])) else f"*{kind}"

    def of_field(self, schema: Json, *, closed: bool, required: bool) -> str:
        """The type of a field: one with another default than Go's zero is a pointer."""
        kind = self.of(schema, closed=closed)
        has_zero = "default" in schema and schema["default"] in _ZERO
        return kind if required or has_zero else self._pointer(kind)


# Records


def described(schema: Json, kinds: list[str]) -> str:
    """What a field is, and what is said of it besides; ``kinds`` are those that it may have."""
    told = [schema.get("description", ""), *_values(schema)]
    if kinds:
        told.append(f"It is {' or '.join(kinds)}.")
    if schema.get("title") == "Seconds":
        told.append("In seconds.")
    if schema.get("default") not in _ZERO:
        told.append(f"Without it {json.dumps(schema['default'])}.")
    return " ".join(text for text in told if text)


def _values(schema: Json) -> Iterator[str]:
    found = [one for one in [schema, *schema.get("anyOf", [])] if "enum" in one]
    if found:
        yield f"One of {', '.join(found[0]['enum'])}."


def fields(types: Types, schema: Json, closed: bool) -> Iterator[str]:
    """The fields of a record."""
    required = schema.get("required", [])
    for name, one in schema.get("properties", {}).items():
        kind = types.of_field(one, closed=closed, required=name in required)
        tag = name if name in required else f"{name},omitzero"
        told = described(one, types.alternatives(one, closed=closed) if kind == "any" else [])
        yield f'{comment(told, "	") if told else ""}	{go_name(name)} {kind} `json:"{tag}"`\n'


def record(types: Types, name: str, schema: Json) -> str:
    """A struct."""
    closed = schema.get("additionalProperties") is False
    body = "\n".join(fields(types, schema, closed))
    text = comment(f"{go_name(name)}: {schema['description']}")
    inner = f" {{\n{body}}}" if body else "{}"
    return f"{text}type {go_name(name)} struct{inner}\n"


# Unions


def union(name: str, schema: Json) -> str:
    """An interface, and which types it has."""
    marker = f"as{go_name(name)}"
    told = schema.get("description", "One of several.")
    text = comment(f"{go_name(name)}: {told}")
    text += f"type {go_name(name)} interface{{ {marker}() any }}\n"
    return text + "".join(_member(name, marker, one) for one in schema["anyOf"])


def _member(union_name: str, marker: str, schema: Json) -> str:
    if "enum" in schema:
        return _names(go_name(union_name), marker, schema["enum"])
    if "$ref" in schema:
        kind = go_name(_ref(schema))
        return f"\nfunc (one {kind}) {marker}() any {{ return one }}\n"
    ((key, inner),) = schema["properties"].items()
    (kind,) = (go_name(_ref(one)) for one in [inner, *inner.get("anyOf", [])] if "$ref" in one)
    return f'\nfunc (one {kind}) {marker}() any {{ return map[string]any{{"{key}": one}} }}\n'


def _names(prefix: str, marker: str, values: list[str]) -> str:
    """A type for those that are texts, and a constant for each."""
    kind = f"{prefix}Name"
    lines = "\n".join(
        f"	// {prefix}{go_name(value.lower())} is {value}.\n"
        f'	{prefix}{go_name(value.lower())} {kind} = "{value}"\n'
        for value in values
    )
    return (
        f"\n// {kind} is one that has no more to it than a name.\ntype {kind} string\n"
        f"\nfunc (one {kind}) {marker}() any {{ return one }}\n"
        f"\n// All that have a name.\nconst (\n{lines})\n"
    )


# Operations


@dataclass(frozen=True)
class Operation:
    """A method at a path."""

    method: str
    path: str
    about: Json

    @property
    def name(self) -> str:
        """The name of the method of Go."""
        return go_name(self.about["operationId"])

    def parameters(self, place: str) -> list[Json]:
        """Those in the path, or in the query: there without the session, which the client has."""
        found = [one for one in self.about.get("parameters", []) if one["in"] == place]
        return [one for one in found if place == "path" or one["name"] != "session"]

    @property
    def in_session(self) -> bool:
        """Whether it may be of one session."""
        in_query = [one for one in self.about.get("parameters", []) if one["in"] == "query"]
        return any(one["name"] == "session" for one in in_query)

    @property
    def body(self) -> str | None:
        """The type of what is sent."""
        content = self.about.get("requestBody", {}).get("content", {}).get("application/json")
        return go_name(_ref(content["schema"])) if content else None

    @property
    def answer(self) -> str | None:
        """The type of the answer; None where it is no record."""
        content = self.about["responses"]["200"]["content"].get("application/json", {})
        return go_name(_ref(content["schema"])) if "schema" in content else None


def query_record(types: Types, operation: Operation) -> str:
    """The struct of what stands behind ? in the URL, and how it is written there."""
    given = operation.parameters("query")
    if not given:
        return ""
    schema = {
        "description": f"what {operation.name} may be asked for.",
        "additionalProperties": False,
        "properties": {
            one["name"]: {**one["schema"], "description": one.get("description", "")}
            for one in given
        },
    }
    name = f"{operation.name}Query"
    adding = "".join(
        f'	add(to, "{one["name"]}", query.{go_name(one["name"])})\n' for one in given
    )
    writer = f"func (query {name}) write(to url.Values) {{\n{adding}}}\n"
    return f"{record(types, name, schema)}\n{writer}\n"


def method(types: Types, operation: Operation, unions: set[str]) -> str:
    """The method of the client."""
    verb, summary = operation.method.upper(), operation.about["summary"]
    in_path = operation.parameters("path")
    has_query = bool(operation.parameters("query"))
    arguments = ["ctx context.Context"]
    arguments += [f"{one['name']} {types.of(one['schema'], closed=True)}" for one in in_path]
    arguments += [f"query {operation.name}Query"] if has_query else []
    arguments += [f"body {operation.body}"] if operation.body else []
    body = f"body.as{operation.body}()" if operation.body in unions else "body"
    made = [
        f'method: "{verb}"',
        f"path: {_path(operation.path)}",
        *(["inSession: true"] if operation.in_session else []),
        *(["query: query.write"] if has_query else []),
        *([f"body: {body}"] if operation.body else []),
    ]
    does, gives = (
        (f"ask[{operation.answer}]", operation.answer)
        if operation.answer
        else ("stream", "io.ReadCloser")
    )
    text = comment(f"{operation.name} asks {verb} {operation.path}: {summary}")
    return (
        f"{query_record(types, operation)}{text}"
        f"func (c *Client) {operation.name}({', '.join(arguments)}) ({gives}, error) {{\n"
        f"	return {does}(ctx, c, request{{{', '.join(made)}}})\n}}\n"
    )


def _path(path: str) -> str:
    parts = re.split(r"\{(\w+)\}", path)
    shown = [f"segment({part})" if at % 2 else f'"{part}"' for at, part in enumerate(parts) if part]
    return " + ".join(shown)


def source(document: Json) -> str:
    """The file of Go.

    Args:
        document: The description, as docs/openapi.json has it.
    """
    schemas = document["components"]["schemas"]
    types = Types(schemas)
    unions = {go_name(name) for name, schema in schemas.items() if is_union(schema)}
    records = (
        union(name, schema) if is_union(schema) else record(types, name, schema)
        for name, schema in schemas.items()
    )
    methods = (
        method(types, Operation(kind, path, about), unions)
        for path, operations in document["paths"].items()
        for kind, about in operations.items()
    )
    imports = "".join(f'	"{one}"\n' for one in ("context", "encoding/json", "io", "net/url"))
    return "\n".join([HEADER, f"package api\n\nimport (\n{imports})\n", *records, *methods])
