"""What the worker has to do when: send, spill, sync, end. Pure.

Times are seconds of one monotonic clock. Whoever asks has read it: there is no clock here, no
thread and no disk. What is done when its time has come is in ``worker``; after how long a batch is
sent again, in ``retry_policy``.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from rodent_events.config import EventConfig, Fsync, SpoolMode

NEVER = math.inf
_AT_ONCE = -math.inf

ERROR_PAUSE = 1.0
"""Seconds of rest after an error that should not happen."""

# Seconds an event, up to which Toggle takes events about as fast as they can be emitted. Then disk
# would be a detour: emitters that pause for moments are faster.
_KEEPING_UP = 20e-6

# Seconds that a send may take without Toggle being thought slow.
_SHORTEST_SEND = 0.005

# The pressure up to which memory need not be spilled while Toggle keeps up.
_PRESSURE_LIMIT = 0.5

# Seconds after which a spill that failed is tried again.
_SPILL_PAUSE = 1.0

# Seconds after which a file that could not be read is tried again.
READ_PAUSE = 0.5

# Seconds that an interrupted shutdown still has for the disk.
INTERRUPT_TIMEOUT = 2.0

LOOK_PAUSE = 10.0
"""Seconds between two looks for what neighbours have left that have ended."""

PROBE_PAUSE = 1.0
"""Seconds after which a folder that cannot be used is tried again, at first."""

# The part of shutdown's time that is kept for bringing events to disk.
_DISK_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Load:
    """What waits in the buffer at a moment."""

    backlog: int
    """Events that wait and are not in flight."""
    above_watermark: bool
    """Whether memory is to be spilled."""
    pressure: float
    """How far memory is filled beyond the watermark, from 0 to 1."""
    unsynced: bool
    """Whether there is something to sync at the next interval."""
    unsaved: bool
    """Whether there is something that is only in this process."""


class Schedule:
    """Is told what happens, and asked what is due.

    Args:
        config: The sizes of batches and of memory, ``batch_timeout``, ``fsync``, ``spool_mode``.
        now: When delivery begins.
    """

    def __init__(self, config: EventConfig, now: float) -> None:
        self._config = config
        self._is_sending = False
        self._sent_at = _AT_ONCE
        self._is_keeping_up = False
        self._send_at = _AT_ONCE
        self._partial_at = now + config.batch_timeout
        self._spill_at = _AT_ONCE
        self._sync_at = _AT_ONCE
        self._save_at = now + config.spill_after
        self._look_at = now + LOOK_PAUSE
        self._probe_pause = PROBE_PAUSE
        self._stop_at = NEVER
        self._give_up_at = _AT_ONCE

    # What happens

    def send_begun(self, now: float) -> None:
        """A batch is under way; the next waits for its outcome."""
        self._is_sending = True
        self._sent_at = now

    def send_ended(self, now: float, *, events: int, accepted: bool, delay: float) -> None:
        """A batch of so many events has its outcome, and no other is sent before the delay."""
        seconds = now - self._sent_at
        self._is_sending = False
        self._is_keeping_up = accepted and seconds <= max(_SHORTEST_SEND, _KEEPING_UP * events)
        self._send_at = now + delay

    def nothing_left(self, now: float) -> None:
        """What comes from now on may wait for others to fill its batch."""
        self._partial_at = now + self._config.batch_timeout

    def read_failed(self, now: float) -> None:
        """What is to be sent next cannot be read from disk."""
        self._send_at = now + READ_PAUSE

    def spill_failed(self, now: float) -> None:
        """Memory cannot be brought to disk."""
        self._spill_at = now + _SPILL_PAUSE

    def save_failed(self, now: float) -> None:
        """What is only in this process cannot be brought to disk."""
        self._save_at = now + _SPILL_PAUSE

    def save_at_once(self) -> None:
        """What is only in this process is to be brought to disk."""
        self._save_at = _AT_ONCE

    def looked(self, now: float) -> None:
        """What neighbours had left was taken over."""
        self._look_at = now + LOOK_PAUSE
        self._probe_pause = PROBE_PAUSE

    def look_failed(self, now: float) -> None:
        """There is no folder that can be used."""
        self._look_at = now + self._probe_pause
        self._probe_pause = min(2 * self._probe_pause, LOOK_PAUSE)

    def went_wrong(self, now: float) -> None:
        """There was an error that should not happen."""
        self._send_at = self._spill_at = self._save_at = self._look_at = now + ERROR_PAUSE

    def flush_asked(self) -> None:
        """Somebody waits for what is there: no pause that is under way holds for it."""
        self._send_at = _AT_ONCE

    def stop_asked(self, now: float, timeout: float) -> None:
        """It is to end within so many seconds, the last of which are kept for the disk."""
        self._end(now + timeout * (1 - _DISK_SHARE), now + timeout)

    def stop_interrupted(self, now: float) -> None:
        """It is to end at once: no time to send any more, but for the disk."""
        self._end(_AT_ONCE, now + INTERRUPT_TIMEOUT)

    def requeued(self) -> None:
        """Toggle takes nothing for a while: an end that was asked for need not wait for it."""
        if self.is_stopping:
            self._stop_at = _AT_ONCE

    def _end(self, stop_at: float, give_up_at: float) -> None:
        self._stop_at = stop_at
        self._give_up_at = max(self._give_up_at, give_up_at)
        self._send_at = _AT_ONCE
        # Before anything else: to log something may take a lock that nobody returns.
        self.save_at_once()

    # What is due

    @property
    def is_sending(self) -> bool:
        """Whether a batch is under way."""
        return self._is_sending

    @property
    def is_stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stop_at < NEVER

    def may_send(self, now: float) -> bool:
        """Whether the next batch may be sent."""
        return not self._is_sending and now >= self._send_at

    def takes_partial(self, now: float) -> bool:
        """Whether it may be one that is not full."""
        return self.is_stopping or now >= self._partial_at

    def may_spill(self, now: float, pressure: float) -> bool:
        """Whether memory may be spilled, if it is above its watermark."""
        return now >= self._spill_due(pressure)

    def sync_is_due(self, now: float, *, unsynced: bool) -> bool:
        """Whether the interval of ``fsync`` is over, which begins with the first unsynced event."""
        due = unsynced and now >= self._sync_at
        if due or not unsynced:
            self._sync_at = now + self._config.fsync_interval
        return due

    def save_is_due(self, now: float, *, unsaved: bool) -> bool:
        """Whether ``spill_after`` is over, which begins with the first event that is unsaved."""
        due = unsaved and now >= self._save_at
        if due or not unsaved:
            self._save_at = now + self._config.spill_after
        return due

    def look_is_due(self, now: float) -> bool:
        """Whether it is time to look around among the folders."""
        return now >= self._look_at and not self.is_stopping

    def stop_is_due(self, now: float) -> bool:
        """Whether the time for sending is over."""
        return now >= self._stop_at

    def gives_up(self, now: float) -> bool:
        """Whether the time for bringing events to disk is over too."""
        return now > self._give_up_at

    def wake_level(self, now: float, load: Load) -> int:
        """The backlog at which the worker has something to do, whatever the time."""
        config = self._config
        journal = config.spool_mode is SpoolMode.JOURNAL
        if self.may_send(now):
            level = config.batch_size
        elif journal:
            level = sys.maxsize
        else:
            level = self._spill_level()
        waits_for_first = not load.unsaved
        if journal:
            waits_for_first = config.fsync is Fsync.INTERVAL and not load.unsynced
        # The next event starts an interval.
        return min(level, load.backlog + 1) if waits_for_first else level

    def _spill_level(self) -> int:
        config = self._config
        room = config.buffer_size - config.flush_threshold
        leeway = int(room * _PRESSURE_LIMIT) if self._is_keeping_up else 0
        return min(config.flush_threshold + 1 + leeway, config.buffer_size)

    def next_deadline(self, now: float, load: Load, wake_level: int) -> float:
        """When something is due, unless something happens first.

        Args:
            now: The time.
            load: What waits, read after emitters have been told of the wake level.
            wake_level: As :meth:`wake_level` has returned it.
        """
        if load.backlog >= wake_level and self.may_send(now):
            return now  # what fills a batch has come since the last look
        return min(
            self._next_send(now),
            self._spill_due(load.pressure) if load.above_watermark else NEVER,
            self._sync_at if load.unsynced else NEVER,
            self._save_at if load.unsaved else NEVER,
            NEVER if self.is_stopping else self._look_at,
            self._stop_at,
        )

    def _next_send(self, now: float) -> float:
        if self._is_sending:
            return NEVER
        return self._partial_at if now >= self._send_at else self._send_at

    def _spill_due(self, pressure: float) -> float:
        if not self._is_keeping_up or pressure >= _PRESSURE_LIMIT:
            return self._spill_at
        return max(self._spill_at, self._sent_at + _SHORTEST_SEND)
