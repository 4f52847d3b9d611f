"""The event bus: emit from anywhere, deliver in the background."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import WeakSet

from google.protobuf.message import Message

from rodent_events import clock, forks, real_threads, signals, wire
from rodent_events.awaiting import in_thread
from rodent_events.buffer import EventBuffer
from rodent_events.codes import logger
from rodent_events.config import CATEGORIES, LEVELS, EventConfig
from rodent_events.context import AROUND, with_context
from rodent_events.emitters import Emitters
from rodent_events.errors import (
    ConfigError,
    EventTypeError,
    EventValueError,
    SpoolError,
    describe,
)
from rodent_events.health_record import Health, HealthRecord, HealthState
from rodent_events.hook import Hook
from rodent_events.ids import new_id
from rodent_events.ledger import DropReason, Place
from rodent_events.payload_types import EVENT, EVENT_LEVEL, enum_of, payload_types, schema_of
from rodent_events.pb.events.event_messages_pb2 import EVENT_LEVEL_INFO
from rodent_events.rate_limit import TokenBucket

if TYPE_CHECKING:
    from rodent_events.worker import Flush, Worker

DEFAULT_SHUTDOWN_TIMEOUT = 10.0
"""Seconds."""

# Sources are free text; the templates of so many kinds of events are kept.
_MAX_TEMPLATES = 1024


_buses: WeakSet[EventBus] = WeakSet()


def all_buses() -> list[EventBus]:
    """Those of this process that somebody has still, in no order, whether they run or not."""
    return list(_buses)


# Seconds that a fork waits, at the most, for calls that are under way.
_FORK_PAUSE = 0.25


def _before_fork() -> None:
    end = clock.monotonic() + _FORK_PAUSE
    for bus in all_buses():
        bus.before_fork(max(0.0, end - clock.monotonic()))


def _after_fork_in_parent() -> None:
    for bus in all_buses():
        bus.after_fork_in_parent()


def _after_fork_in_child() -> None:
    for bus in all_buses():
        bus.after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent)
forks.in_child(_after_fork_in_child)


@dataclass(frozen=True, slots=True)
class _Limited:
    """What events have in common of which only so many are emitted in a second."""

    template: wire.EventTemplate
    kind: wire.EventKind
    bucket: TokenBucket


class EventBus(Emitters):
    """Takes events from any thread and delivers them to Toggle in the order in which they came.

    Events may be emitted before :meth:`start`; they wait in memory. In a forked child the bus of
    its parent works too, with a folder of its own below the parent's.

    Args:
        config: As for :meth:`EventConfig.load`.
        settings: As for :meth:`EventConfig.load`.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self, config: EventConfig | Mapping[str, Any] | str | None = None, **settings: Any
    ) -> None:
        self.config: Final = EventConfig.load(config, **settings)
        self._buffer = EventBuffer(self.config)
        self._hook = Hook(self.config.before_emit) if self.config.before_emit else None
        self._buckets = self._new_buckets()
        self._templates: dict[
            tuple[type, int, str | None], wire.EventTemplate | wire.EventKind | _Limited
        ] = {}
        self._worker: Worker | None = None
        self._paused_by = 0
        self._closed = False
        self._finished = False
        self._finishing = real_threads.new_rlock()
        self._starts_again = False
        _buses.add(self)

    # Lifecycle

    def start(self) -> Self:
        """Open the spool folder and the channel, and start to deliver.

        Raises:
            ConfigError: ``target`` or ``jwt`` is missing, or a certificate cannot be read.
            SpoolError: The folder cannot be used, and ``require_disk`` is set.
            RuntimeError: The bus was started before.
            UnsupportedError: eventlet has replaced Python's threads.
        """
        if self._worker is not None or self._closed:
            raise RuntimeError("this bus was started before: make a new EventBus")
        real_threads.refuse_eventlet()
        forks.watch()
        signals.end_in_order()
        # gRPC takes longer to load than all the rest, and nothing needs it before.
        from rodent_events.client import EventClient
        from rodent_events.worker import Worker

        with signals.blocked(), ExitStack() as undo:
            client = EventClient(self.config)
            undo.callback(client.close)
            self._buffer.open()
            undo.callback(self._buffer.release)
            worker = Worker(self._buffer, client, self._finish)
            client.start()
            worker.start()
            undo.pop_all()
        self._worker = worker
        signals.join(self)
        for _ in range(2):
            # An interrupt that waits for its moment ends the first call at its first line.
            atexit.register(self._end)
        for util in _of_children_without_atexit():
            util.Finalize(None, self._end, exitpriority=100)
        return self

    def before_fork(self, timeout: float) -> None:
        """Begin no call until the fork is over; wait so many seconds for one that is under way."""
        if self._worker is not None and self._worker.pause(timeout):
            self._paused_by = threading.get_ident()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        # Two threads may fork at a time, and one of them not have waited until the other was done.
        if self._worker is not None and self._paused_by == threading.get_ident():
            self._paused_by = 0
            self._worker.resume()

    def after_fork(self) -> None:
        """In a forked child: begin anew, with nothing of the parent's but the settings.

        What waits is the parent's to deliver. The thread and the channel exist only there; locks
        may be held by threads that do not exist here. The child has a folder of its own.
        """
        was_started = self._worker is not None or self._starts_again
        self._starts_again = was_started and not self._closed
        self._worker = None
        self._paused_by = 0
        self._finishing = real_threads.new_rlock()
        self._buffer.abandon()
        self._buffer = EventBuffer(self.config)
        self._buckets = self._new_buckets()
        self._templates.clear()  # they have the parent's buckets

    def _start_again(self) -> None:
        with self._finishing:
            if not self._starts_again:
                return
            self._starts_again = False
            try:
                self.start()
            except (ConfigError, SpoolError, RuntimeError) as error:
                logger.error("the bus cannot start in this forked process: %s", error)

    def flush(self, timeout: float | None = DEFAULT_SHUTDOWN_TIMEOUT) -> bool:
        """Send all that was emitted before the call, and wait.

        Args:
            timeout: Seconds; None waits until the outcome is known.

        Returns:
            True only if Toggle acknowledged all of it.
        """
        request = self._begin_flush()
        return self._buffer.waiting == 0 if request is None else request.wait(timeout)

    async def flush_async(self, timeout: float | None = DEFAULT_SHUTDOWN_TIMEOUT) -> bool:
        """:meth:`flush`, without blocking the event loop, and without a thread of its executor."""
        request = self._begin_flush()
        return self._buffer.waiting == 0 if request is None else await request.wait_async(timeout)

    def _begin_flush(self) -> Flush | None:
        if self._worker is None or self._closed:
            return None
        return self._worker.flush()

    def shutdown(self, timeout: float | None = DEFAULT_SHUTDOWN_TIMEOUT) -> bool:
        """Take no more events, send what can be sent in time, and bring the rest to disk.

        Args:
            timeout: Seconds; the call ends within them whatever Toggle does. None waits until all
                is sent, or held on disk since Toggle does not answer.

        Returns:
            True only if nothing is left to deliver, and nothing was lost at the end.

        Raises:
            TypeError: The timeout is no number.
        """
        lost = self._begin_shutdown(timeout)
        if self._worker is None:
            self._finish()
        elif not self._worker.stop(timeout):
            return False
        return self._has_shut_down(lost)

    async def shutdown_async(self, timeout: float | None = DEFAULT_SHUTDOWN_TIMEOUT) -> bool:
        """:meth:`shutdown`, without blocking the event loop, and without a thread of its executor.

        Who is cancelled waits no more; the bus ends all the same.
        """
        lost = self._begin_shutdown(timeout)
        if self._worker is None:
            await in_thread(self._finish)
        elif not await self._worker.stop_async(timeout):
            return False
        return self._has_shut_down(lost)

    def _begin_shutdown(self, timeout: float | None) -> int:
        """Take no more events; how many are lost already."""
        check_timeout(timeout)
        self._closed = True
        return self._buffer.account.turnover().lost

    def _has_shut_down(self, lost: int) -> bool:
        """Whether all is delivered, and nothing more is lost than before, nor at an earlier try."""
        atexit.unregister(self._end)
        signals.leave(self)  # also if something could not be saved
        account = self._buffer.account
        is_lost = account.turnover().lost != lost or account.has_dropped(DropReason.NOT_SAVED)
        return account.waiting == 0 and not is_lost

    def _end(self) -> None:
        """Shut down at the end of the process: who saves nothing now never does."""
        with signals.ending():
            self.shutdown()
            if self._worker is not None:
                self._worker.wait_while_saving()

    def _finish(self) -> None:
        """Close the buffer; called again by whoever comes too late.

        Raises:
            OSError: Something cannot be brought to disk.
        """
        with self._finishing:
            self._finished = True
            self._buffer.close()
            signals.leave(self)

    # For the end by a signal; see signals.Participant

    @property
    def in_memory(self) -> int:
        """Events in memory alone; about right at any moment."""
        return len(self._buffer)

    def save_soon(self, done: Callable[[], None]) -> None:
        """Bring to disk what is only in memory, without waiting; ``done`` is called in the end."""
        if self._worker is None:
            done()
        else:
            self._worker.save_soon(done)

    def end_soon(self) -> None:
        """Send no more, bring all to disk, and end, without waiting."""
        if self._worker is not None:
            self._worker.stop_soon()

    def __enter__(self) -> Self:
        return self.start() if self._worker is None else self

    def __exit__(self, *_exception: object) -> None:
        self.shutdown()

    async def __aenter__(self) -> Self:
        signals.end_in_order()  # which only the main thread can
        return await in_thread(self.__enter__)

    async def __aexit__(self, *_exception: object) -> None:
        await self.shutdown_async()

    # Emission

    def emit(
        self,
        payload: Message,
        *,
        level: int = EVENT_LEVEL_INFO,
        metadata: Mapping[str, str] | None = None,
        source: str | None = None,
    ) -> str | None:
        """Emit a payload of any type; see :meth:`Emitters.emit`."""
        try:
            template = self._templates[type(payload), level, source]
        except (KeyError, TypeError):
            template = self._learn_template(payload, level, source)
        if not isinstance(template, wire.EventTemplate):
            admitted = self._admitted(template)
            if admitted is None:
                return None
            template = admitted
        event_id = new_id()
        try:
            frame = wire.event_frame(
                template,
                event_id.encode(),
                time.time_ns() // 1_000_000,
                metadata if AROUND.get() is None else with_context(metadata),
                payload.SerializeToString(),
            )
        except (AttributeError, TypeError, UnicodeEncodeError) as error:
            raise _metadata_error(metadata) from error
        # A call less, where there is no hook.
        accepted = self._append(frame) if self._hook is None else self._pass_on(frame)
        return event_id if accepted else None

    def _admitted(self, known: wire.EventKind | _Limited) -> wire.EventTemplate | None:
        """What describes an event that is to be emitted; None if it is not, which is counted."""
        if isinstance(known, wire.EventKind):
            self._buffer.ledger.filter(known)
            return None
        if known.bucket.take(clock.monotonic()):
            return known.template
        self._buffer.ledger.drop(DropReason.RATE_LIMITED, Place.REFUSED, [known.kind])
        return None

    def take_over(self, early: EventBus) -> None:
        """Take over what was emitted on a bus that is not started; the filters hold for it too.

        The rates do not: that it comes at once says nothing of when it was emitted.
        """
        for (reason, kind), count in early._buffer.ledger.dropped.items():
            self._buffer.ledger.drop(reason, Place.REFUSED, [kind] * count)
        early._buffer.ledger.dropped.clear()
        frames = deque(early._buffer.memory.drain())
        try:
            while frames:
                kind = wire.event_kind(frames[0])
                if self._enabled(kind):
                    self._pass_on(frames[0])
                else:
                    self._buffer.ledger.filter(kind)
                frames.popleft()
        finally:  # before_emit may end the program
            early._buffer.memory.return_drained(frames)

    def _pass_on(self, frame: bytes) -> bool:
        """Append a frame as before_emit will have it; False if it is not taken."""
        if self._hook is None:
            return self._append(frame)
        passed = self._hook.passed(frame)
        if passed is None:
            kind = wire.event_kind(frame)
            self._buffer.ledger.drop(DropReason.BEFORE_EMIT, Place.REFUSED, [kind])
            return False
        return self._append(passed)

    def _append(self, frame: bytes) -> bool:
        """Put a frame into memory; False if the bus is shut down."""
        if self._starts_again:
            self._start_again()
        if self._closed:
            kind = wire.event_kind(frame)
            self._buffer.ledger.drop(DropReason.SHUTDOWN, Place.REFUSED, [kind])
            return False
        accepted = self._buffer.append(frame)
        if self._worker is not None:
            self._apply_backpressure(self._worker)
        if self._finished:
            # Shutdown came between the first look and here, and has emptied memory already.
            self._finish()
        return accepted

    def _apply_backpressure(self, worker: Worker) -> None:
        """Wake the worker if there is something to do for it, and let it run."""
        if self._buffer.backlog >= worker.wake_at:
            worker.wake()
        pause = self._buffer.memory.pause
        if pause:
            real_threads.sleep(pause)

    def _new_buckets(self) -> dict[str, TokenBucket]:
        now = clock.monotonic()
        return {name: TokenBucket(rate, now) for name, rate in self.config.rate_limits.items()}

    def _learn_template(
        self, payload: Message, level: int, source: str | None
    ) -> wire.EventTemplate | wire.EventKind | _Limited:
        template = self._make_template(payload, level, source)
        if len(self._templates) >= _MAX_TEMPLATES:
            self._templates.clear()
        self._templates[type(payload), level, source] = template
        return template

    def _make_template(
        self, payload: Message, level: int, source: str | None
    ) -> wire.EventTemplate | wire.EventKind | _Limited:
        """Check what describes an event; level and category alone tell that it is filtered."""
        if not isinstance(payload, Message):
            raise EventTypeError(f"emit() takes a payload message, got {describe(payload)}")
        schema = schema_of(payload)
        known = payload_types(schema)
        if schema.full_name not in known:
            raise EventTypeError(
                f"emit() takes one of the payload messages of {EVENT}, such as "
                f"StorageTransferPayload; {schema.full_name} is none of them"
            )
        place = known[schema.full_name]
        _check_level(level, payload)
        if not isinstance(source, str | None):
            raise EventTypeError(f"source is text, got {describe(source)}")
        kind = wire.EventKind(level, place.category)
        if not self._enabled(kind):
            return kind
        try:
            template = wire.EventTemplate.of(
                level=level,
                category=place.category,
                source=place.source if source is None else source,
                wrapper=place.wrapper.number,
                member=place.member.number,
            )
        except UnicodeEncodeError as error:
            raise EventValueError(f"source {source!r} cannot be encoded as UTF-8") from error
        bucket = self._buckets.get(place.short_name)
        return template if bucket is None else _Limited(template, kind, bucket)

    def _enabled(self, kind: wire.EventKind) -> bool:
        # A category that this schema does not know cannot be named in the settings.
        category = CATEGORIES.get(kind.category)
        return LEVELS.get(kind.level) in self.config.enabled_levels and (
            category is None or category in self.config.enabled_categories
        )

    # Statistics

    def health(self) -> Health:
        """Whether events get to Toggle and to disk, and if not, since when, why, and what helps."""
        record = HealthRecord() if self._worker is None else self._worker.health
        oldest = self._buffer.oldest
        health = record.now(
            oldest_waiting=oldest / 1000 if oldest else None, disk=self._buffer.disk_use
        )
        if self._starts_again or not (self._worker is None or self._closed):
            return health
        return replace(
            health,
            state=HealthState.FAILING,
            last_error="the bus does not run",
            remedy="call initialize(), or start() of a new EventBus",
        )

    def debug_info(self) -> str:
        """One text for a bug report: versions, threads, settings without secrets, health, files."""
        from rodent_events.debug import debug_info

        return debug_info(self.config, self.get_stats())

    def get_stats(self) -> dict[str, Any]:
        """Where all events are; see :meth:`EventBuffer.stats`. With :meth:`health`, as a dict."""
        return {
            "initialized": self._worker is not None and not self._closed,
            "is_shutdown": self._finished,
            **self._buffer.stats(),
            "health": self.health().as_dict(),
        }


def _of_children_without_atexit() -> Iterator[Any]:
    """The ``util`` of multiprocessing, or of a fork of it, if this is a child that it has made."""
    for package in ("multiprocessing", "billiard", "multiprocess"):
        process = sys.modules.get(f"{package}.process")
        util = sys.modules.get(f"{package}.util")
        if process and util and process.current_process().name != "MainProcess":
            yield util


def check_timeout(timeout: object) -> None:
    """See that a timeout is one, before anything is done.

    Raises:
        TypeError: It is no number of seconds, and not None.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, int | float | None):
        raise TypeError(f"timeout is a number of seconds or None, got {describe(timeout)}")


def _check_level(level: int, payload: Message) -> None:
    known = enum_of(schema_of(payload), EVENT_LEVEL).values_by_number
    if isinstance(level, bool) or not isinstance(level, int):
        raise EventTypeError(
            f"level is a number of EventLevel, such as EVENT_LEVEL_INFO, got {describe(level)}"
        )
    if level not in known:
        names = ", ".join(f"{value.name} ({number})" for number, value in known.items())
        raise EventValueError(f"level {level} is unknown; known are {names}")


def _metadata_error(metadata: object) -> EventTypeError | EventValueError:
    if not isinstance(metadata, Mapping):
        return EventTypeError(f"metadata maps text to text, got {describe(metadata)}")
    for key, value in metadata.items():
        for part, text in (("key", key), ("value", value)):
            if not isinstance(text, str):
                return EventTypeError(
                    f"metadata maps text to text; the {part} at {key!r} is {describe(text)}: "
                    f"use str()"
                )
    return EventValueError(f"metadata {describe(dict(metadata))} cannot be encoded as UTF-8")
