"""The Rodents that are or were connected: commands, config pushes, disconnects, history."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import grpc

from rodent_events.pb.base_pb2 import (
    Acknowledgement,
    CommandRequest,
    CommandResponse,
    ConfigUpdate,
    RodentRequest,
    ToggleRequest,
)
from toggle_mock.asking import TIMEOUT, Scope
from toggle_mock.recorded import RecordedCall, RecordedMessage

JsonLike = Mapping[str, Any] | list[Any] | str | int | float | bool | bytes | None
"""A payload: bytes as they are, anything else as JSON."""


class NotConnectedError(ConnectionError):
    """The Rodent is not connected, or its stream ended before it answered."""


class NoReplyError(TimeoutError):
    """The Rodent did not answer in time."""


class CommandFailedError(RuntimeError):
    """The Rodent answered that the command failed."""


@dataclass(frozen=True)
class Reply:
    """A Rodent's answer to a command."""

    message: CommandResponse
    """The answer, decoded."""
    request_id: str
    """The id in the outer message."""

    @property
    def success(self) -> bool:
        """Whether the command succeeded."""
        return self.message.success

    @property
    def error(self) -> Any:
        """The RodentError; empty if it succeeded."""
        return self.message.error

    @property
    def payload(self) -> Any:
        """The payload, read as JSON; None if it is empty.

        Raises:
            ValueError: It is no JSON.
        """
        return json.loads(self.message.payload) if self.message.payload else None


@dataclass(frozen=True)
class HttpReply:
    """The answer of a Rodent's local service."""

    status_code: int
    headers: Mapping[str, Any]
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON.

        Raises:
            ValueError: It is no JSON.
        """
        return json.loads(self.body)


@dataclass(eq=False)
class Stream:
    """One Connect call that is open. Its queue belongs to the server's event loop."""

    call: RecordedCall
    loop: asyncio.AbstractEventLoop
    outgoing: asyncio.Queue[bytes | Ending] = field(default_factory=asyncio.Queue)
    pending: dict[str, tuple[str, concurrent.futures.Future[Any]]] = field(default_factory=dict)
    """What was asked over it and is not answered, by request id: the kind of answer, the future."""
    ending: bool = False
    """Whether it was told to end."""

    def put(self, item: bytes | Ending) -> None:
        """Send a message, or end the stream; from any thread."""
        self.loop.call_soon_threadsafe(self.outgoing.put_nowait, item)


@dataclass(frozen=True)
class Ending:
    """How a stream ends."""

    status: grpc.StatusCode
    details: str


@dataclass(frozen=True)
class Surprise:
    """A message from a Rodent that answers nothing; it is kept and does no harm."""

    message: RecordedMessage
    reason: str


class Rodent:
    """A Rodent as Toggle sees it, connected or not. For any number of threads.

    What it sends is awaited within a timeout, and the time covers a connection that is still to
    come: a Rodent connects some seconds after it has registered.
    """

    def __init__(self, rid: str, sub: str) -> None:
        self.rid = rid
        """The id in its token."""
        self.sub = sub
        """Its organization."""
        self.surprises: list[Surprise] = []
        """What came unasked: answers with an unknown id, late ones, empty messages."""
        self.calls: list[RecordedCall] = []
        """Its Connect calls, the oldest first."""
        self._changed = threading.Condition()
        self._streams: list[Stream] = []

    @property
    def connected(self) -> bool:
        """Whether a stream is open."""
        return any(not stream.ending for stream in list(self._streams))

    @property
    def history(self) -> list[RecordedMessage]:
        """Every message of both directions, over all its streams, those that are open included."""
        with self._changed:
            return [message for call in self.calls for message in list(call.messages)]

    def wait_connected(self, timeout: float = TIMEOUT) -> None:
        """Wait until a stream is open.

        Raises:
            NotConnectedError: None was in time.
        """
        self._stream(timeout)

    def wait_disconnected(self, timeout: float = TIMEOUT) -> None:
        """Wait until no stream is open.

        Raises:
            TimeoutError: One still is.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._streams, timeout):
                raise TimeoutError(f"rodent {self.rid} is still connected after {timeout:g} s")

    # What Toggle sends

    def command(
        self,
        command_type: str,
        payload: JsonLike = None,
        *,
        target: str = "",
        timeout: float = TIMEOUT,
    ) -> Reply:
        """Send a command and wait for its answer.

        Args:
            command_type: Such as ``system.status``.
            payload: What the command needs; anything but bytes is sent as JSON.
            target: Whom it is for.
            timeout: Seconds, a connection that is still to come included.

        Returns:
            The answer, also one that says the command failed.

        Raises:
            NotConnectedError: The Rodent is not connected, or its stream ended first.
            NoReplyError: It did not answer in time.
        """
        start = time.monotonic()
        reply = self.start_command(command_type, payload, target=target, timeout=timeout)
        return cast("Reply", self._result(reply, f"command {command_type}", timeout, start))

    def start_command(
        self,
        command_type: str,
        payload: JsonLike = None,
        *,
        target: str = "",
        timeout: float = TIMEOUT,
    ) -> concurrent.futures.Future[Reply]:
        """Send a command, without waiting for its answer; any number may be under way.

        Args:
            command_type: Such as ``system.status``.
            payload: What the command needs; anything but bytes is sent as JSON.
            target: Whom it is for.
            timeout: Seconds for a connection that is still to come.

        Raises:
            NotConnectedError: The Rodent is not connected.
        """
        command = CommandRequest(
            command_type=command_type, target=target, payload=_serialized(payload)
        )
        return self._ask(
            ToggleRequest(request_id=new_id(), command=command), "command_response", timeout
        )

    def push_config(
        self, config_type: str, payload: JsonLike = None, *, timeout: float = TIMEOUT
    ) -> Acknowledgement:
        """Send a config update and wait for its acknowledgement.

        Args:
            config_type: What it configures.
            payload: The configuration; anything but bytes is sent as JSON.
            timeout: Seconds, a connection that is still to come included.

        Raises:
            NotConnectedError: The Rodent is not connected, or its stream ended first.
            NoReplyError: It did not acknowledge in time.
        """
        start = time.monotonic()
        config = ConfigUpdate(config_type=config_type, payload=_serialized(payload))
        reply = self._ask(ToggleRequest(request_id=new_id(), config=config), "ack", timeout)
        answer = self._result(reply, f"config {config_type}", timeout, start)
        return cast("Acknowledgement", answer)

    def http(
        self,
        method: str,
        path: str,
        *,
        service: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float = TIMEOUT,
    ) -> HttpReply:
        """Send a request through the Rodent to one of its local services (``tunnel.http``).

        Args:
            method: Such as ``GET``.
            path: The path, from ``/`` on.
            service: The service's name.
            query: What stands behind ``?`` in the URL.
            headers: The request's headers.
            body: The request's body.
            timeout: Seconds, a connection that is still to come included.

        Raises:
            CommandFailedError: The Rodent could not do it.
            NotConnectedError: The Rodent is not connected, or its stream ended first.
            NoReplyError: It did not answer in time.
        """
        request = {
            "service": service,
            "method": method,
            "path": path,
            "query": query,
            "headers": dict(headers or {}),
            "body": base64.b64encode(body).decode(),
        }
        reply = self.command("tunnel.http", request, timeout=timeout)
        if not reply.success:
            error = reply.error
            raise CommandFailedError(
                f"tunnel.http: {error.message or reply.message.message} (error {error.code})"
            )
        try:
            answer = reply.payload
            content = base64.b64decode(answer.get("body") or "")
            return HttpReply(int(answer["status_code"]), answer.get("headers") or {}, content)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raw = reply.message.payload[:200]
            raise CommandFailedError(
                f"tunnel.http was answered with {raw!r}, which has no status_code, headers and "
                f"body: {error!r}"
            ) from None

    def send(self, message: ToggleRequest | bytes, *, timeout: float = TIMEOUT) -> None:
        """Send a message as it is, whatever it says.

        Raises:
            NotConnectedError: The Rodent is not connected.
        """
        raw = message if isinstance(message, bytes) else message.SerializeToString()
        self._stream(timeout).put(raw)

    def disconnect(
        self, status: grpc.StatusCode = grpc.StatusCode.OK, details: str = "disconnected"
    ) -> None:
        """End its open streams with a status."""
        with self._changed:
            for stream in self._streams:
                stream.ending = True
                stream.put(Ending(status, details))

    # What the service tells

    def opened(self, stream: Stream) -> None:
        """A stream was opened; what is sent from now on goes over it."""
        with self._changed:
            self._streams.append(stream)
            self.calls.append(stream.call)
            del self.calls[:-_STREAMS]
            self._changed.notify_all()

    def closed(self, stream: Stream, ending: Ending) -> None:
        """A stream has ended; what was asked over it will not be answered."""
        with self._changed:
            self._streams.remove(stream)
            self._changed.notify_all()
        for _, future in list(stream.pending.values()):
            end = f"{ending.status.name} {ending.details}".strip()
            _fail(future, NotConnectedError(f"the stream of rodent {self.rid} ended: {end}"))

    def received(self, stream: Stream, message: RecordedMessage, request: RodentRequest) -> None:
        """A message has come over a stream."""
        kind = request.WhichOneof("payload")
        if kind is None:
            return self._surprised(message, "has no payload")
        if kind == "event":
            return None
        answer = getattr(request, kind)
        request_id = request.request_id or answer.request_id
        wanted, future = stream.pending.get(request_id, ("", None))
        if future is not None and kind != wanted:
            return self._surprised(message, f"is {kind}, where {wanted} answers {request_id!r}")
        if future is None or not future.set_running_or_notify_cancel():
            return self._surprised(message, f"answers nothing: request_id is {request_id!r}")
        if isinstance(answer, CommandResponse):
            future.set_result(Reply(answer, request.request_id))
        else:
            future.set_result(answer)
        return None

    def _surprised(self, message: RecordedMessage, reason: str) -> None:
        with self._changed:
            self.surprises.append(Surprise(message, reason))
            del self.surprises[:-_SURPRISES]
            self._changed.notify_all()

    # How

    def _stream(self, timeout: float) -> Stream:
        with self._changed:
            if not self._changed.wait_for(lambda: self.connected, timeout):
                raise NotConnectedError(
                    f"rodent {self.rid} is not connected: no Connect call of it is open after "
                    f"{timeout:g} s"
                    + ("" if not self.calls else f"; the last one: {self.calls[-1]!r}")
                )
            return next(stream for stream in reversed(self._streams) if not stream.ending)

    def _ask(
        self, request: ToggleRequest, answer: str, timeout: float
    ) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        with self._changed:
            stream = self._stream(timeout)
            stream.pending[request.request_id] = (answer, future)
        future.add_done_callback(lambda _: stream.pending.pop(request.request_id, None))
        stream.put(request.SerializeToString())
        return future

    def _result(
        self, future: concurrent.futures.Future[Any], what: str, timeout: float, start: float
    ) -> Any:
        try:
            return future.result(max(0.0, timeout - (time.monotonic() - start)))
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise NoReplyError(
                f"rodent {self.rid} did not answer {what} within {timeout:g} s"
            ) from None

    def __repr__(self) -> str:
        state = "connected" if self.connected else "not connected"
        return f"<Rodent {self.rid} of {self.sub}: {state}>"


_STREAMS = 1_000
"""The most recent Connect calls that are kept of a Rodent."""

_SURPRISES = 1_000
"""The most recent surprises that are kept."""


class Rodents(Mapping[str, Rodent]):
    """Rodents by their ``rid``.

    Asking for one that has not connected yet gives it all the same, so that one can wait for it;
    it is listed once it has connected.
    """

    def __init__(self, register: RodentRegister, scope: Scope) -> None:
        self._register = register
        self._scope = scope

    def __getitem__(self, rid: str) -> Rodent:
        return self._register.get(rid, self._scope.sub)

    def __iter__(self) -> Iterator[str]:
        return iter({rodent.rid for rodent in self._known()})

    def __len__(self) -> int:
        return len({rodent.rid for rodent in self._known()})

    def __contains__(self, rid: object) -> bool:
        return any(rodent.rid == rid for rodent in self._known())

    @property
    def connected(self) -> list[Rodent]:
        """Those with an open stream."""
        return [rodent for rodent in self._known() if rodent.connected]

    def wait_connected(self, count: int = 1, timeout: float = TIMEOUT) -> list[Rodent]:
        """Wait until so many are connected.

        Raises:
            NotConnectedError: Fewer were in time.
        """
        with self._register.changed:
            if not self._register.changed.wait_for(lambda: len(self.connected) >= count, timeout):
                raise NotConnectedError(
                    f"waited {timeout:g} s for {count} connected rodent(s), there are "
                    f"{len(self.connected)}: {', '.join(r.rid for r in self.connected) or 'none'}"
                )
            return self.connected

    def _known(self) -> list[Rodent]:
        return [
            rodent
            for rodent in self._register.all()
            if rodent.calls
            and self._scope.sub in {None, rodent.sub}
            and self._scope.rid in {None, rodent.rid}
        ]


class RodentRegister:
    """All Rodents that have connected or were asked for."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        """Notified when a stream is opened or has ended."""
        self._rodents: dict[tuple[str, str], Rodent] = {}
        self._awaited: dict[tuple[str | None, str], Rodent] = {}

    def all(self) -> list[Rodent]:
        """Those that have connected."""
        with self.changed:
            return list(self._rodents.values())

    def get(self, rid: str, sub: str | None) -> Rodent:
        """A Rodent by its id, whichever its organization unless that is given."""
        with self.changed:
            for (own_sub, own_rid), rodent in reversed(self._rodents.items()):
                if own_rid == rid and sub in {None, own_sub}:
                    return rodent
            return self._awaited.setdefault((sub, rid), Rodent(rid, sub or ""))

    def opened(self, stream: Stream) -> Rodent:
        """A stream was opened; returns its Rodent."""
        rid, sub = stream.call.rid, stream.call.sub
        with self.changed:
            rodent = self._rodents.get((sub, rid))
            if rodent is None:
                rodent = self._adopt(rid, sub)
            rodent.opened(stream)
            self.changed.notify_all()
        return rodent

    def _adopt(self, rid: str, sub: str) -> Rodent:
        """A Rodent that connects for the first time; perhaps somebody has asked for it already."""
        awaited = [self._awaited.pop((scope, rid), None) for scope in (sub, None)]
        rodent = next((one for one in awaited if one is not None), None) or Rodent(rid, sub)
        rodent.sub = sub
        self._rodents[sub, rid] = rodent
        return rodent

    def closed(self, rodent: Rodent, stream: Stream, ending: Ending) -> None:
        """A stream has ended."""
        rodent.closed(stream, ending)
        with self.changed:
            self.changed.notify_all()

    def clear(self) -> None:
        """End all streams and forget all Rodents."""
        with self.changed:
            rodents = list(self._rodents.values())
            self._rodents.clear()
            self._awaited.clear()
        for rodent in rodents:
            rodent.disconnect(grpc.StatusCode.UNAVAILABLE, "the mock was cleared")


def new_id() -> str:
    """A request id."""
    return str(uuid.uuid4())


def _serialized(payload: JsonLike) -> bytes:
    if payload is None:
        return b""
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def _fail(future: concurrent.futures.Future[Any], error: Exception) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(error)
