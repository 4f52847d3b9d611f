"""Messages with less in them, while something still holds of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from toggle_mock.fields import clear, content_of, label_of, put, set_fields
from toggle_mock.schema import is_map

M = TypeVar("M", bound=Message)


def shrunk(message: M, holds: Callable[[M], bool]) -> M:
    """The message without all that is not needed for ``holds``; its values stay as they are."""
    while True:
        smaller = next((one for one in _with_one_thing_less(message) if holds(one)), None)
        if smaller is None:
            return message
        message = smaller


def leaves(message: Message, place: str = "") -> dict[str, tuple[FieldDescriptor, Any]]:
    """The set fields that hold no further ones, by place, such as ``storage_event.pool_event``.

    The elements of a list share one.
    """
    found: dict[str, tuple[FieldDescriptor, Any]] = {}
    for field, value in set_fields(message):
        inner = [
            leaf
            for one in _messages(field, value)
            for leaf in leaves(one, f"{place}{label_of(field)}.").items()
        ]
        found.update(inner or {place + label_of(field): (field, value)})
    return found


def without(message: M, unwanted: Callable[[str], bool], place: str = "") -> M:
    """A copy without the leaves whose places are unwanted."""
    small = deepcopy(message)
    for field, value in set_fields(message):
        inner = _messages(field, value)
        if not any(set_fields(one) for one in inner):
            if unwanted(place + label_of(field)):
                clear(small, field)
            continue
        kept = [without(one, unwanted, f"{place}{label_of(field)}.") for one in inner]
        put(small, field, kept if field.is_repeated else kept[0])
    return small


def _with_one_thing_less(message: M) -> Iterator[M]:
    for field, value in set_fields(message):
        small = deepcopy(message)
        clear(small, field)
        yield small
        # Without its last element it is as above.
        if field.is_repeated and len(value) > 1:
            for key in list(value) if is_map(field) else range(len(value)):
                small = deepcopy(message)
                del content_of(small, field)[key]
                yield small
        inner = _messages(field, value)
        for index, one in enumerate(inner):
            for smaller in _with_one_thing_less(one):
                small = deepcopy(message)
                left = [*inner[:index], smaller, *inner[index + 1 :]]
                put(small, field, left if field.is_repeated else smaller)
                yield small


def _messages(field: FieldDescriptor, value: Any) -> list[Any]:
    """The messages that a field holds; those of a map count as its values."""
    if field.message_type is None or is_map(field):
        return []
    return list(value) if field.is_repeated else [value]
