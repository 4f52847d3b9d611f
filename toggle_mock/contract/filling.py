"""What events are made of: messages with every field set, from descriptors alone, and the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from rodent_events import Event
from rodent_events.payload_types import PayloadType, message_of, payload_types, schema_of

PLACES: Mapping[str, PayloadType] = {
    place.name: place for place in payload_types(schema_of(Event())).values()
}
"""The payload types by name."""

Value = Callable[[FieldDescriptor], Any]
"""Gives the value of a field that is no message and no enum."""

_F = FieldDescriptor

_PLAIN: Mapping[int, Any] = {
    _F.TYPE_STRING: "tank/datä",
    _F.TYPE_BYTES: b"\0\xff",
    _F.TYPE_BOOL: True,
    _F.TYPE_FLOAT: 0.5,
    _F.TYPE_DOUBLE: 0.1,
}
_WIDTHS: Mapping[int, int] = {
    **dict.fromkeys([_F.TYPE_INT32, _F.TYPE_SINT32, _F.TYPE_SFIXED32], 32),
    **dict.fromkeys([_F.TYPE_INT64, _F.TYPE_SINT64, _F.TYPE_SFIXED64], 64),
}


def now_ms() -> int:
    """Wall clock, milliseconds since the Unix epoch."""
    return int(time.time() * 1000)


def plain(field: FieldDescriptor) -> Any:
    """A value such as any; each number is another one."""
    return _PLAIN.get(field.type, 1000 + field.number)


def least(field: FieldDescriptor) -> Any:
    """The least value of a signed integer; a plain one of all else."""
    bits = _WIDTHS.get(field.type)
    return plain(field) if bits is None else -(2 ** (bits - 1))


def greatest(field: FieldDescriptor) -> Any:
    """The greatest value of a signed integer; a plain one of all else."""
    bits = _WIDTHS.get(field.type)
    return plain(field) if bits is None else 2 ** (bits - 1) - 1


def filled(payload: str, value: Value = plain) -> Message:
    """A payload with every field set.

    Args:
        payload: Its type, such as ``StoragePoolPayload``.
        value: Gives the fields' values; those of enums have the greatest number.
    """
    return _fill(GetMessageClass(PLACES[payload].descriptor)(), value)


def _fill(message: Message, value: Value) -> Message:
    for field in schema_of(message).fields:
        _set(message, field, value)
    return message


def _set(message: Message, field: FieldDescriptor, value: Value) -> None:
    if field.message_type is None:
        one = max(field.enum_type.values_by_number) if field.enum_type else value(field)
        if field.is_repeated:
            getattr(message, field.name).extend([one] * 3)
        else:
            setattr(message, field.name, one)
    elif field.message_type.GetOptions().map_entry:
        entry: Any = _fill(GetMessageClass(message_of(field))(), value)
        message.MergeFrom(type(message)(**{field.name: {entry.key: entry.value}}))
    else:
        content = getattr(message, field.name)
        _fill(content.add() if field.is_repeated else content, value)
