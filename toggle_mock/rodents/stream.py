"""One Connect call that is open, and what comes over it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc

from rodent_events.pb.base_pb2 import (
    CommandResponse,
)
from toggle_mock.recording.records import Metadata, RecordedCall, RecordedMessage


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
    outgoing: asyncio.Queue[bytes | Accepted | Ending | None] = field(default_factory=asyncio.Queue)
    """What is to be sent, and then the end; None once a fault that is on the stream is healed."""
    pending: dict[str, tuple[str, concurrent.futures.Future[Any]]] = field(default_factory=dict)
    """What was asked over it and is not answered, by request id: the kind of answer, the future."""
    ending: bool = False
    """Whether it was told to end."""
    others_ask: bool = False
    """Whether a Toggle elsewhere asks too, so that a Rodent answers what nobody here has asked."""

    def put(self, item: bytes | Ending) -> None:
        """Send a message, or end the stream; from any thread."""
        self.loop.call_soon_threadsafe(self.outgoing.put_nowait, item)


@dataclass(frozen=True)
class Accepted:
    """A stream is accepted."""

    headers: Metadata
    """The initial metadata that say so."""


@dataclass(frozen=True)
class Ending:
    """How a stream ends."""

    status: grpc.StatusCode
    details: str
    trailers: Metadata = ()
    """Trailing metadata."""
    refusal: str = ""
    """The kind of refusal that it is; empty if it is none."""


@dataclass(frozen=True)
class UnexpectedMessage:
    """A message from a Rodent that answers nothing; it is kept and does no harm."""

    message: RecordedMessage
    reason: str
