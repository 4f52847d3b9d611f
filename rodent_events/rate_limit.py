"""Limits on how often something is done, such as a line of the log. They know no clock."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rodent_events import real_threads


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


@dataclass(frozen=True, slots=True)
class Rate:
    """How many pass."""

    per_second: float
    burst: int
    """How many pass at a time, after a pause that is long enough."""


class TokenBucket:
    """Lets as many pass as a rate says; from any thread, and amid a call of the same thread.

    Args:
        rate: How many pass.
        now: Seconds, by a monotonic clock, as in :meth:`take`.
    """

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now
        self._lock = real_threads.new_rlock()

    def take(self, now: float) -> bool:
        """Whether one more passes."""
        with self._lock:
            gained = (now - self._at) * self._rate.per_second
            self._at = now
            self._tokens = min(self._rate.burst, self._tokens + gained)
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
