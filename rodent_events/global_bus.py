"""The one bus of a process behind ``rodent_events.emit_*``: initialize, emit, shutdown."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from os import PathLike
from typing import Any

from google.protobuf.message import Message

from rodent_events import forks, signals
from rodent_events.bus import DEFAULT_SHUTDOWN_TIMEOUT, EventBus, check_timeout
from rodent_events.codes import logger
from rodent_events.config import CATEGORIES, LEVELS, EventConfig
from rodent_events.emitters import Emitters
from rodent_events.errors import AlreadyInitializedError, NotInitializedError
from rodent_events.health_record import Health
from rodent_events.pb.events.event_messages_pb2 import EVENT_LEVEL_INFO
from rodent_events.setting_kinds import TokenProvider


def _new_early_bus() -> EventBus:
    """A bus that is never started, and filters nothing: the filters come with the settings."""
    return EventBus(
        EventConfig(
            enabled_levels=frozenset(LEVELS.values()),
            enabled_categories=frozenset(CATEGORIES.values()),
        )
    )


class GlobalBus(Emitters):
    """The functions of the package, as methods of one object."""

    def __init__(self) -> None:
        self._lifecycle = threading.RLock()
        self._switch = threading.RLock()
        self._bus: EventBus | None = None
        self._early = _new_early_bus()
        self._ended: EventBus | None = None
        atexit.register(self._report_early_events)
        forks.in_child(self._after_fork)

    def __reduce__(self) -> str:
        """A reference: what is sent to another process, such as the initializer of a pool, is
        that of its own bus.
        """
        return "GLOBAL_BUS"

    def _after_fork(self) -> None:
        """In a forked child: what waits for initialize is its parent's to deliver."""
        self._lifecycle = threading.RLock()
        self._switch = threading.RLock()
        self._early = _new_early_bus()

    def initialize(
        self,
        config: EventConfig | Mapping[str, Any] | str | PathLike[str] | None = None,
        *,
        target: str | None = None,
        jwt: str | TokenProvider | None = None,
        **settings: Any,
    ) -> None:
        """Start the global bus. Events that were emitted before are delivered first.

        Where SIGTERM and SIGHUP have their default effect, they end the interpreter in order from
        now on, once what is in memory is on disk.

        Args:
            config: As for :meth:`EventConfig.load`.
            target: Toggle's address, ``host:port``.
            jwt: The token, or a function that returns it.
            settings: Any other setting of EventConfig.

        Raises:
            AlreadyInitializedError: It runs already.
            ConfigError: A setting is wrong or missing.
            SpoolError: The spool folder cannot be used, and ``require_disk`` is set.
            UnsupportedError: eventlet has replaced Python's threads.
        """
        with self._lifecycle, signals.held():
            if self._bus is not None:
                raise AlreadyInitializedError("the event system runs: call shutdown() first")
            loaded = EventConfig.load(config, target=target, jwt=jwt, **settings)
            bus = EventBus(loaded).start()
            with self._switch, ExitStack() as undo:
                undo.callback(bus.shutdown)
                bus.take_over(self._early)
                undo.pop_all()
                self._bus = bus
                # What a signal handler has emitted since, in this thread, amid the line before.
                bus.take_over(self._early)
                self._early = _new_early_bus()

    def is_initialized(self) -> bool:
        """Whether the global bus runs."""
        return self._bus is not None

    @property
    def running(self) -> EventBus | None:
        """The bus that runs, if one does."""
        return self._bus

    @property
    def early_events(self) -> int:
        """How many events wait for :meth:`initialize`."""
        return self._early.in_memory

    def forget_early_events(self) -> None:
        """Forget what was emitted before :meth:`initialize`; for tests, which are to be alone."""
        with self._switch:
            if self._early.in_memory:  # a new one takes half a millisecond
                self._early = _new_early_bus()

    def emit(
        self,
        payload: Message,
        *,
        level: int = EVENT_LEVEL_INFO,
        metadata: Mapping[str, str] | None = None,
        source: str | None = None,
    ) -> str | None:
        """Emit a payload of any type; see :meth:`Emitters.emit`.

        Before :meth:`initialize`, events wait for it, up to the buffer_size of the default profile.
        """
        bus = self._bus
        if bus is None:
            with self._switch:
                bus = self._bus or self._early
                return bus.emit(payload, level=level, metadata=metadata, source=source)
        return bus.emit(payload, level=level, metadata=metadata, source=source)

    def flush(self, timeout: float | None = DEFAULT_SHUTDOWN_TIMEOUT) -> bool:
        """Send all that was emitted before the call, and wait; see :meth:`EventBus.flush`.

        Raises:
            NotInitializedError: :meth:`initialize` was not called.
        """
        return self._running().flush(timeout)

    async def flush_async(self, timeout: float | None = DEFAULT_SHUTDOWN_TIMEOUT) -> bool:
        """:meth:`flush`, without blocking the event loop, and without a thread of its executor."""
        return await self._running().flush_async(timeout)

    def _running(self) -> EventBus:
        bus = self._bus
        if bus is None:
            raise NotInitializedError("the event system does not run: call initialize() first")
        return bus

    def shutdown(self, timeout: float | None = DEFAULT_SHUTDOWN_TIMEOUT) -> bool:
        """Send what can be sent within the timeout, and bring the rest to disk.

        What is emitted from now on waits for the next :meth:`initialize`.

        Args:
            timeout: Seconds; the call ends within them whatever Toggle does. None waits until all
                is sent, or held on disk since Toggle does not answer.

        Returns:
            True only if nothing is left to deliver; also if nothing was ever initialized.

        Raises:
            TypeError: The timeout is no number.
        """
        check_timeout(timeout)
        bus = self._leave()
        return bus is None or bus.shutdown(timeout)

    async def shutdown_async(self, timeout: float | None = DEFAULT_SHUTDOWN_TIMEOUT) -> bool:
        """:meth:`shutdown`, without blocking the event loop, and without a thread of its executor.

        Who is cancelled waits no more; the bus ends all the same.
        """
        check_timeout(timeout)
        bus = self._leave()
        return bus is None or await bus.shutdown_async(timeout)

    def _leave(self) -> EventBus | None:
        """The bus that ran, which is no longer that of the process, or the last one that ended."""
        with self._lifecycle:
            self._ended, self._bus = self._bus or self._ended, None
            return self._ended

    def debug_info(self) -> str:
        """One text for a bug report: versions, threads, settings without secrets, health, files."""
        return (self._bus or self._ended or self._early).debug_info()

    def health(self) -> Health:
        """Whether events get to Toggle and to disk, and if not, since when, why, and what helps."""
        return (self._bus or self._ended or self._early).health()

    def get_stats(self) -> dict[str, Any]:
        """Where all events are; see :meth:`EventBuffer.stats`.

        Before the first :meth:`initialize` they are those of the events that wait for it; after
        :meth:`shutdown`, those of the bus that ended.
        """
        return (self._bus or self._ended or self._early).get_stats()

    def _report_early_events(self) -> None:
        """At the end of the interpreter: tell of what no initialize came for."""
        waiting = self._early.get_stats()["waiting"]
        if waiting:
            logger.error(
                "%d events are lost: they were emitted without initialize(), or after shutdown()",
                waiting,
            )


GLOBAL_BUS = GlobalBus()
"""That of this process, whose methods are the functions of the package."""
