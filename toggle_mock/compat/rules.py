"""The structure of two schemas, by the rules of ``buf breaking``: categories WIRE and WIRE_JSON.

The rules compare definitions, new against old (https://buf.build/docs/breaking/rules). A test holds
this module against buf itself. What a rule cannot see is the business of
:mod:`toggle_mock.compat.messages.counterexamples`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    EnumValueDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
)
from google.protobuf.descriptor_pb2 import (
    FeatureSet,
    FileDescriptorProto,
    MethodOptions,
)

from toggle_mock.compat.report import Category
from toggle_mock.compat.schemas.index import (
    NUMBER_GROUPS,
    SchemaIndex,
    element_proto,
    kind_name,
    pairs,
    reserved_ranges,
)
from toggle_mock.schema import Schema, is_map, oneof_of

WIRE, WIRE_JSON = Category


@dataclass(frozen=True)
class Violation:
    """A rule that the new schema breaks."""

    rule: str
    owner: str
    """Full name of the message, enum, rpc or file that it is about."""
    part: str
    """The field or value; empty if it is the whole."""
    text: str
    """What changed."""
    number: int = 0
    """The field's or value's number; 0 if it is the whole."""

    @property
    def element(self) -> str:
        """Full name of what it is about."""
        return f"{self.owner}.{self.part}" if self.part else self.owner


def violations(old: Schema, new: Schema, category: Category = WIRE) -> list[Violation]:
    """The rules of a category that ``new`` breaks, in the order of ``old``'s definitions."""
    before, after = SchemaIndex(old), SchemaIndex(new)
    found = [
        *(b for one, two in pairs(before.files, after.files) for b in _file(one, two)),
        *(b for one, two in pairs(before.messages, after.messages) for b in _message(one, two)),
        *(b for one, two in pairs(before.enums, after.enums) for b in _enum(one, two)),
        *(b for one, two in pairs(before.rpcs, after.rpcs) for b in _rpc(one, two)),
    ]
    return [violation for violation in found if category in RULES[violation.rule].categories]


def _file(old: FileDescriptor, new: FileDescriptor) -> Iterator[Violation]:
    if old.package != new.package:
        text = f"the package {old.package} became {new.package}"
        yield Violation("FILE_SAME_PACKAGE", old.name, "", text)


def _message(old: Descriptor, new: Descriptor) -> Iterator[Violation]:
    yield from _no_longer_in_json("MESSAGE_SAME_JSON_FORMAT", old, new)
    yield from _required(old, new)
    yield from _reserved("RESERVED_MESSAGE_NO_DELETE", old, new)
    for number, field in old.fields_by_number.items():
        after = new.fields_by_number.get(number)
        if after is None:
            yield from _deleted("FIELD_NO_DELETE_UNLESS", old.full_name, field, new)
            continue
        for rule, check in _FIELD_CHECKS.items():
            if text := check(field, after):
                yield Violation(rule, old.full_name, field.name, text, number)


def _required(old: Descriptor, new: Descriptor) -> Iterator[Violation]:
    before, after = ({f.number: f.name for f in m.fields if f.is_required} for m in (old, new))
    for numbers, names, what in (
        (before.keys() - after.keys(), before, "no longer required, or gone"),
        (after.keys() - before.keys(), after, "required now"),
    ):
        for number in sorted(numbers):
            text = f"{names[number]} is {what}"
            rule = "MESSAGE_SAME_REQUIRED_FIELDS"
            yield Violation(rule, old.full_name, names[number], text, number)


def _reserved(
    rule: str, old: Descriptor | EnumDescriptor, new: Descriptor | EnumDescriptor
) -> Iterator[Violation]:
    after = reserved_ranges(new)
    for start, end in reserved_ranges(old):
        if not any(low <= start and end <= high for low, high in after):
            text = f"the reserved range {start} to {end} was deleted"
            yield Violation(rule, old.full_name, "", text)
    for name in sorted(_reserved_names(old) - _reserved_names(new)):
        yield Violation(rule, old.full_name, "", f"the reserved name {name} was deleted")


def _deleted(
    rule: str, owner: str, part: Any, new: Descriptor | EnumDescriptor
) -> Iterator[Violation]:
    """A field or a value that is gone; its number and its name ought to be reserved."""
    if not any(low <= part.number <= high for low, high in reserved_ranges(new)):
        text = f"{part.name} was deleted, and its number {part.number} is not reserved"
        yield Violation(f"{rule}_NUMBER_RESERVED", owner, part.name, text, part.number)
    if part.name not in _reserved_names(new):
        text = f"{part.name} was deleted, and its name is not reserved"
        yield Violation(f"{rule}_NAME_RESERVED", owner, part.name, text, part.number)


def _reserved_names(element: Descriptor | EnumDescriptor) -> set[str]:
    return set(element_proto(element).reserved_name)


# Fields


def _same_name(old: FieldDescriptor, new: FieldDescriptor) -> str:
    return f"{old.name} became {new.name}" if old.name != new.name else ""


def _same_json_name(old: FieldDescriptor, new: FieldDescriptor) -> str:
    if old.json_name == new.json_name:
        return ""
    return f"the name in JSON changed from {old.json_name} to {new.json_name}"


def _same_oneof(old: FieldDescriptor, new: FieldDescriptor) -> str:
    before, after = (oneof_of(field) for field in (old, new))
    if before is None and after is None:
        return ""
    if before is None or after is None:
        oneof, moved = (after, "into") if before is None else (before, "out of")
        return f"{old.name} moved {moved} the oneof {oneof.name}" if oneof else ""
    if before.name == after.name:
        return ""
    return f"{old.name} moved from the oneof {before.name} to {after.name}"


def _same_default(old: FieldDescriptor, new: FieldDescriptor) -> str:
    if any(field.is_repeated or field.message_type is not None for field in (old, new)):
        return ""
    before, after = _default(old), _default(new)
    if before == after or not (old.has_default_value or new.has_default_value):
        return ""
    return f"the default of {old.name} changed from {before!r} to {after!r}"


def _default(field: FieldDescriptor) -> object:
    """A default that can be compared: NaN is NaN, and a float has no more digits than it holds."""
    value = field.default_value
    if field.type == FieldDescriptor.TYPE_FLOAT:
        value = struct.unpack("f", struct.pack("f", value))[0]
    return repr(value) if isinstance(value, float) else value


_CARDINALITY_GROUPS: Mapping[Category, Mapping[str, int]] = {
    WIRE: {"optional": 1, "implicit": 1, "required": 2, "repeated": 3, "map": 3},
    WIRE_JSON: {"optional": 1, "implicit": 1, "required": 2, "repeated": 3, "map": 4},
}


def _cardinality(field: FieldDescriptor) -> str:
    if is_map(field):
        return "map"
    if field.is_repeated:
        return "repeated"
    if field.is_required:
        return "required"
    return "optional" if field.has_presence else "implicit"


def _compatible_cardinality(
    category: Category,
) -> Callable[[FieldDescriptor, FieldDescriptor], str]:
    groups = _CARDINALITY_GROUPS[category]

    def check(old: FieldDescriptor, new: FieldDescriptor) -> str:
        before, after = _cardinality(old), _cardinality(new)
        if groups[before] == groups[after]:
            return ""
        words = {"optional": "singular", "implicit": "singular"}
        changed = f"from {words.get(before, before)} to {words.get(after, after)}"
        return f"{_named(old, new)} changed {changed}"

    return check


# Kinds that are read as one another, for each category.
_KIND_GROUPS: Mapping[Category, Sequence[frozenset[str]]] = {
    WIRE: NUMBER_GROUPS,
    WIRE_JSON: (
        frozenset({"int32", "uint32"}),
        frozenset({"int64", "uint64"}),
        frozenset({"fixed32", "sfixed32"}),
        frozenset({"fixed64", "sfixed64"}),
    ),
}


def _compatible_type(category: Category) -> Callable[[FieldDescriptor, FieldDescriptor], str]:
    groups = _KIND_GROUPS[category]

    def check(old: FieldDescriptor, new: FieldDescriptor) -> str:
        before, after = kind_name(old), kind_name(new)
        if before != after:
            # A string is bytes to whoever reads it so; the reverse need not hold.
            if category == WIRE and (before, after) == ("string", "bytes"):
                return ""
            if any({before, after} <= group for group in groups):
                return ""
            return f"{_named(old, new)} changed from {before} to {after}"
        if _is_same_type(old, new):
            return ""
        names = [(f.message_type or f.enum_type).full_name for f in (old, new)]  # type: ignore[union-attr]
        return f"{_named(old, new)} changed from {names[0]} to {names[1]}"

    return check


def _is_same_type(old: FieldDescriptor, new: FieldDescriptor) -> bool:
    if old.message_type is not None and new.message_type is not None:
        return old.message_type.full_name == new.message_type.full_name
    if old.enum_type is None or new.enum_type is None:
        return True
    if old.enum_type.full_name == new.enum_type.full_name:
        return True
    # An enum may move, if it keeps its own name and all its values.
    before, after = ({(v.name, v.number) for v in f.enum_type.values} for f in (old, new))  # type: ignore[union-attr]
    return old.enum_type.name == new.enum_type.name and before <= after


def _named(old: FieldDescriptor, new: FieldDescriptor) -> str:
    return old.name if old.name == new.name else f"{old.name}, now {new.name},"


_FIELD_CHECKS: Mapping[str, Callable[[FieldDescriptor, FieldDescriptor], str]] = {
    "FIELD_SAME_NAME": _same_name,
    "FIELD_SAME_JSON_NAME": _same_json_name,
    "FIELD_SAME_ONEOF": _same_oneof,
    "FIELD_SAME_DEFAULT": _same_default,
    "FIELD_WIRE_COMPATIBLE_CARDINALITY": _compatible_cardinality(WIRE),
    "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY": _compatible_cardinality(WIRE_JSON),
    "FIELD_WIRE_COMPATIBLE_TYPE": _compatible_type(WIRE),
    "FIELD_WIRE_JSON_COMPATIBLE_TYPE": _compatible_type(WIRE_JSON),
}


# Enums and rpcs


def _enum(old: EnumDescriptor, new: EnumDescriptor) -> Iterator[Violation]:
    yield from _no_longer_in_json("ENUM_SAME_JSON_FORMAT", old, new)
    yield from _reserved("RESERVED_ENUM_NO_DELETE", old, new)
    values_after = _values_by_number(new)
    for number, before in _values_by_number(old).items():
        after = values_after.get(number)
        if after is None:
            yield from _deleted("ENUM_VALUE_NO_DELETE_UNLESS", old.full_name, before[0], new)
        elif not {value.name for value in before} <= {value.name for value in after}:
            text = f"{before[0].name} became {after[0].name}"
            yield Violation("ENUM_VALUE_SAME_NAME", old.full_name, before[0].name, text)


def _values_by_number(enum: EnumDescriptor) -> Mapping[int, Sequence[EnumValueDescriptor]]:
    """Aliases have the same number."""
    values: dict[int, list[EnumValueDescriptor]] = {}
    for value in enum.values:
        values.setdefault(value.number, []).append(value)
    return values


def _rpc(old: MethodDescriptor, new: MethodDescriptor) -> Iterator[Violation]:
    for rule, aspect in _RPC_ASPECTS.items():
        before, after = aspect(old), aspect(new)
        if before != after:
            yield Violation(rule, old.full_name, "", f"{before} became {after}")


def _flag(name: str) -> Callable[[bool], str]:
    return lambda streaming: f"a stream of {name}s" if streaming else f"one {name}"


_RPC_ASPECTS: Mapping[str, Callable[[MethodDescriptor], str]] = {
    "RPC_SAME_REQUEST_TYPE": lambda rpc: rpc.input_type.full_name,
    "RPC_SAME_RESPONSE_TYPE": lambda rpc: rpc.output_type.full_name,
    "RPC_SAME_CLIENT_STREAMING": lambda rpc: _flag("request")(rpc.client_streaming),
    "RPC_SAME_SERVER_STREAMING": lambda rpc: _flag("response")(rpc.server_streaming),
    "RPC_SAME_IDEMPOTENCY_LEVEL": lambda rpc: MethodOptions.IdempotencyLevel.Name(
        rpc.GetOptions().idempotency_level
    ),
}


def _no_longer_in_json(
    rule: str, old: Descriptor | EnumDescriptor, new: Descriptor | EnumDescriptor
) -> Iterator[Violation]:
    if _json_format(old) == "ALLOW" != _json_format(new):
        yield Violation(rule, old.full_name, "", "JSON is not fully supported any more")


def _json_format(element: Descriptor | EnumDescriptor) -> str:
    """Whether JSON is supported, as the syntax or an edition's features say."""
    file = FileDescriptorProto()
    element.file.CopyToProto(file)
    if file.syntax != "editions":
        return "ALLOW" if file.syntax == "proto3" else "LEGACY_BEST_EFFORT"
    holder: Any = element
    while holder is not None:
        if chosen := holder.GetOptions().features.json_format:
            return FeatureSet.JsonFormat.Name(chosen)
        holder = holder.containing_type
    return FeatureSet.JsonFormat.Name(file.options.features.json_format or FeatureSet.ALLOW)


@dataclass(frozen=True)
class Rule:
    """One rule of buf's."""

    categories: frozenset[Category]
    harmless: str
    """Why messages may arrive whole although it is broken."""

    @property
    def is_risk(self) -> bool:
        """Whether harm may come of it later."""
        return self.harmless in {_LATER, _OTHERS}


_BOTH = frozenset(Category)
_JSON_ONLY = frozenset({WIRE_JSON})
_WIRE_ONLY = frozenset({WIRE})
_NAMES = "names do not travel in protobuf's bytes, only in JSON"
_OTHERS = "the messages of the new package are others"
_LATER = "nothing is lost today; a later field or value may take its number or name"

RULES: Mapping[str, Rule] = {
    "ENUM_SAME_JSON_FORMAT": Rule(_JSON_ONLY, "only JSON knows the difference"),
    "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED": Rule(_JSON_ONLY, _LATER),
    "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED": Rule(_BOTH, _LATER),
    "ENUM_VALUE_SAME_NAME": Rule(_JSON_ONLY, _NAMES),
    "FIELD_NO_DELETE_UNLESS_NAME_RESERVED": Rule(_JSON_ONLY, _LATER),
    "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED": Rule(_BOTH, _LATER),
    "FIELD_SAME_DEFAULT": Rule(_BOTH, "the field is always set"),
    "FIELD_SAME_JSON_NAME": Rule(_JSON_ONLY, _NAMES),
    "FIELD_SAME_NAME": Rule(_JSON_ONLY, _NAMES),
    "FIELD_SAME_ONEOF": Rule(
        _BOTH, "a oneof leaves no trace in the bytes; its fields are as before"
    ),
    "FIELD_WIRE_COMPATIBLE_CARDINALITY": Rule(_WIRE_ONLY, "the bytes of the two are the same"),
    "FIELD_WIRE_COMPATIBLE_TYPE": Rule(_WIRE_ONLY, "the bytes of the two types are the same"),
    "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY": Rule(_JSON_ONLY, "the bytes of the two are the same"),
    "FIELD_WIRE_JSON_COMPATIBLE_TYPE": Rule(_JSON_ONLY, "the bytes of the two types are the same"),
    "FILE_SAME_PACKAGE": Rule(_BOTH, _OTHERS),
    "MESSAGE_SAME_JSON_FORMAT": Rule(_JSON_ONLY, "only JSON knows the difference"),
    "MESSAGE_SAME_REQUIRED_FIELDS": Rule(_BOTH, "the field was always set"),
    "RESERVED_ENUM_NO_DELETE": Rule(_BOTH, _LATER),
    "RESERVED_MESSAGE_NO_DELETE": Rule(_BOTH, _LATER),
    "RPC_SAME_CLIENT_STREAMING": Rule(_BOTH, "calls with one message work as before"),
    "RPC_SAME_IDEMPOTENCY_LEVEL": Rule(_BOTH, "only clients that retry by themselves look at it"),
    "RPC_SAME_REQUEST_TYPE": Rule(_BOTH, "the two types are written alike"),
    "RPC_SAME_RESPONSE_TYPE": Rule(_BOTH, "the two types are written alike"),
    "RPC_SAME_SERVER_STREAMING": Rule(_BOTH, "calls with one message work as before"),
}
"""The rules by name."""
