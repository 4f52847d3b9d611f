"""Calls: looking for them, waiting for them, and what was said in one."""

from __future__ import annotations

from toggle_mock.errors import UnknownIdError
from toggle_mock.faults.outcome_data import status_from
from toggle_mock.http_api.bodies.base import InSession
from toggle_mock.http_api.bodies.calls import (
    Call,
    Calls,
    CallWithMessages,
    FindCalls,
    FoundCalls,
    Message,
    OneCall,
    WaitForCalls,
)
from toggle_mock.http_api.state import Api


def find(api: Api, given: FindCalls) -> FoundCalls:
    """The recorded calls, oldest first."""
    status = _name(given.status)
    found = [
        call
        for call in api.toggle(given.session).calls
        if given.method in {None, call.method} and status in {None, call.status}
    ]
    shown = found[-given.limit :] if given.limit else []
    return FoundCalls(total=len(found), calls=[Call.of(call) for call in shown])


def one(api: Api, given: OneCall) -> CallWithMessages:
    """One call with its messages, raw and decoded."""
    for call in api.toggle(given.session).calls:
        if call.number == given.number:
            messages = [Message.of(message) for message in list(call.messages)]
            return CallWithMessages.of(call, messages=messages)
    raise UnknownIdError(f"there is no call {given.number}")


def wait(api: Api, given: InSession, body: WaitForCalls) -> Calls:
    """Wait until so many calls have arrived."""
    found = api.toggle(given.session).wait_for_call(
        body.method, status=_name(body.status), count=body.count, timeout=body.timeout
    )
    return Calls(calls=[Call.of(call) for call in found])


def _name(status: str | None) -> str | None:
    return None if status is None else status_from(status).name
