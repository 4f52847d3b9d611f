"""Faults as data, for scenario files and for HTTP: one object is one fault.

::

    {method: SendEvents, returns: [UNAVAILABLE, {fail: ABORTED, retry_after: 2}, lose_answer, OK]}
    {method: SendEvents, always: hang, matching: "payload:pool"}
    {method: Connect, at: 3, outcome: {cut: UNAVAILABLE, after_messages: 5}}
    {method: SendEvents, rates: {UNAVAILABLE: 0.1, lose_answer: 0.05}, seed: 7}
    {method: SendEvents, message_limit: 4000}
    {latency: {seconds: 0.2, jitter: 0.05}}
    {outage: {}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import grpc

from toggle_mock.errors import FaultSpecError
from toggle_mock.faults.book import Fault
from toggle_mock.faults.connections import ConnectionFault
from toggle_mock.faults.control import Faults
from toggle_mock.faults.outcomes import (
    Outcome,
    OutcomeLike,
    cut,
    fail,
    hang,
    lose_answer,
    outcome_of,
    reject,
)
from toggle_mock.faults.plans import Always, InTurn, MessageLimit, Rates
from toggle_mock.faults.script import Script
from toggle_mock.matching.matchers import as_query
from toggle_mock.toggle.toggle import LocalToggle

METHODS = ("Register", "Connect", "SendEvents")

CONNECTION_FAULTS = (
    *("outage", "refuse", "half_open", "partition", "latency", "bandwidth", "slow_reads"),
)
"""Those that last; ``reset`` and ``restart`` are over at once."""


def apply_fault(toggle: LocalToggle, data: Mapping[str, Any]) -> Fault | ConnectionFault:
    """Put the fault in force that an object describes.

    Args:
        toggle: The server, or a session of it.
        data: See the head of this module.

    Raises:
        FaultSpecError: It describes none.
        RuntimeError: It needs a relay, and the server has none.
    """
    if not isinstance(data, Mapping):
        raise FaultSpecError(f"a fault is an object such as {{outage: {{}}}}, got {data!r}")
    try:
        if "method" in data:
            return _fault_of_calls(toggle, dict(data))
        return _fault_of_connection(toggle.faults, dict(data))
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise FaultSpecError(f"{error}, in the fault {dict(data)!r}") from None


def outcome_from(data: Any) -> Outcome:
    """The outcome that a name or an object stands for.

    Raises:
        FaultSpecError: It stands for none.
    """
    if isinstance(data, str):
        return _named(data)
    if not isinstance(data, Mapping):
        raise FaultSpecError(f"an outcome is a name or an object, got {data!r}")
    fields = dict(data)
    for key, make in _OUTCOMES.items():
        if key in fields:
            value = fields.pop(key)
            wait = fields.pop("delay", 0.0)
            try:
                return replace(make(value, **fields), delay=wait)
            except (TypeError, ValueError, AttributeError) as error:
                raise FaultSpecError(f"{error}, in the outcome {dict(data)!r}") from None
    if set(fields) == {"delay"}:
        return Outcome(delay=fields["delay"])
    raise FaultSpecError(
        f"an outcome has one of {', '.join(_OUTCOMES)} or delay, got {dict(data)!r}"
    )


def outcome_data(outcome: OutcomeLike) -> Any:
    """What stands for an outcome as data; the inverse of :func:`outcome_from`.

    Raises:
        TypeError: It has no such form.
    """
    if callable(outcome):
        raise TypeError(f"a function such as {outcome!r} cannot be written as data")
    made = outcome_of(outcome, None)
    if made.response is not None or made.details:
        raise TypeError(f"{made!r} cannot be written as data: messages have no such form")
    if made == Outcome(delay=made.delay):
        return {"delay": made.delay} if made.delay else "OK"
    rest: dict[str, Any] = {"delay": made.delay} if made.delay else {}
    if made.hang:
        return {"hang": made.accepted, **rest}
    if not made.success:
        return {"reject": made.message, **rest}
    rest["message"] = made.message
    if made.accepted:
        return {"lose_answer": made.status.name, **rest}
    if made.after_messages:
        return {"cut": made.status.name, "after_messages": made.after_messages, **rest}
    if made.retry_after is not None:
        rest["retry_after"] = made.retry_after
    if made.trailers:
        rest["trailers"] = dict(made.trailers)
    return {"fail": made.status.name, **rest}


def fault_data(fault: Fault) -> dict[str, Any]:
    """A fault of calls as data; the inverse of :func:`apply_fault`.

    Raises:
        TypeError: It has no such form.
    """
    data: dict[str, Any] = {"method": fault.method}
    match fault.plan:
        case InTurn(outcomes=outcomes):
            data["returns"] = [outcome_data(outcome) for outcome in outcomes]
        case Always(outcome=outcome):
            data["always"] = outcome_data(outcome)
        case Rates(rates=rates, seed=seed):
            pairs = [[outcome_data(outcome), rate] for outcome, rate in rates.items()]
            data |= {"rates": pairs, "seed": seed}
        case MessageLimit(bytes=size):
            data["message_limit"] = size
        case plan:
            raise TypeError(f"{plan!r} cannot be written as data")
    if fault.matching is not None:
        data["matching"] = as_query(fault.matching)
    if fault.scope.rid is not None:
        data["rid"] = fault.scope.rid
    return data


def status_from(name: Any) -> grpc.StatusCode:
    """The status of a name such as ``UNAVAILABLE``.

    Raises:
        FaultSpecError: There is none.
    """
    try:
        return grpc.StatusCode[str(name).upper()]
    except KeyError:
        names = ", ".join(code.name for code in grpc.StatusCode)
        raise FaultSpecError(f"{name!r} is no status: give one of {names}") from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is no bool")
    return value


def _named(name: str) -> Outcome:
    simple: Mapping[str, Callable[[], Outcome]] = {
        "reject": reject,
        "lose_answer": lose_answer,
        "hang": hang,
        "cut": cut,
    }
    if name in simple:
        return simple[name]()
    return outcome_of(status_from(name), None)


_OUTCOMES: Mapping[str, Callable[..., Outcome]] = {
    "fail": lambda status, **fields: fail(status_from(status), **fields),
    "reject": reject,
    "lose_answer": lambda status, **fields: lose_answer(status_from(status), **fields),
    "hang": lambda accepted, **fields: hang(accepted=_flag(accepted), **fields),
    "cut": lambda status, **fields: cut(status=status_from(status), **fields),
}


def _fault_of_calls(toggle: LocalToggle, data: dict[str, Any]) -> Fault:
    method = data.pop("method")
    if method not in METHODS:
        raise FaultSpecError(f"method is {method!r}: give one of {', '.join(METHODS)}")
    scripts = (toggle.on_register, toggle.on_connect, toggle.on_send_events)
    script = dict(zip(METHODS, scripts, strict=True))[method]
    narrowed = {key: data.pop(key) for key in ("matching", "rid") if key in data}
    for name, value in narrowed.items():
        if not isinstance(value, str):
            raise FaultSpecError(f"{name} is {value!r}: give text")
    for key, plan in _PLANS.items():
        if key in data:
            return plan(script, data.pop(key), data, narrowed)
    raise FaultSpecError(f"a fault of calls has one of {', '.join(_PLANS)}")


def _returns(script: Script, value: Any, rest: Mapping[str, Any], narrowed: Any) -> Fault:
    _nothing_else(rest)
    listed = value if isinstance(value, list) else [value]
    return script.returns([outcome_from(one) for one in listed], **narrowed)


def _always(script: Script, value: Any, rest: Mapping[str, Any], narrowed: Any) -> Fault:
    _nothing_else(rest)
    return script.always(outcome_from(value), **narrowed)


def _at(script: Script, value: Any, rest: dict[str, Any], narrowed: Any) -> Fault:
    outcome = outcome_from(rest.pop("outcome", None))
    _nothing_else(rest)
    return script.at(int(value), outcome, **narrowed)


def _rates(script: Script, value: Any, rest: dict[str, Any], narrowed: Any) -> Fault:
    seed = int(rest.pop("seed", 0))
    _nothing_else(rest)
    # An outcome that is an object cannot be a key: then they are pairs.
    pairs = value.items() if isinstance(value, Mapping) else value
    rates: dict[OutcomeLike, float] = {outcome_from(key): float(rate) for key, rate in pairs}
    return script.rates(rates, seed=seed, **narrowed)


def _message_limit(script: Script, value: Any, rest: Mapping[str, Any], narrowed: Any) -> Fault:
    _nothing_else(rest)
    return script.limits_messages_to(int(value), **narrowed)


_PLANS: Mapping[str, Callable[[Script, Any, dict[str, Any], Any], Fault]] = {
    "returns": _returns,
    "always": _always,
    "at": _at,
    "rates": _rates,
    "message_limit": _message_limit,
}


def _fault_of_connection(faults: Faults, data: dict[str, Any]) -> ConnectionFault:
    names = (*CONNECTION_FAULTS, "reset", "restart")
    name = next((name for name in names if name in data), None)
    if name is None:
        raise FaultSpecError(f"a fault has a method, or one of {', '.join(names)}")
    arguments = data.pop(name)
    _nothing_else(data)
    fault: ConnectionFault | None = getattr(faults, name)(**(arguments or {}))
    return fault or ConnectionFault()


def _nothing_else(rest: Mapping[str, Any]) -> None:
    if rest:
        raise FaultSpecError(f"{', '.join(map(repr, rest))} means nothing here")
