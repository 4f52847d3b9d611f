"""Backoff: how fast a Rodent tries again, the longer it fails."""

from __future__ import annotations

from itertools import pairwise

import grpc

from rodent_events import clock
from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig

BACKOFF: Group[RodentRig] = Group("backoff", "How fast it tries again, the longer it fails")

Code = grpc.StatusCode

_HOT_PAUSES = 4
"""For so many of its usual pauses is looked how often it tries."""

_HOT_TRIES = 15
"""So many tries in that time are too many."""

_LONGER = 3
"""So many pauses that are longer than the first may be are no accident."""

_MOST_TRIES = 20
"""By then pauses must have grown."""

_GROWN = 5
"""From so many tries on pauses are about as long as they get."""

_PAUSES = 14
"""So many of these are measured."""

_SHORTER = 8
"""The shortest, so many, are compared: a busy machine makes some longer, and none shorter."""

_LEAST_WHILE = 1.0
"""Seconds in which also a busy machine tries often, if nothing holds it back."""

_SPREAD = 0.05
"""By such a part of the longest, at least, pauses with jitter differ."""


def _pauses(rig: RodentRig) -> list[float]:
    """Seconds between two calls of SendEvents."""
    arrivals = [call.arrived for call in rig.calls("SendEvents")]
    return [later - earlier for earlier, later in pairwise(arrivals)]


def _not_hot(rig: RodentRig, code: grpc.StatusCode) -> None:
    """Refuse all, and count the tries in a while."""
    rig.toggle.faults.failing(code)
    rig.start().provoke()
    rig.wait_for_call("SendEvents", timeout=rig.patience("start", "batch"))
    seconds = max(_HOT_PAUSES * rig.contract.times.retry, _LEAST_WHILE)
    begin = clock.monotonic()
    before = len(rig.calls("SendEvents"))
    delivered.pass_time(rig, seconds)
    tries = len(rig.calls("SendEvents")) - before
    took = clock.monotonic() - begin
    rig.expect(tries < _HOT_TRIES * took / seconds, f"it has tried {tries} times in {took:.2f} s")


@BACKOFF.case(
    "not-hot",
    "A Toggle that refuses is not tried without a pause",
    rule="Toggle ends all SendEvents with UNAVAILABLE at once. In the time of four usual pauses, "
    "a second at least, there are fewer than fifteen tries.",
    source="gRPC: connection backoff, and retries with exponential backoff",
    cost="A Toggle that stumbles is brought down by the nodes that wait for it.",
    needs=("events",),
    waits=("batch",),
)
def not_hot(rig: RodentRig) -> None:
    """UNAVAILABLE, always."""
    _not_hot(rig, Code.UNAVAILABLE)


@BACKOFF.case(
    "not-hot-for-a-token",
    "A token that is refused is not tried without a pause",
    rule="Toggle ends all SendEvents with UNAUTHENTICATED at once, and there is no other token. In "
    "the time of four usual pauses, a second at least, there are fewer than fifteen tries.",
    source=delivered.PROMISES,
    cost="One expired token fills Toggle's log, and looks like an attack.",
    needs=("events",),
    waits=("batch",),
)
def not_hot_for_a_token(rig: RodentRig) -> None:
    """UNAUTHENTICATED, always."""
    _not_hot(rig, Code.UNAUTHENTICATED)


@BACKOFF.case(
    "grows",
    "Pauses grow, the longer Toggle refuses",
    rule="While Toggle ends all SendEvents with UNAVAILABLE, three pauses at least, before the "
    "twentieth try, are longer than the first one may be.",
    source="gRPC: retries with exponential backoff",
    cost="In a long outage thousands of nodes go on knocking as fast as in its first second.",
    severity="should",
    needs=("events",),
    profiles=("guarantees",),
    waits=("batch", "outage", "outage", "outage"),
)
def grows(rig: RodentRig) -> None:
    """UNAVAILABLE, until pauses have grown or twenty tries are over."""
    rig.toggle.faults.failing(Code.UNAVAILABLE)
    rig.start().provoke()
    first = rig.contract.times.retry

    def grown() -> bool:
        return sum(pause > first for pause in _pauses(rig)) >= _LONGER

    rig.until(
        lambda: grown() or len(rig.calls("SendEvents")) >= _MOST_TRIES,
        rig.patience("start", "batch", *("outage",) * 4),
        "it did not try again often enough",
    )
    rig.expect(
        grown(),
        f"of the pauses between {_MOST_TRIES} tries, the longest is {max(_pauses(rig)):.2f} s; the "
        f"first may be {first:g} s",
    )


@BACKOFF.case(
    "jitter",
    "Pauses differ by chance",
    rule="While Toggle refuses, fourteen pauses are measured that have grown already. The eight "
    "shortest of them are not all the same: they differ by a twentieth at least.",
    source="gRPC: backoff has jitter",
    cost="All nodes that an outage has hit come back at the same moment, again and again.",
    severity="should",
    needs=("events",),
    profiles=("guarantees",),
    waits=("batch", *("outage",) * 4),
)
def jitter(rig: RodentRig) -> None:
    """UNAVAILABLE, for nineteen tries."""
    rig.toggle.faults.failing(Code.UNAVAILABLE)
    rig.start().provoke()
    tries = _GROWN + _PAUSES
    rig.wait_for_call(
        "SendEvents", tries + 1, timeout=rig.patience("start", "batch", *("outage",) * tries)
    )
    shorter = sorted(_pauses(rig)[_GROWN:tries])[:_SHORTER]
    rig.expect(
        shorter[-1] - shorter[0] > _SPREAD * shorter[-1],
        f"{len(shorter)} of {_PAUSES} pauses are between {shorter[0]:.3f} and {shorter[-1]:.3f} s",
    )


@BACKOFF.case(
    "ends",
    "Once Toggle is well again, it is not waited for long",
    rule="After eight refusals Toggle accepts. What waits arrives within the longest pause that "
    "is said of an outage.",
    source=delivered.PROMISES,
    cost="After a night's outage the nodes report hours later than they could.",
    needs=("events",),
    profiles=("guarantees",),
    waits=("batch", *("outage",) * 4),
)
def ends(rig: RodentRig) -> None:
    """Eight refusals."""
    refusals = rig.toggle.on_send_events.returns([Code.UNAVAILABLE] * 8)
    query = rig.start().provoke()
    rig.until(
        lambda: not refusals.remaining,
        rig.patience("start", "batch", *("outage",) * 8),
        "there were not 8 tries",
    )
    delivered.event(rig, query, "batch", "outage")
