"""What a store can tell of a matcher by its columns: a bound that all which match keep.

Others may keep it as well: who asks a store asks the matcher afterwards.
"""

from __future__ import annotations

from collections.abc import Collection

from google.protobuf.message import Message

from toggle_mock.matching.conditions import Equals
from toggle_mock.matching.fields import Field
from toggle_mock.matching.keys import KeyKind, kind_of_key
from toggle_mock.matching.matchers import All, AnyOf, Matcher
from toggle_mock.matching.moments import Moment
from toggle_mock.matching.values import spelled
from toggle_mock.recording.postgres.bounds import AllOf, Bound, OneOf, TextIs, TimeIs

ANYTHING = AllOf()
"""The bound of what a store cannot tell."""


def bound_of(matcher: Matcher, columns: Collection[str]) -> Bound:
    """What holds of all events that match.

    Args:
        matcher: What is searched for.
        columns: The columns that may be asked; ``timestamp`` is one of them.
    """
    match matcher:
        case All(parts):
            return AllOf(tuple(bound_of(part, columns) for part in parts))
        case AnyOf(parts):
            return OneOf(tuple(bound_of(part, columns) for part in parts))
        case Moment(key, milliseconds) if "timestamp" in columns:
            return TimeIs(">" if kind_of_key(key) is KeyKind.AFTER else "<", milliseconds)
        case Field(key, Equals(value)) if key in columns and key != "timestamp":
            # A message is no text, and so nothing there equals it.
            return ANYTHING if isinstance(value, Message) else TextIs(key, spelled(value))
    return ANYTHING  # also of Not: what does not keep a bound may match all the same
