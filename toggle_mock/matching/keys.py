"""The keys of the query language and of ``where``: one table. A key that is added here is there.

What is no key here is the name of a field of the payload; ``payload.FIELD`` is that also where the
event has one of that name, and ``source`` alone is either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from rodent_events.payload_types import prefix_of
from rodent_events.pb.events.event_messages_pb2 import Event, EventCategory, EventLevel
from toggle_mock.errors import QueryError
from toggle_mock.matching.names import Names, nearest_choices
from toggle_mock.matching.values import EnumValue, Given, fields_within, forget, within
from toggle_mock.recording.records import Kind, RecordedEvent, category_name, level_name, payload_of
from toggle_mock.wording import shortened


class KeyKind(Enum):
    """What a key tells of an event."""

    VALUE = auto()
    """A value."""
    TYPE = auto()
    """The type of its payload."""
    AFTER = auto()
    """Whether it is from after some time."""
    BEFORE = auto()
    """Whether it is from before some time."""


Find = Callable[[RecordedEvent, str], Iterator[Given]]
"""What stands in an event at a key, which may have a path behind it."""


Holders = Callable[[Names], Sequence[Descriptor]]
"""The messages of a schema that have a key, or something behind it, as a field."""


@dataclass(frozen=True)
class Key:
    """One key."""

    name: str
    find: Find
    """What stands there, also behind it: ``payload.FIELD``, ``metadata.KEY``."""
    kind: KeyKind = KeyKind.VALUE
    value_in: Callable[[Kind], Given] | None = None
    """Its value for all events of a kind, if that can be told of a kind."""
    holders: Holders | None = None
    """Of which messages it is a field; None for what is in no schema."""


def _in_event(event: RecordedEvent, path: str) -> Iterator[Given]:
    return within(event.message, path)


def _in_payload(event: RecordedEvent, path: str) -> Iterator[Given]:
    payload = event.payload
    return iter(()) if payload is None else within(payload, path)


def _in_either(event: RecordedEvent, path: str) -> Iterator[Given]:
    yield from _in_event(event, path)
    yield from _in_payload(event, path)


def _behind_payload(event: RecordedEvent, path: str) -> Iterator[Given]:
    return _in_payload(event, path.partition(".")[2])


def _event(names: Names) -> Sequence[Descriptor]:
    return [names.event]


def _payloads(names: Names) -> Sequence[Descriptor]:
    return names.payloads


def _either(names: Names) -> Sequence[Descriptor]:
    return [names.event, *names.payloads]


def _of_arrival(value_of: Callable[[RecordedEvent], str]) -> Find:
    def find(event: RecordedEvent, path: str) -> Iterator[Given]:
        if "." not in path:
            value = value_of(event)
            yield Given(value, bool(value))

    return find


def _enum_value(name: str, number: int, prefix: str) -> Given:
    return Given(EnumValue(name, number, prefix), bool(number))


_LEVEL_PREFIX = prefix_of(EventLevel.DESCRIPTOR)
_CATEGORY_PREFIX = prefix_of(EventCategory.DESCRIPTOR)

_TABLE = (
    Key(
        "level",
        _in_event,
        value_in=lambda kind: _enum_value(level_name(kind.level), kind.level, _LEVEL_PREFIX),
        holders=_event,
    ),
    Key(
        "category",
        _in_event,
        value_in=lambda kind: _enum_value(
            category_name(kind.category), kind.category, _CATEGORY_PREFIX
        ),
        holders=_event,
    ),
    Key("payload", _behind_payload, KeyKind.TYPE, holders=_payloads),
    Key("source", _in_either, holders=_either),
    Key("metadata", _in_event, holders=_event),
    Key("event_id", _in_event, holders=_event),
    Key("timestamp", _in_event, holders=_event),
    Key("after", _in_event, KeyKind.AFTER),
    Key("before", _in_event, KeyKind.BEFORE),
    Key("rid", _of_arrival(lambda event: event.rid)),
    Key("sub", _of_arrival(lambda event: event.sub)),
    Key("batch_id", _of_arrival(lambda event: event.batch.batch_id)),
    Key("peer", _of_arrival(lambda event: event.batch.call.peer)),
)

_MAX_DEPTH = 100
"""Dots in a key that a schema is asked for."""

KEYS: Mapping[str, Key] = {key.name: key for key in _TABLE}
"""The keys by name."""


def find_values(event: RecordedEvent, key: str) -> Iterator[Given]:
    """What stands in an event at a key; nothing if it has no such field."""
    known = KEYS.get(key.partition(".")[0])
    return known.find(event, key) if known else _in_payload(event, key)


def forget_at(message: Event, key: str) -> None:
    """Clear what stands at a key in an event's message, which has one."""
    known = KEYS.get(key.partition(".")[0])
    in_payload = known is None or known.kind is KeyKind.TYPE
    payload = payload_of(message)
    if payload is not None and (in_payload or key == "source"):
        forget(payload, key.removeprefix("payload."))
    if not in_payload:
        forget(message, key)


def fields_of(names: Names, key: str) -> list[FieldDescriptor]:
    """The fields that a key may stand for.

    Raises:
        QueryError: There are none in the schema.
    """
    if key.count(".") > _MAX_DEPTH:
        raise QueryError(f"{shortened(key)} is too deep: give {_MAX_DEPTH} dots at the most")
    holders, path = _place(names, key)
    if fields := [field for holder in holders for field in fields_within(holder, path)]:
        return fields
    word, choices = nearest_choices(holders, path) if holders else (path, [])
    others = KEYS if path == key else ()
    raise names.unknown("field", word, [*choices, *others], f"{key}?")


def _place(names: Names, key: str) -> tuple[Sequence[Descriptor], str]:
    """The messages that a key is a field of, and the path in them."""
    head, _, rest = key.partition(".")
    known = KEYS.get(head)
    if known is None:
        return names.payloads, key
    if known.holders is None:  # what is behind it is nothing
        return [], key
    return known.holders(names), rest if known.kind is KeyKind.TYPE else key


def is_of_arrival(key: str) -> bool:
    """Whether a key tells where an event came from, which is in no schema."""
    return key in KEYS and KEYS[key].holders is None


def kind_of_key(key: str) -> KeyKind:
    """What a key tells, also one that may be absent (``payload?``); with a path, a value."""
    known = KEYS.get(name_of(key))
    return known.kind if known else KeyKind.VALUE


def name_of(key: str) -> str:
    """A key without the ``?`` that says that the schema may lack it; metadata's are any text."""
    return key if key.startswith("metadata.") else key.removesuffix("?")
