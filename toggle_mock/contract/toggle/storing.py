"""What becomes of the events that a Toggle has taken, seen from outside (``observe``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.contract.cases import Group
from toggle_mock.contract.toggle.batches import (
    NUMBER,
    UNKNOWN_VALUE,
    batch_with_unknown_fields,
    split,
)
from toggle_mock.contract.toggle.caller import at_once, bearer
from toggle_mock.contract.toggle.observers import StoredEvent
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.contract.toggle.sending import without_batch_id
from toggle_mock.faults.frames import Kind
from toggle_mock.wording import in_a_line

STORED: Group[ToggleRig] = Group("stored", "What is stored")

_DELIVERED = "the schema: EventBatchResponse.success; a Rodent forgets what was acknowledged"

_BATCHES = 20
_SENDERS = 8
_MANY = 20_000
_IN_A_BATCH = 1_000

_Judge = Callable[[ToggleRig], None]


def _case(name: str, title: str, **said: Any) -> Callable[[_Judge], _Judge]:
    """A case that looks at what is stored: it takes note first of where the store ends."""
    said["needs"] = ("observe", *said.get("needs", ()))

    def add(judge: _Judge) -> _Judge:
        @wraps(judge)
        def watching(rig: ToggleRig) -> None:
            rig.observe()
            judge(rig)

        return STORED.case(name, title, waits=("stored",), **said)(watching)

    return add


@_case(
    "accepted",
    "What was acknowledged is stored",
    rule="Each event of a batch that was answered with OK and success=true is seen by observe, "
    "within the time that is said of it, once.",
    source=_DELIVERED,
    cost="Events are lost, and nobody learns of it.",
)
def stored(rig: ToggleRig) -> None:
    """Ten batches."""
    caller = rig.caller()
    for _ in range(10):
        caller.stored(rig.batches.batch(10))
    _all_once(rig, rig.wait_stored(100), 100)


@_case(
    "before-answer",
    "An event is stored before its batch is acknowledged",
    rule="When the answer to a batch is there, observe shows its events at once.",
    source=_DELIVERED,
    cost="A Toggle that ends between the answer and the store loses events that no Rodent has any "
    "more.",
    needs=("shown_when_stored",),
)
def before_answer(rig: ToggleRig) -> None:
    """One look after each answer."""
    caller = rig.caller()
    for count in range(1, 6):
        caller.stored(rig.batches.batch())
        seen = len(rig.look())
        rig.expect(seen >= count, f"{count} events were acknowledged, and {seen} are stored")


@_case(
    "content",
    "What is stored is what was sent",
    rule="An event of each payload type with all fields set, the largest 64-bit numbers and text "
    "of other scripts, is stored with the same fields and values.",
    source="the schema: Event and its payloads",
    cost="An operator sees another size, another name or another level than there was.",
)
def content(rig: ToggleRig) -> None:
    """Field for field."""
    sent = rig.batches.filled()
    rig.caller().stored(rig.batches.batch(sent))
    found = _by_number(rig.wait_stored(len(sent)))
    for event in sent:
        number = event.metadata[NUMBER]
        rig.expect(number in found, f"event {number} is not stored")
        wrong = _differences(event, found[number].message)
        rig.expect(not wrong, f"{event.WhichOneof('event_payload')} {number} differs: {wrong}")


@_case(
    "order",
    "Events are stored in the order in which they were sent",
    rule="Batches that one Rodent sends one after the other, each after the answer to the one "
    "before, are seen by observe in this order, and so are the events within each.",
    source="the schema: EventBatch has events in the order in which they were emitted",
    cost="An operator sees a disk healthy before it fails.",
)
def order(rig: ToggleRig) -> None:
    """Twenty batches."""
    caller = rig.caller()
    for _ in range(_BATCHES):
        caller.stored(rig.batches.batch(5))
    seen = _numbers(rig.wait_stored(5 * _BATCHES))
    late = next((at for at in range(1, len(seen)) if seen[at] < seen[at - 1]), None)
    rig.expect(
        late is None,
        f"event {seen[late or 0]} is stored after event {seen[(late or 0) - 1]}",
    )


@_case(
    "once",
    "A batch that is sent again is stored once",
    rule="The same batch, sent three times, is stored once; so is one that is sent twice at the "
    "same time.",
    source="the schema: EventBatch.batch_id is the same over all tries",
    cost="Each lost answer counts its events twice: in statistics, bills and alarms.",
    needs=("deduplicates",),
)
def once(rig: ToggleRig) -> None:
    """A batch behind them shows that all was stored."""
    caller, other = rig.caller(), rig.caller()
    batch, twins = rig.batches.batch(3), rig.batches.batch(3)
    for sender in (caller, caller, other):
        sender.stored(batch)
    at_once(lambda sender: sender.stored(twins), [caller, other])
    caller.stored(rig.batches.batch(1))
    _all_once(rig, rig.wait_stored(7), 7)


@_case(
    "other-id",
    "The same events under another batch id are another batch",
    rule="Two batches with different ids are both stored, though their events are alike.",
    source="the schema: EventBatch.batch_id tells batches apart",
    cost="What happens twice is reported once.",
    needs=("deduplicates",),
)
def other_id(rig: ToggleRig) -> None:
    """The events have ids of their own, as two that happened have."""
    caller = rig.caller()
    for _ in range(2):
        event = rig.batches.event(timestamp=1_760_000_000_000)
        caller.stored(rig.batches.batch([event]))
    _all_once(rig, rig.wait_stored(2), 2)


@_case(
    "without-id",
    "Batches without an id are no duplicates of each other",
    rule="Two batches without a batch_id that were taken are both stored.",
    source="protobuf: what is empty is not on the wire, and says nothing",
    cost="Rodents in other languages lose all of their batches but the first.",
)
def without_id(rig: ToggleRig) -> None:
    """If they are taken at all."""
    caller = rig.caller()
    answers = [caller.send(without_batch_id(rig.batches.batch())) for _ in range(2)]
    taken = sum(answer.ok for answer in answers)
    caller.stored(rig.batches.batch())
    _all_once(rig, rig.wait_stored(taken + 1), taken + 1)


@_case(
    "unknown-fields",
    "Fields of a later schema are stored",
    rule="A field of an event that the schema does not know is seen by observe.",
    source="protobuf: unknown fields are kept when a message is read and written",
    cost="What new Rodents report is lost for the time before Toggle is updated.",
    needs=("keeps_unknown_fields",),
)
def unknown_fields(rig: ToggleRig) -> None:
    """Of the event itself; those within may be shown in several ways."""
    rig.caller().stored(batch_with_unknown_fields(rig.batches.batch()))
    (event,) = rig.wait_stored(1)[:1]
    rig.expect(
        UNKNOWN_VALUE in event.unknown_fields.values(),
        f"field 1999 is not stored; of unknown fields there are {list(event.unknown_fields)}",
    )


@_case(
    "unknown-enums",
    "Numbers of a later enum are stored",
    rule="A level and a category that the schema does not know are seen by observe as they are.",
    source="protobuf: enums of proto3 are open",
    cost="What new Rodents report as graver than CRITICAL is stored as nothing.",
)
def unknown_enums(rig: ToggleRig) -> None:
    """4711."""
    event = rig.batches.event(level=4711, category=4711)
    rig.caller().stored(rig.batches.batch([event]))
    shown = rig.wait_stored(1)[0].message
    rig.expect(
        (shown.level, shown.category) == (4711, 4711),
        f"level and category were 4711, and are stored as {shown.level} and {shown.category}",
    )


@_case(
    "refused",
    "Of what was refused, nothing is stored",
    rule="A batch that was refused, for its token or because it is cut, leaves no event behind; "
    "nor does a call that breaks off before its message is whole.",
    source="the published Rodent on the wire: it sends again what was refused, whatever the status",
    cost="Strangers fill the store, or half of a batch is stored and then all of it.",
)
def refused(rig: ToggleRig) -> None:
    """A batch behind them shows that all was stored."""
    caller = rig.caller()
    token = rig.tokens.of_another_key(rig.who)
    strange = caller.send(rig.batches.batch(), metadata=bearer(token))
    cut = caller.send(rig.batches.batch(3).SerializeToString()[:-60])
    rig.reached(not strange.ok and not cut.ok, "nothing was refused: other cases judge that")
    _break_off(rig)
    caller.stored(rig.batches.batch(1))
    seen = rig.wait_stored(1)
    rig.expect(len(seen) == 1, f"{len(seen) - 1} events are stored of what was refused")


@_case(
    "at-once",
    "What comes at once is stored, all of it",
    rule="Eight Rodents send ten batches each at the same time: each event is stored once, and "
    "those of each Rodent in its order.",
    source=_DELIVERED,
    cost="When a fleet reports an outage, some of it is lost.",
)
def stored_at_once(rig: ToggleRig) -> None:
    """The events of a Rodent rise in number."""
    callers = rig.callers(_SENDERS)
    events = rig.batches.events(_SENDERS * 50)
    parts = split(events, 50)

    def send(number: int) -> None:
        for part in split(parts[number], 5):
            callers[number].stored(rig.batches.batch(part))

    at_once(send, range(_SENDERS))
    seen = rig.wait_stored(len(events))
    _all_once(rig, seen, len(events))
    for number, part in enumerate(parts):
        mine = {int(event.metadata[NUMBER]) for event in part}
        numbers = [one for one in _numbers(seen) if one in mine]
        rig.expect(numbers == sorted(numbers), f"events of Rodent {number} are out of order")


@_case(
    "many",
    "Of 20,000 events none is lost, and none is stored twice",
    rule="20,000 events in batches of 1,000, each acknowledged: observe shows 20,000.",
    source="the published Rodent on the wire: its buffer has 20,000 events by default, and they "
    "come all at once after an outage",
    cost="After an outage, part of what it was about is lost.",
)
def many(rig: ToggleRig) -> None:
    """They are counted, not looked at."""
    caller = rig.caller()
    for events in split(rig.batches.alike(_MANY), _IN_A_BATCH):
        caller.stored(rig.batches.batch(events))
    seen = rig.wait_counted(_MANY)
    rig.expect(seen == _MANY, f"of {_MANY} events, {seen} are stored")


def _break_off(rig: ToggleRig) -> None:
    """Send half of a message, and leave."""
    with rig.http2() as connection:
        stream = connection.call("SendEvents", rig.headers())
        connection.data(stream, rig.half_a_batch(), ends=True)
        for frame in connection.frames(rig.patience("answer")):
            if frame.kind in {Kind.HEADERS, Kind.RST_STREAM, Kind.GOAWAY}:
                break


def _by_number(seen: Iterable[StoredEvent]) -> dict[str, StoredEvent]:
    return {event.message.metadata[NUMBER]: event for event in seen}


def _numbers(seen: Iterable[StoredEvent]) -> list[int]:
    return [int(event.message.metadata[NUMBER]) for event in seen]


def _all_once(rig: ToggleRig, seen: list[StoredEvent], count: int) -> None:
    """See that as many events are stored as there were, and each once."""
    numbers = _numbers(seen)
    again = sorted({number for number in numbers if numbers.count(number) > 1})
    rig.expect(not again, f"{len(again)} events are stored more than once, such as {again[:1]}")
    rig.expect(len(seen) == count, f"of {count} events, {len(seen)} are stored")


def _differences(sent: Event, stored_one: Event) -> str:
    """Where two events differ, in words; empty if they do not."""
    if sent == stored_one:
        return ""
    fields = [
        field.name
        for field in Event.DESCRIPTOR.fields
        if getattr(sent, field.name) != getattr(stored_one, field.name)
    ]
    first = fields[0] if fields else "its unknown fields"
    was, became = (in_a_line(getattr(event, first, ""), 300) for event in (sent, stored_one))
    return f"{first} was {was!r}, and is stored as {became!r}"
