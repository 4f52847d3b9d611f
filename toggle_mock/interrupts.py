"""SIGINT and SIGTERM as a wish to stop, for the commands that run until they are told to."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

ATTENTION = 0.5
"""Seconds that the main thread waits at a time: a signal that another thread gets, or that comes
just before, does not end a wait."""


def on_interrupt(react: Callable[[], object]) -> None:
    """Have SIGINT and SIGTERM call a function instead of ending the process; in the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: react())


def interrupt_event() -> threading.Event:
    """An event that SIGINT and SIGTERM set instead of ending the process."""
    stop = threading.Event()
    on_interrupt(stop.set)
    return stop


def wait_for_interrupt(stop: threading.Event, seconds: float) -> None:
    """Wait until the event is set, so many seconds at the most."""
    end = time.monotonic() + seconds
    while not stop.is_set() and (rest := end - time.monotonic()) > 0:
        stop.wait(min(ATTENTION, rest))
