"""Which events are meant: matchers, and what came near when none matched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

if TYPE_CHECKING:
    from toggle_mock.recording import RecordedEvent

Matcher = Any
"""A payload message, a message class, a function of a RecordedEvent, or None for all events."""

_SHOWN = 5


def predicate_of(matcher: Matcher) -> Callable[[RecordedEvent], bool]:
    """The function that tells whether an event matches.

    Raises:
        TypeError: The matcher is of no usable type.
    """
    if matcher is None:
        return lambda _event: True
    if isinstance(matcher, Message):
        return lambda event: not differences(matcher, event.payload)
    if isinstance(matcher, type) and issubclass(matcher, Message):
        wanted = matcher.DESCRIPTOR.name
        return lambda event: event.payload_type == wanted
    if callable(matcher):
        return lambda event: bool(matcher(event))
    raise TypeError(
        f"a matcher is a payload message, a message class or a function, got {matcher!r}"
    )


def differences(wanted: Message, given: Message | None) -> list[str]:
    """How a payload differs in the fields that the wanted one sets; empty if it matches."""
    if given is None or given.DESCRIPTOR.full_name != wanted.DESCRIPTOR.full_name:
        name = "no payload" if given is None else given.DESCRIPTOR.name
        return [f"is {name}, not {wanted.DESCRIPTOR.name}"]
    return [
        f"{field.name}: wanted {value!r}, got {getattr(given, field.name)!r}"
        for field, value in wanted.ListFields()
        if getattr(given, field.name) != value
    ]


def nearest(matcher: Matcher, events: Sequence[RecordedEvent]) -> list[str]:
    """Lines that tell what arrived instead, the nearest first."""
    if not events:
        return ["no event arrived"]
    if not isinstance(matcher, Message):
        shown = [f"  {event!r}" for event in events[-_SHOWN:]]
        return [f"arrived: {len(events)} event(s), the last of them:", *shown]
    misses = sorted(
        ((differences(matcher, event.payload), event) for event in events),
        key=lambda miss: (
            miss[1].payload_type != matcher.DESCRIPTOR.name,
            len(miss[0]),
        ),
    )
    return [
        f"arrived: {len(events)} event(s), the nearest of them:",
        *(
            f"  {event!r}: {'; '.join(difference) or 'matches'}"
            for difference, event in misses[:_SHOWN]
        ),
    ]
