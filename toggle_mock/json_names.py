"""Names in JSON that several fields of a message share.

protoc and buf let them be in proto2, and under an option or a feature elsewhere. protobuf's pools
for Python refuse such a file, or, where the option is set, take one field for the other. So a pool
gets the file with names that are apart; what the .proto says can still be told of each.
"""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

# No compiler takes it in a name.
_MARK = "\x1f"


def with_names_apart(file: FileDescriptorProto) -> FileDescriptorProto:
    """A file in which no two fields of a message have one name in JSON."""
    if not any(map(_has_shared_names, file.message_type)):
        return file
    apart = FileDescriptorProto()
    apart.CopyFrom(file)
    _set_apart(apart.message_type)
    return apart


def json_name_of(field: FieldDescriptor) -> str:
    """A field's name in JSON, as its file has it."""
    return field.json_name.partition(_MARK)[0]


def shared_names(message: Descriptor) -> dict[str, list[str]]:
    """The names in JSON that several fields of a message share, with those fields' own names."""
    found: dict[str, list[str]] = {}
    for field in message.fields:
        found.setdefault(json_name_of(field), []).append(field.name)
    return {name: fields for name, fields in found.items() if len(fields) > 1}


def _has_shared_names(message: DescriptorProto) -> bool:
    names = [field.json_name for field in message.field if field.json_name]
    return len(set(names)) < len(names) or any(map(_has_shared_names, message.nested_type))


def _set_apart(messages: Iterable[DescriptorProto]) -> None:
    for message in messages:
        seen: set[str] = set()
        for field in message.field:
            if field.json_name in seen:
                field.json_name += f"{_MARK}{field.number}"
            seen.add(field.json_name)
        _set_apart(message.nested_type)
