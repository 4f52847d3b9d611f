"""What is wanted beside what is there, however long: shown is where they begin to differ."""

from __future__ import annotations

from bisect import bisect_left

_LONGEST = 160
"""Characters that are shown of each."""

_BEFORE = 40
"""Of these, the ones before the first that differs."""


def contrast(name: str, wanted: str, got: str) -> str:
    """``name: wanted …, got …``."""
    if max(len(wanted), len(got)) <= _LONGEST:
        return f"{name}: wanted {wanted}, got {got}"
    equal = _length_in_common(wanted, got)
    start = max(0, equal - _BEFORE)
    place = f"; equal for {equal} characters" if equal > _BEFORE else ""
    return f"{name}: wanted {_part(wanted, start)}, got {_part(got, start)}{place}"


def _length_in_common(one: str, other: str) -> int:
    lengths = range(min(len(one), len(other)))
    return bisect_left(lengths, True, key=lambda length: one[: length + 1] != other[: length + 1])


def _part(text: str, start: int) -> str:
    end = start + _LONGEST
    left = f"… ({len(text)} characters)" if end < len(text) else ""
    return f"{'…' if start else ''}{text[start:end]}{left}"
