"""Load: many events, large ones, and a Toggle that cannot keep up."""

from __future__ import annotations

import subprocess

from rodent_events import clock
from toggle_mock.contract.cases import Group
from toggle_mock.contract.driver_protocol import MARK
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.agent import Agent
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.contract.verdicts import Breach
from toggle_mock.faults.outcomes import hang

LOAD: Group[RodentRig] = Group("load", "Many events, large ones, and a slow Toggle")

_BURST = 5_000

_MIB = 1024 * 1024

_FILLING = 20_000
"""Events that fill whatever memory is meant for them."""

_BEYOND, _ROUNDS = 10_000, 3
"""Events that come after these, and how often: some may be on their way to disk just then."""

_PORTION = 2_500

_FILLER = {"poolName": "x" * 2_000}


@LOAD.case(
    "burst",
    "A burst of 5,000 events arrives",
    rule="5,000 events are emitted at once, while Toggle is well. All of them arrive.",
    source=delivered.PROMISES,
    cost="What happens at once, as when a pool fails, is just what is dropped.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch",),
)
def burst(rig: RodentRig) -> None:
    """5,000 events."""
    agent = rig.start()
    agent.emit_many(_BURST)
    rig.until(
        # The second takes long, and is true about when the first is.
        lambda: delivered.count(rig) >= _BURST and len(rig.arrived()) >= _BURST,
        rig.patience("start", "batch", "batch"),
        f"of {_BURST} events only some arrived",
    )
    rig.expect(len(rig.arrived()) == _BURST, "more have arrived than were emitted")


@LOAD.case(
    "not-blocked",
    "emit does not wait for a Toggle that answers nothing",
    rule="While SendEvents hangs, 3,000 events are accepted in less time than a call may take.",
    source=delivered.PROMISES,
    cost="A Toggle that hangs stops the work that the events tell of.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch",),
)
def not_blocked(rig: RodentRig) -> None:
    """Events behind a call that hangs."""
    # What it tells of itself may come in a call of its own, behind which the rest would wait.
    rig.toggle.faults.failing(hang(), matching=delivered.POOLS)
    agent = rig.start()
    delivered.tried(rig, agent.emit(), "start", "batch")
    begin = clock.monotonic()
    agent.emit_many(3_000)
    took, most = clock.monotonic() - begin, max(rig.contract.times.send, rig.contract.times.slack)
    rig.expect(took < most, f"3,000 events were accepted after {took:.1f} s; a call hangs")


@LOAD.case(
    "large-event",
    "An event of a megabyte arrives",
    rule="An event of 1 MB, alone and among small ones, arrives whole.",
    source="gRPC: a server takes messages of 4 MiB unless it is told otherwise",
    cost="The one event with a whole report in it is missing.",
    needs=("driver",),
    waits=("batch",),
)
def large_event(rig: RodentRig) -> None:
    """1 MB among small events."""
    agent = rig.start()
    marks = agent.emit(3)
    marks += agent.emit(fields={"poolName": "x" * _MIB})
    marks += agent.emit(3)
    delivered.all_of(rig, marks, "start", "batch", "retry")
    (found,) = rig.toggle.find(f"metadata.{MARK}:{marks[3]}")
    length = len(found.message.storage_event.pool_event.pool_name)
    rig.expect(length == _MIB, f"of {_MIB} characters {length} have arrived")


@LOAD.case(
    "too-large-event",
    "An event that is too large for Toggle costs no other",
    rule="An event of 5 MiB, which no server takes by default, is emitted among small ones. Those "
    "before and behind it arrive.",
    source=delivered.PROMISES,
    cost="One event that can never arrive is tried for ever, and stops all that follow.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "retry", "batch"),
)
def too_large_event(rig: RodentRig) -> None:
    """5 MiB among small events."""
    agent = rig.start()
    marks = agent.emit(3)
    agent.driver.ask(
        "emit",
        {"payload": "StoragePoolPayload", "fields": {"poolName": "x" * (5 * _MIB)}},
        rig.patience("answer", "answer", "answer"),
    )
    marks += agent.emit(3)
    delivered.all_of(rig, marks, "start", "batch", *("retry",) * 4, "batch")


@LOAD.case(
    "memory",
    "Memory does not grow for ever in an outage",
    rule="Toggle is gone. 20,000 events of 2 kB are emitted, and then three times 10,000 more. For "
    "one of these, the program's memory grows by less than half of their size.",
    source=delivered.PROMISES,
    cost="A long outage ends with the node's memory, and whatever runs on it.",
    severity="should",
    needs=("driver",),
    profiles=("guarantees",),
)
def memory(rig: RodentRig) -> None:
    """More events than memory may hold."""
    size = _BEYOND * len(_FILLER["poolName"])
    grown: list[int] = []
    with rig.toggle.faults.outage():
        agent = rig.start()
        _emit_all(agent, _FILLING)
        before = _resident(rig, agent)
        while len(grown) < _ROUNDS:
            _emit_all(agent, _BEYOND)
            after = _resident(rig, agent)
            grown.append(after - before)
            if grown[-1] < size / 2:
                return
            before = after
    shown = ", ".join(f"{one / _MIB:.0f}" for one in grown)
    raise Breach(
        f"its memory has grown by {shown} MiB, each time for {size / _MIB:.0f} MiB of events"
    )


def _emit_all(agent: Agent, count: int) -> None:
    """Emit so many fillers, in portions that a busy machine takes in time."""
    for _ in range(count // _PORTION):
        agent.emit_many(_PORTION, fields=_FILLER)


def _resident(rig: RodentRig, agent: Agent) -> int:
    """Bytes of its memory."""
    done = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(agent.program.pid)],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
    )
    rig.reached(done.returncode == 0, f"ps does not tell its memory: {done.stderr.strip()}")
    return int(done.stdout) * 1024
