"""Which revision of the schema events are of: the newest that all, or else most, of them fit."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.schema import REVISIONS, Schema, is_map, load_schema

AUTO = "auto"
"""In place of a schema: the one that the events fit."""


@cache
def candidates() -> tuple[Schema | None, ...]:
    """What events may be of: the published revisions, the newest first, and the project's own."""
    return (*map(load_schema, reversed(REVISIONS)), None)


class Fitting:
    """Finds out which revision the events are of that it is shown. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._misfits = [0] * len(candidates())

    def see(self, raw_events: Iterable[bytes]) -> None:
        """Look at events. One that fits nothing tells nothing."""
        for raw in raw_events:
            misfits = [not fits(schema, raw) for schema in candidates()]
            with self._lock:
                self._misfits = [sum(pair) for pair in zip(self._misfits, misfits, strict=True)]

    @property
    def best(self) -> Schema | None:
        """The newest that all events fit; if there is none, the newest of those that most fit."""
        return candidates()[self._misfits.index(min(self._misfits))]


def fits(schema: Schema | None, raw: bytes) -> bool:
    """Whether an event has nothing that a schema does not know; None is the project's own."""
    message_class: Any = Event if schema is None else schema.event_class
    try:
        return _is_known(message_class.FromString(raw))
    except DecodeError:
        return False


def _is_known(message: Message) -> bool:
    if len(UnknownFieldSet(message)):
        return False
    return all(
        _is_known_value(field, value)
        for field, content in message.ListFields()
        for value in (content if field.is_repeated else [content])
    )


def _is_known_value(field: FieldDescriptor, value: Any) -> bool:
    if field.enum_type is not None:
        return value in field.enum_type.values_by_number
    return field.message_type is None or is_map(field) or _is_known(value)
