"""Rodents: what Toggle knows of them, sends to them, and gets back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, structs

from rodent_events.pb.base_pb2 import Acknowledgement
from toggle_mock.faults.outcome_data import Status
from toggle_mock.http_api.bodies.base import Answer, Base64, Body, Count, InSession, Seconds
from toggle_mock.http_api.bodies.calls import Message
from toggle_mock.recording.scope import TIMEOUT
from toggle_mock.recording.text import message_object
from toggle_mock.rodents.rodent import Rodent
from toggle_mock.rodents.stream import HttpReply, Reply, UnexpectedMessage

_RAW_PAYLOAD = "The payload as it is to be sent, in place of `payload`."


class OneRodent(InSession, kw_only=True):
    """Which Rodent is meant."""

    rid: Annotated[str, Meta(description="The id in its token.")]


class OneCommand(OneRodent, kw_only=True):
    """Which command of a Rodent is meant."""

    command: Annotated[str, Meta(description="Its id, as it was named when it was sent.")]


class WaitForRodents(Body):
    """How many Rodents to wait for, and how long."""

    count: Annotated[Count, Meta(description="How many are to be connected.")] = 1
    timeout: Seconds = TIMEOUT


class WaitForRodent(Body):
    """What to wait for of a Rodent, and how long."""

    connected: Annotated[bool, Meta(description="Whether a stream is to be open, or none.")] = True
    timeout: Seconds = TIMEOUT


class WaitForAnswer(Body):
    """How long to wait for a command's answer."""

    timeout: Seconds = TIMEOUT


class SendMessage(Body):
    """A message for a Rodent, whatever it says."""

    raw: Annotated[Base64, Meta(description="A ToggleRequest, or anything else.")]
    timeout: Annotated[Seconds, Meta(description="For a stream that is still to come.")] = TIMEOUT


class SendCommand(Body):
    """A command for a Rodent."""

    type: Annotated[str, Meta(examples=["system.status"])]
    payload: Annotated[Any, Meta(description="What the command needs; null for nothing.")] = None
    raw_payload: Annotated[Base64, Meta(description=_RAW_PAYLOAD)] = b""
    target: Annotated[str, Meta(description="Whom it is for.")] = ""
    timeout: Seconds = TIMEOUT


class PushConfig(Body):
    """A configuration for a Rodent."""

    type: Annotated[str, Meta(description="What it configures.")]
    payload: Annotated[Any, Meta(description="The configuration; null for none.")] = None
    raw_payload: Annotated[Base64, Meta(description=_RAW_PAYLOAD)] = b""
    timeout: Seconds = TIMEOUT


class SendHttp(Body):
    """A request for one of a Rodent's local services."""

    service: Annotated[str, Meta(description="The service's name.")]
    method: Annotated[str, Meta(examples=["GET"])]
    path: Annotated[str, Meta(description="From / on.")]
    query: Annotated[str, Meta(description="What stands behind ? in the URL.")] = ""
    headers: Mapping[str, str] | None = None
    body: Base64 = b""
    timeout: Seconds = TIMEOUT


class Disconnect(Body):
    """How to end a Rodent's streams."""

    status: Status = "OK"
    details: str = "disconnected"


class RodentState(Answer):
    """A Rodent that is or was connected."""

    rid: str
    sub: str
    connected: Annotated[bool, Meta(description="Whether a stream is open.")]
    streams: Annotated[int, Meta(description="Its Connect calls so far.")]
    since: Annotated[
        float | None,
        Meta(description="When its last stream began, in seconds since the Unix epoch."),
    ]
    heard: Annotated[
        float | None, Meta(description="When a message of it came over that, likewise.")
    ]
    unexpected_messages: Annotated[
        list[str], Meta(description="What is wrong with messages that nobody had asked for.")
    ]

    @classmethod
    def of(cls, rodent: Rodent, **more: Any) -> Self:
        """A Rodent as it is known now."""
        calls = list(rodent.known_calls)
        last = calls[-1] if calls else None
        heard = (one.at for one in reversed(last.messages) if not one.sent) if last else iter(())
        reasons = [message.reason for message in list(rodent.unexpected_messages)]
        return cls(
            rid=rodent.rid,
            sub=rodent.sub,
            connected=rodent.known_connected,
            streams=len(calls),
            since=last.arrived if last else None,
            heard=next(heard, None),
            unexpected_messages=reasons,
            **more,
        )


class Unexpected(Message):
    """A message that nobody had asked for."""

    reason: Annotated[str, Meta(description="What is wrong with it.")]

    @classmethod
    def of_unexpected(cls, one: UnexpectedMessage) -> Self:
        """A message that came unasked."""
        return cls(**structs.asdict(Message.of(one.message)), reason=one.reason)


class RodentWithHistory(RodentState):
    """A Rodent, and every message of its streams."""

    calls: Annotated[list[int], Meta(description="The numbers of its Connect calls.")]
    history: list[Message]
    unexpected: Annotated[list[Unexpected], Meta(description="What nobody had asked for.")]

    @classmethod
    def of(cls, rodent: Rodent, **more: Any) -> Self:
        """A Rodent as it is now, with all that went over its streams."""
        return super().of(
            rodent,
            calls=[call.number for call in list(rodent.known_calls)],
            history=[Message.of(message) for message in rodent.history],
            unexpected=[Unexpected.of_unexpected(one) for one in list(rodent.unexpected_messages)],
            **more,
        )


class Rodents(Answer):
    """The Rodents that are or were connected."""

    rodents: list[RodentState]


class CommandSent(Answer):
    """The command is under way."""

    command: Annotated[str, Meta(description="Its id.")]


class CommandAnswer(Answer):
    """A Rodent's answer to a command; it may say that the command failed."""

    request_id: Annotated[str, Meta(description="The id in the outer message.")]
    success: bool
    message: str
    payload: Annotated[Any, Meta(description="Null if there is none, or it is no JSON.")]
    error: Annotated[
        Mapping[str, Any] | None, Meta(description="The RodentError, if the command failed.")
    ]
    raw: Annotated[bytes, Meta(description="The CommandResponse as it arrived.")]

    @classmethod
    def of(cls, reply: Reply) -> Self:
        """A Rodent's answer."""
        response = reply.message
        return cls(
            request_id=reply.request_id,
            success=reply.success,
            message=response.message,
            payload=_json(response.payload),
            error=message_object(response.error) if response.HasField("error") else None,
            raw=response.SerializeToString(),
        )


class Acknowledged(Answer):
    """A Rodent's acknowledgement of a configuration."""

    request_id: str
    success: bool
    message: str

    @classmethod
    def of(cls, ack: Acknowledgement) -> Self:
        """A Rodent's acknowledgement."""
        return cls(request_id=ack.request_id, success=ack.success, message=ack.message)


class HttpAnswer(Answer):
    """What a Rodent's local service answered."""

    status_code: int
    headers: Mapping[str, Any]
    body: bytes

    @classmethod
    def of(cls, reply: HttpReply) -> Self:
        """A service's answer."""
        return cls(status_code=reply.status_code, headers=reply.headers, body=reply.body)


def _json(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
