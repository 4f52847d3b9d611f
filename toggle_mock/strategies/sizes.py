"""How much is drawn for a message, so that large ones stay within what Hypothesis allows.

Hypothesis ends an example that draws too much, and a test in which that happens often. Of a message
that would be too large, only some fields are drawn each time, any of them as often as the others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil, log2

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from toggle_mock.fields import fields_of
from toggle_mock.schema import is_map, oneof_of

_LEAST = 60
"""How much a message without further ones within it may draw; as much again for each level."""

_DEEPEST = -8
"""Where what is required of what is required is no longer looked at."""

_ELEMENTS = 2
"""How many elements a list has, about."""

_COSTS = {FieldDescriptor.TYPE_STRING: 5, FieldDescriptor.TYPE_BYTES: 2}

Wanted = Callable[[FieldDescriptor], bool]


@lru_cache(maxsize=16_384)
def halvings(descriptor: Descriptor, depth: int, wanted: Wanted) -> int:
    """How often the fields of a message that are drawn are to be halved.

    Args:
        descriptor: The message.
        depth: How deep further ones may be nested in it.
        wanted: Which fields are set at all.
    """
    required, others = _choices(descriptor, depth, wanted)
    room = max(_limit(depth) - required, _LEAST / 2)
    return max(0, ceil(log2(others / room))) if others else 0


@lru_cache(maxsize=16_384)
def fitting_depth(descriptor: Descriptor, depth: int, wanted: Wanted) -> int:
    """How deep messages may be nested in one, so that what is required is not too much already."""
    depths = range(depth, 0, -1)
    return next(
        (d for d in depths if _choices(descriptor, d, wanted)[0] <= _limit(d)), min(depth, 0)
    )


def _limit(depth: int) -> int:
    return _LEAST * (max(depth, 0) + 1)


@lru_cache(maxsize=16_384)
def _choices(descriptor: Descriptor, depth: int, wanted: Wanted) -> tuple[float, float]:
    """How many choices it takes to draw the fields that a message requires, and all others."""
    required = others = 0.0
    oneofs: dict[str, list[float]] = {}
    for one in fields_of(descriptor):
        if one.is_required:
            required += _cost(one, depth, wanted)
        elif wanted(one):
            cost = _cost(one, depth, wanted)
            if (oneof := oneof_of(one)) is not None:
                oneofs.setdefault(oneof.name, []).append(cost)
            else:
                others += 1 + (cost / 2 if one.has_presence else cost)
    return required, others + sum(1 + sum(costs) / len(costs) for costs in oneofs.values())


def _cost(one: FieldDescriptor, depth: int, wanted: Wanted) -> float:
    """How many choices it takes to draw what a field holds."""
    if is_map(one) and one.message_type is not None:
        return _ELEMENTS * sum(_cost(part, depth, wanted) for part in one.message_type.fields)
    each: float = _COSTS.get(one.type, 1)
    if one.message_type is not None:
        if depth <= (_DEEPEST if one.is_required else 0):
            return 1
        inner = fitting_depth(one.message_type, depth - 1, wanted)
        required, others = _choices(one.message_type, inner, wanted)
        each = required + others / 2 ** halvings(one.message_type, inner, wanted)
    return each * (_ELEMENTS if one.is_repeated else 1)
