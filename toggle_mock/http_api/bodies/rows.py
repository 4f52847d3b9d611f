"""What a page shows of events: many of them in a line each, or one with all that is known of it."""

from __future__ import annotations

from typing import Annotated, Any, Self

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from msgspec import Meta, structs

from rodent_events.payload_types import snake_case
from toggle_mock.http_api.bodies.base import GREATEST, Answer, Count, InSession
from toggle_mock.http_api.bodies.calls import Attempt
from toggle_mock.http_api.bodies.events import Event, Query
from toggle_mock.matching.values import plain, spelled
from toggle_mock.recording.annotated import Annotated as AnnotatedField
from toggle_mock.recording.records import RecordedEvent

MOST_ROWS = 1_000

_FIELDS_SHOWN = 12
_CHARACTERS_SHOWN = 160


class FindRows(InSession):
    """Which of the events that match to show."""

    query: Query = ""
    first: Annotated[
        int,
        Meta(
            ge=-GREATEST,
            le=GREATEST,
            description="The place of the first, from 0 on; negative counts from the end.",
        ),
    ] = 0
    count: Annotated[int, Meta(ge=0, le=MOST_ROWS, description="Show so many.")] = 100


class OneEvent(InSession, kw_only=True):
    """Which event to show."""

    number: Annotated[Count, Meta(description="The number of its call.")]
    place: Annotated[Count, Meta(description="Its place in the call's batch, from 0 on.")]


class Row(Answer):
    """An event in a line."""

    call: Annotated[int, Meta(description="The number of its call.")]
    place: Annotated[int, Meta(description="Its place in the call's batch, from 0 on.")]
    arrived: Annotated[float, Meta(description="Seconds since the Unix epoch.")]
    timestamp: Annotated[int, Meta(description="Milliseconds since the Unix epoch.")]
    event_id: str
    level: str
    category: str
    payload: Annotated[str, Meta(description="Its type, such as storage_pool; empty if none.")]
    source: str
    rid: str
    batch_id: str
    duplicate: Annotated[bool, Meta(description="Whether its batch had come before.")]
    fields: Annotated[
        list[tuple[str, str]],
        Meta(description="The payload's fields that are set, shortened: names and values."),
    ]
    metadata: dict[str, str]
    unknown_fields: Annotated[int, Meta(description="How many fields the schema does not have.")]

    @classmethod
    def of(cls, event: RecordedEvent) -> Self:
        """An event that was recorded."""
        payload, batch = event.payload, event.batch
        return cls(
            call=batch.call.number,
            place=event.place,
            arrived=batch.call.arrived,
            timestamp=event.timestamp,
            event_id=event.event_id,
            level=event.level,
            category=event.category,
            payload=snake_case(event.payload_type.removesuffix("Payload")),
            source=event.source,
            rid=event.rid,
            batch_id=batch.batch_id,
            duplicate=batch.duplicate,
            fields=[] if payload is None else shown_fields(payload),
            metadata={_short(key): _short(one) for key, one in sorted(event.metadata.items())},
            unknown_fields=len(event.unknown_fields),
        )


class Rows(Answer):
    """Some of the events that match, in the order of their arrival."""

    begin: Annotated[int, Meta(description="The place of the first that is kept.")]
    end: Annotated[int, Meta(description="The place behind the last.")]
    first: Annotated[int, Meta(description="The place of the first of these rows.")]
    rows: list[Row]


class WireField(Answer):
    """A field as it stands in the bytes: those from `start` up to `end`."""

    depth: Annotated[int, Meta(description="Messages that it is in, besides the event.")]
    number: int
    name: Annotated[str, Meta(description="Empty if the schema has none of this number.")]
    known_as: Annotated[str, Meta(description="Of such, REVISION: NAME, the newest that has it.")]
    type: str
    value: Annotated[str, Meta(description="As people read it; empty for a message.")]
    start: int
    content: Annotated[int, Meta(description="Where its content begins, behind tag and length.")]
    end: int

    @classmethod
    def of(cls, field: AnnotatedField) -> Self:
        """A field that was taken apart."""
        return cls(**vars(field))


class OneFoundEvent(Event, kw_only=True):
    """An event with its bytes, and how it was delivered."""

    call: Annotated[int, Meta(description="The number of its call.")]
    place: Annotated[int, Meta(description="Its place in the call's batch, from 0 on.")]
    row: Row
    raw: Annotated[bytes, Meta(description="As it arrived.")]
    text: Annotated[str, Meta(description="In protobuf's text format.")]
    schema: Annotated[str, Meta(description="Under which it is read.")]
    fields: Annotated[list[WireField], Meta(description="In the order of the bytes.")]
    problem: Annotated[str | None, Meta(description="Why not all of its bytes are in fields.")]
    attempts: Annotated[list[Attempt], Meta(description="The calls that its batch came with.")]

    @classmethod
    def with_more(cls, event: RecordedEvent, **more: Any) -> Self:
        """An event that was recorded, and what is known besides."""
        known = structs.asdict(Event.of(event))
        return cls(
            **known,
            call=event.batch.call.number,
            place=event.place,
            row=Row.of(event),
            raw=event.raw,
            **more,
        )


def shown_fields(payload: Message) -> list[tuple[str, str]]:
    """The fields of a payload that are set, what happened first, each as short text."""
    set_fields = sorted(payload.ListFields(), key=lambda one: one[0].name != "operation")
    return [(field.name, _value(field, value)) for field, value in set_fields[:_FIELDS_SHOWN]]


def _value(field: FieldDescriptor, content: Any) -> str:
    value = plain(field, content)
    if isinstance(value, list):
        return _short(", ".join(map(spelled, value)))
    if isinstance(value, dict):
        return _short(", ".join(f"{key}: {spelled(one)}" for key, one in value.items()))
    return _short(spelled(value))


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS_SHOWN else f"{text[: _CHARACTERS_SHOWN - 1]}…"
