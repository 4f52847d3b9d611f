"""All subjects of two schemas in both directions, and what becomes of their messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor

from toggle_mock.compat import wording
from toggle_mock.compat.elements import Elements
from toggle_mock.compat.encodings import JSON, WIRE
from toggle_mock.compat.evidence import Evidence, evidence
from toggle_mock.compat.meaning import Cause, Difference, Effect
from toggle_mock.compat.report import Direction, Finding, Severity, Verdict
from toggle_mock.compat.roles import Roles, Sides
from toggle_mock.compat.subjects import Subject, is_same_definition, subjects
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
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()

    @property
    def grave(self) -> list[Difference]:
        """The differences that are more than additions."""
        found = [one.difference for one in self.evidence]
        return [one for one in found if severity(self.direction, one) > Severity.NOTE]


@dataclass(frozen=True)
class Meanings:
    """What the messages of two schemas mean to each other."""

    schemas: tuple[Schema, Schema]
    category: str
    examples: int

    @cached_property
    def seen(self) -> Mapping[Direction, Mapping[str, Seen]]:
        """By direction and full name; what the reader cannot even begin to read is missing."""
        old, new = self.schemas
        return {
            Direction.OLD_TO_NEW: self._seen_by(Direction.OLD_TO_NEW, old, new),
            Direction.NEW_TO_OLD: self._seen_by(Direction.NEW_TO_OLD, new, old),
        }

    @cached_property
    def places(self) -> set[Place]:
        """The fields that differences are about."""
        return {
            place
            for seen in self.seen.values()
            for one in seen.values()
            for found in one.evidence
            for place in _places(found.difference)
        }

    def findings(self, judged: set[Place]) -> Iterator[Finding]:
        """One for each difference.

        Args:
            judged: The fields that break a rule.
        """
        roles = Roles(self.schemas)
        for seen in self.seen.values():
            for one in seen.values():
                for found in one.evidence:
                    yield _finding(one, found, roles, judged)

    def _seen_by(self, direction: Direction, writer: Schema, reader: Schema) -> dict[str, Seen]:
        known, roots = subjects(reader), Elements(reader).messages
        return {
            name: self._look_at(subject, direction, root, known.get(name))
            for name, subject in subjects(writer).items()
            if (root := roots.get(subject.root.full_name)) is not None
        }

    def _look_at(
        self, subject: Subject, direction: Direction, root: Descriptor, other: Subject | None
    ) -> Seen:
        if other is not None and is_same_definition(subject, other):
            # The same bytes mean the same: there is nothing to draw.
            return Seen(subject, direction, Verdict.IDENTICAL)
        found: dict[str, Evidence] = {}
        for encoding in _ENCODINGS[self.category]:
            for one in evidence(subject, root, encoding=encoding, examples=self.examples):
                found.setdefault(one.difference.key, one)
        telling = _telling(list(found.values()))
        worst = max(
            (VERDICTS[one.difference.effect] for one in telling), default=Verdict.COMPATIBLE
        )
        return Seen(subject, direction, worst, tuple(telling))


def _telling(found: list[Evidence]) -> list[Evidence]:
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


def _places(difference: Difference) -> set[Place]:
    return {(one.owner, one.number) for one in (difference.sent, difference.believed) if one}


def _finding(seen: Seen, found: Evidence, roles: Roles, judged: set[Place]) -> Finding:
    difference, subject = found.difference, seen.subject
    named = difference.sent or difference.believed
    is_whole = named is not None and named.field in subject.way
    payload = subject.descriptor.name if is_whole else ""
    sides = Sides.of(seen.direction, roles.of(subject.name))
    is_passed = difference in seen.grave and not _places(difference) & judged
    return Finding(
        key=f"{seen.direction}:{difference.key}",
        severity=severity(seen.direction, difference),
        title=wording.title(difference, payload),
        story=wording.story(difference, sides, payload, in_batch=bool(subject.path)),
        element=named.field if named else subject.name,
        direction=seen.direction,
        example=text_format.MessageToString(found.example, as_one_line=True, as_utf8=True),
        remark=wording.passed_by_rules([difference.cause]) if is_passed else "",
    )
