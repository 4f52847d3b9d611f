"""An event loop of asyncio for threads of our own."""

from __future__ import annotations

import asyncio

from rodent_events import clock


class EventLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers go by the real clock, also in a test that has frozen time."""

    def time(self) -> float:
        """Seconds of a clock that nobody sets."""
        return clock.monotonic()
