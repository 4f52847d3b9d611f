"""Where in its .proto file something is defined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from toggle_mock.schema import Schema

# The fields of the descriptors that hold further elements, by the message that has them.
_INNER = {
    "FileDescriptorProto": ("message_type", "enum_type", "service"),
    "DescriptorProto": ("field", "nested_type", "enum_type"),
    "EnumDescriptorProto": ("value",),
    "ServiceDescriptorProto": ("method",),
}


@dataclass(frozen=True)
class Location:
    """A line of a file."""

    path: str
    line: int
    """From 1 on."""


def locations(schema: Schema) -> dict[str, Location]:
    """Where each element of a schema is, by full name; a value's is below its enum's.

    Empty for a schema that was not compiled from .proto files.
    """
    found = {}
    for file in schema.files.file:
        lines = {tuple(one.path): one.span[0] + 1 for one in file.source_code_info.location}
        path = str(PurePosixPath(schema.root) / file.name)
        for name, place in _elements(file, file.package, ()):
            if place in lines:
                found[name] = Location(path, lines[place])
    return found


@dataclass(frozen=True)
class Locator:
    """Finds elements of two schemas."""

    old: Schema
    new: Schema

    def __call__(self, element: str) -> Location | None:
        """Where an element is; in the new schema if it has it, or else what held it."""
        return _nearest(element, self._places[0]) or _nearest(element, self._places[1])

    @cached_property
    def _places(self) -> tuple[dict[str, Location], dict[str, Location]]:
        return locations(self.new), locations(self.old)


def _nearest(element: str, places: dict[str, Location]) -> Location | None:
    while element and element not in places:
        element = element.rpartition(".")[0]
    return places.get(element)


def _elements(
    holder: Any, name: str, place: tuple[int, ...]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and places, as SourceCodeInfo counts them: numbers of fields and indexes."""
    for inner in _INNER.get(holder.DESCRIPTOR.name, ()):
        number = holder.DESCRIPTOR.fields_by_name[inner].number
        for index, element in enumerate(getattr(holder, inner)):
            full_name = f"{name}.{element.name}" if name else element.name
            yield full_name, (*place, number, index)
            yield from _elements(element, full_name, (*place, number, index))
