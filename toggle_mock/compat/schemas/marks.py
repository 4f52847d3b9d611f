"""Descriptor sets whose lines stand for their elements.

What a tool says of line 7 of a file is then about that file's seventh element, whatever the text of
its .proto, and even if there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from toggle_mock.compat.schemas.locations import elements

ByLine: TypeAlias = "Sequence[tuple[str, Any]]"
"""Full name and descriptor of what stands on each line of a file."""

# Where a tool may look for an option; other parts of an element are numbered from 1 to 10.
_OPTIONS = {"MethodDescriptorProto": [(4, 34)]}  # idempotency_level


def marked(files: FileDescriptorSet) -> FileDescriptorSet:
    """The same files; each element is on a line of its own, and all its parts are there too."""
    result = FileDescriptorSet()
    result.CopyFrom(files)
    for file in result.file:
        file.ClearField("source_code_info")
        for line, (_, path, element) in enumerate(elements(file)):
            for part in ((), *_parts(element)):
                place = file.source_code_info.location.add()
                place.path.extend([*path, *part])
                place.span.extend([line, 0, 1])
    return result


def elements_by_line(file: FileDescriptorProto) -> ByLine:
    """What stands on the lines of a file that is marked, from the first on."""
    return [(name, element) for name, _, element in elements(file)]


def _parts(element: Any) -> Iterator[Sequence[int]]:
    yield from ((number,) for number in range(1, 11))
    yield from _OPTIONS.get(element.DESCRIPTOR.name, ())
