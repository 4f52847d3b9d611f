"""The parts of a schema by full name, and what the descriptors do not say at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias, TypeVar, cast

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
)
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
)

from toggle_mock.schema import Schema, is_map

T = TypeVar("T")
K = TypeVar("K")

Range: TypeAlias = tuple[int, int]
"""First and last number."""


@dataclass(frozen=True)
class SchemaIndex:
    """The files, messages, enums and rpcs of a schema."""

    schema: Schema

    @cached_property
    def files(self) -> Mapping[str, FileDescriptor]:
        """By path."""
        names = [file.name for file in self.schema.files.file]
        return {name: self.schema.pool.FindFileByName(name) for name in names}

    @cached_property
    def messages(self) -> Mapping[str, Descriptor]:
        """By full name, nested ones and the entries of maps too."""
        tops = (m for file in self.files.values() for m in file.message_types_by_name.values())
        return {message.full_name: message for message in _with_nested(tops)}

    @cached_property
    def enums(self) -> Mapping[str, EnumDescriptor]:
        """By full name, nested ones too."""
        tops = [e for file in self.files.values() for e in file.enum_types_by_name.values()]
        nested = [e for message in self.messages.values() for e in message.enum_types]
        return {enum.full_name: enum for enum in [*tops, *nested]}

    def file_of(self, element: str) -> FileDescriptor | None:
        """The file that defines an element, or what held it; a file goes by its path."""
        if element in self.files:
            return self.files[element]
        while element:
            if (file := self._homes.get(element)) is not None:
                return file
            element = element.rpartition(".")[0]
        return None

    @cached_property
    def _homes(self) -> Mapping[str, FileDescriptor]:
        parts = [*self.messages.values(), *self.enums.values()]
        homes = {part.full_name: part.file for part in parts}
        for file in self.files.values():
            homes |= {one.full_name: file for one in file.services_by_name.values()}
            homes |= {one.full_name: file for one in file.extensions_by_name.values()}
        return homes

    @cached_property
    def rpcs(self) -> Mapping[str, MethodDescriptor]:
        """By full name, such as ``rodent.RodentService.Register``."""
        services = [s for file in self.files.values() for s in file.services_by_name.values()]
        return {method.full_name: method for service in services for method in service.methods}


def _with_nested(messages: Iterable[Descriptor]) -> Iterator[Descriptor]:
    for message in messages:
        yield message
        yield from _with_nested(message.nested_types)


def pairs(old: Mapping[K, T], new: Mapping[K, T]) -> Iterator[tuple[T, T]]:
    """What both have."""
    return ((one, new[name]) for name, one in old.items() if name in new)


@lru_cache(maxsize=256)
def element_proto(
    element: Descriptor | EnumDescriptor,
) -> DescriptorProto | EnumDescriptorProto:
    """A message or an enum as it is written in a descriptor set; to be read, and not changed."""
    proto: Any = EnumDescriptorProto() if hasattr(element, "values") else DescriptorProto()
    element.CopyToProto(proto)
    return cast("DescriptorProto | EnumDescriptorProto", proto)


def reserved_ranges(element: Descriptor | EnumDescriptor) -> list[Range]:
    """First and last number of each reserved range of a message or an enum."""
    proto = element_proto(element)
    # In a descriptor set, an enum's range includes its end.
    beyond = 1 if isinstance(proto, DescriptorProto) else 0
    return [(one.start, one.end - beyond) for one in proto.reserved_range]


def range_text(one: Range) -> str:
    """A range as it is written in a .proto: ``5``, or ``91 to 100``."""
    start, end = one
    return str(start) if start == end else f"{start} to {end}"


def type_name(field: FieldDescriptor) -> str:
    """A field's type as it is written in a .proto: ``repeated string``, ``map<string, int64>``."""
    if is_map(field):
        entry = field.message_type
        assert entry is not None
        key, value = (type_name(entry.fields_by_name[part]) for part in ("key", "value"))
        return f"map<{key}, {value}>"
    named = field.message_type or field.enum_type
    name = named.full_name if named is not None else kind_name(field)
    return f"repeated {name}" if field.is_repeated else name


def kind_name(field: FieldDescriptor) -> str:
    """The kind of a field's type: ``int64``, ``message``, ``enum``."""
    kind = FieldDescriptorProto.Type.Name(cast("FieldDescriptorProto.Type.ValueType", field.type))
    return kind.removeprefix("TYPE_").lower()


@lru_cache(maxsize=256)
def names_of(enum: EnumDescriptor) -> Mapping[int, frozenset[str]]:
    """The names of an enum's values by number; a number may have several."""
    names: dict[int, frozenset[str]] = {}
    for value in enum.values:
        names[value.number] = names.get(value.number, frozenset()) | {value.name}
    return names


NUMBER_GROUPS = (
    frozenset({"int32", "int64", "uint32", "uint64", "bool"}),
    frozenset({"sint32", "sint64"}),
    frozenset({"fixed32", "sfixed32"}),
    frozenset({"fixed64", "sfixed64"}),
)
"""Kinds of numbers that are written alike."""
