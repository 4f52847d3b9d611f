"""Matchers, which say of an event how it falls short, and how they combine: ``&``, ``|``, ``~``.

The same matchers can be written as text, in the language of ``query.py``. Those of fields, of times
and of payloads have modules of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from typing import TypeAlias

from google.protobuf.message import Message

from toggle_mock.errors import QueryError
from toggle_mock.matching.names import Names, names_of
from toggle_mock.recording.records import Kind, RecordedEvent
from toggle_mock.schema import Schema
from toggle_mock.wording import shortened

Matchable: TypeAlias = (
    "Matcher | Message | type[Message] | str | Callable[[RecordedEvent], bool] | None"
)
"""What stands for a matcher: a payload message matches events whose payload is of its type and
equals it in all fields that it sets; a message class matches payloads of that type; text is a
query; a function is asked with each event; None matches all."""


class Matcher:
    """Tells whether an event is meant."""

    def misses(self, event: RecordedEvent) -> list[str]:
        """How an event falls short, in words; empty if it matches."""
        raise NotImplementedError

    def judge(self, _kind: Kind) -> bool | None:
        """Whether all events of a kind match, or none does; None if that depends on the event."""
        return None

    def check(self, names: Names) -> None:
        """See that each name in it is one of a schema's.

        Raises:
            QueryError: It asks for something that no event of the schema can have.
        """

    def as_query(self) -> str:
        """The text of it in the query language.

        Raises:
            TypeError: It has none: a function, or fields whose values are no scalars.
        """
        return str(self)

    def __call__(self, event: RecordedEvent) -> bool:
        """Whether an event matches: there is nothing in which it falls short."""
        return not self.misses(event)

    def __and__(self, other: Matchable) -> Matcher:
        return All((self, matcher_of(other)))

    def __or__(self, other: Matchable) -> Matcher:
        return AnyOf((self, matcher_of(other)))

    def __invert__(self) -> Matcher:
        return Not(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


@dataclass(frozen=True, repr=False)
class _OfParts(Matcher):
    parts: tuple[Matcher, ...]

    def check(self, names: Names) -> None:
        """See :meth:`Matcher.check`."""
        for part in self.parts:
            part.check(names)


@dataclass(frozen=True, repr=False)
class All(_OfParts):
    """Matches if all parts do; so without any, every event."""

    parts: tuple[Matcher, ...] = ()

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        return [miss for part in self.parts for miss in part.misses(event)]

    def __call__(self, event: RecordedEvent) -> bool:
        """Whether all parts match; none is asked behind the first that does not."""
        return all(part(event) for part in self.parts)

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        verdicts = {part.judge(kind) for part in self.parts}
        return False if False in verdicts else None if None in verdicts else True

    def as_query(self) -> str:
        """See :meth:`Matcher.as_query`."""
        return " ".join(f"({part.as_query()})" for part in self.parts)

    def __str__(self) -> str:
        return " ".join(_grouped(part, AnyOf) for part in self.parts) or "any event"


@dataclass(frozen=True, repr=False)
class AnyOf(_OfParts):
    """Matches if one part does."""

    def misses(self, event: RecordedEvent) -> list[str]:
        """Those of the part that comes nearest."""
        return min((part.misses(event) for part in self.parts), key=len)

    def __call__(self, event: RecordedEvent) -> bool:
        """Whether a part matches; none is asked behind the first that does."""
        return any(part(event) for part in self.parts)

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        verdicts = {part.judge(kind) for part in self.parts}
        return True if True in verdicts else None if None in verdicts else False

    def as_query(self) -> str:
        """See :meth:`Matcher.as_query`."""
        return " OR ".join(f"({part.as_query()})" for part in self.parts)

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


@dataclass(frozen=True, repr=False)
class Not(Matcher):
    """Matches what another matcher does not."""

    part: Matcher

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        return [f"is {self.part}, which is not wanted"] if self.part(event) else []

    def __call__(self, event: RecordedEvent) -> bool:
        """Whether the part does not match."""
        return not self.part(event)

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        verdict = self.part.judge(kind)
        return None if verdict is None else not verdict

    def check(self, names: Names) -> None:
        """See :meth:`Matcher.check`."""
        self.part.check(names)

    def as_query(self) -> str:
        """See :meth:`Matcher.as_query`."""
        return f"-({self.part.as_query()})"

    def __str__(self) -> str:
        part = f"({self.part})" if isinstance(self.part, Not) else _grouped(self.part, All, AnyOf)
        return f"-{part}"


@dataclass(frozen=True, repr=False)
class Function(Matcher):
    """Matches what a function says."""

    function: Callable[[RecordedEvent], bool]

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        return [] if self(event) else [f"{self} says no"]

    def __call__(self, event: RecordedEvent) -> bool:
        """What the function says; if it raises, the error tells of which event."""
        try:
            return bool(self.function(event))
        except Exception as error:
            error.add_note(f"raised by the matcher {self} for {event!r}")
            raise

    def as_query(self) -> str:
        """A function has no text."""
        raise TypeError(f"a function such as {self} cannot be written as a query")

    def __str__(self) -> str:
        return getattr(self.function, "__qualname__", repr(self.function))


def _grouped(part: Matcher, *kinds: type[Matcher]) -> str:
    group = isinstance(part, kinds) and len(getattr(part, "parts", ())) != 1
    return f"({part})" if group else str(part)


@singledispatch
def matcher_of(given: object) -> Matcher:
    """The matcher that something stands for, see :data:`Matchable`.

    What messages, message classes and text stand for is registered where their matchers are.

    Raises:
        TypeError: It stands for none.
        QueryError: It is text, but no query.
    """
    if callable(given):
        return Function(given)
    raise not_a_matcher(given)


@matcher_of.register
def _(given: Matcher) -> Matcher:
    return given


@matcher_of.register
def _(_given: None) -> Matcher:
    return All()


def checked(given: Matchable, schema: Schema | None) -> Matcher:
    """The matcher that something stands for, if a schema has all the names in it.

    Args:
        given: What stands for it.
        schema: Under which events are read; None for the project's own.

    Raises:
        TypeError: It stands for none.
        QueryError: It is text, but no query; or it asks for what no event can have.
    """
    matcher = matcher_of(given)
    if isinstance(given, str):
        _check_text(given, schema)
    else:
        matcher.check(names_of(schema))
    return matcher


@lru_cache(maxsize=256)  # who asks something often asks the same
def _check_text(query: str, schema: Schema | None) -> None:
    try:
        matcher_of(query).check(names_of(schema))
    except QueryError as error:
        raise QueryError(f"{error}, in the query {shortened(query)!r}") from None


def not_a_matcher(given: object) -> TypeError:
    """What to raise about something that stands for no matcher."""
    return TypeError(
        "a matcher is a payload message, a message class, a query as text, a function of an event, "
        f"or a combination of matchers; got {given!r}"
    )
