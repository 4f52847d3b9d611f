"""What the columns of a store tell of events that match, and how a database is asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from toggle_mock.recording.postgres.event_rows import findable

OF_ARRIVAL = frozenset({"rid", "sub", "peer", "batch_id"})
"""The columns that tell where an event came from, whatever the schema that it is read under: all
events of a batch have the same."""

TEXTS = OF_ARRIVAL | {"event_id"}
"""The columns that are found by their text."""

IDS = frozenset({"event_id", "batch_id"})
"""Those of which few events have the same."""


@dataclass(frozen=True)
class TextIs:
    """A column has a text."""

    column: str
    text: str


@dataclass(frozen=True)
class TimeIs:
    """The event is from after a time, or before it: ``>`` or ``<`` milliseconds since the epoch."""

    sign: str
    milliseconds: int


@dataclass(frozen=True)
class KindIs:
    """The event is of one of some kinds, by their numbers in the run."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class AllOf:
    """All parts hold; so without any, always."""

    parts: tuple[Bound, ...] = ()


@dataclass(frozen=True)
class OneOf:
    """One part holds."""

    parts: tuple[Bound, ...]


Bound: TypeAlias = TextIs | TimeIs | KindIs | AllOf | OneOf
"""What holds of all events that match, and perhaps of others."""

Clause: TypeAlias = tuple[str, list[Any]]
"""Text of SQL, and the values in it."""

_INT64 = 1 << 63
_EVENTS = "SELECT place FROM toggle_mock.events WHERE "


def all_of(*parts: Bound) -> Bound:
    """The bound of all that keep each of some."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, AllOf) else (part,))]
    return AllOf(tuple(flat))


def arms_of(bound: Bound) -> Sequence[Bound]:
    """Bounds of which all that keep a bound keep one, and nothing else does."""
    match bound:
        case OneOf(parts) if parts:
            return parts
        case AllOf(parts):
            for place, part in enumerate(parts):
                if isinstance(part, OneOf):
                    others = AllOf((*parts[:place], *parts[place + 1 :]))
                    return [all_of(others, arm) for arm in arms_of(part)]
    return [bound]


def is_of_few(bound: Bound) -> bool:
    """Whether a bound has an id that all events within it have to have."""
    match bound:
        case TextIs(column, _):
            return column in IDS
        case AllOf(parts):
            return any(map(is_of_few, parts))
        case OneOf(parts):
            return all(map(is_of_few, parts))
    return False


def clause_of(bound: Bound, among: Clause) -> Clause:
    """The condition on rows of events that a bound is.

    Where they came from is indexed of the first event of each batch alone; so a bound that asks for
    it is one on those rows, and what it says of events becomes one on their batches.

    Args:
        bound: What holds.
        among: The rows among which other events of a batch are looked for.
    """
    if _asks_arrival(bound) or bound == AllOf():
        text, values = _of_batch(bound, among)
        return f"position = 0 AND ({text})", values
    return _of_event(bound)


def _asks_arrival(bound: Bound) -> bool:
    match bound:
        case TextIs(column, _):
            return column in OF_ARRIVAL
        case AllOf(parts) | OneOf(parts):
            return any(map(_asks_arrival, parts))
    return False


def _of_batch(bound: Bound, among: Clause) -> Clause:
    """The condition on a batch, given by its first event."""
    match bound:
        case _ if not _asks_arrival(bound):
            text, values = _of_event(bound)
            within, own = among
            return f"place IN ({_EVENTS}{within} AND ({text}))", [*own, *values]
        case AllOf(parts):
            arrival = [part for part in parts if _asks_arrival(part)]
            others = tuple(part for part in parts if not _asks_arrival(part))
            # Together, as one event has to keep them all.
            clauses = [_of_batch(part, among) for part in arrival]
            return _joined(" AND ", [*clauses, *([_of_batch(AllOf(others), among)] * bool(others))])
        case OneOf(parts):
            return _joined(" OR ", [_of_batch(part, among) for part in parts])
        case TextIs(column, text):
            return f"{column} = %s", [findable(text)]
    raise AssertionError(bound)  # no other asks for it


def _of_event(bound: Bound) -> Clause:
    match bound:
        case TextIs(column, text):
            return f"{column} = %s", [findable(text)]
        case TimeIs(sign, milliseconds):
            return f'"timestamp" {sign} %s', [max(-_INT64, min(_INT64 - 1, milliseconds))]
        case KindIs(numbers):
            return "kind = ANY (%s)", [list(numbers)]
        case AllOf(parts):
            return _joined(" AND ", list(map(_of_event, parts))) if parts else ("true", [])
        case OneOf(parts):
            return _joined(" OR ", list(map(_of_event, parts))) if parts else ("false", [])


def _joined(word: str, clauses: Sequence[Clause]) -> Clause:
    text = word.join(f"({text})" for text, _ in clauses)
    return text, [value for _, values in clauses for value in values]
