"""Batches in their decoded form: made once, shared by all who look, and kept within a limit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from functools import cached_property

from rodent_events import wire
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.schema import Schema

MAX_DECODED_BYTES = 2 * 1024 * 1024
"""Bytes of batches, as they arrived, whose decoded form is kept; that takes about four times as
much memory."""

_ALWAYS_KEPT = 2
"""Batches that are kept however large they are, so that two of them can be read in turn."""


class DecodedBatch:
    """The decoded form of one batch. Whoever gets a message from it must not change it.

    Args:
        raw: The serialized EventBatch.
        message: The same, decoded.
    """

    def __init__(self, raw: bytes, message: EventBatch) -> None:
        self.raw = raw
        self.message = message
        self._under: dict[Schema, list[Event | None]] = {}

    @cached_property
    def events(self) -> list[Event]:
        """Its events."""
        return list(self.message.events)

    @cached_property
    def raw_events(self) -> list[bytes]:
        """Its events, serialized as they arrived."""
        try:
            return [
                self.raw[part.content : part.end]
                for part in wire.fields(self.raw)
                if (part.number, part.wire_type) == (1, wire.LENGTH_DELIMITED)
            ]
        except wire.WireError:  # fields of a kind that only protobuf's own parser knows
            return [event.SerializeToString() for event in self.events]

    def event_under(self, schema: Schema, place: int) -> Event:
        """An event, read under another schema."""
        events = self._under.setdefault(schema, [None] * len(self.raw_events))
        event = events[place]
        if event is None:
            event = events[place] = schema.event_class.FromString(self.raw_events[place])
        return event


class DecodedBatches:
    """The decoded form of the batches that were looked at last. For any number of threads.

    Args:
        max_bytes: Bytes of batches, as they arrived.
    """

    def __init__(self, max_bytes: int = MAX_DECODED_BYTES) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        # By the identity of their bytes, which they hold, so that it is nobody else's meanwhile.
        self._kept: OrderedDict[int, DecodedBatch] = OrderedDict()
        self._size = 0

    def of(self, raw: bytes) -> DecodedBatch:
        """The decoded form of a batch.

        Raises:
            google.protobuf.message.DecodeError: It is no EventBatch.
        """
        # Without the lock: each look at each event comes here, and the server's loop needs it too.
        known = self._kept.get(id(raw))
        if known is None:
            return self.keep(raw, EventBatch.FromString(raw))
        with suppress(KeyError):  # it was dropped just now
            self._kept.move_to_end(id(raw))
        return known

    def keep(self, raw: bytes, message: EventBatch) -> DecodedBatch:
        """Keep a batch that somebody has decoded; what is kept already stays, and is returned."""
        dropped = []  # freed without the lock
        with self._lock:
            kept = self._kept.get(id(raw))
            if kept is None:
                kept = self._kept[id(raw)] = DecodedBatch(raw, message)
                self._size += len(raw)
            while self._size > self.max_bytes and len(self._kept) > _ALWAYS_KEPT:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest.raw)
                dropped.append(oldest)
        return kept

    def clear(self) -> None:
        """Keep nothing of what is kept now."""
        with self._lock:
            dropped, self._kept = self._kept, OrderedDict()
            self._size = 0
        del dropped  # freed without the lock
