"""How batches of events are written and read, what must hold of it, and faults that break it."""

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from rodent_events import Event, EventBatch, wire
from rodent_events.batch import Batch
from rodent_events.payload_types import payload_types
from support.comparing import assert_survives_json, canonical
from toggle_mock.strategies import batches, events, wire_encodings

PLACES = payload_types(Event.DESCRIPTOR)
WRAPPERS = [one.name for one in Event.DESCRIPTOR.oneofs_by_name["event_payload"].fields]


class Codec:
    """The pipeline's own bytes, protobuf's decoder, and JSON both ways."""

    def write(self, batch: EventBatch) -> bytes:
        frames = [self.frame(event) for event in batch.events]
        return Batch.of(frames, batch_id=batch.batch_id, timestamp=batch.batch_timestamp).data

    def frame(self, event: Event) -> bytes:
        payload = payload_of(event)
        place = PLACES[payload.DESCRIPTOR.full_name]
        template = wire.EventTemplate.of(
            level=event.level,
            category=event.category,
            source=event.source,
            wrapper=place.wrapper.number,
            member=place.member.number,
        )
        return wire.event_frame(
            template,
            event.event_id.encode(),
            event.timestamp,
            dict(event.metadata),
            payload.SerializeToString(),
        )

    def read(self, raw: bytes) -> EventBatch:
        return EventBatch.FromString(raw)

    def to_json(self, batch: EventBatch) -> str:
        return json_format.MessageToJson(batch)

    def from_json(self, text: str) -> EventBatch:
        return json_format.Parse(text, EventBatch())


def payload_of(event: Event) -> Message:
    wrapper = getattr(event, event.WhichOneof("event_payload"))
    return getattr(wrapper, wrapper.WhichOneof("event_type"))


# What must hold

_ONE_OF_EACH = st.tuples(*(events(types=[name]) for name in PLACES))


def round_trip(codec: Codec, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """An event of every payload type is read as it was written."""
    for event in draw(_ONE_OF_EACH):
        (read,) = codec.read(codec.write(EventBatch(events=[event]))).events
        assert canonical(read) == canonical(event)


def whole_batches(codec: Codec, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """A batch keeps its events, their order, its id and its time."""
    batch = draw(batches(max_size=4))
    assert canonical(codec.read(codec.write(batch))) == canonical(batch)


def other_encodings(codec: Codec, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """Whatever is a valid encoding of a batch is read as that batch."""
    batch = draw(batches(max_size=2))
    read = codec.read(draw(wire_encodings(batch)))
    read.DiscardUnknownFields()
    assert canonical(read) == canonical(batch)


def unknown_fields(codec: Codec, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """What is not known is kept."""
    event = draw(events())
    event.MergeFromString(wire.delimited(900, draw(st.binary(max_size=5))))
    batch = EventBatch(events=[event])
    assert canonical(codec.read(batch.SerializeToString())) == canonical(batch)


def in_json(codec: Codec, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """A batch goes through JSON unchanged, but for the bits of a NaN."""
    batch = draw(batches(max_size=2))
    assert_survives_json(batch, codec.to_json(batch), codec.from_json)


PROPERTIES = {
    check.__name__: check
    for check in (round_trip, whole_batches, other_encodings, unknown_fields, in_json)
}


# What breaks it


@dataclass(frozen=True)
class Fault:
    """A codec with one thing wrong."""

    title: str
    codec: Codec


def reads(change: Callable[[EventBatch], object]) -> Codec:
    """A codec that reads well, and then changes something."""

    class Faulty(Codec):
        def read(self, raw: bytes) -> EventBatch:
            batch = super().read(raw)
            change(batch)
            return batch

    return Faulty()


def reads_bytes(change: Callable[[bytes], bytes]) -> Codec:
    """A codec that changes the bytes before it reads them."""

    class Faulty(Codec):
        def read(self, raw: bytes) -> EventBatch:
            return super().read(change(raw))

    return Faulty()


def writes_json(change: Callable[[str], str]) -> Codec:
    class Faulty(Codec):
        def to_json(self, batch: EventBatch) -> str:
            return change(super().to_json(batch))

    return Faulty()


def of_events(change: Callable[[Any], object]) -> Codec:
    return reads(lambda batch: [change(event) for event in batch.events])


def of_payloads(change: Callable[[Any], object]) -> Codec:
    return of_events(lambda event: change(payload_of(event)))


def of_values(types: set[int], change: Callable[[Any], Any]) -> Codec:
    """Changes the single values of fields of some types, in payloads."""

    def apply(payload: Message) -> None:
        for field, value in payload.ListFields():
            if field.type in types and not field.is_repeated:
                setattr(payload, field.name, change(value))

    return of_payloads(apply)


def of_texts(change: Callable[[str], str]) -> Codec:
    return of_values({FieldDescriptor.TYPE_STRING}, change)


def of_lists(change: Callable[[list[Any]], list[Any]]) -> Codec:
    def apply(payload: Message) -> None:
        for field, value in payload.ListFields():
            if field.is_repeated:
                changed = change(list(value))
                payload.ClearField(field.name)
                getattr(payload, field.name).extend(changed)

    return of_payloads(apply)


def of_metadata(change: Callable[[dict[str, str]], dict[str, str]]) -> Codec:
    def apply(event: Event) -> None:
        changed = change(dict(event.metadata))
        event.metadata.clear()
        event.metadata.update(changed)

    return of_events(apply)


def _drop_last_field(payload: Message) -> None:
    for field, _ in payload.ListFields()[2:3]:
        payload.ClearField(field.name)


def _swap_two(payload: Any) -> None:
    texts = [
        field.name
        for field in payload.DESCRIPTOR.fields
        if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated
    ]
    if len(texts) > 1:
        first, second = texts[:2]
        kept = getattr(payload, first)
        setattr(payload, first, getattr(payload, second))
        setattr(payload, second, kept)


def _forget_snapshots(event: Event) -> None:
    if event.storage_event.HasField("snapshot_event"):
        event.storage_event.ClearField("snapshot_event")


def _forget_empty_payloads(event: Event) -> None:
    if not payload_of(event).ListFields():
        event.ClearField(event.WhichOneof("event_payload"))


def _by(place: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    return lambda message: setattr(message, place, change(getattr(message, place)))


def _wrapped(number: int, bits: int) -> int:
    """A number in fewer bits, as a cast would have it."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> bits - 1 else number


def _first_of_each(raw: bytes) -> bytes:
    """The first of each singular field of the batch, where the last counts."""
    return b"".join(_parts(raw, keep_first={2, 3}))


def _first_piece_of_each(raw: bytes) -> bytes:
    """The first piece of each payload, where pieces are merged."""
    numbers = {one.number for one in Event.DESCRIPTOR.oneofs_by_name["event_payload"].fields}
    return b"".join(
        wire.delimited(1, b"".join(_parts(part[field.content :], keep_first=numbers)))
        if field.number == 1
        else part
        for part, field in _fields(raw)
    )


def _parts(raw: bytes, *, keep_first: set[int]) -> Iterator[bytes]:
    seen = set()
    for part, field in _fields(raw):
        if field.number not in seen or field.number not in keep_first:
            yield part
        seen.add(field.number)


def _fields(raw: bytes) -> Iterator[tuple[bytes, wire.Field]]:
    """Each field by itself, with its place in its own bytes."""
    for field in wire.fields(raw):
        part = raw[field.start : field.end]
        yield part, next(wire.fields(part))


def _only_short_varints(raw: bytes) -> bytes:
    for part, field in _fields(raw):
        if field.wire_type == wire.VARINT:
            value, _ = wire.read_varint(part, field.content)
            if part[field.content :] != wire.varint(value):
                raise ValueError("a varint is longer than it needs to be")
    return raw


def _only_in_order(raw: bytes) -> bytes:
    numbers = [field.number for field in wire.fields(raw)]
    if numbers != sorted(numbers):
        raise ValueError("fields are not in order")
    return raw


def _only_known(raw: bytes) -> bytes:
    if any(field.number > 3 for field in wire.fields(raw)):
        raise ValueError("an unknown field")
    return raw


def _within_the_bmp(text: str) -> str:
    return "".join(char if char < "\U00010000" else "?" for char in text)


def _cut(text: str) -> str:
    return text.encode()[:127].decode(errors="ignore")


def _without_empty(elements: list[str]) -> list[str]:
    return [element for element in elements if element]


def _without_empty_values(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if value}


def _with_folded_keys(metadata: dict[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in metadata.items()}


def _level_as_category(event: Event) -> None:
    event.category = event.level


def _twice(batch: EventBatch) -> None:
    batch.events.extend([event for event in batch.events if not event.metadata])


def _clear_greatest(payload: Message) -> None:
    for field, value in payload.ListFields():
        if field.enum_type is not None and value == field.enum_type.values[-1].number:
            payload.ClearField(field.name)


def _as_javascript(text: str) -> str:
    return re.sub(r'"(-?\d{16,})"', lambda found: f'"{int(float(found[1]))}"', text)


def _without_empty_objects(text: str) -> str:
    def pruned(value: Any) -> Any:
        if isinstance(value, list):
            return [pruned(one) for one in value]
        if isinstance(value, dict):
            return {key: pruned(one) for key, one in value.items() if one != {}}
        return value

    return json.dumps(pruned(json.loads(text)))


INT32 = {FieldDescriptor.TYPE_INT32}
INT64 = {FieldDescriptor.TYPE_INT64}
FLOATS = {FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE}

FAULTS = [
    Fault("drops a field of a payload", of_payloads(_drop_last_field)),
    Fault("swaps two fields", of_payloads(_swap_two)),
    Fault("cuts 64 bits down to 32", of_values(INT64, lambda n: _wrapped(n, 32))),
    Fault("keeps 64 bits in a double", of_values(INT64, lambda n: _wrapped(int(float(n)), 64))),
    Fault("reads negative numbers as positive", of_values(INT32, lambda n: n & 2**31 - 1)),
    Fault("cuts 32 bits down to 16", of_values(INT32, lambda n: _wrapped(n, 16))),
    Fault("mangles text beyond the BMP", of_texts(_within_the_bmp)),
    Fault("ends text at a NUL", of_texts(lambda text: text.partition("\0")[0])),
    Fault("strips text", of_texts(str.strip)),
    Fault("normalizes Unicode", of_texts(lambda t: unicodedata.normalize("NFC", t))),
    Fault("cuts text after 127 bytes", of_texts(_cut)),
    Fault("takes the empty text of a list for none", of_lists(_without_empty)),
    Fault("sorts lists", of_lists(sorted)),
    Fault("keeps one of equal elements", of_lists(lambda one: list(dict.fromkeys(one)))),
    Fault("keeps the first element only", of_lists(lambda one: one[:1])),
    Fault("forgets a case of a oneof", of_events(_forget_snapshots)),
    Fault("takes an empty payload for none", of_events(_forget_empty_payloads)),
    Fault("drops empty values of metadata", of_metadata(_without_empty_values)),
    Fault("folds the case of metadata's keys", of_metadata(_with_folded_keys)),
    Fault("keeps two entries of metadata", of_metadata(lambda m: dict(list(m.items())[:2]))),
    Fault("reads seconds for milliseconds", of_events(_by("timestamp", lambda time: time // 1000))),
    Fault("takes the level for the category", of_events(_level_as_category)),
    Fault("knows no level above ERROR", of_events(_by("level", lambda level: min(level, 4)))),
    Fault("takes the greatest value of an enum for none", of_payloads(_clear_greatest)),
    Fault("takes negative zero for zero", of_values(FLOATS, lambda x: x + 0.0)),
    Fault("takes NaN for zero", of_values(FLOATS, lambda x: 0.0 if math.isnan(x) else x)),
    Fault("rounds floats to six digits", of_values(FLOATS, lambda x: float(f"{x:.6g}"))),
    Fault("loses the last event of a batch", reads(lambda b: b.events and b.events.pop())),
    Fault("turns a batch around", reads(lambda b: b.events.reverse())),
    Fault("loses the batch's id", reads(lambda b: b.ClearField("batch_id"))),
    Fault("takes events without metadata twice", reads(_twice)),
    Fault("lets the first of a singular field count", reads_bytes(_first_of_each)),
    Fault("does not merge a message in pieces", reads_bytes(_first_piece_of_each)),
    Fault("refuses long varints", reads_bytes(_only_short_varints)),
    Fault("refuses fields out of order", reads_bytes(_only_in_order)),
    Fault("refuses unknown fields", reads_bytes(_only_known)),
    Fault("drops unknown fields", reads(lambda b: b.DiscardUnknownFields())),
    Fault("writes numbers in JSON as JavaScript would", writes_json(_as_javascript)),
    Fault("escapes text in JSON twice", writes_json(lambda t: t.replace("\\u", "\\\\u"))),
    Fault("drops empty objects in JSON", writes_json(_without_empty_objects)),
]
