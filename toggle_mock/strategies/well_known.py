"""protobuf's own types, as the comments of their definitions allow them.

Their fields alone would allow more: a Timestamp in the year 100,000, a Value that holds nothing.
Such messages have no JSON, and other languages reject them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor
from hypothesis import strategies as st

from rodent_events.payload_types import message_of
from toggle_mock.strategies.scalars import ScalarOptions, Strategy, floats, integers, scalar

ANY = "google.protobuf.Any"

_NANOS = (0, 999_999_999)
# From 0001-01-01 to 9999-12-31.
_TIMESTAMP = (-62_135_596_800, 253_402_300_799)
# 10,000 years either way.
_DURATION = (-315_576_000_000 * 10**9, 315_576_000_000 * 10**9)

_URL = "type.googleapis.com/"
_UNKNOWN = f"{_URL}unknown.to.this.Pool"
# What an Any holds if nothing else is asked for, as far as its pool knows them.
_HELD = tuple(
    f"google.protobuf.{name}"
    for name in ("StringValue", "Int64Value", "Timestamp", "Duration", "Struct", "Empty")
)


@dataclass(frozen=True)
class Around:
    """What surrounds a message that is to be drawn."""

    nested: Callable[[Descriptor], Strategy | None]
    """The messages that it may hold; None where they would be nested too deep."""
    scalars: ScalarOptions
    max_size: int
    any_types: tuple[Descriptor, ...]
    """What an Any may hold; if there are none, some of protobuf's own."""


def _timestamp(descriptor: Descriptor, _around: Around) -> Strategy:
    make = message_factory.GetMessageClass(descriptor)
    return st.builds(make, seconds=integers(_TIMESTAMP), nanos=integers(_NANOS))


def _duration(descriptor: Descriptor, _around: Around) -> Strategy:
    make: Any = message_factory.GetMessageClass(descriptor)

    def of(total: int) -> Any:
        """Seconds and nanos have the same sign."""
        sign = 1 if total >= 0 else -1
        return make(seconds=sign * (abs(total) // 10**9), nanos=sign * (abs(total) % 10**9))

    return integers(_DURATION).map(of)


_WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=4)
_NAMES = st.lists(_WORDS, min_size=1, max_size=3).map("_".join)
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map(".".join)


def _field_mask(descriptor: Descriptor, around: Around) -> Strategy:
    """Paths of names that survive the change to camelCase and back."""
    make: Any = message_factory.GetMessageClass(descriptor)
    return st.lists(_PATHS, max_size=around.max_size).map(lambda paths: make(paths=paths))


def _value(descriptor: Descriptor, around: Around) -> Strategy:
    """One of its kinds, since a Value without any is an error; its numbers are finite."""
    make: Any = message_factory.GetMessageClass(descriptor)
    kinds = {
        one.name: scalar(one, around.scalars)
        for one in descriptor.fields
        if one.message_type is None and one.name != "number_value"
    }
    kinds["null_value"] = st.just(0)
    kinds["number_value"] = floats(64, allow_nan=False, json=around.scalars.json, infinite=False)
    for name in ("struct_value", "list_value"):
        held = around.nested(message_of(descriptor.fields_by_name[name]))
        if held is not None:
            kinds[name] = held

    def of(name: str, value: Any) -> Any:
        return make(**{name: value})

    return st.one_of([one.map(partial(of, name)) for name, one in kinds.items()])


def _any(descriptor: Descriptor, around: Around) -> Strategy:
    """Empty, or a message of a type that the pool knows, or, but for JSON, one that it does not."""
    make: Any = message_factory.GetMessageClass(descriptor)
    drawn: list[Strategy] = [st.just(None)]
    drawn += [
        held.map(_packed)
        for one in around.any_types or _known(descriptor)
        if (held := around.nested(one)) is not None
    ]
    if not around.scalars.json:
        drawn.append(st.tuples(st.just(_UNKNOWN), st.binary(max_size=20)))
    return st.one_of(drawn).map(
        lambda held: make() if held is None else make(type_url=held[0], value=held[1])
    )


def _packed(message: Any) -> tuple[str, bytes]:
    kind = type(message)
    return f"{_URL}{kind.DESCRIPTOR.full_name}", kind.SerializeToString(message, deterministic=True)


def _known(descriptor: Descriptor) -> Sequence[Descriptor]:
    found = []
    for name in _HELD:
        try:
            found.append(descriptor.file.pool.FindMessageTypeByName(name))
        except KeyError:  # nothing of it has been imported
            continue
    return found


WELL_KNOWN: Mapping[str, Callable[[Descriptor, Around], Strategy]] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
    "google.protobuf.FieldMask": _field_mask,
    "google.protobuf.Value": _value,
    ANY: _any,
}
"""By full name; the others are valid whatever their fields hold."""
