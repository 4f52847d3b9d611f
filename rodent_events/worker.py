"""The thread that owns everything behind memory: disk, client, and the batch in flight.

It is one thread, to which others speak through an inbox of functions, which it calls one after the
other. Only the client's thread, when a batch is acknowledged, sends the next one by itself: to wake
this one for it would take as long as the call. Whichever of the two works holds the delivery lock.
What is due when is in ``schedule``, what becomes of a batch in ``retry_policy``.
"""

from __future__ import annotations

import logging
import math
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Final

from rodent_events import awaiting, clock, own_threads, real_threads
from rodent_events.batch import Batch
from rodent_events.buffer import EventBuffer
from rodent_events.client import EventClient, cannot_be_made
from rodent_events.codes import logger
from rodent_events.health_record import HealthRecord
from rodent_events.latch import Latch
from rodent_events.ledger import Drop
from rodent_events.own_threads import may_wait
from rodent_events.rate_limit import RateLimit
from rodent_events.retry_policy import Action, Decision, Outcome, Policy, Status, decide
from rodent_events.schedule import ERROR_PAUSE, INTERRUPT_TIMEOUT, Load, Schedule

# Of its own: who has seeded Python's random numbers gets the same ones with this thread as without.
_chance = random.SystemRandom()

# Seconds that are as good as forever.
_LONG = threading.TIMEOUT_MAX / 2

# Seconds after which who waits for the end looks at the clock.
_STEP = 0.5

# Seconds between two lines of the log about drops, but for the last one.
_DROP_LOG_PAUSE = 10.0

# Seconds after which bringing events to disk at the end is tried again.
_SAVE_PAUSE = 0.1


class Flush:
    """A request to deliver all that was emitted before it."""

    def __init__(self, buffer: EventBuffer) -> None:
        self._buffer = buffer
        self._start = buffer.account.turnover()
        self._over = Latch()
        self._complete = False
        self.check()

    def check(self) -> bool:
        """Whether it is over: each event from before it is delivered, or never will be."""
        now = self._buffer.account.turnover()
        if now.settled - (now.found - self._start.found) >= self._start.entered:
            self._complete = now.lost == self._start.lost
            self._over.set()
        return self._over.is_set()

    def give_up(self) -> None:
        """End it without success."""
        self._over.set()

    def wait(self, timeout: float | None) -> bool:
        """Wait for its end, so many seconds at the most; True if all was acknowledged."""
        if may_wait("flush()"):
            self._over.wait(timeout)
        return self._answer()

    async def wait_async(self, timeout: float | None) -> bool:
        """:meth:`wait`, without blocking the event loop."""
        if may_wait("flush_async()"):
            await awaiting.wait(self._over, timeout)
        return self._answer()

    def _answer(self) -> bool:
        self._over.set()  # nobody waits for it any more
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
        self._schedule = Schedule(config, clock.monotonic())
        self._inbox: SimpleQueue[Callable[[], None]] = real_threads.new_queue()
        self._delivery_lock = real_threads.new_lock()
        self._failures = 0
        self.health: Final = HealthRecord()
        """How it fares; anybody may ask it."""
        self._reported: Counter[tuple[str, str, str]] = Counter()
        self._logged = 0
        self._drop_log = RateLimit(_DROP_LOG_PAUSE)
        self._flushes: list[Flush] = []
        self._ended = Latch()
        self.wake_at: int = config.batch_size
        """The number of events in memory at which :meth:`wake` should be called."""

    # Called from any thread.

    def start(self) -> None:
        """Start the thread. What was found on disk is sent at once."""
        if self._buffer.folder_error is not None:
            self.health.disk_failed(self._buffer.folder_error)
            self._schedule.look_failed(clock.monotonic())
        self._inbox.put(_nothing)
        real_threads.start(self._run, "rodent-events")

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
        seconds = self._ask_to_stop(timeout)
        if not may_wait("shutdown()"):
            return False
        try:
            self._wait_for_end(seconds)
        except BaseException:
            self.stop_soon()
            self.wait_while_saving()
            raise
        return self._tell_of_end(timeout)

    async def stop_async(self, timeout: float | None) -> bool:
        """:meth:`stop`, without blocking the event loop; who is cancelled waits no more."""
        seconds = self._ask_to_stop(timeout)
        if not may_wait("shutdown_async()"):
            return False
        await awaiting.wait(self._ended, seconds)
        return self._tell_of_end(timeout)

    def _ask_to_stop(self, timeout: float | None) -> float:
        """The seconds that are to be waited."""
        start = clock.monotonic()
        seconds = _LONG if timeout is None else max(0.0, min(_LONG, timeout))
        self._inbox.put(lambda: self._schedule.stop_asked(start, seconds))
        return seconds

    def _tell_of_end(self, timeout: float | None) -> bool:
        """Whether the thread has ended; if not, the log says so."""
        ended = self._ended.is_set()
        if not ended:
            logger.error("shutdown took longer than %s s; some events may not be on disk", timeout)
        return ended

    def _wait_for_end(self, seconds: float) -> None:
        """Wait so many seconds at the most; those in which the process was stopped do not count."""
        while not self._ended.is_set() and seconds > 0:
            start = clock.monotonic()
            self._ended.wait(min(seconds, _STEP))
            seconds -= min(clock.monotonic() - start, 2 * _STEP)

    def stop_soon(self) -> None:
        """Send no more, bring all to disk, and end; without waiting for it."""
        self._inbox.put(lambda: self._schedule.stop_interrupted(clock.monotonic()))

    def wait_while_saving(self) -> None:
        """Wait for the end, as long as more and more is on disk."""
        left = math.inf
        while len(self._buffer) < left and not self._ended.is_set():
            left = len(self._buffer)
            self._wait_for_end(INTERRUPT_TIMEOUT)

    def pause(self, timeout: float) -> bool:
        """See :meth:`EventClient.pause`."""
        return self._client.pause(timeout)

    def resume(self) -> None:
        """See :meth:`EventClient.resume`."""
        self._client.resume()

    def save_soon(self, done: Callable[[], None]) -> None:
        """Bring to disk what is only in memory, without waiting; ``done`` is called in the end."""
        self._inbox.put(lambda: self._save_for(done))
        if self._ended.is_set():
            done()

    # Called from the client's thread.

    def _go_on(self, batch: Batch, outcome: Outcome) -> None:
        """Decide about a batch that was sent, and send the next."""
        with self._delivery_lock:
            if self._ended.is_set():
                return
            with self._whatever_happens():
                self._decide(batch, outcome)
                if outcome.status is Status.OK:  # else it would keep the lock from the other thread
                    self._send_if_due()
                self._check_flushes()
        if not self._schedule.is_sending:
            self._inbox.put(_nothing)  # there may be something to wait for

    # Everything below runs with the delivery lock.

    def _run(self) -> None:
        own_threads.enter()
        while not self._ended.is_set():
            with self._whatever_happens():
                message = self._wait_for_message()
                with self._delivery_lock:
                    message()
                    self._take_messages()
                    self._spill_if_due()
                    self._save_if_due()
                    self._sync_if_due()
                    self._look_if_due()
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
            self._schedule.went_wrong(clock.monotonic())
            with suppress(BaseException):  # a logging handler may be the cause
                logger.exception("unexpected error; delivery goes on in %.0f s", ERROR_PAUSE)
            if self._schedule.is_stopping:
                real_threads.sleep(_SAVE_PAUSE)  # then all is due at once

    def _wait_for_message(self) -> Callable[[], None]:
        """What somebody wants, or nothing when something is due; meanwhile without the lock."""
        with self._delivery_lock:
            now = clock.monotonic()
            seconds = self._next_deadline(now) - now
        try:
            return self._inbox.get(timeout=max(0.0, min(_LONG, seconds)))
        except Empty:
            return _nothing

    def _take_messages(self) -> None:
        with suppress(Empty):
            while True:
                self._inbox.get_nowait()()

    def _check_flushes(self) -> None:
        if self._flushes:
            self._flushes = [flush for flush in self._flushes if not flush.check()]

    def _next_deadline(self, now: float) -> float:
        """When something is due; an emitter that comes first wakes this thread."""
        self.wake_at = self._schedule.wake_level(now, self._load())
        # Set first, read then: an emitter that appends from now on sees it.
        return self._schedule.next_deadline(now, self._load(), self.wake_at)

    def _load(self) -> Load:
        buffer, memory = self._buffer, self._buffer.memory
        return Load(
            buffer.backlog,
            memory.above_watermark,
            memory.pressure,
            buffer.unsynced,
            buffer.unsaved > 0,
        )

    def _sync_if_due(self) -> None:
        if self._schedule.sync_is_due(clock.monotonic(), unsynced=self._buffer.unsynced):
            self._buffer.sync()

    def _report_drops(self, *, for_the_last_time: bool = False) -> None:
        """Tell of what was dropped since the last time: the callback at once, the log at times."""
        dropped = self._buffer.account.drops()
        if dropped.total() == self._logged:
            return  # then the callback knows of it too
        news, self._reported = dropped - self._reported, dropped
        if for_the_last_time or self._drop_log.passes(clock.monotonic()):
            self._logged = dropped.total()
            logger.error("%d events were dropped so far: %s", self._logged, dict(dropped))
        on_drop = self._buffer.config.on_drop
        if on_drop is None:
            return
        for (reason, level, category), count in news.items():
            try:
                on_drop(Drop(reason, level, category, count))
            except BaseException:  # SystemExit too would only end this thread
                logger.exception("on_drop raised")

    def _look_if_due(self) -> None:
        """Take over what neighbours have left that have ended; probe a disk that is not there."""
        if not self._schedule.look_is_due(clock.monotonic()):
            return
        try:
            self._buffer.look_around()
            if self.health.disk_is_failing and not self._buffer.unsaved:
                self._buffer.try_disk()
                self._disk_succeeded()
        except OSError as error:
            self.health.disk_failed(error)
            self._schedule.look_failed(clock.monotonic())
        else:
            self._schedule.looked(clock.monotonic())

    def _begin_flush(self, request: Flush) -> None:
        self._flushes.append(request)
        self._schedule.flush_asked()

    def _spill_if_due(self) -> None:
        memory, now = self._buffer.memory, clock.monotonic()
        if not memory.above_watermark or not self._schedule.may_spill(now, memory.pressure):
            return
        try:
            self._buffer.spill()
        except OSError as error:
            self._schedule.spill_failed(clock.monotonic())
            if self.health.disk_failed(error):
                logger.error("events stay in memory, which is nearly full: %s", error)

    def _save_if_due(self) -> None:
        """Bring to disk what has been only in this process for ``spill_after``."""
        if not self._schedule.save_is_due(clock.monotonic(), unsaved=self._buffer.unsaved > 0):
            return
        try:
            self._buffer.save()
        except OSError as error:
            self._schedule.save_failed(clock.monotonic())
            if self.health.disk_failed(error):
                logger.error("events stay in memory alone, since disk takes none: %s", error)
        else:
            self._disk_succeeded()

    def _disk_succeeded(self) -> None:
        if self.health.disk_succeeded():
            logger.info("disk takes events again")

    def _save_for(self, done: Callable[[], None]) -> None:
        """For who cannot wait for anybody else: nothing is logged here."""
        try:
            if not self._ended.is_set():
                self._buffer.save_for_end()
        except OSError:
            self._schedule.save_at_once()  # which tells of it
        finally:
            done()

    def _send_if_due(self) -> None:
        now = clock.monotonic()
        if not self._schedule.may_send(now):
            return
        partial = bool(self._flushes) or self._schedule.takes_partial(now)
        try:
            batch = self._buffer.next_batch(partial=partial)
        except OSError:
            self._schedule.read_failed(now)
            return
        if self._buffer.backlog == 0 or (partial and batch is None):
            self._schedule.nothing_left(now)
        if batch is None:
            return
        self._schedule.send_begun(now)
        try:
            self._client.start_send(batch, lambda outcome: self._go_on(batch, outcome))
        except RuntimeError as error:  # too many threads
            self._decide(batch, cannot_be_made(error))

    def _decide(self, batch: Batch, outcome: Outcome) -> None:
        self._failures += 1
        decision = decide(
            outcome,
            failures=self._failures,
            events=batch.count,
            policy=self._policy,
            jitter=_chance.random(),
        )
        self._schedule.send_ended(
            clock.monotonic(),
            events=batch.count,
            accepted=outcome.status is Status.OK,
            delay=decision.delay,
        )
        self._report(batch, outcome, decision)
        self._act(decision.action, outcome)

    def _report(self, batch: Batch, outcome: Outcome, decision: Decision) -> None:
        """Log a failure; one that only goes on, as in an outage, for those who look closely."""
        if decision.action is Action.ACKNOWLEDGE:
            seconds = self.health.send_succeeded()
            if seconds is not None:
                logger.info("Toggle takes events again, after %.1f s", seconds)
            return
        logger.log(
            logging.WARNING if self.health.send_failed(outcome) else logging.DEBUG,
            "batch %s of %d events: %s (%s): %s, next send in %.1f s",
            batch.id,
            batch.count,
            outcome.status.name,
            outcome.message,
            decision.action.name,
            decision.delay,
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
            if self.health.disk_failed(error):
                logger.error("the batch that waits for Toggle stays in memory: %s", error)
        self._schedule.requeued()

    def _stop_if_due(self) -> None:
        if not self._schedule.is_stopping:
            return
        if self._buffer.waiting and not self._schedule.stop_is_due(clock.monotonic()):
            return
        self._client.close()
        self._save()
        self._report_drops(for_the_last_time=True)
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
                if self._schedule.gives_up(clock.monotonic() + _SAVE_PAUSE):
                    unsaved = self._buffer.unsaved
                    logger.error("%d events could not be brought to disk: %s", unsaved, error)
                    return self._buffer.drop_unsaved()
            real_threads.sleep(_SAVE_PAUSE)


def _nothing() -> None:
    """A message that only wakes."""
