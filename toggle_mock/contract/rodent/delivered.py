"""What Toggle has got of a case's events, and whether that keeps the promises of delivery."""

from __future__ import annotations

from collections.abc import Sequence

from rodent_events import clock
from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.contract.driver_protocol import MARK
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.contract.verdicts import Breach

PROMISES = "rodent_events, docs/delivery.md: what is guaranteed"
"""Whence most rules about delivery come."""

POOLS = "payload:pool"
"""The query that a driver's events match, and none that a Rodent emits by itself."""


def all_of(rig: RodentRig, marks: Sequence[str], *times: str) -> None:
    """See that all of these events arrive, and none of them twice as another one.

    Args:
        rig: The case's.
        marks: Of the events.
        times: The settings' times that it may take, one after the other.

    Raises:
        Breach: Some do not, or one does.
    """
    rig.wait_for_marks(list(marks), _patience(rig, times))
    once(rig)


def once(rig: RodentRig) -> None:
    """See that each event has arrived in one batch, which is the same however often it was sent.

    Raises:
        Breach: One has arrived in two, or a batch has changed.
    """
    homes: dict[str, str] = {}
    contents: dict[str, bytes] = {}
    for batch in rig.toggle.batches:
        if contents.setdefault(batch.batch_id, batch.raw) != batch.raw:
            raise Breach(f"batch {batch.batch_id} has arrived twice, with other bytes")
        marks = _marks(batch.message)
        twice = [mark for mark in marks if homes.setdefault(mark, batch.batch_id) != batch.batch_id]
        if twice:
            raise Breach(
                f"{len(twice)} events, the first is {twice[0]}, have arrived in batch "
                f"{homes[twice[0]]} and again in batch {batch.batch_id}: twice, for a Toggle that "
                "knows a batch by its id"
            )


def none_repeated(rig: RodentRig) -> None:
    """See that no batch was sent again that Toggle had acknowledged.

    Raises:
        Breach: One was.
    """
    repeated = rig.toggle.duplicates
    if repeated:
        raise Breach(
            f"batch {repeated[0].batch_id} was sent again, though Toggle had acknowledged it"
        )


def in_order(rig: RodentRig, marks: Sequence[str]) -> None:
    """See that these events, all of which have arrived, have done so in this order.

    Raises:
        Breach: One has overtaken another.
    """
    wanted = set(marks)
    came = list(dict.fromkeys(mark for mark in rig.arrived() if mark in wanted))
    for place, (mark, due) in enumerate(zip(came, marks, strict=True)):
        if mark != due:
            raise Breach(f"event {place + 1} to arrive is {mark}, emitted after {due}")


def what_was_refused(rig: RodentRig, status: str, *times: str) -> None:
    """See that each event arrives that was in a batch that was refused with a status.

    Raises:
        Breach: One does not in these times.
    """
    refused = {event.event_id for batch in rig.sent(status) for event in batch.events}
    rig.until(
        lambda: refused <= {event.event_id for event in rig.toggle.events},
        _patience(rig, times),
        f"not all that was refused with {status} has arrived",
    )


def tried(rig: RodentRig, marks: Sequence[str], *times: str) -> None:
    """See that these events are sent, whatever becomes of the call.

    Raises:
        Breach: Some are not in these times.
    """
    wanted = set(marks)
    rig.until(
        lambda: wanted <= {mark for batch in rig.sent() for mark in _marks(batch)},
        _patience(rig, times),
        "the events were not sent",
    )


def event(rig: RodentRig, query: str, *times: str) -> None:
    """See that an event arrives that matches a query.

    Raises:
        Breach: None does in these times.
    """
    rig.until(
        lambda: rig.toggle.find(query), _patience(rig, times), f"the event {query} did not arrive"
    )


def count(rig: RodentRig) -> int:
    """How many events Toggle has, each batch id counted once."""
    return sum(batch.count for batch in rig.toggle.batches if not batch.duplicate)


def pass_time(rig: RodentRig, seconds: float) -> None:
    """Let time go by that a fault is to last, or in which something must not happen.

    Raises:
        Breach: The program has ended meanwhile.
    """
    end = clock.monotonic() + seconds
    while (left := end - clock.monotonic()) > 0:
        rig.agents[-1].program.must_run()
        rig.toggle.recording.wait_until(lambda: False, min(left, 0.2))


def _patience(rig: RodentRig, times: Sequence[str]) -> float:
    """Seconds for these times; a program with a driver has started before it is asked anything."""
    started = rig.contract.emit == "driver"
    return rig.patience(*(name for name in times if not (started and name == "start")))


def _marks(batch: EventBatch) -> list[str]:
    return [one.metadata[MARK] for one in batch.events if MARK in one.metadata]
