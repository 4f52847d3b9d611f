"""Strategies for the values of scalar fields: each type's edges are drawn often."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), 2**63 - 1)
UINT32 = (0, 2**32 - 1)
UINT64 = (0, 2**64 - 1)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""All of Unicode that UTF-8 allows."""

_TEXT_EDGES = (
    "",
    "\x00",
    "\uffff",
    "\U0001f6a8",
    "\U0010ffff",
    "é",
    "e\u0301",
    "\u202e",
    "a" * 200,
)


@dataclass(frozen=True)
class ScalarOptions:
    """What values may be drawn."""

    allow_nan: bool
    unknown_enum_values: bool
    json: bool = False
    """Whether they are only those that protobuf's JSON can hold."""


def integers(bounds: tuple[int, int]) -> Strategy:
    """Integers within bounds; the least, the greatest, and those beside powers of two often."""
    least, greatest = bounds
    beside = {
        sign * (1 << shift) + by
        for shift in (0, 7, 14, 31, 32, 53, 62, 63)
        for sign in (1, -1)
        for by in (-1, 0, 1)
    }
    edges = sorted({0, least, greatest} | {n for n in beside if least <= n <= greatest}, key=abs)
    return st.integers(least, greatest) | st.sampled_from(edges)


def floats(width: int, *, allow_nan: bool, json: bool = False, infinite: bool = True) -> Strategy:
    """Floats; negative zero, infinities and the limits of precision often.

    Args:
        width: 32 or 64 bits.
        allow_nan: Whether there may be NaN.
        json: Whether they are only those that protobuf's JSON can hold.
        infinite: Whether there may be infinities.
    """
    edges = [0.0, -0.0, 1.0]
    edges += [float("inf"), float("-inf")] if infinite else []
    edges += [2.0**-126, 2.0**24]
    edges += [float("nan")] if allow_nan else []
    drawn: Strategy = st.floats(
        width=32 if width == 32 else 64, allow_nan=allow_nan, allow_infinity=infinite
    )
    drawn |= st.sampled_from(edges)
    if not json:
        return drawn
    return drawn.filter(lambda value: width != 32 or abs(value) != _GREATEST_FLOAT).map(_in_json)


_GREATEST_FLOAT = 2.0**128 - 2.0**104
"""Of 32 bits. Protobuf for Python writes it rounded up in JSON, and refuses to read that."""


def _in_json(value: float) -> float:
    """JSON has one NaN, and a Value's zero has no sign there."""
    return math.nan if math.isnan(value) else value + 0.0


@lru_cache(maxsize=4096)
def enum_numbers(enum: EnumDescriptor, *, unknown: bool) -> Strategy:
    """The numbers of an enum, each as likely as the others; and, if asked for, numbers beside."""
    known = [value.number for value in enum.values]
    drawn: Strategy = st.sampled_from(list(dict.fromkeys(known)))
    if not unknown or enum.is_closed:
        return drawn
    return drawn | st.integers(*INT32).filter(lambda number: number not in known)


def scalar(field: FieldDescriptor, options: ScalarOptions) -> Strategy:
    """The values of a field that is no message; of a repeated one, its elements."""
    if field.enum_type is not None:
        return enum_numbers(field.enum_type, unknown=options.unknown_enum_values)
    return _of_type(field.type, options)


@lru_cache
def _of_type(field_type: int, options: ScalarOptions) -> Strategy:
    """One strategy for all fields of a type: what Hypothesis finds out of it, it does once."""
    return _SCALARS[field_type](options)


_SCALARS: Mapping[int, Callable[[ScalarOptions], Strategy]] = {
    FieldDescriptor.TYPE_BOOL: lambda _: st.booleans(),
    FieldDescriptor.TYPE_BYTES: lambda _: st.binary(max_size=20),
    FieldDescriptor.TYPE_STRING: lambda _: TEXT | st.sampled_from(_TEXT_EDGES),
    FieldDescriptor.TYPE_DOUBLE: lambda options: floats(
        64, allow_nan=options.allow_nan, json=options.json
    ),
    FieldDescriptor.TYPE_FLOAT: lambda options: floats(
        32, allow_nan=options.allow_nan, json=options.json
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SFIXED32),
        lambda _: integers(INT32),
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64, FieldDescriptor.TYPE_SFIXED64),
        lambda _: integers(INT64),
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32), lambda _: integers(UINT32)
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64), lambda _: integers(UINT64)
    ),
}
