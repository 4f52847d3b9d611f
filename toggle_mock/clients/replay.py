"""A recording sent to any Toggle, and its answers compared with the recorded ones."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError

from rodent_events import clock
from rodent_events.client import CHANNEL_OPTIONS
from toggle_mock import dialing
from toggle_mock.recording.records import MESSAGES, SERVICE, RecordedCall

_TIMEOUT = 30.0
"""Seconds for a call, as a Rodent gives it."""


@dataclass(frozen=True)
class Answer:
    """How a call ended."""

    status: str
    success: bool | None = None
    """The field ``success`` of the response; None without one."""
    details: str = ""
    """The text that came with it; not compared, since each Toggle has its own words."""

    def __str__(self) -> str:
        return self.status if self.success is None else f"{self.status} success={self.success}"

    def agrees_with(self, other: Answer) -> bool:
        """Whether both say the same, whatever their words."""
        return (self.status, self.success) == (other.status, other.success)


@dataclass(frozen=True)
class Replayed:
    """A call that was sent again."""

    call: RecordedCall
    recorded: Answer
    got: Answer

    @property
    def agrees(self) -> bool:
        """Whether the answer is the recorded one."""
        return self.recorded.agrees_with(self.got)


def replay(
    calls: Sequence[RecordedCall],
    target: str,
    jwt: str,
    *,
    speed: float | None = None,
    root_certificates: bytes | None = None,
) -> Iterator[Replayed]:
    """Send recorded calls to a Toggle, one after the other, in the order of their arrival.

    Connect calls are left out: what a Rodent says there answers commands of the Toggle of then.

    Args:
        calls: What was recorded; their requests are sent as they came.
        target: Toggle's address, ``host:port``.
        jwt: The token.
        speed: How much faster than recorded; None for as fast as it goes.
        root_certificates: The root certificate as PEM, if it speaks TLS.
    """
    unary = [call for call in calls if call.method != "Connect" and call.requests]
    start = clock.monotonic()
    with _channel(target, root_certificates) as channel:
        for call in unary:
            if speed is not None:
                due = start + (call.arrived - unary[0].arrived) / speed
                time.sleep(max(0.0, due - clock.monotonic()))
            got = _send(channel, call, jwt)
            yield Replayed(call, recorded_answer(call), got)


def recorded_answer(call: RecordedCall) -> Answer:
    """How a recorded call ended."""
    responses = call.responses
    success = _success(call.method, responses[-1]) if responses else None
    return Answer(call.status or "CANCELLED", success, call.details)


def _send(channel: grpc.Channel, call: RecordedCall, jwt: str) -> Answer:
    send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        f"/{SERVICE}/{call.method}"
    )
    metadata = (("authorization", f"Bearer {jwt}"),)
    try:
        response = send(call.requests[0], timeout=_TIMEOUT, metadata=metadata)
    except grpc.RpcError as error:
        failed: grpc.Call = error  # type: ignore[assignment]  # which it is too
        return Answer(failed.code().name, None, failed.details() or "")
    return Answer("OK", _success(call.method, response))


def _success(method: str, response: bytes) -> bool | None:
    try:
        message = MESSAGES[method][True].FromString(response)
    except DecodeError:
        return None
    return bool(getattr(message, "success", False))


def _channel(target: str, root_certificates: bytes | None) -> grpc.Channel:
    credentials = (
        None if root_certificates is None else grpc.ssl_channel_credentials(root_certificates)
    )
    return dialing.channel(target, CHANNEL_OPTIONS, credentials)
