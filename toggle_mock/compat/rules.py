"""The structure of two schemas, by the rules of ``buf breaking``: categories WIRE and WIRE_JSON.

The rules compare definitions, new against old (https://buf.build/docs/breaking/rules). A test holds
this module against buf itself. What a rule cannot see is the business of
:mod:`toggle_mock.compat.messages.counterexamples`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    EnumValueDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
)
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FeatureSet,
    FieldDescriptorProto,
    FileDescriptorProto,
    MethodOptions,
)

from toggle_mock.compat.report import Category
from toggle_mock.compat.schemas.defaults import is_same_default, shown_default
from toggle_mock.compat.schemas.index import (
    NUMBER_GROUPS,
    Range,
    SchemaIndex,
    element_proto,
    kind_name,
    pairs,
    range_text,
    reserved_ranges,
)
from toggle_mock.fields import extensions_of, full_name, label_of
from toggle_mock.json_names import json_name_of
from toggle_mock.schema import Schema, is_map, oneof_of

WIRE, WIRE_JSON = Category


@dataclass(frozen=True)
class Violation:
    """A rule that the new schema breaks."""

    rule: str
    owner: str
    """Full name of the message, enum, rpc or file that it is about."""
    part: str
    """The field, by its label, or the value; empty if it is the whole."""
    text: str
    """What changed."""
    number: int = 0
    """The field's or value's number; 0 if it is the whole."""
    reserved: str = ""
    """What was reserved, if it is about that: ``91 to 100``, or a name."""

    @property
    def element(self) -> str:
        """Full name of what it is about."""
        return full_name(self.owner, self.part) if self.part else self.owner


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
        before, after = (file.package or "none" for file in (old, new))
        text = f"the package changed from {before} to {after}"
        yield Violation("FILE_SAME_PACKAGE", old.name, "", text)


def _message(old: Descriptor, new: Descriptor) -> Iterator[Violation]:
    yield from _no_longer_in_json("MESSAGE_SAME_JSON_FORMAT", old, new)
    yield from _required(old, new)
    yield from _reserved("RESERVED_MESSAGE_NO_DELETE", old, new)
    for number, field in old.fields_by_number.items():
        if number not in new.fields_by_number:
            yield from _deleted("FIELD_NO_DELETE_UNLESS", old.full_name, [field], new)
    for ours, theirs in (
        (old.fields_by_number, new.fields_by_number),
        ({one.number: one for one in extensions_of(side)} for side in (old, new)),
    ):
        for before, after in pairs(ours, theirs):
            for rule, check in _FIELD_CHECKS.items():
                if text := check(before, after):
                    yield Violation(rule, old.full_name, label_of(before), text, before.number)


def _required(old: Descriptor, new: Descriptor) -> Iterator[Violation]:
    before, after = ({f.number: f.name for f in m.fields if f.is_required} for m in (old, new))
    labelled = {f.number for m in (old, new) for f in _protos(m) if f.label == f.LABEL_REQUIRED}
    for numbers, names, what in (
        (before.keys() - after.keys(), before, "no longer required, or gone"),
        (after.keys() - before.keys(), after, "required now"),
    ):
        for number in sorted(numbers):
            text = f"{names[number]} is {what}"
            if number not in labelled:
                text += ", by a feature, where buf looks at labels alone"
            rule = "MESSAGE_SAME_REQUIRED_FIELDS"
            yield Violation(rule, old.full_name, names[number], text, number)


def _protos(message: Descriptor) -> Sequence[FieldDescriptorProto]:
    return cast("DescriptorProto", element_proto(message)).field


def is_required_in_both(indexes: Iterable[SchemaIndex], owner: str, number: int) -> bool:
    """Whether a field is, by label or by feature; buf takes one for the other's end."""
    messages = [index.messages.get(owner) for index in indexes]
    fields = [one.fields_by_number.get(number) for one in messages if one is not None]
    return len(fields) == len(messages) and all(one and one.is_required for one in fields)


def _reserved(
    rule: str, old: Descriptor | EnumDescriptor, new: Descriptor | EnumDescriptor
) -> Iterator[Violation]:
    after = reserved_ranges(new)
    for one in reserved_ranges(old):
        gone = ", ".join(map(range_text, _missing(one, after)))
        if gone:
            of = "" if gone == range_text(one) else f", of {range_text(one)}"
            text = f"{gone}{of}: no longer reserved"
            yield Violation(rule, old.full_name, "", text, reserved=gone)
    for name in sorted(_reserved_names(old) - _reserved_names(new)):
        text = f"the name {name} is no longer reserved"
        yield Violation(rule, old.full_name, "", text, reserved=name)


def _missing(wanted: Range, ranges: Iterable[Range]) -> Iterator[Range]:
    """The parts of a range that others leave out, however they are cut."""
    start, end = wanted
    for low, high in sorted(ranges):
        if low > start <= end:
            yield start, min(end, low - 1)
        start = max(start, high + 1)
    if start <= end:
        yield start, end


def _deleted(
    rule: str, owner: str, parts: Sequence[Any], new: Descriptor | EnumDescriptor
) -> Iterator[Violation]:
    """A field is gone, or the values of a number; number and names ought to be reserved."""
    name, number = parts[0].name, parts[0].number
    if not any(low <= number <= high for low, high in reserved_ranges(new)):
        text = f"{name} was deleted, and its number {number} is not reserved"
        yield Violation(f"{rule}_NUMBER_RESERVED", owner, name, text, number)
    free = [part.name for part in parts if part.name not in _reserved_names(new)]
    if free:
        text = f"{free[0]} was deleted, and its name is not reserved"
        yield Violation(f"{rule}_NAME_RESERVED", owner, free[0], text, number)


def _reserved_names(element: Descriptor | EnumDescriptor) -> set[str]:
    return set(element_proto(element).reserved_name)


# Fields


def _same_name(old: FieldDescriptor, new: FieldDescriptor) -> str:
    before, after = label_of(old), label_of(new)
    return f"{before} became {after}" if before != after else ""


def _same_json_name(old: FieldDescriptor, new: FieldDescriptor) -> str:
    before, after = json_name_of(old), json_name_of(new)
    # An extension goes by its full name.
    if before == after or old.is_extension:
        return ""
    return f"the name in JSON changed from {before} to {after}"


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
    if is_same_default(old, new):
        return ""
    before, after = (shown_default(field) for field in (old, new))
    return f"the default of {_named(old, new)} changed from {before} to {after}"


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
    before, after = label_of(old), label_of(new)
    return before if before == after else f"{before}, now {after},"


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
            yield from _deleted("ENUM_VALUE_NO_DELETE_UNLESS", old.full_name, before, new)
        elif not {value.name for value in before} <= {value.name for value in after}:
            gone = [value.name for value in before if value.name not in {v.name for v in after}]
            text = f"{', '.join(gone)} of number {number} became {_names_of(after)}"
            if len(gone) < len(before):
                text = (
                    f"{', '.join(gone)} is no longer a name of number {number}: {_names_of(after)}"
                )
            yield Violation("ENUM_VALUE_SAME_NAME", old.full_name, gone[0], text, number)


def _names_of(values: Iterable[EnumValueDescriptor]) -> str:
    return ", ".join(value.name for value in values)


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
        text = "JSON is not fully supported any more"
        yield Violation(rule, old.full_name, "", text)


def _json_format(element: Descriptor | EnumDescriptor) -> str:
    """Whether JSON is supported, as the syntax or an edition's features say."""
    file = FileDescriptorProto()
    element.file.CopyToProto(file)
    if file.syntax != "editions":
        return "ALLOW" if file.syntax == "proto3" else "LEGACY_BEST_EFFORT"
    holder: Any = element
    while holder is not None:
        # GetOptions() is without features.
        if chosen := element_proto(holder).options.features.json_format:
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
