"""How a message goes from one side to the other: as protobuf's bytes, or as its JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

Carry: TypeAlias = Callable[[Message, type[Message]], Message]


class UnreadableError(ValueError):
    """The other side rejects what it got."""


@dataclass(frozen=True)
class Encoding:
    """One way to write messages."""

    name: str
    carry: Carry
    """Writes a message and reads it as another type; raises UnreadableError."""
    target: Callable[[FieldDescriptor, Descriptor], FieldDescriptor | None]
    """The field of the reader's type that a field's content goes to; None if there is none."""


def _by_bytes(message: Message, reader: type[Message]) -> Message:
    try:
        read = reader.FromString(message.SerializePartialToString())
    except (DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(str(error)) from None
    # Other implementations check this when they parse.
    if not read.IsInitialized():
        raise UnreadableError("a required field is missing")
    return read


def _by_number(field: FieldDescriptor, theirs: Descriptor) -> FieldDescriptor | None:
    return theirs.fields_by_number.get(field.number)


def _by_json(message: Message, reader: type[Message]) -> Message:
    text = json_format.MessageToJson(message)
    try:
        return json_format.Parse(text, reader(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError) as error:
        raise UnreadableError(str(error)) from None


def _by_json_name(field: FieldDescriptor, theirs: Descriptor) -> FieldDescriptor | None:
    # Parsers take both the JSON name and the one in the .proto.
    for one in theirs.fields:
        if field.json_name in {one.json_name, one.name}:
            return one
    return None


WIRE = Encoding("wire", _by_bytes, _by_number)
JSON = Encoding("JSON", _by_json, _by_json_name)
