"""Batches: what goes out together, and when."""

from __future__ import annotations

from rodent_events import clock
from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import hang

BATCHING: Group[RodentRig] = Group("batching", "What goes out together, and when")

_ROUNDS, _ENOUGH = 15, 3
"""So often is tried whether a full batch is faster than the timer, and so often it must be."""

_GRPC_LIMIT = 4 * 1024 * 1024
"""Bytes of a request that a gRPC server takes unless it is told otherwise."""


@BATCHING.case(
    "full",
    "A batch goes out as soon as it is full",
    rule="When as many events wait as a batch holds, they are sent, and do not wait for the timer. "
    "Of fifteen full batches, one after the other, three at least are there in less than half of "
    "the time after which a batch goes out that is not full.",
    source="the published Rodent on the wire: a batch goes out when 100 events wait",
    cost="In a burst events wait in the agent's memory for no reason, and die with it.",
    needs=("driver",),
)
def full(rig: RodentRig) -> None:
    """Full batches, and a stopwatch."""
    agent, size = rig.start(), rig.contract.batch_size
    times = rig.contract.times
    # On a busy machine some are late, and one may meet a timer that ran already, of an event of the
    # Rodent's own; with a timer of many seconds, neither is any matter.
    rounds, enough = (_ROUNDS, _ENOUGH) if times.batch < times.slack else (1, 1)
    taken: list[float] = []
    while sum(one < times.batch / 2 for one in taken) < enough:
        rig.expect(
            len(taken) < rounds,
            f"the quickest of {rounds} full batches took {min(taken, default=0):.2f} s, and fewer "
            f"than {enough} half of the {times.batch:g} s that one waits which is not full",
        )
        begin = clock.monotonic()
        agent.emit_many(size)
        _wait_for_pools(rig, (len(taken) + 1) * size)
        taken.append(clock.monotonic() - begin)


@BATCHING.case(
    "due",
    "A batch that is not full goes out when its time has come",
    rule="One event alone arrives within the time that is said of batches that are not full.",
    source="the published Rodent on the wire: what waits is sent each 30 s",
    cost="On a quiet node the one event that matters waits for ninety-nine others.",
    needs=("events",),
    waits=("batch",),
)
def due(rig: RodentRig) -> None:
    """One event."""
    delivered.event(rig, rig.start().provoke(), "start", "batch")


@BATCHING.case(
    "size",
    "No batch has more events than a batch may have",
    rule="While Toggle holds a call back, three and a half batches of events come to wait. None of "
    "the batches that follow has more events than is said of a full one.",
    source="the published Rodent on the wire: batch_size, 100 events",
    cost="After an outage one huge batch goes out, which Toggle refuses or takes too long for.",
    needs=("driver",),
    waits=("batch", "batch"),
)
def within_size(rig: RodentRig) -> None:
    """A backlog behind a call that is held back."""
    most = rig.contract.batch_size
    sizes = _sizes_after_backlog(rig, 3 * most + most // 2)
    rig.expect(
        max(sizes) <= most, f"a batch of {max(sizes)} events was sent; {most} are a full one"
    )


@BATCHING.case(
    "together",
    "What waits goes out together",
    rule="While Toggle holds a call back, as many events come to wait as two batches hold. They "
    "arrive in fewer than half as many calls as there are events.",
    source="the schema: an EventBatch holds many events",
    cost="Toggle pays for a call with each event, just when it is back from an outage.",
    severity="should",
    needs=("driver",),
    waits=("batch", "batch"),
)
def together(rig: RodentRig) -> None:
    """A backlog behind a call that is held back."""
    waiting = 2 * rig.contract.batch_size
    sizes = _sizes_after_backlog(rig, waiting)
    rig.expect(
        len(sizes) < max(3, waiting / 2),
        f"{waiting} events that waited have arrived in {len(sizes)} calls",
    )


def _sizes_after_backlog(rig: RodentRig, waiting: int) -> list[int]:
    """Events in each batch that follows one that was held back until so many waited."""
    held = rig.toggle.faults.failing(hang(), matching=delivered.POOLS)
    agent = rig.start()
    (first,) = agent.emit()
    delivered.tried(rig, [first], "start", "batch")
    before = len(rig.calls("SendEvents"))
    agent.emit_many(waiting)
    held.heal()
    _wait_for_pools(rig, waiting + 1)
    return [len(batch.events) for batch in rig.sent()[before:]]


def _wait_for_pools(rig: RodentRig, count: int) -> None:
    rig.until(
        lambda: _pools(rig) >= count,
        rig.patience("start", "batch", "batch"),
        f"of {count} events only some have arrived",
    )


def _pools(rig: RodentRig) -> int:
    """How many of a driver's events Toggle has."""
    return delivered.count(rig) - len(rig.toggle.find(f"-{delivered.POOLS}"))


@BATCHING.case(
    "not-empty",
    "No batch without events is sent",
    rule="While nothing happens for as long as a batch may wait, and at the end, no SendEvents has "
    "an EventBatch without events.",
    source="the schema: an EventBatch holds the events",
    cost="Thousands of quiet nodes keep Toggle busy with nothing.",
    needs=("events",),
    waits=("batch", "batch"),
)
def not_empty(rig: RodentRig) -> None:
    """An event, a while without any, and the end."""
    agent = rig.start()
    delivered.event(rig, agent.provoke(), "start", "batch")
    delivered.pass_time(rig, 1.5 * rig.contract.times.batch)
    agent.terminate()
    empty = [batch for batch in rig.sent() if not batch.events]
    rig.expect(not empty, f"{len(empty)} of {len(rig.sent())} batches were empty")


@BATCHING.case(
    "four-mebibytes",
    "No batch is larger than a gRPC server takes",
    rule="While Toggle holds a call back, sixty events of 100 kB each come to wait. None of the "
    "requests that follow has more than 4,194,304 bytes, and all arrive.",
    source="gRPC: a server takes messages of 4 MiB unless it is told otherwise",
    cost="A batch that is too large is sent in vain, and again with each retry.",
    severity="should",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch",),
)
def four_mebibytes(rig: RodentRig) -> None:
    """Six megabytes in events that are small enough each."""
    rig.serve(max_message_bytes=16 * 1024 * 1024)
    held = rig.toggle.faults.failing(hang(), matching=delivered.POOLS)
    agent = rig.start()
    marks = agent.emit()
    delivered.tried(rig, marks, "start", "batch")
    marks += agent.emit(60, fields={"poolName": "x" * 100_000})
    held.heal()
    delivered.all_of(rig, marks, "batch", "batch", "retry")
    largest = max(len(call.requests[0]) for call in rig.calls("SendEvents"))
    rig.expect(largest <= _GRPC_LIMIT, f"a batch of {largest} bytes was sent")
