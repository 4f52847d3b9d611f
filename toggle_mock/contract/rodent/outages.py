"""Outages: Toggle is away, the network is, or one of them is only half there."""

from __future__ import annotations

import grpc

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import delay, hang

OUTAGE: Group[RodentRig] = Group("outage", "What an outage costs")

_TRIES = 7
"""More than anybody has as a limit for tries by default."""


_SLOW = 0.5
"""Seconds until a batch is answered, where a call is to be under way."""


@OUTAGE.case(
    "short",
    "A short outage costs nothing",
    rule="Toggle is gone, connections are refused, and comes back after four usual pauses. What "
    "was emitted before, meanwhile and afterwards arrives.",
    source=delivered.PROMISES,
    cost="Each update of Toggle is a hole in the history of all nodes.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "batch", "outage"),
)
def short(rig: RodentRig) -> None:
    """Some pauses without Toggle."""
    agent = rig.start()
    marks = agent.emit(5)
    delivered.all_of(rig, marks, "start", "batch")
    with rig.toggle.faults.outage():
        marks += agent.emit(30)
        delivered.pass_time(rig, 4 * rig.contract.times.retry)
        marks += agent.emit(30)
    marks += agent.emit(5)
    delivered.all_of(rig, marks, "batch", "outage", "outage")


@OUTAGE.case(
    "long",
    "An outage of many batches costs nothing",
    rule="While Toggle is gone two and a half batches of events are emitted, over ten usual "
    "pauses. Once it is back they all arrive.",
    source=delivered.PROMISES,
    cost="After three tries a batch is gone, and the longer the outage, the more of them.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "outage", "outage"),
)
def long(rig: RodentRig) -> None:
    """A backlog of batches."""
    with rig.toggle.faults.outage():
        agent = rig.start()
        marks: list[str] = []
        for _ in range(5):
            marks += agent.emit(rig.contract.batch_size // 2)
            delivered.pass_time(rig, 2 * rig.contract.times.retry)
    delivered.all_of(rig, marks, "batch", "outage", "outage")


@OUTAGE.case(
    "many-tries",
    "No number of tries is too many",
    rule=f"Toggle answers {_TRIES} tries of a batch with UNAVAILABLE. It arrives all the same.",
    source=delivered.PROMISES,
    cost="A Toggle that is up and unwell costs more than one that is down.",
    needs=("events",),
    profiles=("guarantees",),
    waits=("batch", *("outage",) * 4),
)
def many_tries(rig: RodentRig) -> None:
    """Refusals of all that comes, until it was enough."""
    refusals = rig.toggle.faults.failing(grpc.StatusCode.UNAVAILABLE)
    query = rig.start().provoke()
    rig.wait_for_call(
        "SendEvents",
        _TRIES,
        status="UNAVAILABLE",
        timeout=rig.patience("start", "batch", *("outage",) * _TRIES),
    )
    refusals.heal()
    delivered.event(rig, query, "batch", "outage")
    delivered.what_was_refused(rig, "UNAVAILABLE", "outage")


@OUTAGE.case(
    "at-start",
    "A Toggle that is not there at the start is waited for",
    rule="The program starts while Toggle is gone, and takes events. Once Toggle is there, they "
    "arrive, in order.",
    source=delivered.PROMISES,
    cost="After a power failure the nodes are up before Toggle is, and what they saw is gone.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("register_again", "batch", "outage"),
)
def at_start(rig: RodentRig) -> None:
    """Events before there is a Toggle."""
    with rig.toggle.faults.outage():
        agent = rig.start()
        marks = agent.emit(30)
        delivered.pass_time(rig, 4 * rig.contract.times.retry)
    delivered.all_of(rig, marks, "register_again", "batch", "outage")
    delivered.in_order(rig, marks)


@OUTAGE.case(
    "not-registered",
    "What happens before Register has succeeded is not lost",
    rule="Toggle refuses Register three times. Events that were emitted before arrive in the end.",
    source=delivered.PROMISES,
    cost="A node's first minutes, when most goes wrong, are missing.",
    needs=("driver", "register"),
    profiles=("guarantees",),
    waits=("register_again", "register_again", "register_again", "batch"),
)
def not_registered(rig: RodentRig) -> None:
    """Three refusals of Register."""
    refusals = rig.toggle.on_register.returns([grpc.StatusCode.UNAVAILABLE] * 3)
    marks = rig.start().emit(10)
    again = ("register_again",) * 3
    delivered.all_of(rig, marks, "start", *again, "batch")
    rig.until(
        lambda: not refusals.remaining, rig.patience(*again), "Register was not refused 3 times"
    )


@OUTAGE.case(
    "reset",
    "A connection that breaks amid a call costs nothing",
    rule="While a SendEvents is under way, its connection is reset. The same batch is sent again, "
    "and arrives.",
    source="gRPC: a call whose connection breaks ends with UNAVAILABLE",
    cost="Each load balancer that is restarted costs a batch of each node.",
    needs=("events",),
    waits=("batch", "retry", "batch"),
)
def reset(rig: RodentRig) -> None:
    """A call that hangs, and the end of its connection."""
    hung = rig.toggle.on_send_events.returns([hang()])
    query = rig.start().provoke()
    rig.wait_for_call("SendEvents", timeout=rig.patience("start", "batch"))
    rig.reached(not hung.remaining, "no SendEvents was held")
    rig.toggle.faults.reset()
    delivered.event(rig, query, "retry", "outage", "batch")
    first, second = rig.sent()[:2]
    rig.expect(
        first.batch_id == second.batch_id,
        f"batch {first.batch_id} was cut off, and {second.batch_id} was sent after it",
    )


@OUTAGE.case(
    "partition",
    "A network that swallows everything costs nothing",
    rule="Nothing gets through in either direction, nobody is told, and the network is back "
    "after one and a half times as long as is said of a call. What was emitted meanwhile arrives.",
    source=delivered.PROMISES,
    cost="A firewall that drops silences the node for hours.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "send", "outage", "outage"),
)
def partition(rig: RodentRig) -> None:
    """A partition that outlasts a call."""
    agent = rig.start()
    marks = agent.emit(3)
    delivered.all_of(rig, marks, "start", "batch")
    delivered.pass_time(rig, rig.contract.times.batch)  # in which it has its answer, too
    with rig.toggle.faults.partition():
        marks += agent.emit(10)
        # By the half a call may begin later than is said, and be given up in here all the same.
        delivered.pass_time(rig, rig.contract.times.batch + 1.5 * rig.contract.times.send)
        marks += agent.emit(10)
    delivered.all_of(rig, marks, "send", "outage", "outage", "batch")


@OUTAGE.case(
    "half-open",
    "A connection that leads nowhere is left",
    rule="Nothing gets through on the connections that are open, and nobody is told; new ones "
    "work. The next event arrives: its call is given up, and goes by a new connection.",
    source="gRPC: a connection may be dead without a sign, keepalive",
    cost="A node that was suspended, or whose NAT forgot it, is silent until it is restarted.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "send", "send", "outage"),
)
def half_open(rig: RodentRig) -> None:
    """The connections of a running program are dead."""
    agent = rig.start()
    delivered.all_of(rig, agent.emit(3), "start", "batch")
    with rig.toggle.faults.half_open():
        delivered.all_of(rig, agent.emit(3), "batch", "send", "send", "outage")


@OUTAGE.case(
    "restart",
    "A Toggle that restarts costs nothing, and gets nothing twice",
    rule="Events are emitted while Toggle restarts three times, each time amid a SendEvents. They "
    "all arrive, none under two batch ids.",
    source=delivered.PROMISES,
    cost="A rolling update of Toggle loses or repeats what comes meanwhile.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "outage", "outage"),
)
def restart(rig: RodentRig) -> None:
    """Three restarts, and a Toggle that is not as quick to answer."""
    agent, marks = rig.start(), []
    rig.toggle.on_send_events.always(delay(_SLOW))
    for _ in range(3):
        before = len(rig.calls("SendEvents"))
        marks += agent.emit(10)
        rig.wait_for_call("SendEvents", before + 1, timeout=rig.patience("batch"))
        rig.toggle.faults.restart()
    delivered.all_of(rig, marks, "start", "batch", "outage", "outage")
