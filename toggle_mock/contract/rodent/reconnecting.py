"""What follows the end of a stream: another one, after a pause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import grpc

from rodent_events import clock
from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.conversation import talk_once
from toggle_mock.contract.rodent.door import Door
from toggle_mock.contract.rodent.rig import RodentRig

REDIAL: Group[RodentRig] = Group("redial", "What follows the end of a stream")

_WIRE = "the published Rodent on the wire"
_STAYS_OUT = "The node cannot be commanded any more until somebody restarts its agent."

_OFTEN = 7
"""How many streams in a row end: the published Rodent gives up after five refused dials."""

_FIVE_DIALS = 16.0
"""More than what the pauses before five refused dials are together, of which each is 1.5 times the
one before it, if the first is 1."""

_WATCHED = 3.0
"""Seconds in which dials are counted."""

_PER_SECOND = 10
"""So many tries in a second are no backoff."""

_MOSTLY = 0.8
"""The part of a pause, as said of the program, that it is at the least."""


@dataclass(frozen=True)
class _End:
    """A way in which a stream ends."""

    name: str
    what: str
    """The same in words."""
    come: Callable[[RodentRig], object]
    """Has it come so."""
    pause: str = "redial"
    """The time of the settings that passes until the next."""
    source: str = f"{_WIRE}: after any end it connects again"


def _by(code: grpc.StatusCode) -> Callable[[RodentRig], object]:
    return lambda rig: rig.connected().disconnect(code)


_REFUSED = f"{_WIRE}: after PERMISSION_DENIED and its like it connects again, each 60 s"

_ENDS = (
    _End("ok", "Toggle ends it with OK", _by(grpc.StatusCode.OK)),
    _End("unavailable", "Toggle ends it with UNAVAILABLE", _by(grpc.StatusCode.UNAVAILABLE)),
    _End("internal", "Toggle ends it with INTERNAL", _by(grpc.StatusCode.INTERNAL)),
    _End(
        "permission-denied",
        "Toggle ends it with PERMISSION_DENIED",
        _by(grpc.StatusCode.PERMISSION_DENIED),
        "redial_refused",
        _REFUSED,
    ),
    _End(
        "unauthenticated",
        "Toggle ends it with UNAUTHENTICATED",
        _by(grpc.StatusCode.UNAUTHENTICATED),
        "redial_refused",
        _REFUSED,
    ),
    _End("reset", "the connection is reset", lambda rig: rig.toggle.faults.reset()),
    _End(
        "goaway",
        "Toggle sends GOAWAY, and closes the connection",
        lambda rig: rig.toggle.faults.goaway(grace=0.2),
        source="HTTP/2: RFC 9113, section 6.8; gRPC servers send it at the end of a connection's "
        "age",
    ),
    _End("restart", "Toggle is restarted", lambda rig: rig.toggle.faults.restart()),
)


def _comes_back(rig: RodentRig, end: Callable[[RodentRig], object], pause: str) -> None:
    """A stream ends; another one is opened, and commands are answered on it."""
    talk_once(rig)
    rodent = rig.connected()
    before = len(rig.calls("Connect"))
    end(rig)
    rig.until(
        lambda: len(rig.calls("Connect")) > before and rodent.connected,
        rig.patience(pause),
        "there was no new stream",
    )
    talk_once(rig)


def _add(end: _End) -> None:
    @REDIAL.case(
        f"after-{end.name}",
        f"The stream comes back after {end.what}",
        rule=f"When {end.what}, the Rodent opens another stream, and answers commands on it.",
        source=end.source,
        cost=_STAYS_OUT,
        needs=("connect",),
        waits=("connect", end.pause),
    )
    def judge(rig: RodentRig) -> None:
        rig.start()
        _comes_back(rig, end.come, end.pause)


for _end in _ENDS:
    _add(_end)


@REDIAL.case(
    "often",
    "The stream comes back as often as it ends",
    rule=f"Toggle ends {_OFTEN} streams in a row with UNAVAILABLE; after each another one is "
    "opened, and commands are answered on it.",
    source=f"{_WIRE}: after any end it connects again",
    cost="A node that has seen some updates of Toggle since it started is gone after the next.",
    needs=("connect",),
    waits=("connect", *["redial"] * _OFTEN),
)
def often(rig: RodentRig) -> None:
    """The same end again and again."""
    rig.start()
    for _ in range(_OFTEN):
        _comes_back(rig, _by(grpc.StatusCode.UNAVAILABLE), "redial")


@REDIAL.case(
    "refused-often",
    "Dials that are refused are tried again without end",
    rule="Toggle is away for longer than the published Rodent goes on dialing: five pauses, each "
    "1.5 times the one before. Once it is there, the stream comes back within as long again.",
    source="rodent_events, docs/delivery.md: an outage of any length; the published Rodent gives "
    "up after five refused dials",
    cost="An outage of some minutes costs a visit to each node.",
    needs=("connect",),
    profiles=("guarantees",),
    waits=("connect", *["redial"] * 16),
)
def refused_often(rig: RodentRig) -> None:
    """Away for so long."""
    with Door(rig.toggle.address) as door:
        rig.start(TOGGLE_ADDRESS=door.address)
        talk_once(rig)
        door.shut()
        away = _FIVE_DIALS * rig.contract.times.redial
        before = len(rig.calls("Connect"))
        rig.never(
            lambda: len(rig.calls("Connect")) > before, away, "it has gone past a door that is shut"
        )
        rig.reached(len(door.dials) > 1, "it has not dialed while Toggle was away")
        door.open()
        rig.until(
            lambda: rig.toggle.rodents.connected,
            away + rig.patience("redial"),
            f"Toggle is back after {away:g} s, and there was no new stream",
        )


@REDIAL.case(
    "backoff",
    "Dials that are refused come at growing intervals",
    rule=f"While connections are reset, no more than {_PER_SECOND} a second are dialed for "
    f"{_WATCHED:g} s; if there are six or more, there are at most two thirds as many in the second "
    "half of that time as in the first.",
    source="gRPC: connection backoff, exponential with jitter",
    cost="Thousands of Rodents that dial without a pause keep a Toggle down that comes back.",
    needs=("connect",),
    waits=("connect",),
)
def backoff(rig: RodentRig) -> None:
    """Dials for a while."""
    with Door(rig.toggle.address) as door:
        rig.start(TOGGLE_ADDRESS=door.address)
        talk_once(rig)
        door.shut()
        begin, known = clock.monotonic(), len(door.dials)
        most = int(_PER_SECOND * _WATCHED)
        rig.never(
            lambda: len(door.dials) - known > most,
            _WATCHED,
            f"it has dialed more than {most} times within {_WATCHED:g} s",
        )
        dials = [at - begin for at in door.dials[known:]]
    first = sum(at < _WATCHED / 2 for at in dials)
    second = len(dials) - first
    rig.expect(
        len(dials) < 6 or second * 3 <= first * 2,
        f"it has dialed {first} times in the first half of {_WATCHED:g} s, and {second} times in "
        "the second half: the pauses do not grow",
    )


@REDIAL.case(
    "pauses",
    "Between a refused stream and the next is a pause",
    rule=f"Of a Connect that is always refused with UNAVAILABLE, no more than {_PER_SECOND} come "
    "in a second; seen with four of them.",
    source=f"{_WIRE}: 30 s after the end",
    cost="Thousands of Rodents that connect without a pause keep a Toggle down that comes back.",
    needs=("connect",),
    waits=("connect", "redial", "redial", "redial"),
)
def pauses(rig: RodentRig) -> None:
    """Four refusals."""
    rig.toggle.on_connect.always(grpc.StatusCode.UNAVAILABLE)
    rig.start()
    last = rig.wait_for_call(
        "Connect", 4, timeout=rig.patience("start", "connect", "redial", "redial", "redial")
    )
    took = last.arrived - rig.calls("Connect")[0].arrived
    rig.expect(took >= 3 / _PER_SECOND, f"four Connects came within {took * 1000:.0f} ms")


@REDIAL.case(
    "slow-after-refusal",
    "After PERMISSION_DENIED a Rodent takes its time",
    rule=f"Between the end of a stream with PERMISSION_DENIED and the next Connect are at least "
    f"{_MOSTLY:.0%} of the contract's redial_refused.",
    source=_REFUSED,
    cost="A node that was taken out of service asks Toggle as often as one that lost its way.",
    severity="should",
    needs=("connect",),
    waits=("connect", "redial_refused"),
)
def slow_after_refusal(rig: RodentRig) -> None:
    """One such end."""
    ends = []

    def end(rig: RodentRig) -> None:
        ends.append(clock.monotonic())
        rig.connected().disconnect(grpc.StatusCode.PERMISSION_DENIED)

    rig.start()
    _comes_back(rig, end, "redial_refused")
    took = clock.monotonic() - ends[0]
    least = _MOSTLY * rig.contract.times.redial_refused
    rig.expect(took >= least, f"it was back after {took:.2f} s, its pause is {least:.2f} s")


@REDIAL.case(
    "events-meanwhile",
    "Events arrive while Connect is refused",
    rule="While each Connect is refused with UNAVAILABLE, an event arrives.",
    source=f"{_WIRE}: the calls know nothing of each other",
    cost="A fault of Toggle's command side makes the nodes' events late, or loses them.",
    needs=("connect", "driver"),
    waits=("connect", "batch"),
)
def events_meanwhile(rig: RodentRig) -> None:
    """One, after a refusal."""
    rig.toggle.on_connect.always(grpc.StatusCode.UNAVAILABLE)
    agent = rig.start()
    rig.wait_for_call("Connect", status="UNAVAILABLE", timeout=rig.patience("start", "connect"))
    rig.toggle.wait_for(agent.provoke(), timeout=rig.patience("batch"))
