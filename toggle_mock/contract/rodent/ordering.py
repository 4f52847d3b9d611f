"""Order: events of one Rodent arrive as they were emitted, whatever happens on the way."""

from __future__ import annotations

import grpc

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import OutcomeLike, lose_answer

ORDER: Group[RodentRig] = Group("order", "In which order events arrive")

Code = grpc.StatusCode

_COST = "An alarm is seen before its cause, and 'deleted' before 'created'."


@ORDER.case(
    "steady",
    "Events arrive in the order in which they were emitted",
    rule="Three and a half batches of events, emitted one by one, arrive in that order.",
    source=delivered.PROMISES,
    cost=_COST,
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch",),
)
def steady(rig: RodentRig) -> None:
    """Batches in a row."""
    marks = rig.start().emit(7 * rig.contract.batch_size // 2)
    delivered.all_of(rig, marks, "start", "batch", "batch")
    delivered.in_order(rig, marks)


@ORDER.case(
    "retries",
    "A batch that is retried is not overtaken",
    rule="Of five batches in a row, several are refused, one loses its answer. Events arrive in "
    "the order in which they were emitted.",
    source=delivered.PROMISES,
    cost=_COST,
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "outage", "outage"),
)
def retries(rig: RodentRig) -> None:
    """Refusals of all kinds among five batches."""
    script: list[OutcomeLike] = [
        Code.UNAVAILABLE,
        Code.ABORTED,
        Code.OK,
        lose_answer(),
        Code.OK,
        Code.INTERNAL,
        Code.UNAVAILABLE,
    ]
    outcomes = rig.toggle.on_send_events.returns(script, matching=delivered.POOLS)
    marks = rig.start().emit(5 * rig.contract.batch_size)
    delivered.all_of(rig, marks, "start", "batch", *("outage",) * 4)
    rig.reached(not outcomes.remaining, "fewer batches were sent than were to be refused")
    delivered.in_order(rig, marks)


@ORDER.case(
    "outage",
    "What waited for Toggle goes before what comes after it",
    rule="Events are emitted before an outage, meanwhile, and as soon as it is over. They arrive "
    "in that order.",
    source=delivered.PROMISES,
    cost=_COST,
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "batch", "outage"),
)
def outage(rig: RodentRig) -> None:
    """An outage among events."""
    agent = rig.start()
    marks = agent.emit(3)
    delivered.all_of(rig, marks, "start", "batch")
    with rig.toggle.faults.outage():
        marks += agent.emit(3 * rig.contract.batch_size // 2)
        delivered.pass_time(rig, 4 * rig.contract.times.retry)
    marks += agent.emit(20)
    delivered.all_of(rig, marks, "batch", "outage", "outage")
    delivered.in_order(rig, marks)


@ORDER.case(
    "restart",
    "What was left by an earlier process goes before what comes after it",
    rule="Toggle is gone; events are emitted, the program ends by SIGTERM and starts again, and "
    "emits others. Once Toggle is back, all arrive in that order.",
    source=delivered.PROMISES,
    cost=_COST,
    needs=("driver", "disk"),
    profiles=("guarantees",),
    waits=("batch", "outage", "outage"),
)
def restart(rig: RodentRig) -> None:
    """Two lives, one outage."""
    with rig.toggle.faults.outage():
        agent = rig.start()
        marks = agent.emit(30)
        agent.terminate()
        marks += rig.start().emit(30)
    delivered.all_of(rig, marks, "batch", "outage", "outage")
    delivered.in_order(rig, marks)
