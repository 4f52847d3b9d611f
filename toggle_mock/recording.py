"""What arrived: raw bytes with the time of their arrival, decoded when somebody looks."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import overload

from google.protobuf.message import Message

from rodent_events import wire
from rodent_events.catalog import short_names
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import Event, EventCategory, EventLevel
from toggle_mock.matching import Matcher, nearest, predicate_of

_LEVELS = short_names(EventLevel.DESCRIPTOR)
_CATEGORIES = short_names(EventCategory.DESCRIPTOR)


class NotReceivedError(AssertionError):
    """What was waited for did not arrive in time; the text tells what did."""


@dataclass(eq=False)
class RecordedCall:
    """One call, as it arrived."""

    method: str
    """``Register``, ``Connect`` or ``SendEvents``."""
    peer: str
    """The other side's address, as gRPC names it."""
    metadata: tuple[tuple[str, str | bytes], ...]
    """The call's metadata; the authorization is redacted."""
    arrived: float = field(default_factory=time.time)
    """Seconds since the Unix epoch."""
    claims: Mapping[str, object] = field(default_factory=dict)
    """What the token claims; empty if there was no well-formed one."""
    messages: list[bytes] = field(default_factory=list)
    """The raw messages from the other side: one for Register and SendEvents."""
    status: str | None = None
    """The status that ended the call, such as ``OK``; None while it goes on."""
    details: str = ""
    """The text that came with the status."""


@dataclass(frozen=True, eq=False)
class RecordedBatch:
    """A batch that was accepted."""

    call: RecordedCall
    raw: bytes
    """The serialized EventBatch, as it arrived."""
    count: int
    """The number of its events."""

    @property
    def message(self) -> EventBatch:
        """The batch, decoded."""
        return EventBatch.FromString(self.raw)

    @property
    def batch_id(self) -> str:
        """The id that its sender gave it."""
        return self.message.batch_id

    @property
    def events(self) -> list[RecordedEvent]:
        """Its events, in order."""
        try:
            raws = [
                self.raw[part.content : part.end]
                for part in wire.fields(self.raw)
                if (part.number, part.wire_type) == (1, wire.LENGTH_DELIMITED)
            ]
        except wire.WireError:  # fields of a kind that only protobuf's own parser knows
            raws = [event.SerializeToString() for event in self.message.events]
        return [RecordedEvent(self, raw) for raw in raws]


@dataclass(frozen=True, eq=False)
class RecordedEvent:
    """An event of an accepted batch."""

    batch: RecordedBatch
    raw: bytes
    """The serialized Event, as it arrived."""

    @cached_property
    def message(self) -> Event:
        """The event, decoded."""
        return Event.FromString(self.raw)

    @property
    def event_id(self) -> str:
        """A UUIDv7 as text."""
        return self.message.event_id

    @property
    def level(self) -> str:
        """The level's name without its prefix, such as ``INFO``; its number if it is unknown."""
        return _LEVELS.get(self.message.level, str(self.message.level))

    @property
    def category(self) -> str:
        """The category's name without its prefix, such as ``STORAGE``; its number if unknown."""
        return _CATEGORIES.get(self.message.category, str(self.message.category))

    @property
    def source(self) -> str:
        """The component that emitted it."""
        return self.message.source

    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self.message.timestamp

    @property
    def metadata(self) -> dict[str, str]:
        """The event's metadata."""
        return dict(self.message.metadata)

    @property
    def payload(self) -> Message | None:
        """The payload message, such as a StorageTransferPayload; None if there is none."""
        wrapper_name = self.message.WhichOneof("event_payload")
        if wrapper_name is None:
            return None
        wrapper: Message = getattr(self.message, wrapper_name)
        member = wrapper.WhichOneof("event_type")
        return None if member is None else getattr(wrapper, member)

    @property
    def payload_type(self) -> str:
        """The payload's message name, such as ``StorageTransferPayload``; empty without one."""
        payload = self.payload
        return "" if payload is None else payload.DESCRIPTOR.name

    def __repr__(self) -> str:
        name = self.payload_type or "no payload"
        return f"<RecordedEvent {self.event_id} {self.level} {self.category} {name}>"


class Events(Sequence[RecordedEvent]):
    """The events of some batches, in the order of their arrival, decoded one by one when read."""

    def __init__(self, batches: Sequence[RecordedBatch]) -> None:
        self._batches = batches
        self._ends = list(accumulate(batch.count for batch in batches))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[RecordedEvent]:
        for batch in self._batches:
            yield from batch.events

    @overload
    def __getitem__(self, index: int) -> RecordedEvent: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordedEvent]: ...
    def __getitem__(self, index: int | slice) -> RecordedEvent | list[RecordedEvent]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"event {index} of {len(self)}")
        which = bisect_right(self._ends, position)
        before = self._ends[which - 1] if which else 0
        return self._batches[which].events[position - before]

    def __repr__(self) -> str:
        return f"<{len(self)} events in {len(self._batches)} batches>"


@dataclass
class _Cursor:
    """How far a reader has come."""

    epoch: int
    position: int = 0


@dataclass(frozen=True)
class _News:
    batches: list[RecordedBatch]
    cleared: bool
    """Whether the recording was cleared since the last reading, and these are from after it."""


class Recording:
    """All calls and accepted batches since the last :meth:`clear`. For any number of threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: list[RecordedCall] = []
        self._batches: list[RecordedBatch] = []
        self._epoch = 0

    @property
    def calls(self) -> list[RecordedCall]:
        """All calls, in the order of their arrival."""
        with self._changed:
            return list(self._calls)

    @property
    def batches(self) -> list[RecordedBatch]:
        """The accepted batches, in the order of their arrival."""
        with self._changed:
            return list(self._batches)

    @property
    def events(self) -> Events:
        """The events of the accepted batches, in the order of their arrival."""
        return Events(self.batches)

    def add_call(self, call: RecordedCall) -> None:
        """Record a call that has just arrived."""
        with self._changed:
            self._calls.append(call)
            self._changed.notify_all()

    def add_batch(self, batch: RecordedBatch) -> None:
        """Record an accepted batch."""
        with self._changed:
            self._batches.append(batch)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget everything."""
        with self._changed:
            self._calls.clear()
            self._batches.clear()
            self._epoch += 1
            self._changed.notify_all()

    def follow(self, stopped: Callable[[], bool], poke: float = 0.2) -> Iterator[RecordedEvent]:
        """All events, from the first on, each as it arrives.

        Args:
            stopped: Whether to end once all is given out; asked at least each ``poke`` seconds.
            poke: Seconds.
        """
        cursor = _Cursor(self._epoch)
        while not stopped():
            yield from Events(self._read(cursor, poke).batches)
        yield from Events(self._read(cursor, 0).batches)

    def wait_for(
        self, matcher: Matcher = None, *, count: int = 1, timeout: float = 5.0
    ) -> list[RecordedEvent]:
        """Wait until so many matching events have been recorded.

        Args:
            matcher: A payload message matches events whose payload is of its type and equals it in
                all fields that it sets; a message class matches payloads of that type; a function
                is asked with each RecordedEvent; None matches all.
            count: How many are needed.
            timeout: Seconds.

        Returns:
            All matching events that were recorded until then, ``count`` of them or more.

        Raises:
            NotReceivedError: There were fewer in time.
            TypeError: The matcher is none of these.
            ValueError: The count is less than 1.
        """
        if count < 1:
            raise ValueError(f"count is {count}: one waits for 1 event or more")
        matches = predicate_of(matcher)
        deadline = time.monotonic() + timeout
        cursor = _Cursor(self._epoch)
        found: list[RecordedEvent] = []
        while len(found) < count:
            news = self._read(cursor, deadline - time.monotonic())
            found = [] if news.cleared else found
            found += [event for event in Events(news.batches) if matches(event)]
            if len(found) < count and time.monotonic() >= deadline:
                raise NotReceivedError(self._miss(matcher, count, len(found), timeout))
        return found

    def _read(self, cursor: _Cursor, timeout: float) -> _News:
        """What came since the cursor's last reading; waits for it."""
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._batches) > cursor.position or cursor.epoch != self._epoch,
                max(0.0, timeout),
            )
            cleared = cursor.epoch != self._epoch
            fresh = self._batches[0 if cleared else cursor.position :]
            cursor.position, cursor.epoch = len(self._batches), self._epoch
            return _News(fresh, cleared)

    def _miss(self, matcher: Matcher, count: int, found: int, timeout: float) -> str:
        refused = [call for call in self.calls if call.status not in (None, "OK")]
        lines = [
            f"waited {timeout:g} s for {count} event(s) that match, received {found}",
            f"wanted: {matcher!r}".strip(),
            *nearest(matcher, self.events),
            *(f"refused: {call.method}: {call.status}: {call.details}" for call in refused[-5:]),
        ]
        return "\n".join(lines)
