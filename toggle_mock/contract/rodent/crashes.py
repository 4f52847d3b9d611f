"""Crashes: SIGKILL at the worst moments, and what is left afterwards."""

from __future__ import annotations

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import hang

CRASH: Group[RodentRig] = Group("crash", "What a crash costs")

_SURVIVES = "rodent_events, docs/delivery.md: with a journal, what emit has accepted survives"


@CRASH.case(
    "away",
    "What was accepted while Toggle is away survives SIGKILL",
    rule="Toggle is gone. Events are accepted, and the program gets SIGKILL at once. It is started "
    "again, Toggle is back: all of them arrive.",
    source=_SURVIVES,
    cost="The events before a crash, which would explain it, are gone with it.",
    needs=("driver", "journal"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def away(rig: RodentRig) -> None:
    """One kill."""
    with rig.toggle.faults.outage():
        agent = rig.start()
        marks = agent.emit(3 * rig.contract.batch_size // 2)
        agent.kill()
    rig.start()
    delivered.all_of(rig, marks, "batch", "outage")


@CRASH.case(
    "twice",
    "Nor do two crashes cost anything",
    rule="Toggle is gone. The program gets SIGKILL, twice, each time after it has accepted events. "
    "Started for the third time, all arrive, in order.",
    source=_SURVIVES,
    cost="A node that crashes in a loop forgets what the first crash had left.",
    needs=("driver", "journal"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def twice(rig: RodentRig) -> None:
    """Two kills."""
    marks: list[str] = []
    with rig.toggle.faults.outage():
        for _ in range(2):
            agent = rig.start()
            marks += agent.emit(20)
            agent.kill()
        marks += rig.start().emit(20)
    delivered.all_of(rig, marks, "batch", "outage", "outage")
    delivered.in_order(rig, marks)


@CRASH.case(
    "amid-emits",
    "What is accepted at the moment of a crash survives it",
    rule="The program gets SIGKILL amid four hundred emits. What it had accepted by then, as its "
    "driver's answers say, arrives after a start; no event arrives under two batch ids.",
    source=_SURVIVES,
    cost="What was written last is torn, and takes with it what was written before.",
    needs=("driver", "journal"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def amid_emits(rig: RodentRig) -> None:
    """A kill that nobody has waited for."""
    agent = rig.start()
    marks = agent.emit_until_killed(400, kill_after=150)
    rig.start()
    delivered.all_of(rig, marks, "batch", "outage")


@CRASH.case(
    "amid-call",
    "A batch that was under way at a crash comes again as it was",
    rule="Toggle accepts a batch, and before its answer the program gets SIGKILL. Started again, "
    "it may send the batch once more: under its id, byte for byte.",
    source=delivered.PROMISES,
    cost="Each crash repeats a batch that Toggle cannot know again.",
    needs=("driver", "journal"),
    profiles=("guarantees",),
    waits=("batch", "batch", "outage"),
)
def amid_call(rig: RodentRig) -> None:
    """A kill while Toggle has the batch, and its answer is not out."""
    held = rig.toggle.faults.failing(hang(accepted=True), matching=delivered.POOLS)
    agent = rig.start()
    marks = agent.emit(5)
    delivered.all_of(rig, marks, "start", "batch")
    agent.kill()
    held.heal()
    marks += rig.start().emit(5)
    delivered.all_of(rig, marks, "batch", "outage")
