"""How ``toggle-mock schema check`` is followed: a count on a terminal, once it takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rodent_events import clock

_LATEST = 2.0
"""Seconds after which something is shown."""

_BETWEEN = 0.2
"""Seconds between two counts."""


class Count:
    """Keeps one line up to date.

    Args:
        stream: A terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = clock.monotonic() + _LATEST
        self._shown = 0
        """Characters of the line that is there."""

    def __call__(self, done: int, of: int) -> None:
        """So many messages have been looked at."""
        now = clock.monotonic()
        if now < self._next:
            return
        self._next = now + _BETWEEN
        self._show(f"{done:,} of {of:,} messages looked at")

    def close(self) -> None:
        """Leave nothing behind."""
        if self._shown:
            self._show("")
            self._stream.write("\r")
            self._stream.flush()

    def _show(self, text: str) -> None:
        self._stream.write("\r" + text.ljust(self._shown))
        self._stream.flush()
        self._shown = len(text)


def _nowhere(_done: int, _of: int) -> None:
    """Nobody looks on."""


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Callable[[int, int], None]]:
    """What is to be told of the progress of a check; it shows it if ``stream`` is a terminal.

    Args:
        stream: Standard error, if it is not given.
    """
    stream = stream or sys.stderr
    if not stream.isatty():
        yield _nowhere
        return
    count = Count(stream)
    try:
        yield count
    finally:
        count.close()
