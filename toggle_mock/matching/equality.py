"""When a value is the wanted one: exact for whole numbers, in four bytes where there are four."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, MutableSequence
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from rodent_events.payload_types import schema_of
from toggle_mock.matching.values import EnumValue, Float32, spelled

Number: TypeAlias = int | float | Decimal
Text: TypeAlias = str | bytes
Scalar: TypeAlias = str | bool | int | float | bytes


def equals(given: object, wanted: Scalar | Message) -> bool:
    """Whether a value is the wanted one; text is read as a value of the given one's type."""
    if isinstance(wanted, Message):
        return isinstance(given, Message) and is_like(given, wanted)
    if isinstance(given, EnumValue):
        is_named = isinstance(wanted, str) and given.is_called(wanted)
        return is_named or _is_number_of(given.number, wanted)
    if isinstance(given, Text):
        return spelled(given) == spelled(wanted)
    if isinstance(given, bool):
        return spelled(given) == spelled(wanted).lower()
    return is_number(given) and _is_number_of(given, wanted)


def is_number(value: object) -> bool:
    """Whether it can be compared with numbers; a bool cannot."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_number_of(given: object, wanted: Scalar) -> bool:
    number = read_number(wanted) if isinstance(wanted, str) else wanted
    if isinstance(number, bool | bytes) or number is None:
        return False
    return same(given, as_kind_of(given, number))


def as_kind_of(given: object, number: Number) -> Number:
    """A number as the field of a given value would hold it: whole, in eight bytes, or in four."""
    if not isinstance(given, float):
        return number  # whole numbers compare exactly with any
    try:
        rounded = float(number)
        return _in_four_bytes(rounded) if isinstance(given, Float32) else rounded
    except OverflowError:  # as protobuf does it
        return math.inf if number > 0 else -math.inf


def _in_four_bytes(number: float) -> float:
    (rounded,) = struct.unpack("f", struct.pack("f", number))
    return float(rounded)


@lru_cache(maxsize=256)
def read_number(text: str) -> Number | None:
    """The number that a text spells, exactly; None if it spells none."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = Decimal(text)
        return number if number.is_finite() else float(text)
    except (ArithmeticError, ValueError):
        return None


def same(one: object, other: object) -> bool:
    """Whether two contents of a field are the same; not-a-number is the same as itself."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if one == other:
        return True
    # What holds a NaN somewhere is unequal to itself.
    if isinstance(one, Message) and isinstance(other, Message):
        return _same_messages(one, other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, MutableSequence) and isinstance(other, MutableSequence):
        return len(one) == len(other) and all(map(same, one, other))
    return False


def _same_messages(one: Message, other: Message) -> bool:
    mine, others = (
        {field.name: content for field, content in message.ListFields()} for message in (one, other)
    )
    return schema_of(one).full_name == schema_of(other).full_name and same(mine, others)


def is_like(given: Message, wanted: Message) -> bool:
    """Whether a message is of a wanted one's type and the same in all that that one sets."""
    return schema_of(given).full_name == schema_of(wanted).full_name and not differences(
        given, wanted
    )


def differences(given: Message, wanted: Message) -> list[tuple[FieldDescriptor, object, object]]:
    """Where a message is not what a wanted one sets: the field, what is wanted, what is given."""
    compared = [
        (field, content, getattr(given, field.name, None)) for field, content in wanted.ListFields()
    ]
    return [(field, want, got) for field, want, got in compared if not same(want, got)]
