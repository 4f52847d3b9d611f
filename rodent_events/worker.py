"""What owns everything behind memory: disk, client, timers, and the batch in flight.

It is one thread, to which others speak through an inbox of functions, which it calls one after the
other. Only the client's thread, when a batch is acknowledged, sends the next one by itself: to wake
this one for it would take as long as the call. Whichever of the two works holds the delivery lock.
"""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

from rodent_events.batch import Batch
from rodent_events.buffer import EventBuffer
from rodent_events.client import EventClient, cannot_be_made
from rodent_events.config import Fsync, SpoolMode
from rodent_events.ledger import Drop
from rodent_events.retry_policy import Action, Decision, Outcome, Policy, Status, decide

logger = logging.getLogger("rodent_events")

# Seconds an event, up to which Toggle takes events about as fast as they can be emitted. Then disk
# would be a detour: emitters that pause for moments are faster.
_KEEPING_UP = 20e-6

# Seconds that a send may take without Toggle being thought slow.
_SHORTEST_SEND = 0.005

# How far memory may be filled beyond flush_threshold while Toggle keeps up.
_PRESSURE_LIMIT = 0.5

# Seconds after which a spill that failed is tried again.
_SPILL_PAUSE = 1.0

# Seconds after which a file that could not be read is tried again.
_DISK_PAUSE = 0.5

# Seconds of rest after an error that should not happen.
_ERROR_PAUSE = 1.0

# Seconds that are as good as forever.
_LONG = threading.TIMEOUT_MAX / 2

# Seconds between two lines of the log about drops.
_DROP_LOG_PAUSE = 10.0

# Seconds after which bringing events to disk at the end is tried again.
_SAVE_PAUSE = 0.1

# Seconds that an interrupted shutdown still has for the disk.
_INTERRUPT_PATIENCE = 2.0

# The part of shutdown's time that is kept for bringing events to disk.
_DISK_SHARE = 0.2


class Flush:
    """A request to deliver all that was emitted before it."""

    def __init__(self, buffer: EventBuffer) -> None:
        self._buffer = buffer
        self._start = buffer.turnover()
        self._over = threading.Event()
        self._complete = False
        self.check()

    def check(self) -> bool:
        """Whether it is over: each event from before it is delivered, or never will be."""
        now = self._buffer.turnover()
        if now.settled >= self._start.entered:
            self._complete = now.lost == self._start.lost
            self._over.set()
        return self._over.is_set()

    def give_up(self) -> None:
        """End it without success."""
        self._over.set()

    def wait(self, timeout: float | None) -> bool:
        """Wait for its end, so many seconds at the most; True if all was acknowledged."""
        self._over.wait(timeout)
        return self._complete


class Worker:
    """Delivers what is in a buffer.

    Args:
        buffer: An opened buffer.
        client: The worker closes it.
        on_end: Called in the worker's thread at its end; it closes the buffer.
    """

    def __init__(
        self, buffer: EventBuffer, client: EventClient, on_end: Callable[[], None]
    ) -> None:
        self._buffer = buffer
        self._client = client
        self._on_end = on_end
        config = buffer.config
        self._policy = Policy(
            config.max_retry_attempts,
            config.retry_backoff_base,
            config.retry_backoff_max,
            config.retry_rejected,
        )
        self._batch_size = config.batch_size
        self._batch_timeout = config.batch_timeout
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._delivery_lock = threading.Lock()
        self._is_sending = False
        self._sent_at = 0.0
        self._is_keeping_up = False
        self._failures = 0
        self._failure: tuple[str, Status, Action] | None = None
        self._send_at = 0.0
        self._partial_at = time.monotonic() + config.batch_timeout
        self._spill_at = 0.0
        self._sync_at = 0.0
        self._reported: Counter[tuple[str, str, str]] = Counter()
        self._log_drops_at = 0.0
        self._flushes: list[Flush] = []
        self._stop_at: float | None = None
        self._give_up_at = 0.0
        self._ended = threading.Event()
        self.wake_at = self._batch_size
        """The number of events in memory at which :meth:`wake` should be called."""
        self._thread = threading.Thread(target=self._run, name="rodent-events", daemon=True)

    # Called from any thread.

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Tell that ``wake_at`` is reached. Takes no lock that a signal handler could meet."""
        self.wake_at = sys.maxsize
        self._inbox.put(_nothing)

    def flush(self) -> Flush:
        """Deliver all that was emitted so far, without waiting for a full batch."""
        request = Flush(self._buffer)
        self._inbox.put(lambda: self._begin_flush(request))
        if self._ended.is_set():
            request.give_up()
        return request

    def stop(self, timeout: float | None) -> bool:
        """Deliver what can be delivered, bring the rest to disk, and end.

        Returns:
            Whether the thread has ended within the timeout, in seconds.
        """
        start = time.monotonic()
        seconds = _LONG if timeout is None else max(0.0, timeout)
        stop_at = start + seconds * (1 - _DISK_SHARE)
        self._inbox.put(lambda: self._begin_stop(stop_at, start + seconds))
        try:
            return self._ended.wait(max(0.0, min(_LONG, start + seconds - time.monotonic())))
        except BaseException:
            # An interrupt: no time to send any more, but for the disk.
            self._inbox.put(lambda: self._begin_stop(0.0, time.monotonic() + _INTERRUPT_PATIENCE))
            self._ended.wait(_INTERRUPT_PATIENCE)
            raise

    # Called from the client's thread.

    def _go_on(self, batch: Batch, outcome: Outcome) -> None:
        """Decide about a batch that was sent, and send the next."""
        with self._delivery_lock:
            if self._ended.is_set():
                return
            with self._whatever_happens():
                self._decide(batch, outcome)
                self._send_if_due()
                self._check_flushes()
        if not self._is_sending:
            self._inbox.put(_nothing)  # there may be something to wait for

    # Everything below runs with the delivery lock.

    def _run(self) -> None:
        while not self._ended.is_set():
            with self._whatever_happens():
                message = self._wait_for_message()
                with self._delivery_lock:
                    message()
                    self._take_messages()
                    self._spill_if_due()
                    self._sync_if_due()
                    self._send_if_due()
                    self._check_flushes()
                    self._report_drops()
                    self._stop_if_due()

    @contextmanager
    def _whatever_happens(self) -> Iterator[None]:
        """Go on after an error that should not happen."""
        try:
            yield
        except BaseException:
            self._send_at = self._spill_at = time.monotonic() + _ERROR_PAUSE
            with suppress(BaseException):  # a logging handler may be the cause
                logger.exception("unexpected error; delivery goes on in %.0f s", _ERROR_PAUSE)

    def _wait_for_message(self) -> Callable[[], None]:
        """What somebody wants, or nothing when something is due; meanwhile without the lock."""
        with self._delivery_lock:
            patience = self._patience()
        try:
            return self._inbox.get(timeout=patience)
        except Empty:
            return _nothing

    def _take_messages(self) -> None:
        with suppress(Empty):
            while True:
                self._inbox.get_nowait()()

    def _check_flushes(self) -> None:
        if self._flushes:
            self._flushes = [flush for flush in self._flushes if not flush.check()]

    def _patience(self) -> float:
        """Seconds until something is due, unless a message comes first."""
        now = time.monotonic()
        resting = now < self._send_at
        busy = resting or self._is_sending
        self.wake_at = self._wake_level(busy)
        # Set first, read then: an emitter that appends from now on sees it and wakes this thread.
        if self._buffer.backlog >= self.wake_at and now >= self._spill_due():
            return 0.0
        due = [self._send_at if resting else self._partial_at] if not self._is_sending else []
        if self._buffer.above_watermark:
            due.append(self._spill_due())
        if self._buffer.unsynced:
            due.append(self._sync_at)
        if self._stop_at is not None:
            due.append(self._stop_at)
        return max(0.0, min(due, default=_LONG) - now)

    def _wake_level(self, busy: bool) -> int:
        """The backlog that this thread has something to do about."""
        config = self._buffer.config
        backlog = self._buffer.backlog
        if config.fsync is Fsync.INTERVAL and not self._buffer.unsynced:
            return backlog + 1  # the next event is to be synced, and starts the interval
        if not busy:
            return self._batch_size
        if config.spool_mode is SpoolMode.JOURNAL:
            return sys.maxsize
        room = config.buffer_size - config.flush_threshold
        leeway = int(room * _PRESSURE_LIMIT) if self._is_keeping_up else 0
        return min(config.flush_threshold + 1 + leeway, config.buffer_size)

    def _sync_if_due(self) -> None:
        now = time.monotonic()
        if not self._buffer.unsynced:
            self._sync_at = now + self._buffer.config.fsync_interval
        elif now >= self._sync_at:
            self._sync_at = now + self._buffer.config.fsync_interval
            self._buffer.sync()

    def _report_drops(self) -> None:
        """Tell of what was dropped since the last time: the callback at once, the log at times."""
        dropped = self._buffer.drops()
        if dropped.total() == self._reported.total():
            return
        news, self._reported = dropped - self._reported, dropped
        if time.monotonic() >= self._log_drops_at or self._stop_at is not None:
            self._log_drops_at = time.monotonic() + _DROP_LOG_PAUSE
            logger.error("%d events were dropped so far: %s", dropped.total(), dict(dropped))
        on_drop = self._buffer.config.on_drop
        if on_drop is None:
            return
        for (reason, level, category), count in news.items():
            try:
                on_drop(Drop(reason, level, category, count))
            except Exception:
                logger.exception("on_drop raised")

    def _begin_flush(self, request: Flush) -> None:
        self._flushes.append(request)
        self._send_at = 0.0

    def _begin_stop(self, stop_at: float, give_up_at: float) -> None:
        """Send until ``stop_at``; try to bring what is left to disk until ``give_up_at``."""
        self._stop_at = stop_at
        self._give_up_at = max(self._give_up_at, give_up_at)
        self._send_at = 0.0

    def _spill_if_due(self) -> None:
        if not self._buffer.above_watermark or time.monotonic() < self._spill_due():
            return
        try:
            self._buffer.spill()
        except OSError as error:
            self._spill_at = time.monotonic() + _SPILL_PAUSE
            logger.error("events stay in memory, which is nearly full: %s", error)

    def _spill_due(self) -> float:
        """When memory is to be spilled, if it is crowded."""
        if not self._is_keeping_up or self._buffer.pressure >= _PRESSURE_LIMIT:
            return self._spill_at
        return max(self._spill_at, self._sent_at + _SHORTEST_SEND)

    def _send_if_due(self) -> None:
        now = time.monotonic()
        if self._is_sending or now < self._send_at:
            return
        hurried = bool(self._flushes) or self._stop_at is not None
        partial = hurried or now >= self._partial_at
        try:
            batch = self._buffer.next_batch(partial=partial)
        except OSError:
            self._send_at = now + _DISK_PAUSE
            return
        if self._buffer.backlog == 0 or (partial and batch is None):
            self._partial_at = now + self._batch_timeout
        if batch is None:
            return
        self._sent_at = now
        self._is_sending = True
        try:
            self._client.start_send(batch, lambda outcome: self._go_on(batch, outcome))
        except RuntimeError as error:  # too many threads
            self._decide(batch, cannot_be_made(error))

    def _decide(self, batch: Batch, outcome: Outcome) -> None:
        self._is_sending = False
        seconds = time.monotonic() - self._sent_at
        self._is_keeping_up = outcome.status is Status.OK and seconds <= max(
            _SHORTEST_SEND, _KEEPING_UP * batch.count
        )
        self._failures += 1
        decision = decide(
            outcome,
            failures=self._failures,
            events=batch.count,
            policy=self._policy,
            jitter=random.random(),
        )
        self._send_at = time.monotonic() + decision.delay
        self._report(batch, outcome, decision)
        self._act(decision.action, outcome)

    def _report(self, batch: Batch, outcome: Outcome, decision: Decision) -> None:
        """Log a failure; one that only goes on, as in an outage, for those who look closely."""
        if decision.action is Action.ACKNOWLEDGE:
            if self._failure is not None:
                logger.info("Toggle takes events again")
            self._failure = None
            return
        failure = (batch.id, outcome.status, decision.action)
        level = logging.DEBUG if failure == self._failure else logging.WARNING
        self._failure = failure
        logger.log(
            level,
            "batch %s of %d events: %s (%s): %s, next send in %.1f s",
            *(batch.id, batch.count, outcome.status.name, outcome.message),
            *(decision.action.name, decision.delay),
        )

    def _act(self, action: Action, outcome: Outcome) -> None:
        match action:
            case Action.ACKNOWLEDGE:
                self._failures = 0
                self._buffer.acknowledge()
            case Action.QUARANTINE:
                self._failures = 0
                self._buffer.quarantine(f"{outcome.status.name}: {outcome.message}")
            case Action.SPLIT:
                self._failures = 0
                self._buffer.split()
            case Action.REAUTHENTICATE:
                self._client.forget_token()
            case Action.REQUEUE:
                self._requeue()
            case Action.RETRY:
                pass

    def _requeue(self) -> None:
        try:
            self._buffer.requeue()
        except OSError as error:
            logger.error("the batch that waits for Toggle stays in memory: %s", error)
        if self._stop_at is not None:
            self._stop_at = 0.0

    def _stop_if_due(self) -> None:
        if self._stop_at is None:
            return
        if time.monotonic() < self._stop_at and self._buffer.waiting:
            return
        self._client.close()
        self._save()
        self._ended.set()
        while not self._inbox.empty():
            self._inbox.get()()
        for flush in self._flushes:
            flush.give_up()

    def _save(self) -> None:
        """Bring all to disk; while that fails, try again as long as there is time."""
        while True:
            try:
                return self._on_end()
            except OSError as error:
                if time.monotonic() + _SAVE_PAUSE > self._give_up_at:
                    unsaved = self._buffer.unsaved
                    logger.error("%d events could not be brought to disk: %s", unsaved, error)
                    return None
            time.sleep(_SAVE_PAUSE)


def _nothing() -> None:
    """A message that only wakes."""
