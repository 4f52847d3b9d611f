"""What one thread waits for and another sets, without a lock that an interrupt could leave held."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from rodent_events import real_threads


class Latch:
    """Set once, for ever.

    Not a ``threading.Event``: an exception of a signal handler, amid the Python code with which
    that takes its lock, leaves the lock held, and then whoever sets it waits for ever.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._closed = real_threads.new_lock()
        self._closed.acquire()
        self._calls: deque[Callable[[], None]] = deque()

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it."""
        self._is_set = True
        with suppress(RuntimeError):  # it is set already
            self._closed.release()
        self._make_calls()

    def when_set(self, call: Callable[[], None]) -> None:
        """Have something called once, by whoever sets it, or now if it is set.

        Args:
            call: Must not raise.
        """
        self._calls.append(call)
        if self._is_set:
            self._make_calls()

    def _make_calls(self) -> None:
        while self._calls:
            with suppress(IndexError):  # two threads may be here, and one has taken the last
                self._calls.popleft()()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, so many seconds at the most; whether it is."""
        seconds = -1 if timeout is None else max(0.0, min(timeout, threading.TIMEOUT_MAX))
        if not self._is_set and real_threads.acquire(self._closed, seconds):
            self.set()  # for the others that wait
        return self._is_set
