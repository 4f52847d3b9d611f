"""What arrived, within limits: calls and accepted batches, and those who wait for more of them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from toggle_mock.recording.records import (
    Events,
    RecordedBatch,
    RecordedCall,
    RecordedEvent,
    RecordedMessage,
)
from toggle_mock.schema import Schema

logger = logging.getLogger("toggle_mock")

MAX_BYTES = 512 * 1024 * 1024
"""Bytes of messages that a recording keeps."""

MAX_CALLS = 1_000_000
"""Calls that a recording keeps."""

MAX_STREAM_MESSAGES = 10_000
"""Messages that a recording keeps of one stream."""


class Sink(Protocol):
    """Where a recording is written to while it goes on."""

    def call(self, call: RecordedCall) -> None:
        """A call has begun."""

    def message(self, call: RecordedCall, message: RecordedMessage) -> None:
        """A message of it went over the wire."""

    def accept(self, batch: RecordedBatch) -> None:
        """Its batch was accepted."""

    def end(self, call: RecordedCall) -> None:
        """It has ended."""

    def clear(self) -> None:
        """All that was recorded is forgotten."""

    def close(self) -> None:
        """Nothing more comes."""


@dataclass(frozen=True)
class Position:
    """How far a reader has come."""

    epoch: int
    """The number of times that the recording had been cleared."""
    batches: int
    """The number of batches read, those included that were evicted since."""


@dataclass(frozen=True)
class News:
    """What came since a position."""

    batches: list[RecordedBatch]
    position: Position
    cleared: bool
    """Whether the recording was cleared since the last reading, and these are from after it."""


class Recording:
    """All calls and accepted batches since the last :meth:`clear`. For any number of threads.

    Args:
        max_bytes: Bytes of messages that are kept; beyond them the oldest calls are evicted.
        max_calls: Calls that are kept.
        deduplicate: Whether a batch whose id was recorded before is left out of ``batches`` and
            ``events``; it stands in ``duplicates`` either way.

    Raises:
        ValueError: A limit is negative.
    """

    def __init__(
        self,
        *,
        max_bytes: int = MAX_BYTES,
        max_calls: int = MAX_CALLS,
        deduplicate: bool = False,
    ) -> None:
        if min(max_bytes, max_calls) < 0:
            raise ValueError(f"max_bytes is {max_bytes} and max_calls {max_calls}: neither is < 0")
        self.max_bytes, self.max_calls = max_bytes, max_calls
        self.deduplicate = deduplicate
        self.sinks: list[Sink] = []
        """Where it is written to as well."""
        self.failed_sinks: list[Sink] = []
        """Those that have failed, for example since the disk is full."""
        self._changed = threading.Condition()
        self._calls: deque[RecordedCall] = deque()
        self._batches: deque[RecordedBatch] = deque()
        self._duplicates: deque[RecordedBatch] = deque(maxlen=MAX_STREAM_MESSAGES)
        self._batch_ids: dict[str, int] = {}
        self._number = 0
        self._bytes = 0
        self._evicted_calls = 0
        self._evicted_batches = 0
        self._first_kept = 1
        self._epoch = 0
        self._version = 0

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
    def duplicates(self) -> list[RecordedBatch]:
        """The batches whose id was recorded before, in the order of their arrival."""
        with self._changed:
            return list(self._duplicates)

    @property
    def events(self) -> Events:
        """The events of the accepted batches, in the order of their arrival."""
        return Events(self.batches)

    @property
    def size(self) -> int:
        """Bytes of the messages that are kept."""
        return self._bytes

    @property
    def evicted(self) -> int:
        """Calls that were evicted since the last :meth:`clear`, to keep the limits."""
        return self._evicted_calls

    # Writing

    def begin(self, call: RecordedCall) -> None:
        """Record a call that has just arrived; one that has a number keeps it, if it is free."""
        with self._changed:
            self._number = call.number = max(self._number + 1, call.number)
            self._calls.append(call)
            self._bytes += _size(call)
            self._evict()
            self._tell(lambda sink: sink.call(call))
            self.notify()

    def message(
        self, call: RecordedCall, raw: bytes, *, sent: bool, at: float | None = None
    ) -> RecordedMessage:
        """Record a message of a call; ``at`` in seconds since the epoch, if that is not now."""
        message = RecordedMessage(call.method, raw, sent, time.time() if at is None else at)
        with self._changed:
            call.messages.append(message)
            growth = len(raw)
            if len(call.messages) > MAX_STREAM_MESSAGES:
                growth -= len(call.messages.pop(0).raw)
            if call.number >= self._first_kept:
                self._bytes += growth
            self._evict()
            self._tell(lambda sink: sink.message(call, message))
            self.notify()
        return message

    def accept(self, call: RecordedCall, raw: bytes, *, batch_id: str, count: int) -> None:
        """Record that a call's batch was accepted; not if the call itself was cleared meanwhile."""
        with self._changed:
            if call.number < self._first_kept:
                return
            duplicate = bool(batch_id) and batch_id in self._batch_ids
            batch = RecordedBatch(call, raw, count, duplicate)
            if duplicate:
                self._duplicates.append(batch)
            if not (duplicate and self.deduplicate):
                self._batch_ids[batch_id] = call.number
                self._batches.append(batch)
            self._tell(lambda sink: sink.accept(batch))
            self.notify()

    def end(self, call: RecordedCall, status: str, details: str = "") -> None:
        """Record how a call ended."""
        with self._changed:
            call.status, call.details = status, details
            self._tell(lambda sink: sink.end(call))
            self.notify()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nothing be recorded meanwhile."""
        with self._changed:
            yield

    def clear(self) -> None:
        """Forget everything, except for the numbers of calls."""
        with self._changed:
            self._calls.clear()
            self._batches.clear()
            self._duplicates.clear()
            self._batch_ids.clear()
            self._bytes = self._evicted_calls = self._evicted_batches = 0
            self._first_kept = self._number + 1
            self._epoch += 1
            self._tell(lambda sink: sink.clear())
            self.notify()

    def _tell(self, what: Callable[[Sink], None]) -> None:
        """Tell all sinks; one that fails is told no more, and calls go on."""
        for sink in list(self.sinks):
            try:
                what(sink)
            except Exception:
                logger.exception("the recording is written to %r no more", sink)
                self.sinks.remove(sink)
                self.failed_sinks.append(sink)

    def _evict(self) -> None:
        while self._calls and (self._bytes > self.max_bytes or len(self._calls) > self.max_calls):
            oldest = self._calls.popleft()
            self._bytes -= _size(oldest) + sum(len(message.raw) for message in oldest.messages)
            self._first_kept = oldest.number + 1
            self._evicted_calls += 1
        while self._duplicates and self._duplicates[0].call.number < self._first_kept:
            self._duplicates.popleft()
        while self._batches and self._batches[0].call.number < self._first_kept:
            evicted = self._batches.popleft()
            if self._batch_ids.get(evicted.batch_id) == evicted.call.number:
                del self._batch_ids[evicted.batch_id]
            self._evicted_batches += 1

    # Reading

    def _position(self) -> Position:
        return Position(self._epoch, self._evicted_batches + len(self._batches))

    def read(self, since: Position, timeout: float = 0.0) -> News:
        """The batches that came since a position; waits for the first, so many seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._position() != since, _patience(timeout))
            now = self._position()
            cleared = now.epoch != since.epoch
            read = 0 if cleared else since.batches
            fresh = list(islice(self._batches, max(0, read - self._evicted_batches), None))
            return News(fresh, now, cleared)

    @property
    def version(self) -> int:
        """A number that grows with each change."""
        return self._version

    def wait_for_change(self, since: int, timeout: float) -> bool:
        """Wait until the version is another, so many seconds at most; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._version != since, _patience(timeout))

    def notify(self) -> None:
        """Tell all who wait that something has changed."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def follow(
        self, stopped: Callable[[], bool], poke: float = 0.2, schema: Schema | None = None
    ) -> Iterator[RecordedEvent]:
        """All events, from the first on, each as it arrives.

        Args:
            stopped: Whether to end once all is given out; asked at least each ``poke`` seconds.
            poke: Seconds.
            schema: Under which they are read; None for the project's own.
        """
        position = Position(self._epoch, 0)
        while True:
            last = stopped()
            news = self.read(position, 0.0 if last else poke)
            position = news.position
            yield from Events(news.batches, schema)
            if last:
                return


def _patience(timeout: float) -> float:
    return min(threading.TIMEOUT_MAX, max(0.0, timeout))


def _size(call: RecordedCall) -> int:
    """Bytes that a call takes without its messages, about."""
    return 500 + sum(len(key) + len(value) for key, value in call.metadata)
