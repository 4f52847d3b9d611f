"""All subjects of two schemas in both directions, and what becomes of their messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from google.protobuf.descriptor import Descriptor
from hypothesis.errors import InvalidArgument

from toggle_mock.compat.messages.codecs import JSON, WIRE
from toggle_mock.compat.messages.counterexamples import Evidence, evidence
from toggle_mock.compat.messages.diff import Cause, Difference, Effect
from toggle_mock.compat.messages.types import Subject, is_same_definition, parts, subjects
from toggle_mock.compat.report import Direction, Severity, Verdict
from toggle_mock.compat.schemas.index import Elements
from toggle_mock.errors import SchemaError
from toggle_mock.schema import Schema

VERDICTS = {
    Effect.IGNORED: Verdict.LOSSY,
    Effect.MISREAD: Verdict.MISREAD,
    Effect.UNREADABLE: Verdict.UNREADABLE,
}

_ENCODINGS = {"WIRE": (WIRE,), "WIRE_JSON": (WIRE, JSON)}


Place: TypeAlias = tuple[str, int]
"""A field by its message and number: what a name says differs between schemas."""


@dataclass(frozen=True)
class Seen:
    """What was found about one subject in one direction."""

    subject: Subject
    direction: Direction
    is_same: bool
    """Whether both schemas define it alike, and all that it holds."""
    evidence: tuple[Evidence, ...] = ()
    """About its own fields."""
    within: tuple[Evidence, ...] = ()
    """About the messages that it holds."""

    @property
    def verdict(self) -> Verdict:
        """The worst of all that was found."""
        if self.is_same:
            return Verdict.IDENTICAL
        found = [VERDICTS[one.difference.effect] for one in (*self.evidence, *self.within)]
        return max(found, default=Verdict.COMPATIBLE)

    @property
    def severe(self) -> list[Difference]:
        """The differences that are more than additions."""
        found = [one.difference for one in (*self.evidence, *self.within)]
        return [one for one in found if severity(self.direction, one) > Severity.NOTE]


@dataclass(frozen=True)
class Meanings:
    """What the messages of two schemas mean to each other."""

    schemas: tuple[Schema, Schema]
    category: str
    examples: int

    @cached_property
    def seen(self) -> Mapping[Direction, Mapping[str, Seen]]:
        """By direction and full name; what the reader cannot even begin to read is missing.

        Raises:
            SchemaError: Messages of a type cannot be made.
        """
        old, new = self.schemas
        return {
            Direction.OLD_TO_NEW: self._seen_by(Direction.OLD_TO_NEW, old, new),
            Direction.NEW_TO_OLD: self._seen_by(Direction.NEW_TO_OLD, new, old),
        }

    @cached_property
    def places(self) -> set[Place]:
        """The fields that differences are about."""
        everything = (one for seen in self.seen.values() for one in seen.values())
        return {place for one in everything for found in one.evidence for place in places_of(found)}

    def look_at(
        self, subject: Subject, direction: Direction, root: Descriptor, other: Subject | None
    ) -> Seen:
        """Find what becomes of the messages of a subject.

        Args:
            subject: What is sent.
            direction: Under which schemas.
            root: What ``subject.root`` is read as.
            other: The same subject as the reader has it, if it does.
        """
        if other is not None and is_same_definition(subject, other):
            # The same bytes mean the same: there is nothing to draw.
            return Seen(subject, direction, is_same=True)
        found: dict[str, Evidence] = {}
        for encoding in _ENCODINGS[self.category]:
            try:
                drawn = evidence(subject, root, encoding=encoding, examples=self.examples)
            except InvalidArgument as error:
                raise SchemaError(str(error)) from None
            for one in drawn:
                found.setdefault(one.difference.key, one)
        return Seen(subject, direction, is_same=False, evidence=tuple(_telling(found.values())))

    def _seen_by(self, direction: Direction, writer: Schema, reader: Schema) -> dict[str, Seen]:
        known, roots = subjects(reader), Elements(reader).messages
        alone = {
            name: self.look_at(subject, direction, root, known.get(name))
            for name, subject in subjects(writer).items()
            if (root := roots.get(subject.root.full_name)) is not None
        }
        return {name: replace(one, within=_within(one, alone)) for name, one in alone.items()}


def _within(seen: Seen, alone: Mapping[str, Seen]) -> tuple[Evidence, ...]:
    inner = parts(seen.subject.descriptor) - {seen.subject.name}
    return tuple(found for name in inner if name in alone for found in alone[name].evidence)


def _telling(found: Collection[Evidence]) -> list[Evidence]:
    """Without those that add nothing: that a misread field is ignored where it holds nothing."""
    misread = {
        one.difference.sent.field
        for one in found
        if one.difference.sent and one.difference.effect is Effect.MISREAD
    }
    return [
        one
        for one in found
        if one.difference.effect is not Effect.IGNORED
        or (one.difference.sent and one.difference.sent.field not in misread)
    ]


def severity(direction: Direction, difference: Difference) -> Severity:
    """How bad a difference is; what is new to an old reader cannot be known to it."""
    if difference.effect is not Effect.IGNORED:
        return Severity.ERROR
    is_new = difference.cause in {Cause.UNKNOWN_FIELD, Cause.UNKNOWN_VALUE}
    is_addition = is_new and direction is Direction.NEW_TO_OLD
    return Severity.NOTE if is_addition else Severity.WARNING


def places_of(found: Evidence) -> set[Place]:
    """The fields that a difference is about, and the one whose definition it comes from."""
    values = (found.difference.sent, found.difference.believed)
    places = {(one.owner, one.number) for one in values if one}
    if found.field is not None:
        places.add((found.field.full_name.rpartition(".")[0], found.field.number))
    return places
