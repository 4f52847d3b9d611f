"""A limit on how often something is said, such as a line of the log. Pure."""

from __future__ import annotations

import math


class RateLimit:
    """Lets one pass in so many seconds.

    Args:
        pause: Seconds.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._next = -math.inf

    def passes(self, now: float) -> bool:
        """Whether one passes, by a monotonic clock in seconds; if so, the pause begins."""
        passes = now >= self._next
        if passes:
            self._next = now + self._pause
        return passes
