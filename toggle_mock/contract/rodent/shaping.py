"""The form of events and of batches: ids, times, levels, categories."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.contract.cases import Group
from toggle_mock.contract.driver_protocol import MARK
from toggle_mock.contract.filling import PLACES, now_ms
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.recording.records import RecordedEvent

FORM: Group[RodentRig] = Group("form", "The form of events and batches")

_SCHEMA = "the schema"
_SOME = 20
"""Events that are looked at."""

_CLOCKS = 2_000
"""Milliseconds by which a time may seem to lie outside of those when it can have been taken."""


def _some(rig: RodentRig) -> list[RecordedEvent]:
    """Some events that have arrived, with those that the Rodent has emitted of itself."""
    agent = rig.start()
    queries = [agent.provoke() for _ in range(_SOME)]
    wanted = {query: queries.count(query) for query in queries}
    for query, count in wanted.items():
        rig.toggle.wait_for(query, count=count, timeout=rig.patience("start", "batch"))
    return list(rig.toggle.events)


def _is_uuid7(text: str) -> bool:
    try:
        made = UUID(text)
    except ValueError:
        return False
    return made.version == 7 and str(made) == text.lower()


def _expect_now(rig: RodentRig, what: str, times: Sequence[int], begin: int) -> None:
    """Times, in milliseconds since the epoch, lie between the case's begin and now."""
    end = now_ms()
    for one in times:
        late = begin - _CLOCKS <= one <= end + _CLOCKS
        rig.expect(late, f"{what} is {one}{_unit(one, end)}; it arrived before {end}, by Toggle")


def _unit(one: int, now: int) -> str:
    """Which unit a time that is far off seems to have."""
    for name, factor in {"seconds": 1e-3, "microseconds": 1e3, "nanoseconds": 1e6}.items():
        if 0.9 < one / (now * factor) < 1.1:
            return f", which is {name}"
    return ""


@FORM.case(
    "event-ids",
    "Event ids are UUIDv7",
    rule="event_id is a UUID of version 7, as text in its usual form.",
    source=f"{_SCHEMA}: Event.event_id is a UUIDv7 as text",
    cost="Ids that do not follow time scatter over Toggle's index, and tell no order.",
    needs=("events",),
    profiles=("guarantees",),
    waits=("batch",),
)
def event_ids(rig: RodentRig) -> None:
    """All that arrive."""
    wrong = [one.event_id for one in _some(rig) if not _is_uuid7(one.event_id)]
    rig.expect(not wrong, f"{len(wrong)} ids are none, such as {wrong[:1]}")


@FORM.case(
    "unique-ids",
    "No two events have the same id",
    rule="All events that arrive have ids, and each another one.",
    source=f"{_SCHEMA}: Event.event_id",
    cost="Toggle keeps one of them, and drops the others as repeated.",
    needs=("events",),
    waits=("batch",),
)
def unique_ids(rig: RodentRig) -> None:
    """All that arrive."""
    ids = [one.event_id for one in _some(rig)]
    rig.expect(all(ids), "there are events without an id")
    rig.expect(len(set(ids)) == len(ids), f"{len(ids)} events have {len(set(ids))} ids")


@FORM.case(
    "rising-ids",
    "Event ids rise in the order of the events",
    rule=f"Of {_SOME} events that are emitted one after the other, each has a greater id, as text, "
    "than the one before it, within a millisecond too; they arrive in this order.",
    source=f"{_SCHEMA}: UUIDv7; RFC 9562, section 6.2, on monotonicity",
    cost="Sorted by id, what happened within a millisecond stands in another order.",
    needs=("driver",),
    profiles=("guarantees",),
)
def rising_ids(rig: RodentRig) -> None:
    """Those of one emitter: between two that emit at once there is no order."""
    agent = rig.start()
    marks = agent.emit(_SOME)
    agent.flush()
    rig.wait_for_marks(marks, rig.patience("start"))
    ids = [one.event_id for one in rig.toggle.events if one.metadata.get(MARK) in marks]
    for first, second in pairwise(ids):
        rig.expect(first < second, f"after {first} comes {second}")


@FORM.case(
    "timestamps",
    "An event's timestamp is the wall clock in milliseconds",
    rule="It lies between the start of the program and the arrival of the event.",
    source=f"{_SCHEMA}: Event.timestamp is milliseconds since the Unix epoch",
    cost="Events of today stand in 1970, or in the year 58000, and are found by no search.",
    needs=("events",),
    waits=("batch",),
)
def timestamps(rig: RodentRig) -> None:
    """All that arrive."""
    begin = now_ms()
    events = _some(rig)
    _expect_now(rig, "a timestamp", [one.timestamp for one in events], begin)


@FORM.case(
    "batch-ids",
    "Batch ids are UUIDv7, each another one",
    rule="batch_id is a UUID of version 7 as text, and no two batches have the same.",
    source=f"{_SCHEMA}: EventBatch.batch_id is a UUIDv7; {_SCHEMA}: the same over all tries",
    cost="Toggle drops a batch for one that it has had, or cannot tell that it has had it.",
    needs=("events",),
    waits=("batch", "batch"),
)
def batch_ids(rig: RodentRig) -> None:
    """Two batches at least."""
    agent = rig.start()
    for _ in range(2):
        rig.toggle.wait_for(agent.provoke(), timeout=rig.patience("start", "batch"))
    ids = [batch.batch_id for batch in rig.toggle.batches]
    rig.reached(len(ids) >= 2, "there was but one batch")
    wrong = [one for one in ids if not _is_uuid7(one)]
    rig.expect(not wrong, f"{len(wrong)} batch ids are no UUIDv7, such as {wrong[:1]}")
    rig.expect(len(set(ids)) == len(ids), f"{len(ids)} batches have {len(set(ids))} ids")


@FORM.case(
    "batch-timestamps",
    "A batch's timestamp is the wall clock in milliseconds",
    rule="batch_timestamp lies between the start of the program and the arrival of the batch.",
    source=f"{_SCHEMA}: EventBatch.batch_timestamp is milliseconds since the Unix epoch",
    cost="How late batches are cannot be seen.",
    needs=("events",),
    waits=("batch",),
)
def batch_timestamps(rig: RodentRig) -> None:
    """All that arrive."""
    begin = now_ms()
    _some(rig)
    times = [batch.message.batch_timestamp for batch in rig.toggle.batches]
    _expect_now(rig, "a batch_timestamp", times, begin)


@FORM.case(
    "categories",
    "An event's category is that of its payload",
    rule="category is that of the wrapper that holds the payload (storage_event: STORAGE).",
    source=f"{_SCHEMA}: the wrapper repeats the category",
    cost="Events are filed under what they are not about, and alerts do not see them.",
    needs=("events",),
    waits=("batch",),
)
def categories(rig: RodentRig) -> None:
    """All that arrive."""
    for one in _some(rig):
        expect_category(rig, one.message)


def expect_category(rig: RodentRig, event: Event) -> None:
    """An event has a payload, and the category of that.

    Raises:
        Breach: It has not.
    """
    wrapper = event.WhichOneof("event_payload")
    member = getattr(event, wrapper).WhichOneof("event_type") if wrapper else None
    rig.expect(member, f"event {event.event_id} has no payload: {wrapper or 'nothing'} is empty")
    name = getattr(getattr(event, str(wrapper)), str(member)).DESCRIPTOR.name
    place = PLACES[name]
    rig.expect(
        event.category == place.category,
        f"a {name} has the category {event.category}, {place.category_name} is {place.category}",
    )


@FORM.case(
    "levels",
    "An event has a level",
    rule="level is one that the schema has, and not UNSPECIFIED.",
    source=f"{_SCHEMA}: EventLevel",
    cost="Filters and alerts go by the level: such an event is seen by none.",
    needs=("events",),
    waits=("batch",),
)
def levels(rig: RodentRig) -> None:
    """All that arrive."""
    for one in _some(rig):
        rig.expect(
            one.level not in {"UNSPECIFIED", str(one.message.level)},
            f"the level of event {one.event_id} is {one.level}",
        )


@FORM.case(
    "sources",
    "An event has a source",
    rule="source is not empty.",
    source=f"{_SCHEMA}: Event.source is the component that emitted the event",
    cost="Nobody knows whom to ask.",
    needs=("events",),
    waits=("batch",),
)
def sources(rig: RodentRig) -> None:
    """All that arrive."""
    without = [one.event_id for one in _some(rig) if not one.source]
    rig.expect(not without, f"{len(without)} events have none, such as {without[:1]}")
