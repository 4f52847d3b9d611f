"""What the program itself does to each event before it is emitted: ``before_emit``."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rodent_events import clock, wire
from rodent_events.codes import logger
from rodent_events.errors import describe
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import Event
from rodent_events.rate_limit import RateLimit

# Seconds between two lines of the log about a hook that fails.
_LOG_PAUSE = 10.0


class Hook:
    """Calls the function, whatever that does.

    Args:
        function: Takes an event, which it may change, and returns it, another one, or None. What
            it emits itself does not come back to it.
    """

    def __init__(self, function: Callable[[Event], Event | None]) -> None:
        self._function = function
        self._inside = threading.local()
        self._log = RateLimit(_LOG_PAUSE)

    def passed(self, frame: bytes) -> bytes | None:
        """The frame of an event as the function will have it; None if it is to be dropped.

        If the function fails, the event is emitted as it was: nothing is lost by a mistake in it.
        """
        if getattr(self._inside, "is_so", False):
            return frame
        self._inside.is_so = True
        try:
            return self._changed(frame)
        except Exception:
            if self._log.passes(clock.monotonic()):
                logger.exception("before_emit failed; the event is emitted as it was")
            return frame
        finally:
            self._inside.is_so = False

    def _changed(self, frame: bytes) -> bytes | None:
        (event,) = EventBatch.FromString(frame).events
        event_id = event.event_id
        changed = self._function(event)
        if changed is None:
            return None
        if not isinstance(changed, Event):
            raise TypeError(f"before_emit returns an Event or None, got {describe(changed)}")
        changed.event_id = event_id  # emit returns it
        return wire.delimited(1, changed.SerializeToString())
