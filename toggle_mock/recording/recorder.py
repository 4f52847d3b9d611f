"""What arrived, within limits: calls and accepted batches, and those who wait for more of them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from msgspec import structs

from toggle_mock.recording.entries import (
    AcceptEntry,
    CallEntry,
    ClearEntry,
    EndEntry,
    MessageEntry,
    RefusalEntry,
    SchemaEntry,
)
from toggle_mock.recording.fitting import AUTO, Fitting, candidates
from toggle_mock.recording.records import (
    Events,
    Metadata,
    RecordedBatch,
    RecordedCall,
    RecordedEvent,
    RecordedMessage,
)
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.sinks import Recorder, Sink
from toggle_mock.recording.snapshot import CallState, Snapshot
from toggle_mock.schema import Schema, load_schema

MAX_BYTES = 512 * 1024 * 1024
"""Bytes of messages that a recording keeps."""

MAX_CALLS = 1_000_000
"""Calls that a recording keeps."""

MAX_STREAM_MESSAGES = 10_000
"""Messages that a recording keeps of one stream."""

MAX_CLEARED = 1_000
"""Batches that are known still after they were cleared, so that a miss can tell."""

MAX_CLEARED_BYTES = 1024 * 1024
"""Bytes of these batches."""

MAX_REFUSALS = 1_000
"""Refusals that a recording keeps."""


@dataclass(frozen=True)
class Position:
    """How far a reader has come."""

    epoch: int
    """The number of times that the recording had been cleared."""
    batches: int
    """The number of batches read, those included that were evicted since."""
    refusals: int = 0
    """The number of refusals read, those before included that were cleared or evicted since."""


@dataclass(frozen=True)
class News:
    """What came since a position."""

    batches: list[RecordedBatch]
    position: Position
    cleared: bool
    """Whether the recording was cleared since the last reading, and these are from after it."""
    refusals: list[Refusal]


@dataclass(eq=False)
class Waiter:
    """Who is called once something is so."""

    due: Callable[[], bool]
    then: Callable[[], object]
    told: bool = False


class Recording(Recorder):
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
        super().__init__()
        self.max_bytes: Final = max_bytes
        self.max_calls: Final = max_calls
        self.deduplicate = deduplicate
        self._schema: Schema | None = None
        self._is_auto = False
        self._fitting: Fitting | None = None
        self._changed = threading.Condition()
        self._calls: deque[RecordedCall] = deque()
        self._batches: deque[RecordedBatch] = deque()
        self._batches_by_sub: dict[str, deque[RecordedBatch]] = {}
        self._duplicates: deque[RecordedBatch] = deque(maxlen=MAX_STREAM_MESSAGES)
        self._batch_ids: dict[str, int] = {}
        self._cleared: deque[RecordedBatch] = deque()
        self._cleared_bytes = 0
        self._settled = 0
        self._refusals: deque[Refusal] = deque(maxlen=MAX_REFUSALS)
        self._refusal_number = 0
        self._under_way: dict[int, RecordedCall] = {}
        self._number = 0
        self._bytes = 0
        self._evicted_calls = 0
        self._evicted_batches = 0
        self._first_kept = 1
        self._epoch = 0
        self._version = 0
        self._waiting: list[Waiter] = []
        self.on_stream: Callable[[RecordedCall, int], None] = _nobody
        """Told, under a lock, of each Connect call that has become a stream at one of the servers
        that share what is recorded, and the server's number."""

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

    def batches_of(self, sub: str | None) -> list[RecordedBatch]:
        """The accepted batches of an organization, in the order of their arrival; None for all.

        Others cost nothing: a server of many sessions has batches of many.
        """
        with self._changed:
            return list(self._kept(sub))

    @property
    def duplicates(self) -> list[RecordedBatch]:
        """The batches whose id was recorded before, in the order of their arrival."""
        with self._changed:
            return list(self._duplicates)

    @property
    def refusals(self) -> list[Refusal]:
        """What was turned away, in the order of its coming; the last 1,000 of it."""
        with self._changed:
            return list(self._refusals)

    @property
    def cleared(self) -> list[RecordedBatch]:
        """The last batches from before a :meth:`clear`, about a megabyte of them."""
        with self._changed:
            return list(self._cleared)

    @property
    def events(self) -> Events:
        """The events of the accepted batches, in the order of their arrival."""
        return Events(self.batches, self.schema)

    @property
    def schema(self) -> Schema | None:
        """Under which its events are read; None for the project's own."""
        return self._schema

    @property
    def possible_schemas(self) -> tuple[Schema | None, ...]:
        """Under which they may be read yet; several if what comes decides."""
        return candidates() if self._is_auto else (self._schema,)

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
            self._under_way[call.number] = call
            self._bytes += _size(call)
            self._evict()
            self._tell(lambda: CallEntry.of(call), call)
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
            self._tell(lambda: MessageEntry.of(call, message), call)
            self.notify()
        return message

    def opened(self, call: RecordedCall) -> None:
        """See :meth:`Recorder.opened`; of no note where one server alone records."""

    def play_stream(self, call: RecordedCall, server: int) -> None:
        """A Connect call has become a stream at a server of those that share the recording."""
        with self._changed:
            self.on_stream(call, server)
            self.notify()

    def accept(self, call: RecordedCall, raw: bytes, *, batch_id: str, count: int) -> None:
        """Record that a call's batch was accepted; not if the call itself was cleared meanwhile."""
        if (fitting := self._fitting) is not None:
            fitting.see(self.decoded.of(raw).raw_events)
            self._read_under(fitting.best, is_auto=True)
        with self._changed:
            if call.number < self._first_kept:
                return
            duplicate = bool(batch_id) and batch_id in self._batch_ids
            batch = RecordedBatch(call, raw, count, duplicate, self.decoded, batch_id)
            if duplicate:
                self._duplicates.append(batch)
            if not (duplicate and self.deduplicate):
                self._batch_ids[batch_id] = call.number
                self._batches.append(batch)
                self._batches_by_sub.setdefault(call.sub, deque()).append(batch)
            self._tell(lambda: AcceptEntry(call.number), call)
            self.notify()

    def end(
        self,
        call: RecordedCall,
        status: str,
        details: str = "",
        trailers: Metadata = (),
        at: float | None = None,
    ) -> None:
        """Record how a call ended; ``at`` in seconds since the epoch, if that is not now."""
        with self._changed:
            call.status, call.details, call.trailers = status, details, trailers
            call.ended = time.time() if at is None else at
            self._under_way.pop(call.number, None)
            self._tell(lambda: EndEntry.of(call), call)
            self.notify()

    def refuse(self, refusal: Refusal) -> None:
        """Record that a call or a connection was turned away; it gets its number here."""
        with self._changed:
            self._refusal_number += 1
            numbered = structs.replace(refusal, number=self._refusal_number)
            self._refusals.append(numbered)
            self._tell(lambda: RefusalEntry.of(numbered), numbered)
            self.notify()

    def read_under(self, schema: Schema | Path | str | None) -> None:
        """Have events read under a schema; files say so.

        Args:
            schema: As for :func:`load_schema`; None for the project's own; ``auto`` for the newest
                published revision that all events fit, or else that most of them fit.

        Raises:
            SchemaError: There is no such schema.
        """
        if schema == AUTO:
            fitting = self._fitting = Fitting()
            for batch in self.batches:
                fitting.see(self.decoded.of(batch.raw).raw_events)
            self._read_under(fitting.best, is_auto=True)
        else:
            self._fitting = None
            self._read_under(None if schema is None else load_schema(schema), is_auto=False)

    def play_schema(self, entry: SchemaEntry) -> None:
        """Have events read as it was recorded elsewhere, unless they are looked at here.

        Raises:
            StorageError: The schema cannot be read.
        """
        if self._fitting is None:
            self._read_under(entry.schema, is_auto=entry.auto)

    def _read_under(self, schema: Schema | None, *, is_auto: bool) -> None:
        with self._changed:
            if (schema, is_auto) != (self._schema, self._is_auto):
                self._schema, self._is_auto = schema, is_auto
                self._tell(self._schema_entry, None)
                self.notify()

    def tell_schema(self) -> None:
        """Tell the sinks under which schema events are read, if that is not the project's own."""
        with self._changed:
            if self._has_schema:
                self._tell(self._schema_entry, None)

    @property
    def _has_schema(self) -> bool:
        return self._is_auto or self._schema is not None

    def _schema_entry(self) -> SchemaEntry:
        return SchemaEntry.of(self._schema, auto=self._is_auto)

    def clear(self) -> None:
        """Forget everything, except for the numbers; in the files as well."""
        with self._changed:
            self._refusals.clear()
            self._remember(self._batches)
            by_sub = list(self._batches_by_sub.values())
            forgotten = (self._calls, self._batches, self._duplicates)
            batch_ids = self._batch_ids
            self._calls, self._batches = deque(), deque()
            self._duplicates = deque(maxlen=MAX_STREAM_MESSAGES)
            self._batch_ids, self._under_way, self._batches_by_sub = {}, {}, {}
            self._bytes = self._evicted_calls = self._evicted_batches = 0
            self._first_kept = self._number + 1
            self._epoch += 1
            self._tell(ClearEntry, None)
            if self._fitting is not None:
                self._fitting = Fitting()
                self._schema = self._fitting.best
            self.tell_schema()
            self.notify()
        self.decoded.clear()
        # One by one, as all at once would take a second in which no other thread runs.
        for of_sub in by_sub:
            while of_sub:
                of_sub.pop()
        for records in forgotten:
            while records:
                records.pop()
        while batch_ids:
            batch_ids.popitem()
        self._wait_written()

    def settle(self) -> None:
        """What arrived until now explains nothing that is missed later: its test is over."""
        with self._changed:
            self._settled = self._number
            self._cleared.clear()
            self._cleared_bytes = 0

    def _remember(self, batches: deque[RecordedBatch]) -> None:
        """Know the last of what is cleared still."""
        last: list[RecordedBatch] = []
        size = 0
        for batch in islice(reversed(batches), MAX_CLEARED):
            size += len(batch.raw)
            if size > MAX_CLEARED_BYTES or batch.call.number <= self._settled:
                break
            last.append(batch)
        self._cleared.extend(reversed(last))
        self._cleared_bytes += sum(len(batch.raw) for batch in last)
        while self._cleared_bytes > MAX_CLEARED_BYTES or len(self._cleared) > MAX_CLEARED:
            self._cleared_bytes -= len(self._cleared.popleft().raw)

    def snapshot(self, sink: Sink | None = None) -> Snapshot:
        """What is recorded now; a sink is told all that comes from then on, and nothing before."""
        with self._changed:
            if sink is not None:
                self.sinks.append(sink)
            under_way = {number: CallState.of(call) for number, call in self._under_way.items()}
            batches, duplicates = list(self._batches), list(self._duplicates)
            refusals = list(self._refusals)
            schema = self._schema_entry() if self._has_schema else None
            return Snapshot(self._calls.copy(), batches, duplicates, under_way, refusals, schema)

    def detach(self, sink: Sink) -> None:
        """Tell a sink no more."""
        with self._changed:
            if sink in self.sinks:
                self.sinks.remove(sink)

    def _evict(self) -> None:
        while self._calls and (self._bytes > self.max_bytes or len(self._calls) > self.max_calls):
            oldest = self._calls.popleft()
            self._under_way.pop(oldest.number, None)
            self._bytes -= _size(oldest) + sum(len(message.raw) for message in oldest.messages)
            self._first_kept = oldest.number + 1
            self._evicted_calls += 1
        while self._duplicates and self._duplicates[0].call.number < self._first_kept:
            self._duplicates.popleft()
        while self._batches and self._batches[0].call.number < self._first_kept:
            evicted = self._batches.popleft()
            of_sub = self._batches_by_sub[evicted.call.sub]
            of_sub.popleft()
            if not of_sub:
                del self._batches_by_sub[evicted.call.sub]
            if self._batch_ids.get(evicted.batch_id) == evicted.call.number:
                del self._batch_ids[evicted.batch_id]
            self._evicted_batches += 1

    # Reading

    def _position(self) -> Position:
        batches = self._evicted_batches + len(self._batches)
        return Position(self._epoch, batches, self._refusal_number)

    def read(self, since: Position, timeout: float = 0.0, sub: str | None = None) -> News:
        """What came since a position; waits for the first of it, so many seconds at most.

        Args:
            since: The position.
            timeout: Seconds.
            sub: An organization, if others need not be told of, though they may be; None if not.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.has_news(since), _patience(timeout))
            now = self._position()
            cleared = now.epoch != since.epoch
            read = 0 if cleared else since.batches
            fresh = self._after(read, sub)
            refusals = [one for one in self._refusals if one.number > since.refusals]
            return News(fresh, now, cleared, refusals)

    def _after(self, read: int, sub: str | None) -> list[RecordedBatch]:
        """The batches after so many; if they are all, those of an organization."""
        if read <= self._evicted_batches:
            return list(self._kept(sub))
        # From the end, as who waits reads a few of many each time.
        fresh = self._evicted_batches + len(self._batches) - read
        return list(islice(reversed(self._batches), fresh))[::-1]

    def _kept(self, sub: str | None) -> Iterable[RecordedBatch]:
        return self._batches if sub is None else self._batches_by_sub.get(sub, ())

    @property
    def epoch(self) -> int:
        """How often it was cleared."""
        return self._epoch

    @property
    def version(self) -> int:
        """A number that grows with each change."""
        return self._version

    def has_changed(self, since: int) -> bool:
        """Whether the version is another."""
        return self._version != since

    def has_news(self, since: Position) -> bool:
        """Whether something came since a position."""
        return self._position() != since

    def wait_until(self, due: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is so, so many seconds at most; whether it is.

        Args:
            due: Whether it is so; asked at each change, under a lock.
            timeout: Seconds.
        """
        with self._changed:
            return self._changed.wait_for(due, _patience(timeout))

    @contextmanager
    def calling(self, then: Callable[[], object], due: Callable[[], bool]) -> Iterator[None]:
        """Call this, which must not block, once something is so, unless the block ends before.

        Args:
            then: What is called, under a lock, in any thread.
            due: Whether it is so; asked at each change, under a lock.
        """
        waiter = Waiter(due, then)
        with self._changed:
            self._waiting.append(waiter)
            self._tell_waiters()
        try:
            yield
        finally:
            # Garbage collection may end the block, in any thread, whatever locks that holds; but
            # only of one that was told, or together with the recording.
            if not waiter.told:
                with self._changed:
                    if waiter in self._waiting:
                        self._waiting.remove(waiter)

    def notify(self) -> None:
        """Tell all who wait that something has changed."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()
            self._tell_waiters()

    def _tell_waiters(self) -> None:
        for waiter in [one for one in self._waiting if one.due()]:
            self._waiting.remove(waiter)
            waiter.told = True
            waiter.then()

    def follow(
        self, stopped: Callable[[], bool], poke: float = 0.2, schema: Schema | None = None
    ) -> Iterator[RecordedEvent]:
        """All events, from the first on, each as it arrives.

        Args:
            stopped: Whether to end once all is given out; asked at least each ``poke`` seconds.
            poke: Seconds.
            schema: Under which they are read; None for the project's own.
        """
        for news in self.follow_news(stopped, poke):
            yield from Events(news.batches, schema)

    def follow_news(self, stopped: Callable[[], bool], poke: float = 0.2) -> Iterator[News]:
        """All that comes, from the first on, as it arrives; see :meth:`follow`."""
        position = Position(self._epoch, 0)
        while True:
            last = stopped()
            news = self.read(position, 0.0 if last else poke)
            position = news.position
            yield news
            if last:
                return


def unlimited(*, deduplicate: bool = False) -> Recording:
    """A recording without limits that matter, of what is recorded elsewhere."""
    return Recording(max_bytes=1 << 62, max_calls=1 << 62, deduplicate=deduplicate)


def _nobody(_call: RecordedCall, _server: int) -> None:
    """Nobody is told of streams."""


def _patience(timeout: float) -> float:
    return min(threading.TIMEOUT_MAX, max(0.0, timeout))


def _size(call: RecordedCall) -> int:
    """Bytes that a call takes without its messages, about."""
    return 500 + sum(len(key) + len(value) for key, value in call.metadata)
