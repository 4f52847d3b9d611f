"""What a field means that is unset, and whether two mean the same by it."""

from __future__ import annotations

import json
import math
import struct

from google.protobuf.descriptor import FieldDescriptor


def is_same_default(old: FieldDescriptor, new: FieldDescriptor) -> bool:
    """Whether the defaults of two singular fields are one value, in whatever types."""
    before, after = old.default_value, new.default_value
    if not before and not after:
        return True
    texts = [isinstance(value, str | bytes) for value in (before, after)]
    if any(texts):
        return all(texts) and _bytes(before) == _bytes(after)
    if FieldDescriptor.TYPE_FLOAT in {old.type, new.type}:
        # It has no more digits than it holds; a double beside it is taken for one.
        before, after = (
            _as_float(one) if isinstance(one, float) else one for one in (before, after)
        )
    return all(map(math.isnan, (before, after))) or bool(before == after)


def shown_default(field: FieldDescriptor) -> str:
    """A default as it is written in a .proto."""
    value = field.default_value
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | bytes):
        return json.dumps(value if isinstance(value, str) else value.decode("latin-1"))
    return f"{value:.9g}" if field.type == FieldDescriptor.TYPE_FLOAT else str(value)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _as_float(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
