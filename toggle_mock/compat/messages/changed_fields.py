"""Where two definitions of a message differ: only there can messages be misread."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from toggle_mock.compat.schemas.index import kind_name, names_of, type_name
from toggle_mock.fields import field_by_number, fields_of, label_of
from toggle_mock.schema import is_map, oneof_of


def changed_fields(writer: Descriptor, reader: Descriptor) -> dict[str, frozenset[str]]:
    """The fields that may not be read as they are meant, each with those that may interfere.

    A field whose type has the same name in both is none, however that type has changed: it is
    looked at by itself.

    Returns:
        Labels of fields, with the names of those that the reader has in one oneof with it.
    """
    found = [one for one in fields_of(writer) if is_changed(one, reader)]
    return {label_of(one): _companions(one, writer, reader) for one in found}


def is_changed(field: FieldDescriptor, reader: Descriptor) -> bool:
    """Whether a reader defines a field otherwise."""
    target = field_by_number(reader, field.number)
    return target is None or field_definition(field) != field_definition(target)


def is_only_renamed(field: FieldDescriptor, target: FieldDescriptor) -> bool:
    """Whether two fields are defined alike but for what they are called."""
    return _apart_from_names(field) == _apart_from_names(target)


def _apart_from_names(field: FieldDescriptor) -> tuple[object, ...]:
    # Behind number, label and name in JSON.
    return field_definition(field)[3:]


def _companions(field: FieldDescriptor, writer: Descriptor, reader: Descriptor) -> frozenset[str]:
    target = field_by_number(reader, field.number)
    oneof = oneof_of(target) if target is not None else None
    if oneof is None:
        return frozenset()
    numbers = {one.number for one in oneof.fields} - {field.number}
    # The writer sets one member of a oneof of its own.
    apart = oneof_of(field)
    return frozenset(
        one.name
        for one in writer.fields
        if one.number in numbers and (apart is None or oneof_of(one) != apart)
    )


def field_definition(field: FieldDescriptor) -> tuple[object, ...]:
    """All that a definition says of a field, but for what its message type looks like."""
    oneof, enum = oneof_of(field), field.enum_type
    values = [] if enum is None else [enum.is_closed, *((v.name, v.number) for v in enum.values)]
    # A message's own default is no value.
    default = None if field.is_repeated or field.message_type is not None else field.default_value
    return (
        field.number,
        label_of(field),
        field.json_name,
        kind_name(field),
        type_name(field),
        field.has_presence,
        field.is_required,
        is_map(field),
        repr(default),
        oneof.name if oneof else None,
        tuple(values),
    )


def changed_numbers(ours: EnumDescriptor, theirs: EnumDescriptor) -> Sequence[int]:
    """The numbers of an enum that mean something else to the other side; all, if none does."""
    mine, others = names_of(ours), names_of(theirs)
    differing = [number for number in mine if mine[number] != others.get(number)]
    return differing or list(mine)
