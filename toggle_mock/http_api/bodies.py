"""What the API takes and gives, as JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import DecodeError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from toggle_mock.assertions.assertions import Questions
from toggle_mock.recording.records import RecordedCall, RecordedMessage
from toggle_mock.recording.scope import TIMEOUT
from toggle_mock.recording.text import message_object
from toggle_mock.rodents.rodent import Rodent

_LONGEST_WAIT = 3_600.0
"""Seconds."""

_GREATEST = 1_000_000_000

_LARGEST_BODY = 16 * 1024 * 1024
"""Bytes."""


async def body_of(
    request: Request, keys: set[str] | None, *, needs: frozenset[str] | set[str] = frozenset()
) -> dict[str, Any]:
    """The JSON object in a request; empty without one.

    Args:
        request: The request.
        keys: The keys that mean something; None for all.
        needs: Those that must be there.

    Raises:
        HTTPException: It is no object, too large, or has other keys.
    """
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LARGEST_BODY:
            raise HTTPException(413, f"the body has more than {_LARGEST_BODY} bytes")
    try:
        body = json.loads(raw) if raw else {}
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise HTTPException(400, f"the body is no object but {body!r}")
    if unknown := body.keys() - (body.keys() if keys is None else keys):
        known = ", ".join(sorted(keys or ()))
        raise HTTPException(400, f"{', '.join(sorted(unknown))}: unknown; there are {known}")
    if missing := needs - body.keys():
        raise HTTPException(400, f"{', '.join(sorted(missing))} is missing")
    return body


def integer(value: Any, name: str) -> int:
    """A whole number, not negative.

    Raises:
        HTTPException: It is none.
    """
    try:
        number = int(value) if isinstance(value, int | str) else -1
    except ValueError:
        number = -1
    if not 0 <= number <= _GREATEST or isinstance(value, bool):
        raise HTTPException(400, f"{name} is {value!r}: give a whole number, 0 to {_GREATEST}")
    return number


def seconds(body: Mapping[str, Any], key: str = "timeout", default: float = TIMEOUT) -> float:
    """A time to wait.

    Raises:
        HTTPException: It is none.
    """
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise HTTPException(400, f"{key} is {value!r}: give seconds")
    if not 0 <= value <= _LONGEST_WAIT:
        raise HTTPException(400, f"{key} is {value}: give seconds from 0 to {_LONGEST_WAIT:g}")
    return float(value)


def assertion(questions: Questions, body: Mapping[str, Any]) -> Callable[[], object]:
    """What is to be asserted.

    Raises:
        HTTPException: Nothing, or more than one thing.
    """
    kinds = body.keys() & {"received", "not_received", "only", "in_order"}
    if len(kinds) != 1:
        raise HTTPException(400, "give one of received, not_received, only, in_order")
    count = integer(body["count"], "count") if "count" in body else None
    if "received" in body:
        timeout = seconds(body)
        return lambda: questions.assert_received(body["received"], count=count, timeout=timeout)
    if "not_received" in body:
        within = seconds(body, "within", 0.0)
        return lambda: questions.assert_not_received(body["not_received"], within=within)
    if "only" in body:
        return lambda: questions.assert_only(body["only"], count=count)
    if not isinstance(body["in_order"], list):
        raise HTTPException(400, "in_order is no list of queries")
    return lambda: questions.wait_for_sequence(*body["in_order"], timeout=seconds(body))


def call_object(call: RecordedCall) -> dict[str, Any]:
    """A call, without its messages."""
    return {
        "number": call.number,
        "method": call.method,
        "rid": call.rid,
        "sub": call.sub,
        "peer": call.peer,
        "arrived": call.arrived,
        "status": call.status,
        "details": call.details,
        "metadata": [
            [key, value if isinstance(value, str) else base64.b64encode(value).decode()]
            for key, value in call.metadata
        ],
        "message_count": len(call.messages),
    }


def recorded_message_object(message: RecordedMessage) -> dict[str, Any]:
    """A message, raw and decoded."""
    try:
        decoded = message_object(message.message)
    except DecodeError:
        decoded = None
    return {
        "sent": message.sent,
        "at": message.at,
        "raw": base64.b64encode(message.raw).decode(),
        "message": decoded,
    }


def rodent_object(rodent: Rodent) -> dict[str, Any]:
    """A Rodent, without its history."""
    return {
        "rid": rodent.rid,
        "sub": rodent.sub,
        "connected": rodent.connected,
        "streams": len(rodent.calls),
        "unexpected_messages": [surprise.reason for surprise in list(rodent.unexpected_messages)],
    }
