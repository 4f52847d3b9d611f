"""What one call, message, batch or event was, as raw bytes; decoded when somebody looks.

Records are nothing that the garbage collector knows of (``gc=False``): it would walk over all of a
large recording again and again, and nobody is answered meanwhile. None of them can refer to itself.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, overload

import msgspec
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from msgspec import Struct

from rodent_events.payload_types import short_names
from rodent_events.pb.base_pb2 import (
    EventBatch,
    EventBatchResponse,
    RegisterRequest,
    RegisterResponse,
    RodentRequest,
    ToggleRequest,
)
from rodent_events.pb.events.event_messages_pb2 import Event, EventCategory, EventLevel
from toggle_mock.recording.claims import OfToken
from toggle_mock.recording.decoded import DecodedBatches
from toggle_mock.schema import Schema, is_map, known_as, load_schema

Metadata: TypeAlias = tuple[tuple[str, str | bytes], ...]
"""What comes with a call besides its messages: keys with values."""

_LEVELS = short_names(EventLevel.DESCRIPTOR)
_CATEGORIES = short_names(EventCategory.DESCRIPTOR)

_BYTE_VALUES = 256
"""How many values a byte can have."""

# The messages of each rpc: from a Rodent, from Toggle.
MESSAGES: Mapping[str, tuple[type[Message], type[Message]]] = {
    "Register": (RegisterRequest, RegisterResponse),
    "Connect": (RodentRequest, ToggleRequest),
    "SendEvents": (EventBatch, EventBatchResponse),
}


class RecordedMessage(Struct, frozen=True, eq=False, gc=False):
    """One message of a call."""

    method: str
    """The method of its call."""
    raw: bytes
    """The message, serialized as it went over the wire."""
    sent: bool
    """Whether Toggle sent it; else it came from the Rodent."""
    at: float = msgspec.field(default_factory=time.time)
    """Seconds since the Unix epoch."""

    @property
    def message(self) -> Message:
        """The message, decoded.

        Raises:
            google.protobuf.message.DecodeError: It is no message of its type.
        """
        return MESSAGES[self.method][self.sent].FromString(self.raw)

    def __repr__(self) -> str:
        way = "to the Rodent" if self.sent else "from the Rodent"
        return f"<RecordedMessage of {self.method} {way}, {len(self.raw)} bytes>"


class RecordedCall(OfToken, Struct, eq=False, gc=False):
    """One call, as it arrived; for a stream, while it goes on."""

    method: str
    """``Register``, ``Connect`` or ``SendEvents``."""
    peer: str
    """The other side's address, as gRPC names it."""
    metadata: Metadata
    """The call's metadata; the authorization is redacted."""
    arrived: float = msgspec.field(default_factory=time.time)
    """Seconds since the Unix epoch."""
    claims: Mapping[str, object] = msgspec.field(default_factory=dict)
    """What the token claims; empty if there was none that could be read."""
    messages: list[RecordedMessage] = msgspec.field(default_factory=list)
    """The messages of both sides, in the order in which this side saw them."""
    status: str | None = None
    """The status that ended the call, such as ``OK``; None while it goes on."""
    details: str = ""
    """The text that came with the status."""
    trailers: Metadata = ()
    """The trailing metadata that came with the status, such as ``grpc-status-details-bin``."""
    number: int = 0
    """Its place in the recording, from 1 on."""
    ended: float = 0.0
    """Seconds since the Unix epoch; 0 while it goes on, or if its file does not tell."""
    fault: str = ""
    """The fault that decided what became of it, as in a scenario; empty if none did."""

    @property
    def requests(self) -> list[bytes]:
        """The raw messages from the Rodent."""
        return [message.raw for message in self.messages if not message.sent]

    @property
    def responses(self) -> list[bytes]:
        """The raw messages from Toggle."""
        return [message.raw for message in self.messages if message.sent]

    def __repr__(self) -> str:
        state = self.status or "under way"
        return f"<RecordedCall {self.number} {self.method} of {self.rid or 'nobody'}: {state}>"


class Kind(NamedTuple):
    """What events are told apart by before they are looked at closely."""

    level: int
    category: int
    payload_type: str


class Kinds(Struct, frozen=True, gc=False):
    """The kinds of a batch's events."""

    distinct: tuple[Kind, ...]
    of_events: Sequence[int]
    """For each event, the place of its kind in ``distinct``."""


class RecordedBatch(Struct, eq=False, gc=False):
    """A batch that was accepted."""

    call: RecordedCall
    raw: bytes
    """The serialized EventBatch, as it arrived."""
    count: int
    """The number of its events."""
    duplicate: bool = False
    """Whether a batch of this id was recorded before."""
    decoded: DecodedBatches = msgspec.field(default_factory=DecodedBatches)
    """Where its decoded form is kept for a while."""
    known_id: str | None = None
    """The id that its sender gave it, if that is known without decoding it."""
    _kinds: Kinds | None = None

    @property
    def message(self) -> EventBatch:
        """The batch, decoded; to be read, and not to be changed, as others are given it too."""
        return self.decoded.of(self.raw).message

    @property
    def batch_id(self) -> str:
        """The id that its sender gave it."""
        return self.message.batch_id if self.known_id is None else self.known_id

    @property
    def kinds(self) -> Kinds:
        """The kinds of its events, under the project's own schema; found out once."""
        if self._kinds is None:
            self._kinds = _kinds(self.message.events)
        return self._kinds

    @property
    def events(self) -> list[RecordedEvent]:
        """Its events, in order."""
        count = len(self.decoded.of(self.raw).events)
        return [RecordedEvent(self, place) for place in range(count)]

    def __repr__(self) -> str:
        return f"<RecordedBatch {self.batch_id} of {self.count} events>"


@dataclass(frozen=True, eq=False, slots=True)
class RecordedEvent:
    """An event of an accepted batch."""

    batch: RecordedBatch
    place: int
    """Its place in the batch, from 0 on."""
    schema: Schema | None = None
    """Under which it is read; None for the project's own."""

    @property
    def raw(self) -> bytes:
        """The serialized Event, as it arrived."""
        return self.batch.decoded.of(self.batch.raw).raw_events[self.place]

    @property
    def message(self) -> Event:
        """The event, decoded; under another schema, a message of that schema's Event.

        It is to be read, and not to be changed, as others are given it too.
        """
        decoded = self.batch.decoded.of(self.batch.raw)
        if self.schema is None:
            return decoded.events[self.place]
        return decoded.event_under(self.schema, self.place)

    def under(self, schema: Schema | Path | str) -> RecordedEvent:
        """The same event, read under another schema; see :func:`load_schema`."""
        return RecordedEvent(self.batch, self.place, load_schema(schema))

    @property
    def event_id(self) -> str:
        """A UUIDv7 as text."""
        return self.message.event_id

    @property
    def level(self) -> str:
        """The level's name without its prefix, such as ``INFO``; its number if it is unknown."""
        return level_name(self.message.level)

    @property
    def category(self) -> str:
        """The category's name without its prefix, such as ``STORAGE``; its number if unknown."""
        return category_name(self.message.category)

    @property
    def source(self) -> str:
        """The component that emitted it."""
        return self.message.source

    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self.message.timestamp

    @property
    def metadata(self) -> dict[str, str]:
        """The event's metadata."""
        return dict(self.message.metadata)

    @property
    def rid(self) -> str:
        """The id of the Rodent that sent it."""
        return self.batch.call.rid

    @property
    def sub(self) -> str:
        """The id of that Rodent's organization."""
        return self.batch.call.sub

    @property
    def payload(self) -> Any:
        """The payload message, such as a StorageTransferPayload; None if there is none.

        Type checkers let through whatever is asked of it: its type is that of what was waited for.
        """
        return payload_of(self.message)

    @property
    def payload_type(self) -> str:
        """The payload's message name, such as ``StorageTransferPayload``; empty without one."""
        payload = self.payload
        return "" if payload is None else payload.DESCRIPTOR.name

    @property
    def unknown_fields(self) -> list[UnknownField]:
        """What the schema does not know, in the event and in the messages within it."""
        return list(_unknown_fields(self.message))

    def __repr__(self) -> str:
        name = self.payload_type or "no payload"
        return f"<RecordedEvent {self.event_id} {self.level} {self.category} {name}>"


def level_name(number: int) -> str:
    """A level's name without its prefix, such as ``INFO``; its number if it is unknown."""
    return _LEVELS.get(number, str(number))


def category_name(number: int) -> str:
    """A category's name without its prefix, such as ``STORAGE``; its number if it is unknown."""
    return _CATEGORIES.get(number, str(number))


def payload_of(event: Event) -> Message | None:
    """The payload message of an event; None if there is none."""
    wrapper_name = event.WhichOneof("event_payload")
    if wrapper_name is None:
        return None
    wrapper: Message = getattr(event, wrapper_name)
    member = wrapper.WhichOneof("event_type")
    return None if member is None else getattr(wrapper, member)


def _kinds(events: Iterable[Event]) -> Kinds:
    places: dict[tuple[int, int, str | None, str | None], int] = {}
    distinct: list[Kind] = []
    of_events: list[int] = []
    for event in events:
        wrapper = event.WhichOneof("event_payload")
        member = getattr(event, wrapper).WhichOneof("event_type") if wrapper else None
        key = (event.level, event.category, wrapper, member)
        if key not in places:
            places[key] = len(distinct)
            distinct.append(_kind(event))
        of_events.append(places[key])
    # Both are untracked, and bytes, where they are enough, take an eighth.
    compact = bytes if len(distinct) <= _BYTE_VALUES else tuple
    return Kinds(_shared(tuple(distinct)), compact(of_events))


@lru_cache(maxsize=1024)
def _shared(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """The same kinds; one tuple for all batches that have them."""
    return kinds


def _kind(event: Event) -> Kind:
    payload = payload_of(event)
    name = "" if payload is None else payload.DESCRIPTOR.name
    return Kind(event.level, event.category, name)


@dataclass(frozen=True)
class UnknownField:
    """A field that the schema does not know."""

    path: str
    """Where it stands, such as ``storage_event.pool_event.1023``; the last part is its number."""
    value: int | bytes
    """A number, or bytes; of a group, empty bytes."""
    name: str = ""
    """What the newest published revision that has it calls it; empty if none has it."""
    revision: str = ""
    """That revision."""

    def __str__(self) -> str:
        known = f" ({self.revision}: {self.name})" if self.name else ""
        return f"?{self.path}{known}={self.value!r}"


def _unknown_fields(message: Message, path: str = "") -> Iterator[UnknownField]:
    fields: Any = UnknownFieldSet(message)  # iterable, which its stub does not say
    for unknown in fields:
        value = unknown.data if isinstance(unknown.data, int | bytes) else b""
        number = unknown.field_number
        names = known_as(message.DESCRIPTOR.full_name, number)
        yield UnknownField(f"{path}{number}", value, *names)
    for known, content in message.ListFields():
        if known.message_type is not None and not is_map(known):
            for inner in content if known.is_repeated else [content]:
                yield from _unknown_fields(inner, f"{path}{known.name}.")


class Events(Sequence[RecordedEvent]):
    """The events of some batches, in the order of their arrival, decoded one by one when read."""

    def __init__(self, batches: Sequence[RecordedBatch], schema: Schema | None = None) -> None:
        self._batches = batches
        self._schema = schema
        self._ends = list(accumulate(batch.count for batch in batches))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[RecordedEvent]:
        for batch in self._batches:
            for event in batch.events:
                yield self._read(event)

    def under(self, schema: Schema | Path | str) -> Events:
        """The same events, read under another schema; see :func:`load_schema`.

        Raises:
            SchemaError: There is no such schema.
        """
        return Events(self._batches, load_schema(schema))

    def _read(self, event: RecordedEvent) -> RecordedEvent:
        return event if self._schema is None else replace(event, schema=self._schema)

    @overload
    def __getitem__(self, index: int) -> RecordedEvent: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordedEvent]: ...
    def __getitem__(self, index: int | slice) -> RecordedEvent | list[RecordedEvent]:
        if isinstance(index, slice):
            return self._slice(range(*index.indices(len(self))))
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            wait = "" if self else ": none has arrived yet, wait_for() waits for some"
            raise IndexError(f"event {index} of {len(self)}{wait}")
        which = bisect_right(self._ends, position)
        before = self._ends[which - 1] if which else 0
        return self._read(self._batches[which].events[position - before])

    def _slice(self, positions: range) -> list[RecordedEvent]:
        """Each batch is taken apart once."""
        found: list[RecordedEvent] = []
        events: list[RecordedEvent] = []
        current = -1
        for position in positions:
            which = bisect_right(self._ends, position)
            if which != current:
                events, current = self._batches[which].events, which
            before = self._ends[which - 1] if which else 0
            found.append(self._read(events[position - before]))
        return found

    def __repr__(self) -> str:
        return f"<{len(self)} events in {len(self._batches)} batches>"


SERVICE = "rodent.RodentService"
