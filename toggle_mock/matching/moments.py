"""Matchers of an event's time, and what says a time: objects of Python, and text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from toggle_mock.matching.keys import KeyKind, kind_of_key
from toggle_mock.matching.matchers import Matcher
from toggle_mock.recording.records import RecordedEvent

_AGO = re.compile(r"(\d{1,9})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, repr=False)
class Moment(Matcher):
    """Matches events by their timestamp."""

    key: str
    """``after`` or ``before``, both without the moment itself."""
    milliseconds: int

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        later = event.timestamp - self.milliseconds
        if later > 0 if kind_of_key(self.key) is KeyKind.AFTER else later < 0:
            return []
        wanted, got = _shown(self.milliseconds), _shown(event.timestamp)
        return [f"timestamp: wanted {self.key} {wanted}, got {got}"]

    def __str__(self) -> str:
        return f"{self.key}:{self.milliseconds}"


def milliseconds_of(key: str, moment: object) -> int:
    """Milliseconds since the epoch of a datetime, or of seconds since the epoch.

    Raises:
        TypeError: It is neither.
        ValueError: There is no such time, or it is a datetime without a time zone.
    """
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(
                f"{key} is {moment!r}, without a time zone: give one that has it, such as "
                "datetime.now(UTC)"
            )
        return _milliseconds(moment)
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        raise TypeError(f"{key} is {moment!r}: give a datetime, or seconds since the epoch")
    if not math.isfinite(moment):
        raise ValueError(f"{key} is {moment}: give a datetime, or seconds since the epoch")
    return round(moment * 1000)


def read_milliseconds(text: str, now: float) -> int:
    """Milliseconds since the epoch of what a text says: such a number, an ISO time, or 5m ago.

    Args:
        text: The text.
        now: Seconds since the epoch.

    Raises:
        ValueError: It says no time.
    """
    if text.isdecimal() and len(text) < 16:
        return int(text)
    if ago := _AGO.fullmatch(text):
        return int((now - int(ago[1]) * _UNITS[ago[2]]) * 1000)
    try:
        return _milliseconds(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: give 2026-01-31T12:00:00Z, milliseconds since the epoch, or "
            "5m for five minutes ago (s, m, h, d)"
        ) from None


def _shown(milliseconds: int) -> str:
    """A time as it is given, and as one reads it: seconds where these are meant are in 1970."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)
    return f"{milliseconds} ({moment.isoformat(timespec='milliseconds')})"


def _milliseconds(moment: datetime) -> int:
    """Without a time zone it is one of UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
