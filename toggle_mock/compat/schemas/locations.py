"""Where in its .proto file something is defined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto

from toggle_mock.schema import Schema

# The fields of the descriptors that hold further elements, by the message that has them.
_INNER = {
    "FileDescriptorProto": ("message_type", "enum_type", "service", "extension"),
    "DescriptorProto": ("field", "nested_type", "enum_type", "extension"),
    "EnumDescriptorProto": ("value",),
    "ServiceDescriptorProto": ("method",),
}


@dataclass(frozen=True)
class Location:
    """A place in a file."""

    path: str
    line: int
    """From 1 on."""
    column: int
    """From 1 on."""


def locations(schema: Schema) -> dict[str, Location]:
    """Where each element of a schema is, by full name; a value's is below its enum's.

    Empty for a schema that was not compiled from .proto files.
    """
    found = {}
    for file in schema.files.file:
        spans = {tuple(one.path): one.span for one in file.source_code_info.location}
        path = str(PurePosixPath(schema.root) / file.name)
        for name, place, _ in elements(file):
            if place in spans:
                line, column, *_ = spans[place]
                found[name] = Location(path, line + 1, column + 1)
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


def elements(file: FileDescriptorProto) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """A file and all that it defines: full name, place and descriptor.

    A file's name is its path. Places are as SourceCodeInfo has them: numbers of fields and indexes.
    """
    yield file.name, (), file
    yield from _inner(file, file.package, ())


def _inner(
    holder: Any, name: str, place: tuple[int, ...]
) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    for inner in _INNER.get(holder.DESCRIPTOR.name, ()):
        number = holder.DESCRIPTOR.fields_by_name[inner].number
        for index, element in enumerate(getattr(holder, inner)):
            full_name = f"{name}.{element.name}" if name else element.name
            yield full_name, (*place, number, index), element
            yield from _inner(element, full_name, (*place, number, index))
