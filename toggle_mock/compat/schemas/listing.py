"""Schemas as lines of text, to be read and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from google.protobuf.descriptor import Descriptor, EnumDescriptor, MethodDescriptor

from toggle_mock.compat.schemas.index import (
    SchemaIndex,
    element_proto,
    range_text,
    reserved_ranges,
    type_name,
)
from toggle_mock.fields import fields_of, label_of
from toggle_mock.schema import Schema, is_map, oneof_of


def listing(schema: Schema) -> Mapping[str, list[str]]:
    """The lines of each message, enum and rpc, by a title such as ``message rodent.EventBatch``."""
    index = SchemaIndex(schema)
    return {
        **{
            f"message {name}": _message(message)
            for name, message in index.messages.items()
            if not message.GetOptions().map_entry
        },
        **{f"enum {name}": _enum(enum) for name, enum in index.enums.items()},
        **{f"rpc {name}": [_rpc(rpc)] for name, rpc in index.rpcs.items()},
    }


def difference(old: Schema, new: Schema) -> Iterator[str]:
    """The lines that only one has: those of ``old`` with ``-``, those of ``new`` with ``+``."""
    before, after = listing(old), listing(new)
    for title in dict.fromkeys([*before, *after]):
        ours, theirs = before.get(title, []), after.get(title, [])
        gone = [("-", line) for line in ours if line not in theirs]
        come = [("+", line) for line in theirs if line not in ours]
        if title not in after:
            yield f"- {title}"
        elif title not in before:
            yield f"+ {title}"
        elif gone or come:
            yield f"  {title}"
        yield from (f"{sign}     {line}" for sign, line in sorted(gone + come, key=_place))


def _place(signed: tuple[str, str]) -> tuple[int, bool]:
    """By number, the old line first."""
    sign, line = signed
    number = line.split(" ", 1)[0]
    return (int(number) if number.lstrip("-").isdigit() else -1, sign == "+")


def _message(message: Descriptor) -> list[str]:
    lines = []
    for field in sorted(fields_of(message), key=lambda one: one.number):
        oneof = oneof_of(field)
        plain = not (field.is_repeated or is_map(field) or field.message_type)
        label = (
            "required "
            if field.is_required
            else "optional " * (plain and field.has_presence and oneof is None)
        )
        suffix = f" (oneof {oneof.name})" if oneof else ""
        lines.append(f"{field.number} {label_of(field)} {label}{type_name(field)}{suffix}")
    return [*lines, *_reserved(message)]


def _enum(enum: EnumDescriptor) -> list[str]:
    return [*(f"{value.number} {value.name}" for value in enum.values), *_reserved(enum)]


def _reserved(element: Descriptor | EnumDescriptor) -> list[str]:
    ranges = [f"reserved {range_text(one)}" for one in reserved_ranges(element)]
    return [*ranges, *(f"reserved {name}" for name in element_proto(element).reserved_name)]


def _rpc(rpc: MethodDescriptor) -> str:
    sides = (
        f"{'stream ' if streaming else ''}{message.full_name}"
        for streaming, message in (
            (rpc.client_streaming, rpc.input_type),
            (rpc.server_streaming, rpc.output_type),
        )
    )
    return " -> ".join(sides)
