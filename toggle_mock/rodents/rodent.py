"""The Rodents that are or were connected: commands, config pushes, disconnects, history."""

from __future__ import annotations

import concurrent.futures
import threading
import uuid
from typing import Any, cast

import grpc

from rodent_events import clock
from rodent_events.pb.base_pb2 import (
    Acknowledgement,
    CommandRequest,
    CommandResponse,
    ConfigUpdate,
    RodentRequest,
    ToggleRequest,
)
from toggle_mock.errors import NoReplyError, NotConnectedError
from toggle_mock.recording.records import RecordedCall, RecordedMessage
from toggle_mock.recording.scope import TIMEOUT
from toggle_mock.rodents.base import JsonLike, RodentHandle, serialized
from toggle_mock.rodents.stream import Ending, Reply, Stream, UnexpectedMessage


class Rodent(RodentHandle):
    """A Rodent of a server in this process; see :class:`RodentHandle`.

    Args:
        rid: The id in its token.
        sub: Its organization.
    """

    def __init__(self, rid: str, sub: str) -> None:
        super().__init__(rid)
        self._sub = sub
        self._unexpected_messages: list[UnexpectedMessage] = []
        self._calls: list[RecordedCall] = []
        self._changed = threading.Condition()
        self._streams: list[Stream] = []
        self._expected: set[int] = set()
        """Connect calls, by their identity, that may become streams in a moment."""

    # What is known here, which is all unless several servers share a run

    @property
    def is_open_here(self) -> bool:
        """Whether a stream is open at this server."""
        return any(not stream.ending for stream in list(self._streams))

    @property
    def known_connected(self) -> bool:
        """Whether a stream is open, as far as is known now."""
        return self.is_open_here

    @property
    def known_calls(self) -> list[RecordedCall]:
        """Its Connect calls as far as they are known now."""
        return self._calls

    def _catch_up(self) -> None:
        """Wait until all is known."""

    # As any handle

    @property
    def sub(self) -> str:
        """See :attr:`RodentHandle.sub`."""
        if not self._sub:
            self._catch_up()
        return self._sub

    @property
    def connected(self) -> bool:
        """See :attr:`RodentHandle.connected`."""
        self._catch_up()
        return self.known_connected

    @property
    def calls(self) -> list[RecordedCall]:
        """See :attr:`RodentHandle.calls`."""
        self._catch_up()
        return self.known_calls

    @property
    def unexpected_messages(self) -> list[UnexpectedMessage]:
        """See :attr:`RodentHandle.unexpected_messages`."""
        return self._unexpected_messages

    @property
    def history(self) -> list[RecordedMessage]:
        """See :attr:`RodentHandle.history`."""
        return [message for call in list(self.calls) for message in list(call.messages)]

    def wait_connected(self, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.wait_connected`."""
        self._stream(timeout)

    def wait_disconnected(self, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.wait_disconnected`."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._streams, timeout):
                raise TimeoutError(f"rodent {self.rid} is still connected after {timeout:g} s")

    # What Toggle sends

    def start_command(
        self,
        command_type: str,
        payload: JsonLike = None,
        *,
        target: str = "",
        timeout: float = TIMEOUT,
    ) -> concurrent.futures.Future[Reply]:
        """See :meth:`RodentHandle.start_command`."""
        request = command(command_type, serialized(payload), target)
        return self._ask(request, "command_response", timeout)

    def send(self, message: ToggleRequest | bytes, *, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.send`."""
        raw = message if isinstance(message, bytes) else message.SerializeToString()
        self._stream(timeout).put(raw)

    # What the service tells

    def expect(self, call: RecordedCall) -> None:
        """A Connect call has come; what is sent from now on waits until it is known of what use."""
        with self._changed:
            self._expected.add(id(call))

    def settle(self, call: RecordedCall) -> None:
        """It has become a stream, or will not soon."""
        with self._changed:
            self._expected.discard(id(call))
            self._changed.notify_all()

    def adopted(self, sub: str) -> None:
        """It has connected for the first time, as one of an organization."""
        self._sub = sub

    def opened(self, stream: Stream) -> None:
        """A stream was opened; what is sent from now on goes over it."""
        with self._changed:
            self._streams.append(stream)
            self._calls.append(stream.call)
            del self._calls[:-STREAMS]
            self._changed.notify_all()

    def closed(self, stream: Stream, ending: Ending) -> None:
        """A stream has ended; what was asked over it will not be answered."""
        with self._changed:
            self._streams.remove(stream)
            self._changed.notify_all()
        for _, future in list(stream.pending.values()):
            end = f"{ending.status.name} {ending.details}".strip()
            _fail(future, NotConnectedError(f"the stream of rodent {self.rid} ended: {end}"))

    def end_streams(self, ending: Ending) -> bool:
        """End those streams that are open here; whether there was one."""
        with self._changed:
            was_open = self.is_open_here
            for stream in self._streams:
                stream.ending = True
                stream.put(ending)
        return was_open

    def ask_here(
        self, request: ToggleRequest, answer: str, timeout: float = 0.0
    ) -> concurrent.futures.Future[Any] | None:
        """Ask something over the newest stream that is open here; None if none is.

        Args:
            request: What is asked.
            answer: The kind of answer that is awaited.
            timeout: Seconds, while one is open, for Connect calls that have come to become newer
                ones.
        """
        with self._changed:
            stream = self._open_stream(timeout)
            return None if stream is None else self._ask_over(stream, request, answer)

    def send_here(self, raw: bytes, timeout: float = 0.0) -> bool:
        """Send a message over the same stream; whether there is one."""
        with self._changed:
            if (stream := self._open_stream(timeout)) is None:
                return False
            stream.put(raw)
        return True

    @staticmethod
    def asked(stream: Stream, request: RodentRequest) -> bool:
        """Whether a message answers what was asked here, and is not answered yet."""
        return _answered(request) in stream.pending

    def received(self, stream: Stream, message: RecordedMessage, request: RodentRequest) -> None:
        """A message has come over a stream."""
        kind = request.WhichOneof("payload")
        if kind is None:
            return self._unexpected(message, "has no payload")
        if kind == "event":
            return None
        answer = getattr(request, kind)
        request_id = _answered(request)
        wanted, future = stream.pending.get(request_id, ("", None))
        if future is not None and kind != wanted:
            return self._unexpected(message, f"is {kind}, where {wanted} answers {request_id!r}")
        if future is None or not future.set_running_or_notify_cancel():
            return self._unexpected(message, f"answers nothing: request_id is {request_id!r}")
        if isinstance(answer, CommandResponse):
            future.set_result(Reply(answer, request.request_id))
        else:
            future.set_result(answer)
        return None

    def _unexpected(self, message: RecordedMessage, reason: str) -> None:
        with self._changed:
            self._unexpected_messages.append(UnexpectedMessage(message, reason))
            del self._unexpected_messages[:-_UNEXPECTED_MESSAGES]
            self._changed.notify_all()

    # How

    def _command(self, command_type: str, payload: bytes, target: str, timeout: float) -> Reply:
        start = clock.monotonic()
        reply = self.start_command(command_type, payload, target=target, timeout=timeout)
        return cast("Reply", self._result(reply, f"command {command_type}", timeout, start))

    def _push_config(self, config_type: str, payload: bytes, timeout: float) -> Acknowledgement:
        start = clock.monotonic()
        config = ConfigUpdate(config_type=config_type, payload=payload)
        reply = self._ask(ToggleRequest(request_id=new_id(), config=config), "ack", timeout)
        answer = self._result(reply, f"config {config_type}", timeout, start)
        return cast("Acknowledgement", answer)

    def _disconnect(self, status: grpc.StatusCode, details: str) -> None:
        if not self.end_streams(Ending(status, details)):
            raise self._not_connected("there is no stream to end")

    def _stream(self, timeout: float) -> Stream:
        with self._changed:
            self._changed.wait_for(lambda: self.is_open_here and not self._expected, timeout)
            if (stream := self._newest_stream()) is None:
                raise self._not_connected(f"no Connect call of it is open after {timeout:g} s")
            return stream

    def _open_stream(self, timeout: float) -> Stream | None:
        """The newest that is open, unless none is now."""
        self._changed.wait_for(lambda: not (self.is_open_here and self._expected), timeout)
        return self._newest_stream()

    def _newest_stream(self) -> Stream | None:
        return next((stream for stream in reversed(self._streams) if not stream.ending), None)

    def _not_connected(self, why: str) -> NotConnectedError:
        calls = self.known_calls
        last = f"; the last one: {calls[-1]!r}" if calls else ""
        return NotConnectedError(f"rodent {self.rid} is not connected: {why}{last}")

    def _ask(
        self, request: ToggleRequest, answer: str, timeout: float
    ) -> concurrent.futures.Future[Any]:
        with self._changed:
            return self._ask_over(self._stream(timeout), request, answer)

    @staticmethod
    def _ask_over(
        stream: Stream, request: ToggleRequest, answer: str
    ) -> concurrent.futures.Future[Any]:
        """Ask over a stream; under the lock, so that it does not end meanwhile."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        stream.pending[request.request_id] = (answer, future)
        future.add_done_callback(lambda _: stream.pending.pop(request.request_id, None))
        stream.put(request.SerializeToString())
        return future

    def _result(
        self, future: concurrent.futures.Future[Any], what: str, timeout: float, start: float
    ) -> Any:
        try:
            return future.result(max(0.0, timeout - (clock.monotonic() - start)))
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise NoReplyError(
                f"rodent {self.rid} did not answer {what} within {timeout:g} s"
            ) from None


STREAMS = 1_000
"""The most recent Connect calls that are kept of a Rodent."""

_UNEXPECTED_MESSAGES = 1_000
"""The most recent unexpected_messages that are kept."""


def command(command_type: str, payload: bytes = b"", target: str = "") -> ToggleRequest:
    """A command with an id of its own."""
    inner = CommandRequest(command_type=command_type, target=target, payload=payload)
    return ToggleRequest(request_id=new_id(), command=inner)


def new_id() -> str:
    """A request id."""
    return str(uuid.uuid4())


def _answered(request: RodentRequest) -> str:
    """The id of what a message answers; empty if it answers nothing."""
    kind = request.WhichOneof("payload")
    inner = "" if kind in {None, "event"} else getattr(request, kind).request_id
    return request.request_id or str(inner)


def _fail(future: concurrent.futures.Future[Any], error: Exception) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(error)
