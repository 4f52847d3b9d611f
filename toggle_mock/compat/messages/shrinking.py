"""Messages with less in them, while something still holds of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

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
    for field, value in message.ListFields():
        inner = [
            leaf
            for one in _messages(field, value)
            for leaf in leaves(one, f"{place}{field.name}.").items()
        ]
        found.update(inner or {place + field.name: (field, value)})
    return found


def without(message: M, unwanted: Callable[[str], bool], place: str = "") -> M:
    """A copy without the leaves whose places are unwanted."""
    small = deepcopy(message)
    for field, value in message.ListFields():
        inner = _messages(field, value)
        if not any(one.ListFields() for one in inner):
            if unwanted(place + field.name):
                small.ClearField(field.name)
            continue
        kept = [without(one, unwanted, f"{place}{field.name}.") for one in inner]
        _put(small, field, kept)
    return small


def _with_one_thing_less(message: M) -> Iterator[M]:
    for field, value in message.ListFields():
        small = deepcopy(message)
        small.ClearField(field.name)
        yield small
        if field.is_repeated:
            for key in list(value) if is_map(field) else range(len(value)):
                small = deepcopy(message)
                del getattr(small, field.name)[key]
                yield small
        inner = _messages(field, value)
        for index, one in enumerate(inner):
            for smaller in _with_one_thing_less(one):
                small = deepcopy(message)
                _put(small, field, [*inner[:index], smaller, *inner[index + 1 :]])
                yield small


def _messages(field: FieldDescriptor, value: Any) -> list[Any]:
    """The messages that a field holds; those of a map count as its values."""
    if field.message_type is None or is_map(field):
        return []
    return list(value) if field.is_repeated else [value]


def _put(message: Message, field: FieldDescriptor, content: list[Any]) -> None:
    message.ClearField(field.name)
    if field.is_repeated:
        getattr(message, field.name).extend(content)
    else:
        inner = getattr(message, field.name)
        inner.SetInParent()
        inner.CopyFrom(content[0])
