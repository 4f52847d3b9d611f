"""A Rodent by hand: a connection of its own, and the calls on it, as raw bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from rodent_events.pb.base_pb2 import (
    EventBatch,
    EventBatchResponse,
    RegisterRequest,
    RegisterResponse,
    SystemInfo,
)
from toggle_mock.contract.toggle.stream import Stream
from toggle_mock.contract.verdicts import Breach
from toggle_mock.recording.records import SERVICE, Metadata
from toggle_mock.wording import shortened

T = TypeVar("T")
R = TypeVar("R")
M = TypeVar("M", bound=Message)

CHANNEL_OPTIONS: Sequence[tuple[str, Any]] = (
    # Who calls twice means two connections.
    ("grpc.use_local_subchannel_pool", 1),
    # Each call is judged as it was answered.
    ("grpc.enable_retries", 0),
    # What is too large for whom is for Toggle to say.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)

EMPTY_REGISTER = RegisterRequest(system_info=SystemInfo())
"""What the published Rodent sends: the bytes ``0a 00``."""


def bearer(token: str) -> Metadata:
    """The metadata of a call with a token."""
    return (("authorization", f"Bearer {token}"),)


@dataclass(frozen=True)
class Answer:
    """How a call with one request has ended."""

    method: str
    status: grpc.StatusCode
    details: str = ""
    raw: bytes = b""
    """The response, if the status is OK."""

    @property
    def ok(self) -> bool:
        """Whether the status is OK."""
        return self.status is grpc.StatusCode.OK

    def __str__(self) -> str:
        said = f" ({shortened(self.details)})" if self.details else ""
        return f"{self.method} ends with {self.status.name}{said}"

    def message(self, kind: type[M]) -> M:
        """The response, decoded.

        Raises:
            Breach: There is none, or it is none of its type.
        """
        if not self.ok:
            raise Breach(str(self))
        try:
            return kind.FromString(self.raw)
        except DecodeError as error:
            raise Breach(f"{self.method} is answered with no {kind.__name__}: {error}") from None

    def successful(self, kind: type[M]) -> M:
        """The response, which says that it is a success.

        Raises:
            Breach: It does not, or there is none.
        """
        message = self.message(kind)
        said: Any = message
        if not said.success:
            raise Breach(
                f"{self.method} ends with OK, and success=false: {shortened(said.message)!r}"
            )
        return message


class Pending:
    """A call with one request that is under way."""

    def __init__(self, method: str, call: Any) -> None:
        self._method, self._call = method, call

    def cancel(self) -> None:
        """Take it back."""
        self._call.cancel()

    def answer(self) -> Answer:
        """Wait for its end."""
        try:
            raw = self._call.result()
        except grpc.FutureCancelledError:
            return Answer(self._method, grpc.StatusCode.CANCELLED, "the suite has cancelled it")
        except grpc.RpcError:
            return Answer(self._method, self._call.code(), self._call.details() or "")
        return Answer(self._method, grpc.StatusCode.OK, "", raw)


class Caller:
    """A Rodent by hand.

    Args:
        channel: A connection of its own, which it closes.
        metadata: Of its calls, unless they say otherwise.
        patience: Seconds that an answer is waited for.
        tell: Tells what who does: ``Rodent`` or ``Toggle``.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        metadata: Metadata,
        patience: float,
        tell: Callable[[str, str], object],
    ) -> None:
        self.metadata = metadata
        self._channel, self._patience, self._tell = channel, patience, tell
        self._streams: list[Stream] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End its streams, and then its connection."""
        for stream in self._streams:
            stream.close()
        self._channel.close()

    def register(self, request: Message | bytes = EMPTY_REGISTER, **how: Any) -> Answer:
        """Call Register; see :meth:`call`."""
        return self.call("Register", request, **how)

    def send(self, batch: EventBatch | bytes, **how: Any) -> Answer:
        """Call SendEvents; see :meth:`call`."""
        return self.call("SendEvents", batch, **how)

    def registered(self, request: Message | bytes = EMPTY_REGISTER, **how: Any) -> RegisterResponse:
        """Call Register with success.

        Raises:
            Breach: It is none.
        """
        return self.register(request, **how).successful(RegisterResponse)

    def stored(self, batch: EventBatch | bytes, **how: Any) -> EventBatchResponse:
        """Call SendEvents with success.

        Raises:
            Breach: It is none.
        """
        return self.send(batch, **how).successful(EventBatchResponse)

    def call(self, method: str, request: Message | bytes, **how: Any) -> Answer:
        """Call a method with one request, and wait for how it ends.

        Args:
            method: Its name, or all of its path if that begins with a slash.
            request: The request.
            how: See :meth:`begin`.
        """
        answer = self.begin(method, request, **how).answer()
        self._tell("Toggle", f"{answer}, {len(answer.raw)} bytes" if answer.ok else str(answer))
        return answer

    def call_at_once(self, method: str, requests: Sequence[Message | bytes]) -> list[Answer]:
        """Begin a call with each request, and only then wait for how they end."""
        pending = [self.begin(method, request) for request in requests]
        answers = [call.answer() for call in pending]
        for answer in answers:
            self._tell("Toggle", str(answer))
        return answers

    def begin(
        self,
        method: str,
        request: Message | bytes,
        *,
        timeout: float | None = None,
        metadata: Metadata | None = None,
        more: Metadata = (),
        compression: grpc.Compression | None = None,
    ) -> Pending:
        """Begin a call with one request.

        Args:
            method: Its name, or all of its path if that begins with a slash.
            request: The request.
            timeout: Its deadline in seconds; None for as long as an answer is waited for.
            metadata: Instead of the Rodent's own.
            more: Further metadata.
            compression: How the request is compressed.
        """
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        self._tell("Rodent", f"{method}, {len(raw)} bytes")
        path = method if method.startswith("/") else f"/{SERVICE}/{method}"
        unary: Any = self._channel.unary_unary(path)
        call = unary.future(
            raw,
            timeout=self._patience if timeout is None else timeout,
            metadata=(*(self.metadata if metadata is None else metadata), *more),
            compression=compression,
        )
        return Pending(method.rpartition("/")[2], call)

    def connect(self, metadata: Metadata | None = None, *, answers: bool = True) -> Stream:
        """Call Connect.

        Args:
            metadata: Instead of the Rodent's own.
            answers: Whether it answers commands, as the published Rodent does.
        """
        stream = Stream(
            self._channel,
            self.metadata if metadata is None else metadata,
            self._patience,
            self._tell,
            answers=answers,
        )
        self._streams.append(stream)
        return stream


def at_once(do: Callable[[T], R], each: Collection[T]) -> list[R]:
    """Do this with each of them at the same time; what was returned, in their order."""
    with ThreadPoolExecutor(len(each), "contract-caller") as pool:
        return list(pool.map(do, each))
