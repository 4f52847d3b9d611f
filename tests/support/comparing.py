"""What is the same message: equality of messages is false for NaN, and JSON has one NaN only."""

import math
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

GREATEST_FLOAT = 3.4028234663852886e38
"""Of 32 bits. Protobuf for Python writes it rounded up in JSON, and refuses to read that."""


def canonical(message: Message) -> bytes:
    """Bytes that are equal if and only if the messages are, the bits of each NaN included."""
    return message.SerializeToString(deterministic=True)


def in_one_nan(message: Message) -> Message:
    """The same message with each NaN as JSON reads it: sign and payload are not in JSON."""
    copy = type(message)()
    copy.CopyFrom(message)
    _change(copy, lambda value: math.nan if math.isnan(value) else value)
    return copy


def has_greatest_float(message: Message) -> bool:
    """Whether it holds the one value that protobuf's JSON cannot hold, of either sign."""
    found = []
    _change(message, lambda value: found.append(abs(value) == GREATEST_FLOAT) or value, {_FLOAT})
    return any(found)


def assert_survives_json(message: Message, text: str, back: Any) -> None:
    """A message that was written as JSON is read as it was.

    Args:
        message: The message.
        text: It as JSON.
        back: Reads JSON.
    """
    if has_greatest_float(message):
        return
    assert canonical(back(text)) == canonical(in_one_nan(message))


_FLOAT = FieldDescriptor.TYPE_FLOAT
_FLOATS = {_FLOAT, FieldDescriptor.TYPE_DOUBLE}


def _change(message: Message, change: Any, types: set[int] = _FLOATS) -> None:
    """Put other floats in place of each, at any depth."""
    for field, value in message.ListFields():
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        inner = field.message_type.fields_by_name["value"] if is_map else field
        if inner.message_type is not None:
            for one in value.values() if is_map else value if field.is_repeated else [value]:
                _change(one, change, types)
        elif inner.type in types:
            if is_map:
                for key in list(value):
                    value[key] = change(value[key])
            elif field.is_repeated:
                value[:] = [change(one) for one in value]
            else:
                setattr(message, field.name, change(value))
