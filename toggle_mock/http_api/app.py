"""The JSON API; ``openapi.yaml`` beside this file describes it."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread
import yaml
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from toggle_mock.errors import (
    CommandFailedError,
    NoRelayError,
    NoReplyError,
    NotConnectedError,
    NotReceivedError,
    UnexpectedEventError,
)
from toggle_mock.faults.book import Fault
from toggle_mock.faults.connections import ConnectionFault
from toggle_mock.faults.spec import apply_fault, status_from
from toggle_mock.http_api.bodies import (
    assertion,
    body_of,
    call_object,
    integer,
    recorded_message_object,
    rodent_object,
    seconds,
)
from toggle_mock.http_api.guard import SameOrigin
from toggle_mock.http_api.metrics import exposition
from toggle_mock.matching.matchers import matcher_of
from toggle_mock.recording.entries import entries_of
from toggle_mock.recording.feed import EntryFeed
from toggle_mock.recording.recorder import Position
from toggle_mock.recording.records import Events
from toggle_mock.recording.text import as_object, message_object
from toggle_mock.rodents.rodent import Rodent
from toggle_mock.toggle.toggle import LocalToggle

if TYPE_CHECKING:
    from toggle_mock.server.server import ToggleServer

T = TypeVar("T")

PREFIX = "/api/v1"

_THREADS = 1_000
"""Requests that may wait at the same time."""

_FAULTS = 1_000
"""Faults that one can refer to by their ids."""

_POKE = 0.2
"""Seconds after which a stream looks whether it is to end."""

# What an exception of the mock is in HTTP.
_STATUSES: Mapping[type[Exception], int] = {
    NotReceivedError: 409,
    UnexpectedEventError: 409,
    NotConnectedError: 409,
    CommandFailedError: 502,
    NoReplyError: 504,
    TimeoutError: 504,
    NoRelayError: 409,
    ValueError: 400,  # a query, a script, an argument
    TypeError: 400,
    OverflowError: 400,
    RecursionError: 400,
}

_DESCRIPTION = Path(__file__).with_name("openapi.yaml")


class Api:
    """The endpoints over one server."""

    def __init__(self, toggle: ToggleServer) -> None:
        self._toggle = toggle
        self._sessions: dict[str, LocalToggle] = {}
        self.closing = False
        """Whether streams are to end."""
        self._feeds: dict[str, EntryFeed] = {}
        self._faults: dict[str, Fault | ConnectionFault] = {}
        self._fault_number = 0
        self._limiter = anyio.CapacityLimiter(_THREADS)

    def application(self, allowed_hosts: frozenset[str] | None) -> Starlette:
        """The application.

        Args:
            allowed_hosts: What may stand in a request's Host; None for anything.
        """
        handlers: dict[Any, Any] = dict.fromkeys(_STATUSES, self._failed)
        return Starlette(
            routes=self._routes(),
            middleware=[Middleware(SameOrigin, allowed_hosts=allowed_hosts)],
            exception_handlers=handlers | {HTTPException: self._http_failed},
        )

    def _routes(self) -> list[Route]:
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "/readyz", self.readyz),
            ("GET", "/metrics", self.metrics),
            ("GET", "/openapi.json", self.openapi),
            ("GET", f"{PREFIX}/info", self.info),
            ("GET", f"{PREFIX}/events", self.events),
            ("POST", f"{PREFIX}/events/wait", self.wait),
            ("POST", f"{PREFIX}/events/verify", self.verify),
            ("GET", f"{PREFIX}/events/stream", self.stream),
            ("GET", f"{PREFIX}/calls", self.calls),
            ("GET", f"{PREFIX}/calls/{{number:int}}", self.call),
            ("POST", f"{PREFIX}/calls/wait", self.wait_for_calls),
            ("GET", f"{PREFIX}/recording", self.export),
            ("DELETE", f"{PREFIX}/recording", self.clear),
            ("GET", f"{PREFIX}/recording/feed", self.feed),
            ("POST", f"{PREFIX}/recording/feed/mark", self.mark),
            ("GET", f"{PREFIX}/faults", self.faults),
            ("POST", f"{PREFIX}/faults", self.add_fault),
            ("DELETE", f"{PREFIX}/faults", self.heal),
            ("DELETE", f"{PREFIX}/faults/{{fault}}", self.heal_one),
            ("GET", f"{PREFIX}/rodents", self.rodents),
            ("GET", f"{PREFIX}/rodents/{{rid}}", self.rodent),
            ("POST", f"{PREFIX}/rodents/{{rid}}/command", self.command),
            ("POST", f"{PREFIX}/rodents/{{rid}}/config", self.config),
            ("POST", f"{PREFIX}/rodents/{{rid}}/http", self.http),
            ("POST", f"{PREFIX}/rodents/{{rid}}/disconnect", self.disconnect),
            ("POST", f"{PREFIX}/tokens", self.token),
            ("POST", f"{PREFIX}/tokens/revoke", self.revoke),
            ("POST", f"{PREFIX}/sessions", self.open_session),
            ("DELETE", f"{PREFIX}/sessions/{{session}}", self.close_session),
        ]
        return [Route(path, endpoint, methods=[method]) for method, path, endpoint in table]

    # The server

    async def readyz(self, _request: Request) -> Response:
        """Whether the server answers calls."""
        ready = self._toggle.serving
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def metrics(self, _request: Request) -> Response:
        """What is recorded and connected, in numbers, for Prometheus."""
        content, content_type = await self._in_thread(lambda: exposition(self._toggle))
        return Response(content, headers={"content-type": content_type})

    async def openapi(self, _request: Request) -> Response:
        """This description."""
        return JSONResponse(yaml.safe_load(_DESCRIPTION.read_text("utf-8")))

    async def info(self, _request: Request) -> Response:
        """The server's address."""
        toggle = self._toggle
        root = toggle.root_certificate
        return JSONResponse(
            {
                "address": toggle.address,
                "tls": root is not None,
                "root_certificate": root.decode() if root else None,
                "deduplicate": toggle.recording.deduplicate,
            }
        )

    # Events

    async def events(self, request: Request) -> Response:
        """The recorded events that match a query, oldest first."""
        query = request.query_params.get("query", "")
        limit = integer(request.query_params.get("limit", "1000"), "limit")
        toggle = self._toggle_of(request)

        def find() -> dict[str, Any]:
            found = toggle.find(query)
            shown = found[-limit:] if limit else []
            return {"total": len(found), "events": [as_object(event) for event in shown]}

        return JSONResponse(await self._in_thread(find))

    async def wait(self, request: Request) -> Response:
        """Wait until so many matching events have arrived."""
        body = await body_of(request, {"query", "count", "timeout"})
        wait = partial(
            self._toggle_of(request).wait_for,
            body.get("query"),
            count=integer(body.get("count", 1), "count"),
            timeout=seconds(body),
        )
        shown = await self._in_thread(lambda: [as_object(event) for event in wait()])
        return JSONResponse({"events": shown})

    async def verify(self, request: Request) -> Response:
        """Assert something of the events that have arrived."""
        body = await body_of(
            request, {"received", "not_received", "only", "in_order", "count", "timeout", "within"}
        )
        await self._in_thread(assertion(self._toggle_of(request), body))
        return JSONResponse({"ok": True})

    async def stream(self, request: Request) -> Response:
        """Matching events as they arrive, as server-sent events."""
        matches = matcher_of(request.query_params.get("query", ""))
        toggle = self._toggle_of(request)
        recording = toggle.recording

        async def lines() -> AsyncIterator[str]:
            position = Position(-1, 0)
            yield ": connected\n\n"
            while not self.closing:
                news = await self._in_thread(partial(recording.read, position, _POKE))
                position = news.position
                for event in Events(toggle.mine(news.batches)):
                    if matches(event):
                        yield f"data: {json.dumps(as_object(event))}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    # Calls

    async def calls(self, request: Request) -> Response:
        """The recorded calls, oldest first."""
        method, status = (request.query_params.get(key) for key in ("method", "status"))
        limit = integer(request.query_params.get("limit", "1000"), "limit")
        found = [
            call
            for call in self._toggle_of(request).calls
            if method in {None, call.method} and status in {None, call.status}
        ]
        shown = found[-limit:] if limit else []
        return JSONResponse({"total": len(found), "calls": [call_object(call) for call in shown]})

    async def call(self, request: Request) -> Response:
        """One call with its messages, raw and decoded."""
        number = request.path_params["number"]
        for call in self._toggle_of(request).calls:
            if call.number == number:
                messages = [recorded_message_object(message) for message in list(call.messages)]
                return JSONResponse(call_object(call) | {"messages": messages})
        raise HTTPException(404, f"there is no call {number}")

    async def wait_for_calls(self, request: Request) -> Response:
        """Wait until so many calls have arrived."""
        body = await body_of(request, {"method", "status", "count", "timeout"})
        wait = partial(
            self._toggle_of(request).wait_for_call,
            body.get("method"),
            status=body.get("status"),
            count=integer(body.get("count", 1), "count"),
            timeout=seconds(body),
        )
        found = await self._in_thread(wait)
        return JSONResponse({"calls": [call_object(call) for call in found]})

    # The recording

    async def export(self, _request: Request) -> Response:
        """The whole recording, one JSON object a line."""
        recording = self._toggle.recording
        lines = (json.dumps(entry) + "\n" for entry in entries_of(recording))
        return StreamingResponse(lines, media_type="application/x-ndjson")

    async def clear(self, request: Request) -> Response:
        """Forget what was recorded."""
        await self._in_thread(self._toggle_of(request).clear)
        return JSONResponse({"ok": True})

    async def feed(self, request: Request) -> Response:
        """The recording and what is added to it, one JSON object a line."""
        recording = self._toggle.recording
        feed = EntryFeed(self._toggle_of(request).scope.covers)

        async def lines() -> AsyncIterator[str]:
            await self._in_thread(lambda: feed.attach(recording))
            self._feeds[feed.name] = feed
            try:
                yield json.dumps({"feed": feed.name}) + "\n"
                while not self.closing:
                    entries = await self._in_thread(lambda: feed.take(_POKE))
                    # An empty line if there is none, so that a reader can end.
                    yield "".join(json.dumps(entry) + "\n" for entry in entries) or "\n"
            finally:
                feed.detach(recording)
                self._feeds.pop(feed.name, None)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def mark(self, request: Request) -> Response:
        """Put a mark into a feed, behind all that is recorded so far."""
        body = await body_of(request, {"feed", "mark"})
        feed = self._feeds.get(str(body.get("feed")))
        if feed is None:
            raise HTTPException(404, f"there is no feed {body.get('feed')!r}")
        feed.put({"entry": "mark", "mark": body.get("mark")})
        return JSONResponse({"ok": True})

    # Faults

    async def faults(self, _request: Request) -> Response:
        """The ids of the faults that were asked for, and the outcomes that remain."""
        found = {
            name: {"remaining": fault.remaining if isinstance(fault, Fault) else None}
            for name, fault in self._faults.items()
        }
        return JSONResponse({"faults": found})

    async def add_fault(self, request: Request) -> Response:
        """Put a fault in force, until it is healed."""
        data = await body_of(request, None)
        toggle = self._toggle_of(request)
        fault = await self._in_thread(lambda: apply_fault(toggle, data))
        if len(self._faults) >= _FAULTS:
            self._faults.pop(next(iter(self._faults)))
        self._fault_number += 1
        name = str(self._fault_number)
        self._faults[name] = fault
        return JSONResponse({"fault": name})

    async def heal(self, request: Request) -> Response:
        """End all faults; with a session, those of that session."""
        await self._in_thread(self._toggle_of(request).faults.heal)
        if "session" not in request.query_params:
            self._faults.clear()
        return JSONResponse({"ok": True})

    async def heal_one(self, request: Request) -> Response:
        """End one fault."""
        name = request.path_params["fault"]
        fault = self._faults.pop(name, None)
        if fault is None:
            raise HTTPException(404, f"there is no fault {name!r}")
        await self._in_thread(fault.heal)
        return JSONResponse({"ok": True})

    # Rodents

    async def rodents(self, request: Request) -> Response:
        """The Rodents that are or were connected."""
        known = self._toggle_of(request).rodents
        return JSONResponse({"rodents": [rodent_object(known[rid]) for rid in known]})

    async def rodent(self, request: Request) -> Response:
        """One Rodent, and every message of its streams."""
        rodent = self._rodent(request)
        history = [recorded_message_object(message) for message in rodent.history]
        return JSONResponse(rodent_object(rodent) | {"history": history})

    async def command(self, request: Request) -> Response:
        """Send a command to a Rodent, and wait for its answer."""
        body = await body_of(request, {"type", "payload", "target", "timeout"}, needs={"type"})
        rodent = self._rodent(request)
        reply = await self._in_thread(
            lambda: rodent.command(
                str(body["type"]),
                body.get("payload"),
                target=str(body.get("target", "")),
                timeout=seconds(body),
            )
        )
        return JSONResponse(message_object(reply.message) | {"payload": reply.payload})

    async def config(self, request: Request) -> Response:
        """Push a configuration to a Rodent, and wait for its acknowledgement."""
        body = await body_of(request, {"type", "payload", "timeout"}, needs={"type"})
        rodent = self._rodent(request)
        ack = await self._in_thread(
            lambda: rodent.push_config(
                str(body["type"]), body.get("payload"), timeout=seconds(body)
            )
        )
        return JSONResponse(message_object(ack))

    async def http(self, request: Request) -> Response:
        """Send a request through a Rodent to one of its local services."""
        keys = {"service", "method", "path", "query", "headers", "body", "timeout"}
        body = await body_of(request, keys, needs={"service", "method", "path"})
        rodent = self._rodent(request)
        reply = await self._in_thread(
            lambda: rodent.http(
                str(body["method"]),
                str(body["path"]),
                service=str(body["service"]),
                query=str(body.get("query", "")),
                headers=body.get("headers"),
                body=base64.b64decode(body.get("body", "")),
                timeout=seconds(body),
            )
        )
        return JSONResponse(
            {
                "status_code": reply.status_code,
                "headers": dict(reply.headers),
                "body": base64.b64encode(reply.body).decode(),
            }
        )

    async def disconnect(self, request: Request) -> Response:
        """End a Rodent's streams with a status."""
        body = await body_of(request, {"status", "details"})
        status = status_from(body.get("status", "OK"))
        self._rodent(request).disconnect(status, str(body.get("details", "disconnected")))
        return JSONResponse({"ok": True})

    # Tokens and sessions

    async def token(self, request: Request) -> Response:
        """A token for a Rodent."""
        body = await body_of(request, None)  # further claims too
        return JSONResponse({"jwt": self._toggle_of(request).jwt(**body)})

    async def revoke(self, request: Request) -> Response:
        """Refuse the tokens of a Rodent or of an organization from now on."""
        body = await body_of(request, {"rid", "sub", "status"})
        status = status_from(body.pop("status", "UNAUTHENTICATED"))
        self._toggle.tokens.revoke(**body, status=status)
        return JSONResponse({"ok": True})

    async def open_session(self, request: Request) -> Response:
        """Open a session, a part of the server that sees only its own Rodents."""
        body = await body_of(request, {"rid", "sub"})
        toggle = self._toggle.session(**body)
        name = secrets.token_hex(8)
        self._sessions[name] = toggle
        return JSONResponse({"session": name, "rid": toggle.scope.rid, "sub": toggle.scope.sub})

    async def close_session(self, request: Request) -> Response:
        """Close a session, and heal its faults."""
        name = request.path_params["session"]
        toggle = self._sessions.pop(name, None)
        if toggle is None:
            raise HTTPException(404, f"there is no session {name!r}")
        await self._in_thread(toggle.faults.heal)
        return JSONResponse({"ok": True})

    # How

    def _toggle_of(self, request: Request) -> LocalToggle:
        name = request.query_params.get("session")
        if name is None:
            return self._toggle
        if name not in self._sessions:
            raise HTTPException(404, f"there is no session {name!r}: POST {PREFIX}/sessions")
        return self._sessions[name]

    def _rodent(self, request: Request) -> Rodent:
        return self._toggle_of(request).rodents[request.path_params["rid"]]

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(
            function, abandon_on_cancel=True, limiter=self._limiter
        )

    async def _failed(self, _request: Request, error: Exception) -> Response:
        kind = next(kind for kind in type(error).__mro__ if kind in _STATUSES)
        return JSONResponse({"error": str(error), "kind": type(error).__name__}, _STATUSES[kind])

    async def _http_failed(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = f"HTTPException {error.status_code}"
        return JSONResponse({"error": error.detail, "kind": kind}, error.status_code)
