"""Statuses: how each that a SendEvents may end with is met."""

from __future__ import annotations

from functools import partial

import grpc

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import fail

STATUS: Group[RodentRig] = Group("status", "How each status is met")

Code = grpc.StatusCode

_PASSING = (
    Code.UNAVAILABLE,
    Code.DEADLINE_EXCEEDED,
    Code.ABORTED,
    Code.CANCELLED,
    Code.UNKNOWN,
    Code.INTERNAL,
    Code.OUT_OF_RANGE,
    Code.DATA_LOSS,
    Code.RESOURCE_EXHAUSTED,
    Code.UNAUTHENTICATED,
)
"""Statuses of what passes by itself."""

_STANDING = {
    Code.PERMISSION_DENIED: "the node was locked out, and is let in again",
    Code.FAILED_PRECONDITION: "the node is to be set up first, and then is",
    Code.UNIMPLEMENTED: "a Toggle is being updated, or a proxy is in the way",
}
"""Statuses that last until somebody mends what is wrong, with an example."""

_STANDING_TRIES = 4
"""More than the published Rodent makes."""


def _slug(code: grpc.StatusCode) -> str:
    return code.name.lower().replace("_", "-")


def _passing(rig: RodentRig, code: grpc.StatusCode) -> None:
    """Two refusals."""
    refusals = rig.toggle.on_send_events.returns([code, code])
    query = rig.start().provoke()
    delivered.event(rig, query, "start", "batch", "retry", "retry", "retry")
    rig.reached(not refusals.remaining, f"SendEvents was not refused twice with {code.name}")
    delivered.what_was_refused(rig, code.name, "retry", "retry")


for _code in _PASSING:
    STATUS.case(
        _slug(_code),
        f"What was refused with {_code.name} is sent again",
        rule=f"After two SendEvents that end with {_code.name}, all that was refused arrives.",
        source="the published Rodent on the wire: whatever the status, three tries",
        cost="A moment's trouble of Toggle's costs the node's events.",
        needs=("events",),
        waits=("batch", "retry", "retry"),
    )(partial(_passing, code=_code))


def _standing(rig: RodentRig, code: grpc.StatusCode) -> None:
    """Refusals until it has tried more often than the published Rodent does."""
    refusals = rig.toggle.faults.failing(code)
    agent = rig.start()
    query = agent.provoke()
    rig.wait_for_call(
        "SendEvents",
        _STANDING_TRIES,
        status=code.name,
        timeout=rig.patience("start", "batch", *("outage",) * (_STANDING_TRIES - 1)),
    )
    refusals.heal()
    delivered.event(rig, query, "batch", "outage")
    delivered.what_was_refused(rig, code.name, "outage")


for _code, _example in _STANDING.items():
    STATUS.case(
        _slug(_code),
        f"What is refused with {_code.name} is kept until it is not refused any more",
        rule=f"All SendEvents end with {_code.name} until four have; then Toggle accepts again "
        f"({_example}). All that was refused arrives.",
        source=delivered.PROMISES,
        cost="What happened while an operator's mistake lasted is gone when they look for it.",
        needs=("events",),
        profiles=("guarantees",),
        waits=("batch", *("outage",) * _STANDING_TRIES),
    )(partial(_standing, code=_code))


@STATUS.case(
    "one-after-the-other",
    "A batch outlasts refusals of all kinds, one after the other",
    rule="The SendEvents of a batch end with one status after the other, eight of them. It "
    "arrives, with the id and the bytes of its first try.",
    source=delivered.PROMISES,
    cost="A Toggle in trouble fails in many ways, and for longer than three tries.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "outage", "outage"),
)
def one_after_the_other(rig: RodentRig) -> None:
    """A refusal of each kind."""
    passing = _PASSING[:8]
    refusals = rig.toggle.on_send_events.returns(list(passing), matching=delivered.POOLS)
    marks = rig.start().emit(3)
    delivered.all_of(rig, marks, "start", "batch", *("outage",) * 4)
    rig.reached(not refusals.remaining, "the batch has arrived before it was refused eight times")
    tries = {call.requests[0] for code in passing for call in rig.calls("SendEvents", code.name)}
    rig.expect(len(tries) == 1, f"the eight tries were {len(tries)} different batches")


@STATUS.case(
    "too-large",
    "A batch that is too large for Toggle is cut, and all of it arrives",
    rule="Toggle takes 8,000 bytes at most, and refuses what is larger with RESOURCE_EXHAUSTED, in "
    "gRPC's words. Forty events of 500 bytes each arrive, each in one batch.",
    source="gRPC: a message over the server's limit ends with RESOURCE_EXHAUSTED",
    cost="A batch that Toggle can never take is tried for ever, or dropped whole.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "retry"),
)
def too_large(rig: RodentRig) -> None:
    """A limit that holds for a few events."""
    rig.toggle.faults.message_limit(8_000)
    agent = rig.start()
    marks = agent.emit(40, fields={"poolName": "x" * 500})
    delivered.all_of(rig, marks, "start", "batch", *("retry",) * 6)
    delivered.in_order(rig, marks)
    rig.reached(
        rig.contract.batch_size < 15 or rig.calls("SendEvents", "RESOURCE_EXHAUSTED"),
        "no batch was too large",
    )


@STATUS.case(
    "slow-down",
    "A pause that Toggle asks for is kept",
    rule="RESOURCE_EXHAUSTED comes with a RetryInfo, of twice the usual pause and a second at "
    "least. The next try comes no sooner.",
    source="gRPC: google.rpc.RetryInfo, clients should wait at least that long",
    cost="A Toggle that asks for time to recover gets the same load once more.",
    severity="should",
    needs=("events",),
    profiles=("guarantees",),
    waits=("batch", "retry", "retry"),
)
def slow_down(rig: RodentRig) -> None:
    """One refusal with a RetryInfo."""
    pause = max(1.0, 2 * rig.contract.times.retry)
    refusal = fail(Code.RESOURCE_EXHAUSTED, "slow down", retry_after=pause)
    refusals = rig.toggle.on_send_events.returns([refusal])
    query = rig.start().provoke()
    delivered.event(rig, query, "start", "batch", "retry", "retry")
    rig.reached(not refusals.remaining, "no SendEvents was refused")
    first, second = rig.calls("SendEvents")[:2]
    waited = second.arrived - first.arrived
    rig.expect(
        waited >= 0.95 * pause,
        f"asked to wait for {pause:g} s it has tried again after {waited:.2f} s",
    )


@STATUS.case(
    "poison",
    "An event that Toggle refuses costs no other",
    rule="A batch with one certain event in it ends with INVALID_ARGUMENT, however often. The "
    "events before and behind it arrive, in order.",
    source=delivered.PROMISES,
    cost="One bad event takes ninety-nine good ones with it, or stops all that follow for ever.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "retry", "batch"),
)
def poison(rig: RodentRig) -> None:
    """One bad event among twenty."""
    rig.toggle.faults.failing(Code.INVALID_ARGUMENT, matching="pool_name:poison")
    agent = rig.start()
    before = agent.emit(10)
    agent.emit(fields={"poolName": "poison"})
    behind = agent.emit(10)
    delivered.all_of(rig, before + behind, "start", "batch", *("retry",) * 6, "batch")
    delivered.in_order(rig, before + behind)
    rig.reached(rig.calls("SendEvents", "INVALID_ARGUMENT"), "no batch with the event was sent")
