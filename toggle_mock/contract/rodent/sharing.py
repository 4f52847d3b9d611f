"""Sharing: several processes of one program with one EVENTS_DIR."""

from __future__ import annotations

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import delay

_SLOW = 0.5
"""Seconds until a batch is answered."""

SHARING: Group[RodentRig] = Group("sharing", "Several processes with one EVENTS_DIR")


@SHARING.case(
    "apart",
    "A second process does not send what the first one still holds",
    rule="While Toggle is gone, two processes with one EVENTS_DIR take events. Once it is back, "
    "all events arrive, each process's own in their order, and no batch comes twice.",
    source=delivered.PROMISES,
    cost="A restart that overlaps, as of a rolling update, repeats what waited.",
    needs=("driver", "disk"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def apart(rig: RodentRig) -> None:
    """Two at a time, and a Toggle that takes its time, so that both send before either is heard."""
    rig.toggle.on_send_events.always(delay(_SLOW))
    with rig.toggle.faults.outage():
        first = rig.start()
        firsts = first.emit(30)
        second = rig.start()
        seconds = second.emit(30)
        # Whatever is brought to disk, or read from there, while they wait.
        delivered.pass_time(rig, 4 * rig.contract.times.retry)
    delivered.all_of(rig, firsts + seconds, "batch", "outage", "outage")
    delivered.in_order(rig, firsts)
    delivered.in_order(rig, seconds)
    for agent in (first, second):
        agent.terminate()
    delivered.none_repeated(rig)


@SHARING.case(
    "left-behind",
    "What one process leaves arrives while another goes on",
    rule="Two processes with one EVENTS_DIR take events while Toggle is gone. The first ends by "
    "SIGTERM and is started again. Once Toggle is back, all arrives, and no batch comes twice.",
    source=delivered.PROMISES,
    cost="What a worker has left stays on disk as long as one of its siblings runs.",
    needs=("driver", "disk"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def left_behind(rig: RodentRig) -> None:
    """One of two is restarted."""
    with rig.toggle.faults.outage():
        first = rig.start()
        marks = first.emit(30)
        marks += rig.start().emit(30)
        first.terminate()
        marks += rig.start().emit(10)
    delivered.all_of(rig, marks, "batch", "outage", "outage")
    delivered.none_repeated(rig)
