"""What is the same message: equality of messages is false for NaN, and JSON has one NaN only."""

import math
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from rodent_events.payload_types import schema_of
from toggle_mock.fields import set_fields
from toggle_mock.schema import is_map

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


def content_in_words(message: Message) -> Any:
    """What a message says: equal for two if and only if they are the same, but for a NaN's bits.

    What an Any holds is told by its own fields, if its pool knows the type: its bytes differ by the
    order of a map.
    """
    if schema_of(message).full_name == "google.protobuf.Any" and (held := _held(message)):
        return held
    return {field.full_name: _value_in_words(field, value) for field, value in set_fields(message)}


def _held(message: Any) -> Any:
    pool = schema_of(message).file.pool
    try:
        descriptor = pool.FindMessageTypeByName(message.type_url.rpartition("/")[2])
    except KeyError:
        return None
    inner = message_factory.GetMessageClass(descriptor).FromString(message.value)
    return {"type_url": message.type_url, "value": content_in_words(inner)}


def _value_in_words(field: FieldDescriptor, value: Any) -> Any:
    if is_map(field):
        held = field.message_type.fields_by_name["value"]
        return {repr(key): _one_in_words(held, value[key]) for key in value}
    if field.is_repeated:
        return [_one_in_words(field, one) for one in value]
    return _one_in_words(field, value)


def _one_in_words(field: FieldDescriptor, value: Any) -> Any:
    return content_in_words(value) if field.message_type is not None else repr(value)
