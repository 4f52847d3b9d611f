"""Calls at times to come, by the clock that nobody sets: a test may have frozen the loop's."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rodent_events import clock, forks


@dataclass(order=True)
class _Alarm:
    at: float
    number: int
    then: Callable[[], object] = field(compare=False)
    is_set: bool = field(default=True, compare=False)


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
        alarm = _Alarm(at, next(self._numbers), then)
        self._add(alarm)
        try:
            yield
        finally:
            # Garbage collection may end the block, in any thread, whatever locks that holds; but
            # only once the alarm is no longer set, which refers to all that waits for it.
            if alarm.is_set:
                self._remove(alarm)

    def _add(self, alarm: _Alarm) -> None:
        with self._changed:
            heapq.heappush(self._set, alarm)
            self._changed.notify()
            if self._thread is not None:
                return
            thread = self._thread = threading.Thread(
                target=self._run, name="toggle-alarms", daemon=True
            )
        thread.start()  # without the lock: it waits for a thread that may collect garbage

    def _remove(self, alarm: _Alarm) -> None:
        with self._changed:
            if alarm in self._set:
                self._set.remove(alarm)
                heapq.heapify(self._set)
                self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._set:
                alarm = self._set[0]
                left = alarm.at - clock.monotonic()
                if left > 0:
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                else:
                    heapq.heappop(self._set)
                    alarm.is_set = False
                    alarm.then()
            self._thread = None


ALARMS = Alarms()
"""Those of this process."""

forks.in_child(ALARMS.reset)
