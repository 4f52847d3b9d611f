"""The values of an event by key, and how one is compared with what is wanted."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from rodent_events.payload_types import schema_of, short_names
from toggle_mock.recording.records import RecordedEvent
from toggle_mock.schema import is_map


def values(event: RecordedEvent, key: str) -> Iterator[object]:
    """The values that a key stands for; none if the event has no such field."""
    head, _, rest = key.partition(".")
    if head == "metadata" and rest:
        if rest in event.message.metadata:
            yield event.message.metadata[rest]
        return
    if head in _EVENT_KEYS and not rest:
        yield _EVENT_KEYS[head](event)
    if head not in _EVENT_KEYS or head == "source":
        path = rest if head == "payload" and rest else key
        payload = event.payload
        if payload is not None:
            yield from _at(payload, path.split("."))


def _at(message: Message, path: list[str]) -> Iterator[object]:
    """The values at a path of field names."""
    field = schema_of(message).fields_by_name.get(path[0])
    if field is None:
        return
    value, rest = getattr(message, field.name), path[1:]
    if is_map(field):
        yield from [value[rest[0]]] if rest and rest[0] in value else []
        return
    for one in value if field.is_repeated else [value]:
        if isinstance(one, Message):
            yield from _at(one, rest) if rest else []
        elif not rest:
            yield plain(field, one)


def plain(field: FieldDescriptor, value: Any) -> object:
    """A scalar as it is shown and compared: an enum's value by its short name."""
    if field.type == FieldDescriptor.TYPE_FLOAT:
        return _Float(value)
    if field.enum_type is None:
        return value
    return _EnumValue(short_names(field.enum_type).get(value, str(value)), value)


def shown(field: FieldDescriptor, value: Any) -> str:
    """A field's content on one line, for a failure's text."""
    scalar = not field.is_repeated and not isinstance(value, Message)
    return repr(plain(field, value)) if scalar else str(value).strip().replace("\n", " ")


class _Float(float):
    """A value of four bytes: 0.1 there is not the 0.1 of eight bytes."""

    def equals(self, wanted: float) -> bool:
        """Whether the wanted number is this one, in four bytes."""
        try:
            (rounded,) = struct.unpack("f", struct.pack("f", wanted))
        except OverflowError:
            return False
        return bool(self == rounded)


class _EnumValue(str):
    """An enum's value: its short name, and its number."""

    __slots__ = ("number",)
    number: int

    def __new__(cls, name: str, number: int) -> Self:
        """A string with a number."""
        self = super().__new__(cls, name)
        self.number = number
        return self


def equals(value: object, wanted: str) -> bool:
    """Whether a value is what a text says: an enum by name or number, a number as a number."""
    if isinstance(value, _EnumValue):
        return wanted.upper() == value.upper() or wanted == str(value.number)
    if isinstance(value, bool):
        return wanted.lower() == str(value).lower()
    if isinstance(value, int | float):
        number = _number(wanted)
        if number is not None and isinstance(value, _Float):
            return value.equals(number)
        return number is not None and value == number
    if isinstance(value, bytes):
        return value == wanted.encode()
    return value == wanted


def _number(text: str) -> float | int | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def is_number(value: object) -> bool:
    """Whether it can be compared with numbers; a bool cannot."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def wildcard_pattern(text: str) -> re.Pattern[str]:
    """A pattern of ``*`` and ``?``; a slash is a character like any other."""
    parts: Iterable[str] = ({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in text)
    return re.compile("".join(parts), re.DOTALL)


_EVENT_KEYS: Mapping[str, Callable[[RecordedEvent], object]] = {
    "event_id": lambda event: event.event_id,
    "level": lambda event: _EnumValue(event.level, event.message.level),
    "category": lambda event: _EnumValue(event.category, event.message.category),
    "source": lambda event: event.source,
    "timestamp": lambda event: event.timestamp,
    "rid": lambda event: event.rid,
    "sub": lambda event: event.sub,
    "batch_id": lambda event: event.batch.batch_id,
    "peer": lambda event: event.batch.call.peer,
}


_COMPARISON = re.compile(r"(>=|<=|>|<)(-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,3})?)", re.IGNORECASE)


_COMPARISONS: Mapping[str, Callable[[Any, float], bool]] = {
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
}
