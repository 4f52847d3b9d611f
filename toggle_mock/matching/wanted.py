"""What is wanted of a field, as a test says it: by a value, by a function, or in text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, MutableSequence
from datetime import date
from typing import NamedTuple

from google.protobuf.message import Message

from toggle_mock.matching.conditions import (
    Compares,
    Condition,
    Equals,
    Finds,
    Holds,
    IsUnset,
    Lists,
    Matches,
    Resembles,
)
from toggle_mock.matching.equality import read_number
from toggle_mock.matching.patterns import is_pattern
from toggle_mock.matching.values import spelled


def glob(pattern: str) -> Condition:
    """Text that matches a pattern: ``*`` is any characters, ``?`` is one; all else is itself.

    Upper and lower case are told apart. It takes no longer than text and pattern are long,
    multiplied.

    Raises:
        TypeError: It is no text.

    Example:
        ``where(dataset_name=glob("tank/tmp/*"))``
    """
    if not isinstance(pattern, str):
        raise TypeError(f"the pattern is {pattern!r}: give text")
    return Matches(pattern)


def regex(pattern: str | re.Pattern[str]) -> Condition:
    """Text in which a regular expression of :mod:`re` has a match; ``^`` and ``$`` bind it.

    Args:
        pattern: The expression, also compiled, with flags.

    Raises:
        TypeError: It is neither text nor an expression for text.
        ValueError: It is no regular expression.
    """
    if not isinstance(pattern, str) and not isinstance(getattr(pattern, "pattern", None), str):
        raise TypeError(f"the pattern is {pattern!r}: give text, or a compiled expression for text")
    try:
        return Finds(re.compile(pattern))
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def gt(limit: float) -> Condition:
    """A number greater than a limit; whole numbers compare exactly, however great.

    Raises:
        TypeError: The limit is no number.
        ValueError: It is not-a-number, which nothing is greater than.
    """
    return _compared(">", limit)


def ge(limit: float) -> Condition:
    """A number greater than a limit, or equal to it; see :func:`gt`."""
    return _compared(">=", limit)


def lt(limit: float) -> Condition:
    """A number less than a limit; see :func:`gt`."""
    return _compared("<", limit)


def le(limit: float) -> Condition:
    """A number less than a limit, or equal to it; see :func:`gt`."""
    return _compared("<=", limit)


def _compared(sign: str, limit: object) -> Condition:
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        raise TypeError(f"the limit is {limit!r}: give a number")
    if math.isnan(limit):
        raise ValueError("the limit is nan: no number is greater or less")
    return Compares(sign, limit)


def condition_of(key: str, value: object) -> Condition:
    """What a value stands for that a test gives.

    Raises:
        TypeError: It stands for nothing.
    """
    match value:
        case None:
            return IsUnset()
        case Condition():
            return value
        case str() | bool() | int() | float() | bytes() | Message():
            return Equals(value)
        case MutableSequence() | tuple():
            return Lists(tuple(condition_of(key, one) for one in value))
        case Mapping():
            return Holds(
                tuple(
                    (spelled(name), condition_of(f"{key}.{spelled(name)}", one))
                    for name, one in value.items()
                )
            )
    maker = type(value).__module__.partition(".")[0]
    if maker in _COMPARERS:
        return Resembles(value, numbers_alone=_COMPARERS[maker])
    if isinstance(value, date):
        raise TypeError(
            f"{key} is {value!r}, but times of the schema are integers, each in a unit of its own: "
            "give that number; when an event was made is asked for by after= and before="
        )
    raise TypeError(
        f"{key} is {value!r}: give text, a number, a bool, bytes, a message, a condition such as "
        "glob(), regex() or gt(), None for a field that is not set, or a list or mapping of these"
    )


class Meant(NamedTuple):
    """What text may be meant to be that has the look of a pattern or of a comparison."""

    condition: Condition
    advice: str
    """How to write that."""


def meant_instead(wanted: Condition) -> Meant | None:
    """What somebody may mean who wants some text; None of what can be meant as it is."""
    text = wanted.value if isinstance(wanted, Equals) else None
    if not isinstance(text, str):
        return None
    if compared := _COMPARISON.fullmatch(text):
        advice = f"give {_COMPARISON_NAMES[compared[1]]}({compared[2]}) for a comparison"
    elif is_pattern(text):
        advice = f"give glob({text!r}) for a pattern"
    else:
        return None
    return Meant(meaning_of("", text), advice)


def meaning_of(key: str, text: str) -> Condition:
    """What text means outside of quotes: a comparison, a pattern, or itself.

    Raises:
        ValueError: It compares with no number.
    """
    if compared := _COMPARISON.fullmatch(text):
        limit = read_number(compared[2])
        assert limit is not None  # the expression takes numbers alone
        return Compares(compared[1], limit)
    if text[:1] in {"<", ">"}:
        raise ValueError(f"{key}:{text} compares with no number; in quotes it would be text")
    return Matches(text) if is_pattern(text) else Equals(text)


_COMPARERS = {"_pytest": True, "unittest": False, "dirty_equals": False}
"""Who makes objects that say themselves what they equal; whether that is numbers alone."""

_COMPARISON_NAMES = {">": "gt", ">=": "ge", "<": "lt", "<=": "le"}

_COMPARISON = re.compile(r"(>=|<=|>|<)(-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,3})?)", re.IGNORECASE)
