"""How a message goes from one side to the other: as protobuf's bytes, or as its JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from toggle_mock.errors import ToggleMockError
from toggle_mock.fields import field_by_label, field_by_number, label_of

Carry: TypeAlias = Callable[[Message, type[Message]], Message]


class UnreadableError(ToggleMockError, ValueError):
    """The other side rejects what it got; ``missing`` names the fields that it requires."""

    def __init__(self, reason: str, missing: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.missing = missing


@dataclass(frozen=True)
class Codec:
    """One way to write messages."""

    carry: Carry
    """Writes a message and reads it as another type; raises UnreadableError."""
    target: Callable[[FieldDescriptor, Descriptor], FieldDescriptor | None]
    """The field of the reader's type that a field's content goes to; None if there is none."""


def _by_bytes(message: Message, reader: type[Message]) -> Message:
    try:
        read = reader.FromString(type(message).SerializePartialToString(message))
    except (DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(str(error)) from None
    # Other implementations check this when they parse.
    checked: Any = type(read)  # whose stub lacks the method
    if missing := checked.FindInitializationErrors(read):
        raise UnreadableError(f"required: {', '.join(missing)}", missing)
    return read


def _by_number(field: FieldDescriptor, theirs: Descriptor) -> FieldDescriptor | None:
    return field_by_number(theirs, field.number)


def _by_json(message: Message, reader: type[Message]) -> Message:
    try:
        text = json_format.MessageToJson(message)
        return json_format.Parse(text, reader(), ignore_unknown_fields=True)
    except (json_format.Error, ValueError, TypeError) as error:
        raise UnreadableError(str(error)) from None


def _by_json_name(field: FieldDescriptor, theirs: Descriptor) -> FieldDescriptor | None:
    if field.is_extension:
        return field_by_label(theirs, label_of(field))
    # Parsers take both the JSON name and the one in the .proto.
    for one in theirs.fields:
        if field.json_name in {one.json_name, one.name}:
            return one
    return None


BYTES = Codec(_by_bytes, _by_number)
JSON = Codec(_by_json, _by_json_name)
