"""The numbers that a test gives: how many, and how long. Others would ask for nothing."""

from __future__ import annotations


def check_count(count: object, *, least: int) -> None:
    """See that it is a number of events or calls.

    Raises:
        ValueError: It is none.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < least:
        raise ValueError(f"count is {count!r}: give a whole number of {least} or more")


def check_seconds(name: str, seconds: object) -> None:
    """See that it is a time to wait; ``math.inf`` is one without an end.

    Raises:
        ValueError: It is none.
    """
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not seconds >= 0:  # type: ignore[operator]
        raise ValueError(f"{name} is {seconds!r}: give a number of seconds, 0 or more")
