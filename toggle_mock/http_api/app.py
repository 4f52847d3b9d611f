"""The application: requests in, handlers called where they block nobody, answers out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import cache
from typing import Any, TypeAlias

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from toggle_mock.codes import logger
from toggle_mock.http_api.bodies.base import LARGEST_BODY, Answer, Failure, Parameters
from toggle_mock.http_api.decoding import body_from, decoded, json_object
from toggle_mock.http_api.endpoint import Endpoint
from toggle_mock.http_api.endpoints import ENDPOINTS
from toggle_mock.http_api.errors import UNFORESEEN, failure_of, http_status
from toggle_mock.http_api.guard import SameOrigin
from toggle_mock.http_api.openapi import document
from toggle_mock.http_api.page import ReadOnly, routes
from toggle_mock.http_api.responses import Json
from toggle_mock.http_api.state import Api
from toggle_mock.recording.entries import encode

Serve: TypeAlias = Callable[[Request], Awaitable[Response]]
"""What Starlette calls with a request."""


@cache
def description() -> bytes:
    """The OpenAPI document of all endpoints, as JSON."""
    return msgspec.json.encode(document(ENDPOINTS))


def application(api: Api, allowed_hosts: Collection[str]) -> Starlette:
    """The application.

    Args:
        api: What its endpoints share.
        allowed_hosts: The names that may stand in a request's Host, besides addresses; ``*`` is
            any.
    """
    middleware = [Middleware(SameOrigin, allowed_hosts=allowed_hosts)]
    if api.page.mode == "read-only":
        middleware.append(Middleware(ReadOnly))
    return Starlette(
        routes=[*_routes(api), *routes(api.page)],
        middleware=middleware,
        exception_handlers={HTTPException: _http_failed},
    )


def _routes(api: Api) -> list[Route]:
    """One route for each path, so that it can say which methods that takes."""
    by_path: dict[str, dict[str, Serve]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = _served(endpoint, api)
    # A name of its own goes before what a parameter may stand for.
    ordered = sorted(by_path.items(), key=lambda item: item[0].count("{"))
    return [Route(path, _by_method(serves), methods=[*serves]) for path, serves in ordered]


def _by_method(serves: Mapping[str, Serve]) -> Serve:
    async def serve(request: Request) -> Response:
        return await serves["GET" if request.method == "HEAD" else request.method](request)

    return serve


def _served(endpoint: Endpoint, api: Api) -> Serve:
    """An endpoint as Starlette takes it."""

    async def serve(request: Request) -> Response:
        raw = b"" if endpoint.body is None else await _body(request)
        try:
            if endpoint.runs_in_loop:
                return _response(await _called(endpoint, api, request, raw))
            # Reading what came and writing what goes takes its time too.
            return await api.in_thread(lambda: _response(_called(endpoint, api, request, raw)))
        except Exception as error:  # noqa: BLE001 - whoever has asked is told
            return _failed(error, request)

    return serve


async def _body(request: Request) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            raise HTTPException(413, f"the body has more than {LARGEST_BODY} bytes")
    return bytes(raw)


def _called(endpoint: Endpoint, api: Api, request: Request, raw: bytes) -> Any:
    """What the handler returns, given what a request says."""
    said = {**request.query_params, **request.path_params}
    given = decoded(said, endpoint.parameters, strict=False)
    arguments: dict[str, Any] = {"given": given} if endpoint.parameters is not Parameters else {}
    if endpoint.body is not None:
        arguments["body"] = body_from(json_object(raw), endpoint.body)
    with api.sessions.heard_of(getattr(given, "session", None)):
        return endpoint.handler(api, **arguments)


def _response(answer: Answer | Response) -> Response:
    if isinstance(answer, Response):
        return answer
    return Json(encode(answer), answer.status_code)


def _failed(error: Exception, request: Request) -> Response:
    status = http_status(type(error))
    if status == UNFORESEEN:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return Json(encode(failure_of(error)), status)


async def _http_failed(_request: Request, error: Exception) -> Response:
    """What Starlette refuses: there is no such path, or it takes no such method."""
    assert isinstance(error, HTTPException)
    failure = Failure(error=error.detail, kind=f"HTTPException {error.status_code}")
    return Json(encode(failure), error.status_code, error.headers)
