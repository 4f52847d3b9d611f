"""Calls, and the messages that went over the wire in them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Self

from google.protobuf.message import DecodeError
from msgspec import Meta

from toggle_mock.faults.outcome_data import Status
from toggle_mock.faults.spec import Method
from toggle_mock.http_api.bodies.base import (
    LIMIT,
    NEXT,
    TOTAL,
    Answer,
    Body,
    Count,
    CountFrom1,
    InSession,
    Seconds,
)
from toggle_mock.recording.records import RecordedCall, RecordedMessage
from toggle_mock.recording.scope import TIMEOUT
from toggle_mock.recording.text import message_object

AFTER_CALL = (
    "Show those behind the call of this number: what an answer has as `next`; or from 0 on."
)


class FindCalls(InSession):
    """Which calls to show."""

    method: Method | None = None
    status: Status | None = None
    limit: Annotated[Count, Meta(description=LIMIT)] = 1000
    after: Annotated[Count | None, Meta(description=AFTER_CALL)] = None


class OneCall(InSession, kw_only=True):
    """Which call to show."""

    number: Annotated[Count, Meta(description="Its place in the recording.")]


class WaitForCalls(Body):
    """Which calls to wait for, and how long."""

    method: Method | None = None
    status: Status | None = None
    count: Annotated[CountFrom1, Meta(description="How many are needed.")] = 1
    timeout: Seconds = TIMEOUT


class Message(Answer):
    """A message, raw and decoded."""

    sent: Annotated[bool, Meta(description="Whether Toggle sent it.")]
    at: Annotated[float, Meta(description="Seconds since the Unix epoch.")]
    raw: bytes
    message: Annotated[
        Mapping[str, Any] | None, Meta(description="Null if it is no message of its type.")
    ]

    @classmethod
    def of(cls, message: RecordedMessage) -> Self:
        """A message that was recorded."""
        try:
            decoded = message_object(message.message)
        except DecodeError:
            decoded = None
        return cls(sent=message.sent, at=message.at, raw=message.raw, message=decoded)


class Call(Answer):
    """A call."""

    number: Annotated[int, Meta(description="Its place in the recording, from 1 on.")]
    method: Annotated[str, Meta(description="Its name in the service.")]
    rid: str
    sub: str
    peer: str
    arrived: Annotated[float, Meta(description="Seconds since the Unix epoch.")]
    status: Annotated[Status | None, Meta(description="Null while it goes on.")]
    details: str
    metadata: Annotated[
        list[tuple[str, str]], Meta(description="Keys and values; binary values in base64.")
    ]
    message_count: int
    ended: Annotated[
        float | None,
        Meta(description="Seconds since the Unix epoch; null while it goes on, or if unknown."),
    ]
    received_bytes: Annotated[int, Meta(description="Of the messages from the Rodent.")]
    sent_bytes: Annotated[int, Meta(description="Of the messages from Toggle.")]
    fault: Annotated[str, Meta(description="The fault that hit it; empty if none did.")]

    @classmethod
    def of(cls, call: RecordedCall, **more: Any) -> Self:
        """A call that was recorded."""
        return cls(
            number=call.number,
            method=call.method,
            rid=call.rid,
            sub=call.sub,
            peer=call.peer,
            arrived=call.arrived,
            status=call.status,
            details=call.details,
            metadata=[(key, _text(value)) for key, value in call.metadata],
            message_count=len(call.messages),
            ended=call.ended or None,
            received_bytes=sum(map(len, call.requests)),
            sent_bytes=sum(map(len, call.responses)),
            fault=call.fault,
            **more,
        )


class Attempt(Answer):
    """A call that a batch came with."""

    number: Annotated[int, Meta(description="Its place in the recording, from 1 on.")]
    rid: str
    peer: str
    arrived: Annotated[float, Meta(description="Seconds since the Unix epoch.")]
    ended: Annotated[float | None, Meta(description="Null while it goes on, or if unknown.")]
    status: Annotated[Status | None, Meta(description="Null while it goes on.")]
    details: str
    fault: Annotated[str, Meta(description="The fault that hit it; empty if none did.")]

    @classmethod
    def of(cls, call: RecordedCall) -> Self:
        """A call that was recorded."""
        return cls(
            number=call.number,
            rid=call.rid,
            peer=call.peer,
            arrived=call.arrived,
            ended=call.ended or None,
            status=call.status,
            details=call.details,
            fault=call.fault,
        )


class FindAttempts(InSession):
    """Which batch is meant."""

    batch_id: Annotated[
        str, Meta(description="The id that its sender gave it; of an empty one there are none.")
    ] = ""


class Attempts(Answer):
    """The calls that a batch came with, the oldest first."""

    calls: list[Attempt]


class CallWithMessages(Call):
    """A call and what was said in it."""

    messages: list[Message]


class Calls(Answer):
    """Calls, the oldest first."""

    calls: list[Call]


class FoundCalls(Calls):
    """The most recent of those that were found, or a page of them."""

    total: Annotated[int, Meta(description=TOTAL)]
    next: Annotated[int, Meta(description=NEXT)]


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else base64.b64encode(value).decode()
