"""Who answers, where no fault decides: here, the mock itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from rodent_events.pb.base_pb2 import EventBatch, EventBatchResponse, RegisterResponse
from toggle_mock.recording.records import MESSAGES, Metadata, RecordedCall
from toggle_mock.rodents.stream import Ending, Stream

if TYPE_CHECKING:
    from toggle_mock.clients.upstream import Upstream

ReplayMode: TypeAlias = Literal["strict", "lenient"]
"""What becomes of a call that a recording has no answer to: it is refused, or answered as the mock
answers of itself."""

REPLAY_MODES: tuple[ReplayMode, ...] = get_args(ReplayMode)

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"


@dataclass(frozen=True)
class Asked:
    """A call with one request, which is to be answered."""

    call: RecordedCall
    raw: bytes
    """The request, as it came."""
    message: Message | None
    """The same, decoded; None if it is none of its type, as far as this schema knows."""
    context: Context


@dataclass(frozen=True)
class Answer:
    """How such a call ends."""

    response: bytes = b""
    """The response, if the status is OK."""
    status: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""
    trailers: Metadata = ()
    headers: Metadata = ()
    """The initial metadata."""
    known_success: bool | None = None
    """Whether all is done that was asked for, if that is known without decoding the response."""

    refusal: str = ""
    """The kind of refusal that it is; empty if it is none."""

    def is_success(self, method: str) -> bool:
        """Whether it says that all is done that was asked for."""
        if self.known_success is not None:
            return self.known_success
        return self.status is grpc.StatusCode.OK and _success(method, self.response)


class Conversation:
    """Toggle's side of a stream: here one that says nothing of itself."""

    accepts_at_once = True
    """Whether the stream is accepted before anything is said; else :meth:`speak` says when."""

    async def speak(self) -> None:
        """Say what Toggle says, until it has nothing more to say."""

    async def hear(self, raw: bytes) -> None:
        """Take a message from the Rodent that answers nothing which was asked here."""

    async def hear_end(self) -> Ending | None:
        """The Rodent says nothing more; returns how the stream ends, None if that comes."""
        return Ending(grpc.StatusCode.OK, "the Rodent ended the stream")


class Answering(ABC):
    """Answers calls that no fault decides about."""

    upstream: Upstream | None = None
    """The Toggle elsewhere that does, if one does. Then it is not for the mock to refuse what it
    does not understand, and what is said is somebody's secret."""

    @abstractmethod
    async def answer(self, asked: Asked) -> Answer:
        """Answer a call with one request."""

    def conversation(self, _stream: Stream, _context: Context) -> Conversation:
        """Toggle's side of a stream that has been opened."""
        return Conversation()

    def other_methods(self) -> grpc.GenericRpcHandler | None:
        """What takes the calls of methods that this schema does not know; None refuses them."""
        return None

    @abstractmethod
    def rewind(self) -> None:
        """Answer as if nothing had been asked before."""

    @abstractmethod
    async def close(self) -> None:
        """Answer no more, until the next call."""


class OwnAnswers(Answering):
    """Answers as the mock does: all is well."""

    async def answer(self, asked: Asked) -> Answer:
        """See :meth:`Answering.answer`."""
        return Answer(usual(asked).SerializeToString(), known_success=True)

    def rewind(self) -> None:
        """See :meth:`Answering.rewind`."""

    async def close(self) -> None:
        """See :meth:`Answering.close`."""


def usual(asked: Asked) -> Message:
    """Success, and no certificate: the node is registered already."""
    if asked.call.method == "Register":
        return RegisterResponse(success=True, message="registered")
    count = len(asked.message.events) if isinstance(asked.message, EventBatch) else 0
    return EventBatchResponse(success=True, message=f"{count} events recorded")


def _success(method: str, response: bytes) -> bool:
    try:
        return bool(getattr(MESSAGES[method][True].FromString(response), "success", False))
    except DecodeError:
        return False
