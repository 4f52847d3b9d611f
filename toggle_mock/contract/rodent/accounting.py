"""Accounting: whether a Rodent's own numbers add up, and agree with what Toggle has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc

from rodent_events import clock
from toggle_mock.contract.cases import Group
from toggle_mock.contract.driver_protocol import STATS_PLACES
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.contract.verdicts import Breach
from toggle_mock.faults.outcomes import OutcomeLike, lose_answer

ACCOUNT: Group[RodentRig] = Group("account", "Whether its own numbers are right")

_SOURCE = "rodent_events, docs/delivery.md: each event is in one place, and is counted there"


def _settled(rig: RodentRig) -> Mapping[str, int]:
    """The numbers of the last program, which are seen to add up."""
    stats = rig.agents[-1].stats()
    lacking = [name for name in ("emitted", *STATS_PLACES) if not isinstance(stats.get(name), int)]
    if lacking:
        raise Breach(f"its stats have no number of {', '.join(lacking)}")
    came = stats["emitted"] + stats.get("recovered", 0)
    accounted = sum(stats[name] for name in STATS_PLACES)
    if came != accounted:
        raise Breach(f"{came} events came, and {accounted} are accounted for: {_shown(stats)}")
    return stats


def _shown(stats: Mapping[str, Any]) -> str:
    names = ("emitted", "recovered", *STATS_PLACES)
    return ", ".join(f"{name} {stats[name]}" for name in names if name in stats)


def _compare(rig: RodentRig) -> Mapping[str, int]:
    """See that as many events are delivered, by its numbers, as Toggle has got."""
    end = clock.monotonic() + rig.patience("answer")
    while True:
        # It may deliver something of its own just now, as its startup.
        before = delivered.count(rig)
        stats = _settled(rig)
        if before <= stats["delivered"] <= delivered.count(rig):
            return stats
        if clock.monotonic() > end:
            raise Breach(
                f"it counts {stats['delivered']} events as delivered, and Toggle has {before}"
            )
        delivered.pass_time(rig, 0.05)


@ACCOUNT.case(
    "adds-up",
    "Its numbers add up, and what is delivered has arrived",
    rule="After two batches, one of them refused twice, one whose answer is lost, and a flush, "
    "emitted and recovered are together delivered, waiting, filtered, dropped and quarantined; and "
    "Toggle has as many events as are delivered.",
    source=_SOURCE,
    cost="Nobody can tell from a node's numbers whether something is missing.",
    needs=("driver", "stats"),
    profiles=("guarantees",),
    waits=("batch", "retry", "retry", "retry"),
)
def adds_up(rig: RodentRig) -> None:
    """Refusals, a lost answer, and a look at the numbers."""
    refused = grpc.StatusCode.UNAVAILABLE
    script: list[OutcomeLike] = [refused, refused, grpc.StatusCode.OK, lose_answer()]
    rig.toggle.on_send_events.returns(script, matching=delivered.POOLS)
    agent = rig.start()
    agent.emit(2 * rig.contract.batch_size)
    rig.expect(
        agent.flush(rig.patience("batch", "retry", "retry", "retry")), "flush is not complete"
    )
    _compare(rig)


@ACCOUNT.case(
    "away",
    "What waits is counted as waiting",
    rule="While Toggle is gone, events that were emitted are waiting, by its numbers, and not "
    "delivered.",
    source=_SOURCE,
    cost="A backlog that grows is seen nowhere until disk is full.",
    needs=("driver", "stats"),
    profiles=("guarantees",),
)
def away(rig: RodentRig) -> None:
    """An outage, and a look at the numbers."""
    with rig.toggle.faults.outage():
        agent = rig.start()
        agent.emit(50)
        stats = _settled(rig)
        rig.expect(stats["waiting"] == 50, f"50 events wait, and its stats say {_shown(stats)}")


@ACCOUNT.case(
    "refused",
    "What is refused for good is counted by name",
    rule="Of twelve events one is refused by Toggle for good. By its numbers, one is quarantined "
    "or dropped, and the others are delivered.",
    source=_SOURCE,
    cost="An event vanishes, and no number says that there was one.",
    needs=("driver", "stats"),
    profiles=("guarantees",),
    waits=("batch", "retry"),
)
def refused(rig: RodentRig) -> None:
    """One bad event, and a look at the numbers."""
    bad = grpc.StatusCode.INVALID_ARGUMENT
    rig.toggle.faults.failing(bad, matching="pool_name:poison")
    agent = rig.start()
    agent.emit(5)
    agent.emit(fields={"poolName": "poison"})
    marks = agent.emit(6)
    delivered.all_of(rig, marks, "start", "batch", *("retry",) * 4)
    agent.flush(rig.patience("batch"))
    stats = _compare(rig)
    lost = stats["dropped"] + stats["quarantined"]
    rig.expect(lost == 1, f"one event was refused for good, and its stats say {_shown(stats)}")


@ACCOUNT.case(
    "recovered",
    "What was found at a start is counted too",
    rule="Events are left by a process that has ended; the next one delivers them, and its numbers "
    "add up: they were recovered.",
    source=_SOURCE,
    cost="After a restart more is delivered than was emitted, and nobody trusts the numbers.",
    needs=("driver", "stats", "disk"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def recovered(rig: RodentRig) -> None:
    """A restart, and a look at the numbers."""
    with rig.toggle.faults.outage():
        agent = rig.start()
        marks = agent.emit(30)
        agent.terminate()
    agent = rig.start()
    marks += agent.emit(10)
    delivered.all_of(rig, marks, "batch", "outage")
    agent.flush(rig.patience("batch"))
    _compare(rig)
