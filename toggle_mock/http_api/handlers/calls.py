"""Calls: looking for them, waiting for them, and what was said in one."""

from __future__ import annotations

from toggle_mock.errors import UnknownIdError
from toggle_mock.faults.outcome_data import status_from
from toggle_mock.http_api.attempts import attempts_of
from toggle_mock.http_api.bodies.base import InSession
from toggle_mock.http_api.bodies.calls import (
    Attempt,
    Attempts,
    Call,
    Calls,
    CallWithMessages,
    FindAttempts,
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
    known = api.toggle(given.session).calls
    found = [
        call
        for call in known
        if given.method in {None, call.method} and status in {None, call.status}
    ]
    if given.after is None:
        shown = found[-given.limit :] if given.limit else []
        reached = known[-1].number if known else 0
    else:
        found = [call for call in found if call.number > given.after]
        shown = found[: given.limit]
        reached = known[-1].number if known else given.after
        if len(shown) < len(found):
            reached = shown[-1].number if shown else given.after
    calls = [Call.of(call) for call in shown]
    return FoundCalls(total=len(found), calls=calls, next=reached)


def one(api: Api, given: OneCall) -> CallWithMessages:
    """One call with its messages, raw and decoded."""
    for call in api.toggle(given.session).calls:
        if call.number == given.number:
            messages = [Message.of(message) for message in list(call.messages)]
            return CallWithMessages.of(call, messages=messages)
    raise UnknownIdError(f"there is no call {given.number}")


def attempts(api: Api, given: FindAttempts) -> Attempts:
    """The calls that a batch came with: the first try, and those after it."""
    found = attempts_of(api.toggle(given.session), given.batch_id)
    return Attempts(calls=[Attempt.of(call) for call in found])


def wait(api: Api, given: InSession, body: WaitForCalls) -> Calls:
    """Wait until so many calls have arrived."""
    found = api.toggle(given.session).wait_for_call(
        body.method, status=_name(body.status), count=body.count, timeout=body.timeout
    )
    return Calls(calls=[Call.of(call) for call in found])


def _name(status: str | None) -> str | None:
    return None if status is None else status_from(status).name
