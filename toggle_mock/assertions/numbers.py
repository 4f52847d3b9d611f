"""The numbers that a test gives: how many, and how long. Others would ask for nothing."""

from __future__ import annotations

_LONGEST = 1e9


def check_count(count: object, *, least: int) -> None:
    """See that it is a number of events or calls.

    Raises:
        ValueError: It is none.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < least:
        raise ValueError(f"count is {count!r}: give a whole number of {least} or more")


def check_seconds(name: str, seconds: object) -> None:
    """See that it is a time to wait; there is none without an end, which a test would not survive.

    Raises:
        ValueError: It is none.
    """
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= _LONGEST
    ):
        raise ValueError(f"{name} is {seconds!r}: give a number of seconds, 0 or more")
