"""The fields of a message, extensions among them, and what they hold.

Protobuf's messages for Python keep the two apart: an extension goes by its descriptor, any other
field by its name. Here both are fields. A field may be called as a method of messages is, and then
hides it: so methods are called on the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from toggle_mock.schema import is_map


def fields_of(message: Descriptor) -> list[FieldDescriptor]:
    """A message's own fields, and behind them the extensions of it that its pool knows."""
    return [*message.fields, *extensions_of(message)]


def extensions_of(message: Descriptor) -> list[FieldDescriptor]:
    """The extensions of a message that its pool knows, by number."""
    if not message.is_extendable:
        return []
    pool: Any = message.file.pool
    return sorted(pool.FindAllExtensions(message), key=lambda one: one.number)


def field_by_number(message: Descriptor, number: int) -> FieldDescriptor | None:
    """The field or extension with a number; None if there is none."""
    own = message.fields_by_number.get(number)
    if own is not None:
        return own
    return next((one for one in extensions_of(message) if one.number == number), None)


def field_by_label(message: Descriptor, label: str) -> FieldDescriptor | None:
    """The field or extension that :func:`label_of` calls so; None if there is none."""
    if label.startswith("["):
        return next((one for one in extensions_of(message) if label_of(one) == label), None)
    return message.fields_by_name.get(label)


def label_of(field: FieldDescriptor) -> str:
    """What a field is called within its message: its name, or ``[package.name]`` if it extends.

    So protobuf's text format and its JSON write it.
    """
    return f"[{field.full_name}]" if field.is_extension else field.name


def full_name(owner: str, label: str) -> str:
    """The full name of a field that a message calls by a label."""
    return label[1:-1] if label.startswith("[") else f"{owner}.{label}"


_METHODS = frozenset(dir(Message))


def hiding(message: Descriptor) -> list[str]:
    """The names of fields that hide a method of protobuf's messages for Python."""
    return [one.name for one in message.fields if one.name in _METHODS]


def owner_of(field: FieldDescriptor) -> str:
    """Full name of the message that a field is in, or extends."""
    assert field.containing_type is not None
    return field.containing_type.full_name


def content_of(message: Message, field: FieldDescriptor) -> Any:
    """What a field holds; its default if it is unset."""
    if field.is_extension:
        return _extensions(message)[field]
    return getattr(message, field.name)


def _extensions(message: Message) -> Any:
    kind: Any = type(message)
    return kind.Extensions.__get__(message)


def is_set(message: Message, field: FieldDescriptor) -> bool:
    """Whether a field is written: one without presence, if it is not zero."""
    if field.is_repeated:
        return len(content_of(message, field)) > 0
    kind: Any = type(message)
    if field.is_extension:
        return bool(kind.HasExtension(message, field))
    if field.has_presence:
        return bool(kind.HasField(message, field.name))
    return any(one.number == field.number for one, _ in kind.ListFields(message))


def clear(message: Message, field: FieldDescriptor) -> None:
    """Leave a field unset."""
    kind: Any = type(message)
    if field.is_extension:
        kind.ClearExtension(message, field)
    else:
        kind.ClearField(message, field.name)


def set_fields(message: Message) -> Sequence[tuple[FieldDescriptor, Any]]:
    """The fields that are set and what they hold, by number.

    protobuf lists an extension too whose last element was taken away.
    """
    listed = type(message).ListFields(message)
    return [(field, value) for field, value in listed if not field.is_repeated or len(value)]


def put(message: Message, field: FieldDescriptor, value: Any) -> None:
    """Set a field to a value: a list for a repeated one, a mapping for a map."""
    clear(message, field)
    if field.is_repeated and not value:
        return  # protobuf would list an extension that was given nothing
    if field.message_type is None and not field.is_repeated:
        if field.is_extension:
            _extensions(message)[field] = value
        else:
            setattr(message, field.name, value)
        return
    content = content_of(message, field)
    if is_map(field):
        for key in value:
            if isinstance(value[key], Message):
                type(value[key]).CopyFrom(content[key], value[key])
            else:
                content[key] = value[key]
    elif field.is_repeated:
        content.extend(value)
    else:
        kind: Any = type(content)
        kind.SetInParent(content)
        kind.CopyFrom(content, value)
