"""Records of Python's logging as events."""

from __future__ import annotations

import logging
import threading
import traceback
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.message import Message

from rodent_events.bus import EventBus
from rodent_events.global_bus import GLOBAL_BUS
from rodent_events.own_threads import is_own
from rodent_events.pb.events.event_messages_pb2 import (
    EVENT_LEVEL_CRITICAL,
    EVENT_LEVEL_DEBUG,
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_INFO,
    EVENT_LEVEL_TRACE,
    EVENT_LEVEL_WARN,
    ServiceStatusPayload,
)

__all__ = ["EventsHandler"]

# The level of an event, by how many of the steps the level of its record has reached.
_STEPS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
_LEVELS = (
    EVENT_LEVEL_TRACE,
    EVENT_LEVEL_DEBUG,
    EVENT_LEVEL_INFO,
    EVENT_LEVEL_WARN,
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_CRITICAL,
)

# What delivers must not be told of by what it delivers.
_OWN_LOGGERS = frozenset({"rodent_events", "grpc"})

# What each record has; all else was given as ``extra``.
_USUAL = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime", "taskName"}


class EventsHandler(logging.Handler):
    """Emits an event for each record of the log.

    It never raises into the program, as handlers do not (:meth:`logging.Handler.handleError`), and
    it leaves out what would lead back to it: records of ``rodent_events`` and ``grpc``, of the
    threads that deliver, and those that come amid its own work. The event's source is the name of
    the logger; its metadata are ``file``, ``line``, ``function``, ``thread``, ``exception``, and
    what the record was given as ``extra``.

    Args:
        level: As for :class:`logging.Handler`.
        bus: An EventBus; the global bus unless it is given.
        payload: Makes the payload of a record, or returns None if there is to be no event. Unless
            it is given, it is a ServiceStatusPayload whose ``service_name`` is the logger's name,
            and whose ``status`` is the formatted record, with the traceback of an exception.
    """

    def __init__(
        self,
        level: int | str = logging.NOTSET,
        *,
        bus: EventBus | None = None,
        payload: Callable[[logging.LogRecord], Message | None] | None = None,
    ) -> None:
        super().__init__(level)
        self._bus = GLOBAL_BUS if bus is None else bus
        self._payload = payload or self._status
        self._inside = threading.local()

    def handle(self, record: logging.LogRecord) -> bool:
        """Emit an event unless a filter is against it; without the handler's lock.

        None is needed, and none can be left held by a thread that a signal ends.
        """
        passed: Any = self.filter(record)  # from Python 3.12 on, maybe another record
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Emit an event, unless the record leads back to here."""
        if getattr(self._inside, "is_so", False) or is_own():
            return
        self._inside.is_so = True
        try:
            self._emit(record)
        except Exception:  # noqa: BLE001 - whatever it is, the program goes on
            self.handleError(record)
        finally:
            self._inside.is_so = False

    def _emit(self, record: logging.LogRecord) -> None:
        logger = _encodable(record.name)
        if logger.partition(".")[0] in _OWN_LOGGERS:
            return
        payload = self._payload(record)
        if payload is not None:
            self._bus.emit(
                payload,
                level=_LEVELS[bisect_right(_STEPS, record.levelno)],
                metadata=dict(_metadata(record)),
                source=logger,
            )

    def _status(self, record: logging.LogRecord) -> ServiceStatusPayload:
        return ServiceStatusPayload(
            service_name=_encodable(record.name),
            status=_encodable(self.format(record)),
            pid=record.process or 0,
        )


def _metadata(record: logging.LogRecord) -> Iterator[tuple[str, str]]:
    for key, value in record.__dict__.items():
        if key not in _USUAL:
            yield _encodable(key), _encodable(value)
    yield "file", _encodable(record.pathname)
    yield "line", str(record.lineno)
    yield "function", _encodable(record.funcName)
    yield "thread", _encodable(record.threadName)
    if record.exc_info and record.exc_info[0]:
        lines = traceback.format_exception_only(*record.exc_info[:2])
        yield "exception", _encodable("".join(lines).strip())


def _encodable(value: object) -> str:
    """As text that can be encoded; what cannot is escaped."""
    return str(value).encode("utf-8", "backslashreplace").decode()
