"""Shutdown and flush: that they end, what they deliver, and whether their word is true."""

from __future__ import annotations

from rodent_events import clock
from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import delay

SHUTDOWN: Group[RodentRig] = Group("shutdown", "How it ends, and what it says of that")

_MOMENT = 0.3
"""Seconds that Toggle takes for an answer, so that who does not wait for it shows that."""


@SHUTDOWN.case(
    "in-time",
    "Shutdown ends in its time, though Toggle answers nothing",
    rule="While all SendEvents hang, shutdown is asked for, within a second. The driver's answer "
    "comes in that time, and the program ends.",
    source=delivered.PROMISES,
    cost="The init system kills the agent amid its shutdown, or the reboot of a node waits for it.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "stop"),
)
def in_time(rig: RodentRig) -> None:
    """A second to end in."""
    rig.toggle.faults.hanging()
    agent = rig.start()
    agent.emit(3)
    rig.wait_for_call("SendEvents", timeout=rig.patience("start", "batch"))
    begin = clock.monotonic()
    complete = agent.shutdown(1.0)
    took, most = clock.monotonic() - begin, 1.0 + rig.contract.times.slack
    rig.expect(took <= most, f"a shutdown within 1 s has taken {took:.1f} s")
    rig.expect(not complete, "it says that all is delivered, and Toggle has answered nothing")
    longest = rig.patience("stop")
    rig.expect(
        agent.program.wait(longest) is not None, f"it still runs {longest:g} s after its shutdown"
    )


@SHUTDOWN.case(
    "sigterm-in-time",
    "SIGTERM ends it in time, though Toggle answers nothing",
    rule="While all SendEvents hang, the program ends within the time that is said of SIGTERM.",
    source="the driver protocol: SIGTERM is an orderly end",
    cost="The init system kills the agent, and what it had to save is lost.",
    needs=("events",),
    profiles=("guarantees",),
    waits=("batch", "stop"),
)
def sigterm_in_time(rig: RodentRig) -> None:
    """SIGTERM amid a call that hangs."""
    rig.toggle.faults.hanging()
    agent = rig.start()
    agent.provoke()
    rig.wait_for_call("SendEvents", timeout=rig.patience("start", "batch"))
    agent.terminate()


@SHUTDOWN.case(
    "sigterm-delivers",
    "At SIGTERM what waits is delivered, as long as Toggle is well",
    rule="Two and a half batches are emitted, and SIGTERM comes at once. When the program has "
    "ended, all of them have arrived.",
    source=delivered.PROMISES,
    cost="The last events of a node before its reboot are seen after it, or never.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("stop",),
)
def sigterm_delivers(rig: RodentRig) -> None:
    """SIGTERM behind events."""
    agent = rig.start()
    marks = agent.emit(5 * rig.contract.batch_size // 2)
    agent.terminate()
    missing = rig.missing(marks)
    rig.expect(
        not missing,
        f"it has ended in order, and of {len(marks)} events {len(missing)} have not arrived",
    )
    delivered.once(rig)


@SHUTDOWN.case(
    "amid-call",
    "SIGTERM amid a call loses nothing",
    rule="SIGTERM comes while a SendEvents is under way, which Toggle answers a second later. The "
    "events arrive, by that call or after a start.",
    source=delivered.PROMISES,
    cost="Each orderly stop loses the batch that happens to be under way.",
    needs=("driver", "disk"),
    profiles=("guarantees",),
    waits=("batch", "stop", "batch"),
)
def amid_call(rig: RodentRig) -> None:
    """SIGTERM before the answer."""
    rig.toggle.on_send_events.always(delay(1.0), matching=delivered.POOLS)
    agent = rig.start()
    marks = agent.emit(5)
    delivered.tried(rig, marks, "start", "batch")
    agent.terminate()
    rig.toggle.faults.heal()
    rig.start()
    delivered.all_of(rig, marks, "batch", "outage")


@SHUTDOWN.case(
    "complete",
    "A shutdown that is complete has delivered everything",
    rule="Two and a half batches are emitted, and shutdown is asked for at once. Toggle takes a "
    "moment for each answer. Shutdown is complete, and all events have arrived by then.",
    source="the driver protocol: complete says that all is delivered",
    cost="Whoever relies on the answer deletes what was never delivered.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch",),
)
def complete(rig: RodentRig) -> None:
    """A Toggle that is well, and not so quick that all has arrived by chance."""
    rig.toggle.on_send_events.always(delay(_MOMENT))
    agent = rig.start()
    marks = agent.emit(5 * rig.contract.batch_size // 2)
    said = agent.shutdown(rig.patience("batch"))
    missing = rig.missing(marks)
    rig.expect(said or missing, "all has arrived, and shutdown says that it is not complete")
    rig.expect(not missing, f"of {len(marks)} events {len(missing)} have not arrived")
    delivered.once(rig)


@SHUTDOWN.case(
    "not-complete",
    "A shutdown without Toggle does not say that it is complete",
    rule="Toggle is gone. Events are emitted, and shutdown is asked for, within a second. Its "
    "answer is not complete.",
    source="the driver protocol: complete says that all is delivered",
    cost="Whoever relies on the answer deletes what was never delivered.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("stop",),
)
def not_complete(rig: RodentRig) -> None:
    """A Toggle that is gone."""
    with rig.toggle.faults.outage():
        agent = rig.start()
        agent.emit(5)
        rig.expect(not agent.shutdown(1.0), "shutdown says that all is delivered, without a Toggle")


@SHUTDOWN.case(
    "flush",
    "A flush that is complete has delivered everything",
    rule="A batch and a half is emitted, and flush is asked for. Toggle takes a moment for each "
    "answer. Flush is complete, and all events have arrived by then.",
    source="the driver protocol: complete says that all is delivered",
    cost="Whoever relies on the answer goes on too early.",
    needs=("driver",),
    waits=("batch",),
)
def flush(rig: RodentRig) -> None:
    """A Toggle that is well, and not so quick that all has arrived by chance."""
    rig.toggle.on_send_events.always(delay(_MOMENT))
    agent = rig.start()
    marks = agent.emit(3 * rig.contract.batch_size // 2)
    said = agent.flush(rig.patience("batch"))
    missing = rig.missing(marks)
    rig.expect(said, "Toggle is well, and flush says that it is not complete")
    rig.expect(
        not missing, f"flush says that it is complete, and {len(missing)} events are missing"
    )


@SHUTDOWN.case(
    "flush-not-complete",
    "A flush without Toggle does not say that it is complete",
    rule="Toggle is gone. Events are emitted, and flush is asked for, within half a second. It is "
    "not complete; once Toggle is back, the events arrive all the same.",
    source="the driver protocol: complete says that all is delivered",
    cost="Whoever relies on the answer goes on as if all were well.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def flush_not_complete(rig: RodentRig) -> None:
    """A Toggle that is gone."""
    with rig.toggle.faults.outage():
        agent = rig.start()
        marks = agent.emit(5)
        rig.expect(not agent.flush(0.5), "flush says that all is delivered, without a Toggle")
    delivered.all_of(rig, marks, "batch", "outage", "outage")
