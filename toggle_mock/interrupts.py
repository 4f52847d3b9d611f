"""SIGINT and SIGTERM as a wish to stop, for the commands that run until they are told to."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable

from rodent_events import clock

_LOOK = 0.05
"""Seconds after which who waits for an interrupt looks for it."""


class Interrupt:
    """What a signal handler sets, and the main thread waits for.

    Not a ``threading.Event``: a handler runs in the main thread, amid whatever that does, and waits
    for itself if that is to hold the lock of the event just then, in ``wait`` or in ``set`` for an
    earlier signal. This has no lock.
    """

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it."""
        self._is_set = True

    def wait(self, timeout: float = math.inf) -> bool:
        """Wait until it is set, so many seconds at the most; whether it is."""
        end = clock.monotonic() + timeout
        while not self._is_set and (rest := end - clock.monotonic()) > 0:
            time.sleep(min(_LOOK, rest))
        return self._is_set


def on_interrupt(react: Callable[[], object]) -> None:
    """Have SIGINT and SIGTERM call a function instead of ending the process; in the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: react())


def interrupt_event() -> Interrupt:
    """What SIGINT and SIGTERM set instead of ending the process."""
    stop = Interrupt()
    on_interrupt(stop.set)
    return stop
