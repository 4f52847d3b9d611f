"""The clocks by which this process waits: real ones, also in a test that has frozen time.

freezegun and time-machine replace ``time.time`` and its like, and freezegun ``time.monotonic`` too,
in some threads and not in others. They leave ``clock_gettime`` alone, except that time-machine has
its say about ``CLOCK_REALTIME``. What others are told, such as an event's timestamp, is as
``time.time`` has it.
"""

from __future__ import annotations

import sys
import time

# Of Linux; elsewhere there is no second clock of this kind.
_REALTIME = 5 if sys.platform == "linux" else time.CLOCK_REALTIME  # CLOCK_REALTIME_COARSE


def monotonic() -> float:
    """Seconds of a clock that nobody sets, to measure and to wait with.

    It stands still while the machine is suspended, and goes on while the process is stopped.
    """
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class GrpcTimeout(float):
    """Seconds that a call of gRPC may take.

    gRPC adds a timeout to what ``time.time()`` says and waits for that moment by the real clock; so
    this one is added to the real time.
    """

    def __radd__(self, _now: float) -> float:
        """The moment when the time is over, in seconds since the Unix epoch."""
        return float(self) + time.clock_gettime(_REALTIME)
