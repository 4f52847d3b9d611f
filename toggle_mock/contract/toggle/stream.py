"""A Connect stream by hand: it reads and answers as a Rodent does, unless it is told otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from rodent_events import clock
from rodent_events.pb.base_pb2 import (
    Acknowledgement,
    CommandResponse,
    RodentError,
    RodentRequest,
    ToggleRequest,
)
from toggle_mock.contract.verdicts import Breach
from toggle_mock.recording.records import SERVICE, Metadata
from toggle_mock.wording import in_a_line

HEARTBEAT = "system.status"
"""The type of the command that is Toggle's heartbeat."""

_STATUS = b'{"status":"healthy","cpu_usage":1.5,"memory_usage":20.0,"disk_usage":30.0}'
_UNKNOWN = RodentError(
    code=1106, domain="SERVER", message="Request validation failed", http_status=400
)


class Stream:
    """A Connect stream that is open, from the Rodent's side.

    Args:
        channel: The connection.
        metadata: Of the call.
        patience: Seconds that are waited for Toggle, unless a method says otherwise.
        tell: Tells what who does: ``Rodent`` or ``Toggle``.
        answers: Whether it answers commands.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        metadata: Metadata,
        patience: float,
        tell: Callable[[str, str], object],
        *,
        answers: bool,
    ) -> None:
        self._patience, self._tell, self._answers = patience, tell, answers
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._changed = threading.Condition()
        self._heard: list[ToggleRequest] = []
        self._read = 0
        self._status: grpc.StatusCode | None = None
        tell("Rodent", "Connect")
        connect: Any = channel.stream_stream(f"/{SERVICE}/Connect")
        self._call = connect(self._requests(), metadata=metadata)
        self._call.add_done_callback(self._ended)
        self._reader = threading.Thread(target=self._listen, name="contract-stream", daemon=True)
        self._reader.start()

    def _requests(self) -> Iterator[bytes]:
        while (raw := self._outgoing.get()) is not None:
            yield raw

    def _listen(self) -> None:
        try:
            for raw in self._call:
                self._take(raw)
        except grpc.RpcError:
            pass  # how it has ended, _ended takes note of

    def _take(self, raw: bytes) -> None:
        try:
            message = ToggleRequest.FromString(raw)
        except DecodeError:
            self._tell("Toggle", f"says {len(raw)} bytes that are no ToggleRequest")
            self._call.cancel()
            return
        self._tell("Toggle", f"says {in_a_line(message) or 'nothing'}")
        with self._changed:
            self._heard.append(message)
            self._changed.notify_all()
        if self._answers and (answer := answer_to(message)) is not None:
            self._outgoing.put(answer.SerializeToString())

    def _ended(self, call: Any) -> None:
        with self._changed:
            self._status = call.code()
            self._changed.notify_all()
        self._tell("Toggle", self.told)

    # What the Rodent does

    def write(self, message: Message | bytes) -> None:
        """Send a message."""
        raw = message if isinstance(message, bytes) else message.SerializeToString()
        self._tell("Rodent", f"says {len(raw)} bytes")
        self._outgoing.put(raw)

    def end(self) -> None:
        """Say that there is nothing more to come, and go on reading."""
        self._tell("Rodent", "has nothing more to say")
        self._outgoing.put(None)

    def close(self) -> None:
        """Cancel it."""
        self._call.cancel()
        self._outgoing.put(None)
        self._reader.join(5.0)

    # What is seen of Toggle

    @property
    def status(self) -> grpc.StatusCode | None:
        """How it has ended; None while it is open."""
        return self._status

    @property
    def told(self) -> str:
        """Whether it is open, or how it has ended, in words."""
        if self._status is None:
            return "the stream is open"
        details = self._call.details()
        said = f" ({details})" if details else ""
        return f"the stream has ended with {self._status.name}{said}"

    def read(self, timeout: float | None = None) -> ToggleRequest:
        """The next thing that Toggle says.

        Raises:
            Breach: It says nothing in time, or has ended the stream.
        """
        timeout = self._patience if timeout is None else timeout
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._heard) > self._read or self._status is not None, timeout
            )
            if len(self._heard) > self._read:
                self._read += 1
                return self._heard[self._read - 1]
        if self._status is not None:
            raise Breach(self.told)
        raise Breach(f"Toggle has said nothing within {timeout:g} s")

    def heartbeat(self, timeout: float) -> ToggleRequest:
        """The next heartbeat.

        Raises:
            Breach: There is none in time.
        """
        end = clock.monotonic() + timeout
        while (message := self.read(max(0.0, end - clock.monotonic()))).command.command_type != (
            HEARTBEAT
        ):
            pass
        return message

    def ended(self, timeout: float | None = None) -> grpc.StatusCode | None:
        """Wait for its end; returns the status, None if it is open after so many seconds."""
        timeout = self._patience if timeout is None else timeout
        with self._changed:
            self._changed.wait_for(lambda: self._status is not None, timeout)
            return self._status

    def must_be_open(self) -> None:
        """See that it has not ended.

        Raises:
            Breach: It has.
        """
        if self._status is not None:
            raise Breach(self.told)


def answer_to(message: ToggleRequest) -> RodentRequest | None:
    """What the published Rodent answers; None if it does not."""
    request_id = message.request_id
    match message.WhichOneof("payload"):
        case "command":
            if message.command.command_type == HEARTBEAT:
                response = CommandResponse(
                    request_id=request_id,
                    success=True,
                    message="System status response",
                    payload=_STATUS,
                )
            else:
                response = CommandResponse(request_id=request_id, error=_UNKNOWN)
            return RodentRequest(request_id=request_id, command_response=response)
        case "config":
            ack = Acknowledgement(request_id=request_id, success=True)
            return RodentRequest(request_id=request_id, ack=ack)
    return None
