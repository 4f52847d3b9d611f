"""The events that match a query, by their place among them: what is found once stays found.

Who looks at a page of a million events asks for a hundred of them at a time, again and again.
"""

from __future__ import annotations

import math
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rodent_events import clock
from toggle_mock.assertions.view import search
from toggle_mock.http_api.pauses import with_pauses
from toggle_mock.recording.recorder import Position
from toggle_mock.recording.records import RecordedBatch, RecordedEvent
from toggle_mock.toggle.toggle import LocalToggle

_KEPT = 8
"""Queries whose events are remembered."""

_KEPT_FOR = 60.0
"""Seconds without being asked for; what a query says of now is then found out again."""


@dataclass(frozen=True)
class Span:
    """Some of what was found. Places count on from what was evicted, so that none is another's."""

    begin: int
    """The place of the first event that there is."""
    end: int
    """The place behind the last one."""
    first: int
    """The place of the first of those here."""
    events: list[RecordedEvent]


@dataclass(frozen=True)
class _Part:
    batch: RecordedBatch
    places: Sequence[int]
    """Which of its events match."""


class Finding:
    """The events of a mock, or of a session, that match a query. For any number of threads.

    Args:
        toggle: Where they arrive.
        query: The query.

    Raises:
        QueryError: It is none.
    """

    def __init__(self, toggle: LocalToggle, query: str) -> None:
        self.schema: Final = toggle.schema
        """Under which they were read."""
        self._toggle = toggle
        self._matches = toggle.checked(query) if query.strip() else None
        self._lock = threading.Lock()
        self._forget(begin=0)

    def _forget(self, begin: int) -> None:
        self._begin = begin
        self._parts: list[_Part] = []
        self._ends: list[int] = []
        self._position = Position(-1, 0)
        self._evicted = 0

    @property
    def end(self) -> int:
        """The place behind the last one that was found so far."""
        return self._ends[-1] if self._ends else self._begin

    def read(self, first: int, count: int) -> Span:
        """Some events, and how many there are, those included that have come meanwhile.

        Args:
            first: The place of the first; negative counts from the end.
            count: How many at the most.
        """
        with self._lock:
            self._catch_up()
            begin, end = self._begin, self.end
            start = max(begin, end + first if first < 0 else first)
            return Span(begin, end, start, self._slice(start, min(end, start + count)))

    def _catch_up(self) -> None:
        self._toggle.catch_up()
        news = self._toggle.recording.read(self._position)
        if news.cleared:
            self._forget(begin=0)
        self._position = news.position
        for batch in with_pauses(self._toggle.mine(news.batches)):
            if places := self._places(batch):
                self._ends.append(self.end + len(places))
                self._parts.append(_Part(batch, places))
        self._drop_evicted()

    def _places(self, batch: RecordedBatch) -> Sequence[int]:
        if self._matches is None:
            return range(batch.count)
        found = search([batch], self._matches, self.schema)
        return array("I", (event.place for event in found))

    def _drop_evicted(self) -> None:
        recording = self._toggle.recording
        if recording.evicted == self._evicted:
            return
        self._evicted = recording.evicted
        kept = recording.batches
        first = kept[0].call.number if kept else math.inf
        gone = bisect_left(self._parts, first, key=lambda part: part.batch.call.number)
        if gone:
            self._begin = self._ends[gone - 1]
            del self._parts[:gone], self._ends[:gone]

    def _slice(self, start: int, stop: int) -> list[RecordedEvent]:
        found: list[RecordedEvent] = []
        which = bisect_right(self._ends, start)
        while which < len(self._parts):
            part, end = self._parts[which], self._ends[which]
            which += 1
            begin = end - len(part.places)
            if begin >= stop:
                break
            places = part.places[max(0, start - begin) : stop - begin]
            found += [RecordedEvent(part.batch, place, self.schema) for place in places]
        return found


class Findings:
    """The queries that were asked last. For any number of threads.

    Args:
        now: The clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str | None, str], tuple[float, Finding]] = OrderedDict()

    def of(self, toggle: LocalToggle, session: str | None, query: str) -> Finding:
        """What is found of a query in a session, or in the whole.

        Raises:
            QueryError: It is no query.
        """
        key, now = (session, query), self._now()
        with self._lock:
            asked, finding = self._kept.pop(key, (0.0, None))
        if finding is None or now - asked > _KEPT_FOR or finding.schema is not toggle.schema:
            finding = Finding(toggle, query)
        with self._lock:
            self._kept[key] = (now, finding)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return finding

    def forget(self) -> None:
        """Find all anew: what was found is there no more, perhaps."""
        with self._lock:
            self._kept.clear()
