"""Which messages hold which others, asked from within: who has what a difference is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.descriptor import Descriptor

from toggle_mock.compat.messages.changed_fields import field_definition
from toggle_mock.compat.messages.types import carries_payloads
from toggle_mock.compat.schemas.index import SchemaIndex
from toggle_mock.fields import fields_of


@dataclass(frozen=True)
class Holders:
    """The messages of some schemas by what they hold: messages and enums, but events and payloads.

    A message goes by its full name, whichever of the schemas has it.
    """

    indexes: Sequence[SchemaIndex]

    def of(self, names: Iterable[str]) -> set[str]:
        """Messages and enums, and all messages that hold one of them, however deep."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._direct.get(name, ())
        return found

    @cached_property
    def _direct(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for index in self.indexes:
            for name, message in index.messages.items():
                for field in fields_of(message):
                    part = field.message_type or field.enum_type
                    if part is not None and not carries_payloads(field):
                        found.setdefault(part.full_name, set()).add(name)
        return found


def unlike(indexes: tuple[SchemaIndex, SchemaIndex], holders: Holders) -> set[str]:
    """The messages whose bytes may mean something else to the other of two schemas.

    All others are defined alike in both, fields, names and types, and so is all that they hold.
    """
    old, new = (index.messages for index in indexes)
    names = old.keys() | new.keys()
    return holders.of(
        name
        for name in names
        if name not in old or name not in new or _lines(old[name]) != _lines(new[name])
    )


def _lines(message: Descriptor) -> list[tuple[object, ...]]:
    fields = sorted(fields_of(message), key=lambda one: one.number)
    return [field_definition(one) for one in fields if not carries_payloads(one)]
