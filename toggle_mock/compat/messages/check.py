"""All message types of two schemas in both directions, and what becomes of their messages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from google.protobuf.descriptor import Descriptor
from hypothesis.errors import InvalidArgument

from toggle_mock.compat.messages.codecs import BYTES, JSON
from toggle_mock.compat.messages.counterexamples import Counterexample, counterexamples
from toggle_mock.compat.messages.diff import Cause, Difference, Effect
from toggle_mock.compat.messages.holders import Holders, unlike
from toggle_mock.compat.messages.types import (
    MessageType,
    is_same_way,
    message_types,
    messages_within,
)
from toggle_mock.compat.report import Category, Direction, Severity, Verdict
from toggle_mock.compat.schemas.index import SchemaIndex
from toggle_mock.errors import SchemaError
from toggle_mock.fields import hiding
from toggle_mock.json_names import shared_names
from toggle_mock.schema import Schema

VERDICTS = {
    Effect.IGNORED: Verdict.LOSSY,
    Effect.MISREAD: Verdict.MISREAD,
    Effect.UNREADABLE: Verdict.UNREADABLE,
}

_CODECS = {Category.WIRE: [BYTES], Category.WIRE_JSON: [BYTES, JSON]}


Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many messages have been looked at, and how many there are in both directions."""

Place: TypeAlias = tuple[str, int]
"""A field by its message and number: what a name says differs between schemas."""


@dataclass(frozen=True)
class SharedName:
    """A name in JSON that several fields of a message share: none of them is safe there.

    Or the name of one field, which is that of a method, so that protobuf cannot write it there.
    """

    message: str
    """Full name of the message."""
    name: str
    fields: tuple[str, ...] = ()
    """None for the one that is called as a method is."""


@dataclass(frozen=True)
class MessageResult:
    """What was found about one message type in one direction."""

    message_type: MessageType
    direction: Direction
    is_same: bool
    """Whether both schemas define it alike, and all that it holds."""
    counterexamples: tuple[Counterexample, ...] = ()
    """About its own fields."""
    within: tuple[Counterexample, ...] = ()
    """About the messages that it holds."""
    unseen_in_json: tuple[SharedName, ...] = ()
    """Why JSON was asked for, and messages were not carried as JSON."""

    @property
    def verdict(self) -> Verdict:
        """The worst of all that was found."""
        if self.is_same:
            return Verdict.IDENTICAL
        verdicts = [VERDICTS[difference.effect] for difference in self._differences]
        return max(verdicts, default=Verdict.COMPATIBLE)

    @property
    def severe(self) -> list[Difference]:
        """The differences that are more than additions."""
        return [one for one in self._differences if severity(self.direction, one) > Severity.NOTE]

    @property
    def _differences(self) -> list[Difference]:
        return [one.difference for one in (*self.counterexamples, *self.within)]


@dataclass(frozen=True)
class MessageCheck:
    """What the messages of two schemas mean to each other."""

    schemas: tuple[Schema, Schema]
    category: Category
    examples: int
    progress: Progress = lambda _done, _all: None

    @cached_property
    def indexes(self) -> tuple[SchemaIndex, SchemaIndex]:
        """The parts of both schemas."""
        old, new = self.schemas
        return SchemaIndex(old), SchemaIndex(new)

    @cached_property
    def types(self) -> tuple[Mapping[str, MessageType], Mapping[str, MessageType]]:
        """What is compared, as the old schema and the new one have it, by full name."""
        old, new = self.indexes
        return message_types(old), message_types(new)

    @cached_property
    def holders(self) -> Holders:
        """Which messages hold which others, in either schema."""
        return Holders(self.indexes)

    @cached_property
    def _unlike(self) -> set[str]:
        return unlike(self.indexes, self.holders)

    @cached_property
    def results(self) -> Mapping[Direction, Mapping[str, MessageResult]]:
        """By direction and full name; what the reader cannot even begin to read is missing.

        Raises:
            SchemaError: Messages of a type cannot be made.
        """
        return {
            direction: dict(self._results(direction, writer, reader))
            for direction, writer, reader in (
                (Direction.OLD_TO_NEW, 0, 1),
                (Direction.NEW_TO_OLD, 1, 0),
            )
        }

    @cached_property
    def places(self) -> set[Place]:
        """The fields that differences are about."""
        results = (one for by_name in self.results.values() for one in by_name.values())
        return {
            place for one in results for found in one.counterexamples for place in places_of(found)
        }

    def result_of(
        self,
        message_type: MessageType,
        direction: Direction,
        root: Descriptor,
        other: MessageType | None,
    ) -> MessageResult:
        """Find what becomes of the messages of a type.

        Args:
            message_type: What is sent.
            direction: Under which schemas.
            root: What ``message_type.root`` is read as.
            other: The same type as the reader has it, if it does.
        """
        is_alike = other is not None and message_type.name not in self._unlike
        if is_alike and other is not None and is_same_way(message_type, other):
            # The same bytes mean the same: there is nothing to draw.
            return MessageResult(message_type, direction, is_same=True)
        codecs = _CODECS[self.category]
        shared = tuple(_shared_names(message_type.descriptor, root)) if JSON in codecs else ()
        found: dict[str, Counterexample] = {}
        for codec in [BYTES] if shared else codecs:
            try:
                drawn = counterexamples(message_type, root, codec=codec, examples=self.examples)
            except InvalidArgument as error:
                raise SchemaError(str(error)) from None
            for one in drawn:
                found.setdefault(one.difference.key, one)
        return MessageResult(
            message_type, direction, False, tuple(_telling(found.values())), unseen_in_json=shared
        )

    def _results(
        self, direction: Direction, writer: int, reader: int
    ) -> Iterator[tuple[str, MessageResult]]:
        sent, known = self.types[writer], self.types[reader]
        roots = self.indexes[reader].messages
        alone: dict[str, MessageResult] = {}
        for place, (name, message_type) in enumerate(sent.items()):
            self.progress(writer * len(known) + place, len(sent) + len(known))
            root = roots.get(message_type.root.full_name)
            if root is not None:
                alone[name] = self.result_of(message_type, direction, root, known.get(name))
        within = self._within(alone)
        for name, one in alone.items():
            # What is alike holds nothing that differs.
            yield name, one if one.is_same else replace(one, within=tuple(within.get(name, ())))

    def _within(self, alone: Mapping[str, MessageResult]) -> Mapping[str, list[Counterexample]]:
        """What was found about the messages that each message holds."""
        found: dict[str, list[Counterexample]] = {}
        for name, result in alone.items():
            if result.counterexamples:
                for holder in self.holders.of([name]) - {name}:
                    found.setdefault(holder, []).extend(result.counterexamples)
        return found


def _shared_names(*messages: Descriptor) -> Iterator[SharedName]:
    for message in messages:
        for name, inner in messages_within(message).items():
            for json_name, fields in shared_names(inner).items():
                yield SharedName(name, json_name, tuple(fields))
            yield from (SharedName(name, field) for field in hiding(inner))


def _telling(found: Collection[Counterexample]) -> list[Counterexample]:
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


def places_of(found: Counterexample) -> set[Place]:
    """The fields that a difference is about, and the one whose definition it comes from."""
    values = (found.difference.sent, found.difference.believed)
    places = {(one.owner, one.number) for one in values if one}
    if found.field is not None:
        places.add((found.field.full_name.rpartition(".")[0], found.field.number))
    return places
