"""Events that wait in memory: how many may, what happens beyond, and how emitters are slowed down.

Frames come one by one and leave by the batch. What is older, on disk, is none of its business.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import accumulate

from rodent_events import clock, wire
from rodent_events.config import EventConfig, Overflow
from rodent_events.latch import Latch
from rodent_events.ledger import DropReason, Ledger, Place

# In a burst, from so many waiting events on, emitters let other threads run at each so many: a
# thread that only emits keeps the interpreter for milliseconds, in which nothing would be sent.
_BURST = 256
_BREATH = 128

# Seconds; the shortest sleep that there is.
_INSTANT = 1e-6

# Seconds that an emitter pauses, at the most, to let the worker empty memory in time.
_LONGEST_PAUSE = 0.001


class Memory:
    """Frames of events, oldest first.

    :meth:`append` may be called from any thread, and takes no lock while there is room; what takes
    frames out, by one at a time.

    Args:
        config: The limits of memory and of a batch, and what happens beyond (``overflow``).
        ledger: What is taken, put back and dropped is booked there.
    """

    def __init__(self, config: EventConfig, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger
        self._limit = config.buffer_size
        self._watermark = min(config.flush_threshold, config.buffer_size - 1)
        self._blocked: deque[Latch] = deque()
        self.frames: deque[bytes] = deque()
        """What waits; others only look at it."""

    # For emitters

    def append(self, frame: bytes) -> bool:
        """Append a frame.

        Returns:
            False if it was dropped, since there is no room and ``overflow`` says so.
        """
        if len(self.frames) >= self._limit and not self._make_room():
            self._ledger.drop(DropReason.OVERFLOW, Place.REFUSED, [wire.event_kind(frame)])
            return False
        self.frames.append(frame)
        return True

    def extend(self, frames: Iterable[bytes]) -> None:
        """Append frames that are accepted already, whatever the limit."""
        self.frames.extend(frames)

    @property
    def pause(self) -> float:
        """Seconds for which whoever has just appended should sleep."""
        waiting = len(self.frames)
        breath = _INSTANT if waiting >= _BURST and waiting % _BREATH == 0 else 0.0
        return breath + self.pressure * _LONGEST_PAUSE if waiting > self._watermark else breath

    def _make_room(self) -> bool:
        """Make room for a frame, as ``overflow`` says."""
        overflow = self._config.overflow
        if overflow is Overflow.DROP_OLDEST:
            self._drop_beyond(self._limit - 1)
            return True
        return overflow is Overflow.BLOCK and self._wait_for_room()

    def _wait_for_room(self) -> bool:
        """Wait as long as ``overflow_timeout``; without a lock, see :class:`Latch`."""
        end = clock.monotonic() + self._config.overflow_timeout
        while len(self.frames) >= self._limit:
            told = Latch()
            self._blocked.append(told)
            # There may be room since the last look, of which nobody will tell.
            left = end - clock.monotonic()
            if len(self.frames) >= self._limit and (left <= 0 or not told.wait(left)):
                return False
        return True

    def drop_all(self, reason: DropReason) -> None:
        """Drop what waits."""
        self._drop_beyond(0, reason)

    def _drop_beyond(self, size: int, reason: DropReason = DropReason.OVERFLOW) -> None:
        with self._ledger.lock:
            while len(self.frames) > size:
                kind = wire.event_kind(self.frames.popleft())
                self._ledger.drop(reason, Place.MEMORY, [kind])

    # For who empties it

    @property
    def above_watermark(self) -> bool:
        """Whether there are more events than ``flush_threshold``, or there is room for no more."""
        return len(self.frames) > self._watermark

    @property
    def pressure(self) -> float:
        """How far it is filled beyond flush_threshold: 0 not at all, 1 up to buffer_size."""
        room = self._limit - self._config.flush_threshold
        beyond = len(self.frames) - self._config.flush_threshold
        return min(1.0, max(0.0, beyond / room)) if room else float(beyond >= 0)

    def take(self) -> list[bytes]:
        """Take the oldest frames, up to the limits of a batch; from now on they are in flight."""
        with self._ledger.lock:
            count = min(len(self.frames), self._config.batch_size)
            taken = [self.frames.popleft() for _ in range(count)]
            fitting = self._fitting(taken)
            self.frames.extendleft(reversed(taken[fitting:]))
            del taken[fitting:]
            self._ledger.move(len(taken), Place.MEMORY, Place.IN_FLIGHT)
        self._tell_of_room()
        return taken

    def _tell_of_room(self) -> None:
        while self._blocked:
            self._blocked.popleft().set()

    def _fitting(self, frames: list[bytes]) -> int:
        """How many of them fit into a batch; one does, whatever its size."""
        limit = self._config.max_batch_bytes - wire.TRAILER_BYTES
        if sum(map(len, frames)) <= limit:
            return len(frames)
        return max(1, bisect_right(list(accumulate(map(len, frames))), limit))

    def put_back(self, frames: Sequence[bytes]) -> None:
        """Put frames that were taken last into their old place, before all others."""
        with self._ledger.lock:
            self._ledger.move(len(frames), Place.IN_FLIGHT, Place.MEMORY)
            self.return_drained(frames)

    def drain(self, count: int = sys.maxsize) -> list[bytes]:
        """Take so many frames, unaccounted: who appends them elsewhere counts them there."""
        taken: list[bytes] = []
        with self._ledger.lock:
            while self.frames and len(taken) < count:  # emitters may append all the time
                taken.append(self.frames.popleft())
        return taken

    def return_drained(self, frames: Sequence[bytes]) -> None:
        """Put frames that were drained into their old place, before all others."""
        with self._ledger.lock:
            self.frames.extendleft(reversed(frames))
            if self._config.overflow is Overflow.DROP_OLDEST:
                self._drop_beyond(self._limit)  # others may have taken their place
        self._tell_of_room()
