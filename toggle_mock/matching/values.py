"""The values within a message, found by their path; how they are compared is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, Self

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from rodent_events.payload_types import message_of, prefix_of, schema_of, short_names
from toggle_mock.schema import is_map


class Given(NamedTuple):
    """What stands at a place of an event."""

    value: object
    """A scalar or a message; of a repeated field a list of them, of a map a dict."""
    is_set: bool
    """Whether it was given: of a field without presence, whether it is other than zero."""


NOTHING = Given(None, is_set=False)
"""What stands at a key that a map lacks."""


class Float32(float):
    """A number of four bytes: 0.1 there is not the 0.1 of eight bytes."""


class EnumValue(str):
    """An enum's value: its short name, its number, and what precedes the name in the schema."""

    __slots__ = ("number", "prefix")
    number: int
    prefix: str

    def __new__(cls, name: str, number: int, prefix: str) -> Self:
        """A string with a number."""
        self = super().__new__(cls, name)
        self.number = number
        self.prefix = prefix
        return self

    def is_called(self, name: str) -> bool:
        """Whether it is a value's name, with the prefix or without, in any case."""
        return name.upper() in {self.upper(), f"{self.prefix}{self}".upper()}


def within(message: Message, path: str) -> Iterator[Given]:
    """What stands in a message at a path of names with dots; nothing if it has no such field."""
    name, dot, rest = path.partition(".")
    field = schema_of(message).fields_by_name.get(name)
    if field is None:
        return
    content = getattr(message, name)
    if not dot:
        is_set = message.HasField(name) if field.has_presence else bool(content)
        yield Given(plain(field, content), is_set)
    elif values := values_of(field):
        yield from _in_map(values, content, rest)
    elif field.message_type is not None:
        for one in content if field.is_repeated else [content]:
            yield from within(one, rest)


def forget(message: Message, path: str) -> None:
    """Clear what :func:`within` finds in a message at a path."""
    name, dot, rest = path.partition(".")
    field = schema_of(message).fields_by_name.get(name)
    if field is None:
        return
    content = getattr(message, name)
    if not dot:
        message.ClearField(name)
    elif values := values_of(field):
        _forget_in_map(values, content, rest)
    elif field.message_type is not None and (field.is_repeated or message.HasField(name)):
        for one in content if field.is_repeated else [content]:
            forget(one, rest)


def _forget_in_map(values: FieldDescriptor, content: Any, path: str) -> None:
    name, dot, rest = path.partition(".") if values.message_type is not None else (path, "", "")
    for key in [key for key in content if spelled(key) == name]:
        if dot:
            forget(content[key], rest)
        else:
            del content[key]


def fields_within(message: Descriptor, path: str) -> Iterator[FieldDescriptor]:
    """The fields that :func:`within` finds in messages of a type; of what a map holds, its values'.

    As schemas have them, so there is at most one.
    """
    name, dot, rest = path.partition(".")
    field = message.fields_by_name.get(name)
    if field is None:
        return
    if not dot:
        yield field
    elif values := values_of(field):
        has_messages = values.message_type is not None
        yield from _fields_of_map(values, rest.partition(".")[2] if has_messages else "")
    elif field.message_type is not None:
        yield from fields_within(message_of(field), rest)


def _fields_of_map(values: FieldDescriptor, path: str) -> Iterator[FieldDescriptor]:
    """The values of a map, or, with a path, the fields in them."""
    return fields_within(message_of(values), path) if path else iter([values])


def _in_map(values: FieldDescriptor, content: Any, path: str) -> Iterator[Given]:
    """What stands at a key, and within its message; else all of the path is the key."""
    has_messages = values.message_type is not None
    name, dot, rest = path.partition(".") if has_messages else (path, "", "")
    found = [content[key] for key in content if spelled(key) == name]
    if not found:
        yield NOTHING
    for value in found:
        yield from within(value, rest) if dot else [Given(plain(values, value), is_set=True)]


def plain(field: FieldDescriptor, content: Any) -> object:
    """A field's content as it is shown and compared: enums by their short names."""
    if values := values_of(field):
        return {key: plain(values, content[key]) for key in sorted(content)}
    if field.is_repeated:
        return [_scalar(field, one) for one in content]
    return _scalar(field, content)


def _scalar(field: FieldDescriptor, value: Any) -> object:
    if field.type == FieldDescriptor.TYPE_FLOAT:
        return Float32(value)
    if field.enum_type is None:
        return value
    enum = field.enum_type
    return EnumValue(_names_of(enum).get(value, str(value)), value, _prefix_of(enum))


# What is asked of each event again is found out once.
_remembered = lru_cache(maxsize=256)


@_remembered
def values_of(field: FieldDescriptor) -> FieldDescriptor | None:
    """The field of a map's values; None of what is no map."""
    return message_of(field).fields_by_name["value"] if is_map(field) else None


@_remembered
def _names_of(enum: EnumDescriptor) -> dict[int, str]:
    return short_names(enum)


@_remembered
def _prefix_of(enum: EnumDescriptor) -> str:
    return prefix_of(enum)


def spelled(value: object) -> str:
    """A scalar as one writes it: ``true`` and ``false`` are small, bytes are read as UTF-8."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return str(value)


def shown(field: FieldDescriptor, content: Any) -> str:
    """A field's content on one line, for a failure's text."""
    scalar = not field.is_repeated and not isinstance(content, Message)
    return one_line(plain(field, content) if scalar else content)


def one_line(content: object) -> str:
    """What a value or a message is, on one line."""
    return repr(content).strip().replace("\n", " ")
