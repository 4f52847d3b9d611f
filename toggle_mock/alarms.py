"""Calls at times to come, by the clock that nobody sets: a test may have frozen the loop's."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rodent_events import clock, forks

_Alarm = tuple[float, int, Callable[[], object]]


class Alarms:
    """Calls at times to come. There is a thread for them as long as one is set."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, in a forked process: a thread that there is not may hold the lock."""
        self._changed = threading.Condition()
        self._set: list[_Alarm] = []  # a heap
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    @contextmanager
    def calling(self, then: Callable[[], object], at: float) -> Iterator[None]:
        """Call this, which must not block, unless the block ends before that time.

        Args:
            then: What is called, in a thread of its own.
            at: The time, by ``rodent_events.clock.monotonic``.
        """
        alarm = (at, next(self._numbers), then)
        with self._changed:
            heapq.heappush(self._set, alarm)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="toggle-alarms", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                if alarm in self._set:
                    self._set.remove(alarm)
                    heapq.heapify(self._set)
                    self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._set:
                at, _, then = self._set[0]
                left = at - clock.monotonic()
                if left > 0:
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                else:
                    heapq.heappop(self._set)
                    then()
            self._thread = None


ALARMS = Alarms()
"""Those of this process."""

forks.in_child(ALARMS.reset)
