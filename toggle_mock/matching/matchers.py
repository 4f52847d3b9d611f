"""Which events are meant: matchers, which combine with ``&``, ``|`` and ``~``.

A matcher says of an event how it falls short, and it matches when there is nothing to say. The same
matchers can be written as text, in the language of ``query.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeAlias, cast

from google.protobuf import text_format
from google.protobuf.message import Message

from rodent_events.payload_types import schema_of, snake_case
from toggle_mock.matching.values import (
    _COMPARISON,
    _COMPARISONS,
    _EnumValue,
    equals,
    is_number,
    plain,
    shown,
    values,
    wildcard_pattern,
)
from toggle_mock.recording.records import Kind, RecordedEvent, category_name, level_name

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

    def __call__(self, event: RecordedEvent) -> bool:
        """Whether an event matches."""
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
class All(Matcher):
    """Matches if all parts do; so without any, every event."""

    parts: tuple[Matcher, ...] = ()

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        return [miss for part in self.parts for miss in part.misses(event)]

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        verdicts = {part.judge(kind) for part in self.parts}
        return False if False in verdicts else None if None in verdicts else True

    def __str__(self) -> str:
        return " ".join(_grouped(part, AnyOf) for part in self.parts) or "any event"


@dataclass(frozen=True, repr=False)
class AnyOf(Matcher):
    """Matches if one part does."""

    parts: tuple[Matcher, ...]

    def misses(self, event: RecordedEvent) -> list[str]:
        """Those of the part that comes nearest."""
        return min((part.misses(event) for part in self.parts), key=len)

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        verdicts = {part.judge(kind) for part in self.parts}
        return True if True in verdicts else None if None in verdicts else False

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


@dataclass(frozen=True, repr=False)
class Not(Matcher):
    """Matches what another matcher does not."""

    part: Matcher

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        return [] if self.part.misses(event) else [f"is {self.part}, which is not wanted"]

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        verdict = self.part.judge(kind)
        return None if verdict is None else not verdict

    def __str__(self) -> str:
        part = f"({self.part})" if isinstance(self.part, Not) else _grouped(self.part, All, AnyOf)
        return f"-{part}"


@dataclass(frozen=True, repr=False)
class Function(Matcher):
    """Matches what a function says."""

    function: Callable[[RecordedEvent], bool]

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        return [] if self.function(event) else [f"{self} says no"]

    def __str__(self) -> str:
        return getattr(self.function, "__qualname__", repr(self.function))


@dataclass(frozen=True, repr=False)
class Like(Matcher):
    """Matches events whose payload is of a message's type and equals it in all that it sets."""

    wanted: Message

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        given = event.payload
        name = self.wanted.DESCRIPTOR.name
        if given is None or given.DESCRIPTOR.full_name != self.wanted.DESCRIPTOR.full_name:
            return [f"is {event.payload_type or 'an event without payload'}, not {name}"]
        return [
            f"{field.name}: wanted {shown(field, value)}, got {shown(field, got)}"
            for field, value in self.wanted.ListFields()
            if (got := getattr(given, field.name, None)) != value
        ]

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        return None if kind.payload_type == self.wanted.DESCRIPTOR.name else False

    def __str__(self) -> str:
        fields = text_format.MessageToString(self.wanted, as_one_line=True, as_utf8=True)
        return f"{self.wanted.DESCRIPTOR.name}({fields})"


@dataclass(frozen=True, repr=False)
class PayloadType(Matcher):
    """Matches payloads by the name of their type.

    The name is the message's (``StorageTransferPayload``), the same in snake case
    (``storage_transfer``), one or more words of that (``transfer``), or a pattern (``storage_*``).
    """

    name: str

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        given = event.payload_type
        if self._is_name_of(given):
            return []
        return [f"is {given or 'an event without payload'}, not {self.name}"]

    def _is_name_of(self, given: str) -> bool:
        short = snake_case(given.removesuffix("Payload"))
        wanted = self.name
        if "*" in wanted or "?" in wanted:
            return wildcard_pattern(wanted).fullmatch(short) is not None
        if not wanted:
            return not given
        return wanted == given or f"_{snake_case(wanted.removesuffix('Payload'))}_" in f"_{short}_"

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        return self._is_name_of(kind.payload_type)

    def __str__(self) -> str:
        return f"payload:{quoted(self.name)}"


@dataclass(frozen=True, repr=False)
class Word(Matcher):
    """Matches events in which some text stands, in whatever field; upper and lower case alike."""

    text: str

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        document = text_format.MessageToString(event.message, as_one_line=True, as_utf8=True)
        names = f"{event.payload_type} {event.rid}"
        if self.text.lower() in f"{document} {names}".lower():
            return []
        return [f"{self.text!r} stands nowhere in it"]

    def __str__(self) -> str:
        return quoted(self.text)


@dataclass(frozen=True, repr=False)
class Moment(Matcher):
    """Matches events by their timestamp."""

    key: str
    """``after`` or ``before``, both without the moment itself."""
    milliseconds: int

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        later = event.timestamp - self.milliseconds
        if later > 0 if self.key == "after" else later < 0:
            return []
        return [f"timestamp: wanted {self.key} {self.milliseconds}, got {event.timestamp}"]

    def __str__(self) -> str:
        return f"{self.key}:{self.milliseconds}"


@dataclass(frozen=True, repr=False)
class Field(Matcher):
    """Matches events in one field.

    The keys are those of the event (``event_id``, ``level``, ``category``, ``source``,
    ``timestamp``, ``metadata.KEY``), of its arrival (``rid``, ``sub``, ``batch_id``, ``peer``) and
    of its payload (``payload.FIELD``, or the field's name alone; with dots into messages and maps).
    ``source`` stands for the event's and for the payload's. A repeated field matches if one of its
    values does.
    """

    key: str
    wanted: str
    """The value as text; ``*`` and ``?`` stand for any characters and for one, and ``>``, ``>=``,
    ``<``, ``<=`` before a number compare."""
    literal: bool = False
    """Whether nothing in the value has such a meaning."""

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        given = list(values(event, self.key))
        if any(self._test(value) for value in given):
            return []
        got = ", ".join(repr(value) for value in given) or "no such field"
        return [f"{self.key}: wanted {self.wanted!r}, got {got}"]

    @cached_property
    def _test(self) -> Callable[[object], bool]:
        compared = None if self.literal else _COMPARISON.fullmatch(self.wanted)
        if compared:
            compare, limit = _COMPARISONS[compared[1]], float(compared[2])
            return lambda value: is_number(value) and compare(value, limit)
        if not self.literal and re.search(r"[*?]", self.wanted):
            pattern = wildcard_pattern(self.wanted)
            return lambda value: pattern.fullmatch(str(value)) is not None
        return lambda value: equals(value, self.wanted)

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        match self.key:
            case "level":
                return self._test(_EnumValue(level_name(kind.level), kind.level))
            case "category":
                return self._test(_EnumValue(category_name(kind.category), kind.category))
        return None

    def __str__(self) -> str:
        head, _, rest = self.key.partition(".")
        key = f"metadata.{quoted(rest)}" if head == "metadata" else self.key
        odd = self.wanted[:1] in {"<", ">"} and not _COMPARISON.fullmatch(self.wanted)
        if self.literal or odd:
            return f"{key}:{json.dumps(self.wanted, ensure_ascii=False)}"
        if re.search(r"[*?]", self.wanted):  # in quotes it would be no pattern
            return f"{key}:{_UNQUOTABLE.sub('?', self.wanted)}"
        return f"{key}:{quoted(self.wanted)}"


def where(
    query: Matchable = None,
    *,
    metadata: Mapping[str, str] | None = None,
    after: datetime | float | None = None,
    before: datetime | float | None = None,
    **fields: object,
) -> Matcher:
    """A matcher of all that is given.

    Args:
        query: Text in the query language, a payload message, or whatever stands for a matcher.
        metadata: What the event's metadata must have.
        after: A time that the event's timestamp must be after: a datetime, or seconds since the
            epoch.
        before: A time that it must be before.
        fields: Fields by name, as for :class:`Field`; ``payload="storage_transfer"`` is the type.
            A number, a zero too, or a bool must equal the field; text may be a pattern.

    Raises:
        QueryError: The text is no query.

    Example:
        ``where(payload="transfer", level="ERROR", size_bytes=0) & ~where(source="tank/tmp*")``
    """
    parts = [] if query is None else [matcher_of(query)]
    parts += [Moment("after", _milliseconds(after))] if after is not None else []
    parts += [Moment("before", _milliseconds(before))] if before is not None else []
    parts += [Field(f"metadata.{key}", str(value)) for key, value in (metadata or {}).items()]
    parts += [_given_field(key, value) for key, value in fields.items()]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def matcher_of(matcher: Matchable) -> Matcher:
    """The matcher that something stands for.

    Raises:
        TypeError: It stands for none.
        QueryError: It is text, but no query.
    """
    from toggle_mock.matching.query import parse  # noqa: PLC0415 - which makes matchers of text

    if matcher is None:
        return All()
    if isinstance(matcher, Matcher):
        return matcher
    if isinstance(matcher, str):
        return parse(matcher)
    if isinstance(matcher, Message):
        return Like(matcher)
    if isinstance(matcher, type) and issubclass(matcher, Message):
        return PayloadType(matcher.DESCRIPTOR.name)
    if callable(matcher) and not isinstance(matcher, type):
        return Function(matcher)
    raise TypeError(
        "a matcher is a payload message, a message class, a query as text, a function of an event, "
        f"or a combination of matchers; got {matcher!r}"
    )


def _given_field(key: str, value: object) -> Matcher:
    if key == "payload" and not isinstance(value, str):
        return matcher_of(cast("Matchable", value))  # which tells of anything else
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return field_matcher(key, text)


def field_matcher(key: str, value: str, *, literal: bool = False) -> Matcher:
    """The matcher for ``key:value``."""
    if key == "payload":
        return PayloadType(value)
    if not literal and value[:1] in {"<", ">"} and not _COMPARISON.fullmatch(value):
        raise ValueError(f"{key}:{value} compares with no number; in quotes it would be text")
    return Field(key, value, literal)


def as_query(matcher: Matcher) -> str:
    """The text of a matcher in the query language.

    Raises:
        TypeError: It has none: a function, or a payload with fields that are no scalars.
    """
    if isinstance(matcher, Function):
        raise TypeError(f"a function such as {matcher} cannot be written as a query")
    if isinstance(matcher, Like):
        return " ".join(map(str, _terms_of(matcher.wanted)))
    if isinstance(matcher, All):
        return " ".join(_parenthesized(part) for part in matcher.parts)
    if isinstance(matcher, AnyOf):
        return " OR ".join(_parenthesized(part) for part in matcher.parts)
    if isinstance(matcher, Not):
        return f"-({as_query(matcher.part)})"
    return str(matcher)


def _parenthesized(matcher: Matcher) -> str:
    return f"({as_query(matcher)})"


def _terms_of(wanted: Message) -> Iterator[Matcher]:
    yield PayloadType(schema_of(wanted).name)
    for field, value in wanted.ListFields():
        if field.is_repeated or field.message_type is not None:
            raise TypeError(f"{field.full_name} is no scalar: write a query instead of the payload")
        yield Field(f"payload.{field.name}", str(plain(field, value)), literal=True)


def _grouped(part: Matcher, *kinds: type[Matcher]) -> str:
    group = isinstance(part, kinds) and len(getattr(part, "parts", ())) != 1
    return f"({part})" if group else str(part)


def _milliseconds(moment: datetime | float) -> int:
    if isinstance(moment, datetime):
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return round(moment * 1000)


_UNQUOTABLE = re.compile(r'[\s()"]')


def quoted(text: str) -> str:
    """Text as it stands in a query: in quotes if it needs them."""
    plain = re.fullmatch(r'[^\s"():]+', text) and not text.startswith("-") and text != "OR"
    return text if plain else json.dumps(text, ensure_ascii=False)
