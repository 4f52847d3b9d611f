"""What the other side believes: a message as it was sent, held against how it was read.

Fields are compared by their names, since a name is what a program and its operator go by; on the
wire there are only numbers. Nothing here knows how messages are made or carried.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from rodent_events.payload_types import schema_of
from toggle_mock.compat.messages.codecs import Codec
from toggle_mock.compat.messages.text import text_of
from toggle_mock.compat.schemas.index import NUMBER_GROUPS, kind_name, names_of
from toggle_mock.fields import (
    content_of,
    field_by_label,
    fields_of,
    full_name,
    is_set,
    label_of,
    owner_of,
    set_fields,
)
from toggle_mock.schema import is_map, oneof_of

_LONGEST = 60


class Effect(StrEnum):
    """What becomes of something that was sent."""

    IGNORED = "ignored"
    """The other side does not see it: what it believes is less than what was sent."""
    MISREAD = "misread"
    """The other side believes something else, and nothing tells it so."""
    UNREADABLE = "unreadable"
    """The other side rejects the message."""


class Cause(StrEnum):
    """What it comes from."""

    UNKNOWN_FIELD = "the other side knows neither the field nor its number"
    UNKNOWN_VALUE = "the other side does not know the enum's value"
    RENAMED = "the number belongs to another field"
    LEFT_OUT = "what arrives does not set the field"
    PRESENCE = "the other side takes a zero for nothing"
    OVERWRITTEN = "another member of its oneof came behind it"
    UNSENT = "what arrives sets a field that was not sent"
    VALUE = "the value changes on the way"
    VALUE_NAME = "the enum's number has another name"
    TYPE = "the message is of another type"
    DEFAULT = "the two sides have other defaults"
    MISSING = "the other side requires a field that messages need not have"
    REJECTED = "the bytes are no message to the other side"


@dataclass(frozen=True)
class Value:
    """A field and what it holds, in words."""

    owner: str
    """Full name of the message that has the field, or that it extends."""
    name: str
    """The field's name; ``[package.name]`` for an extension."""
    number: int
    text: str
    """What it holds."""

    @property
    def field(self) -> str:
        """The field's full name, such as ``rodent.events.StoragePoolPayload.pool_name``."""
        return full_name(self.owner, self.name)


NOTHING = Value("", "", 0, "")


@dataclass(frozen=True)
class Difference:
    """One difference between what was sent and what the other side believes."""

    effect: Effect
    cause: Cause
    sent: Value | None
    """None if the other side believes something that nobody sent."""
    believed: Value | None
    """None if the other side believes nothing of it."""

    @property
    def key(self) -> str:
        """What all examples of a difference share: ``misread:a.Transfer.source->transfer_id``."""
        names = [one.name for one in (self.sent, self.believed) if one]
        owner = (self.sent or self.believed or NOTHING).owner
        return f"{self.effect}:{owner}.{'->'.join(dict.fromkeys(names))}"


def held(field: FieldDescriptor, content: Any) -> Value:
    """A field and its content in words."""
    return Value(owner_of(field), label_of(field), field.number, _shown(field, content))


def differences(sent: Message, read: Message, codec: Codec) -> Iterator[Difference]:
    """All differences between a message and the same one as another schema reads it."""
    theirs = schema_of(read)
    explained = set()
    for field, value in set_fields(sent):
        target = codec.target(field, theirs)
        if target is None or not is_set(read, target):
            yield _unset(field, value, target, read)
            continue
        explained.add(target.number)
        believed = content_of(read, target)
        if label_of(target) != label_of(field):
            ours, there = held(field, value), held(target, believed)
            yield Difference(Effect.MISREAD, Cause.RENAMED, ours, there)
        else:
            yield from _values(field, value, target, believed, codec)
    for target, believed in set_fields(read):
        if target.number not in explained:
            yield Difference(Effect.MISREAD, Cause.UNSENT, None, held(target, believed))
    yield from _defaults(sent, read)


def _unset(
    field: FieldDescriptor, value: Any, target: FieldDescriptor | None, read: Message
) -> Difference:
    """What became of a value that the other side does not have."""
    ours = held(field, value)
    if target is None:
        is_unknown = field_by_label(schema_of(read), label_of(field)) is None
        cause = Cause.UNKNOWN_FIELD if is_unknown else Cause.LEFT_OUT
        return Difference(Effect.IGNORED, cause, ours, None)
    oneof = oneof_of(target)
    winner = type(read).WhichOneof(read, oneof.name) if oneof else None
    if winner:
        other = schema_of(read).fields_by_name[winner]
        there = held(other, content_of(read, other))
        return Difference(Effect.IGNORED, Cause.OVERWRITTEN, ours, there)
    if field.enum_type is not None and target.enum_type is not None and value:
        return Difference(Effect.IGNORED, Cause.UNKNOWN_VALUE, ours, None)
    if _are_numbers(field, target) and value:
        return Difference(Effect.MISREAD, Cause.VALUE, ours, held(target, target.default_value))
    is_zero = not field.is_repeated and not isinstance(value, Message) and not value
    is_empty = isinstance(value, Message) and not set_fields(value)
    cause = Cause.PRESENCE if is_zero or is_empty else Cause.LEFT_OUT
    return Difference(Effect.IGNORED, cause, ours, None)


def _are_numbers(field: FieldDescriptor, target: FieldDescriptor) -> bool:
    """Whether both are single numbers, written alike."""
    return (
        not field.is_repeated
        and not target.is_repeated
        and any({kind_name(field), kind_name(target)} <= group for group in NUMBER_GROUPS)
    )


def _values(
    field: FieldDescriptor,
    value: Any,
    target: FieldDescriptor,
    believed: Any,
    codec: Codec,
) -> Iterator[Difference]:
    """What differs between the values of two fields of one name."""
    sent, read = (field, value), (target, believed)
    if is_map(field) or is_map(target):
        pairs, causes = _entries(_elements(field, value), _elements(target, believed))
        field, target = (_value_field(one) for one in (field, target))
        if Cause.LEFT_OUT in causes and target.enum_type is not None:
            causes = {Cause.UNKNOWN_VALUE}
    else:
        ours, theirs = _elements(field, value), _elements(target, believed)
        ours = [one for one in ours if not _is_dropped(field, one, target)]
        dropped = len(ours) < len(_elements(field, value))
        pairs = list(zip(ours, theirs, strict=False))
        causes = {Cause.UNKNOWN_VALUE} if dropped else set()
        if len(ours) != len(theirs):
            causes.add(Cause.VALUE)
    for one, other in pairs:
        if field.message_type is None or target.message_type is None:
            causes |= {cause} if (cause := _change(field, one, target, other)) else set()
        elif _is_other_type(field.message_type, target.message_type):
            causes.add(Cause.TYPE)
        else:
            yield from differences(one, other, codec)
    for cause in causes:
        yield Difference(_EFFECTS[cause], cause, held(*sent), held(*read))


_EFFECTS = {
    Cause.VALUE: Effect.MISREAD,
    Cause.VALUE_NAME: Effect.MISREAD,
    Cause.TYPE: Effect.MISREAD,
    Cause.UNKNOWN_VALUE: Effect.IGNORED,
    Cause.LEFT_OUT: Effect.IGNORED,
}


def _is_dropped(field: FieldDescriptor, one: Any, target: FieldDescriptor) -> bool:
    """Whether a closed enum of the other side lets a value vanish from a list."""
    ours, theirs = field.enum_type, target.enum_type
    if ours is None or theirs is None or not theirs.is_closed or not field.is_repeated:
        return False
    return one not in theirs.values_by_number


def _is_other_type(ours: Descriptor, theirs: Descriptor) -> bool:
    """Whether two well-known types mean different things, though they may look alike."""
    names = {ours.full_name, theirs.full_name}
    return len(names) == 2 and all(name.startswith("google.protobuf.") for name in names)


def _entries(
    ours: Sequence[Any], theirs: Sequence[Any]
) -> tuple[list[tuple[Any, Any]], set[Cause]]:
    """The values of two maps by their common keys, and what became of the others."""
    sent = {_plain(entry.key): entry.value for entry in ours}
    read = {_plain(getattr(entry, "key", None)): getattr(entry, "value", None) for entry in theirs}
    causes = set()
    if len(ours) != len(theirs) or sent.keys() != read.keys():
        causes.add(Cause.VALUE)
    if read.keys() < sent.keys() and len(read) == len(theirs):
        causes = {Cause.LEFT_OUT}
    return [(sent[key], read[key]) for key in sent if key in read], causes


def _value_field(field: FieldDescriptor) -> FieldDescriptor:
    """The field of a map's values."""
    if field.message_type is None:
        return field
    return field.message_type.fields_by_name.get("value", field)


def _change(field: FieldDescriptor, one: Any, target: FieldDescriptor, other: Any) -> Cause | None:
    """What becomes of one value; None if it arrives."""
    if isinstance(other, bytes) and target.type == FieldDescriptor.TYPE_STRING:
        return Cause.VALUE  # so protobuf for Python tells what is no text
    if field.enum_type is None or target.enum_type is None:
        return None if _is_same(one, other) else Cause.VALUE
    sent, believed = _names(field.enum_type, one), _names(target.enum_type, other)
    if sent & believed or (one == other and not sent):
        return None
    if one != other:
        return Cause.VALUE
    return Cause.VALUE_NAME if believed else Cause.UNKNOWN_VALUE


def _defaults(sent: Message, read: Message) -> Iterator[Difference]:
    """Fields that neither side has set, and that mean different things then."""
    theirs = schema_of(read)
    for field in fields_of(schema_of(sent)):
        target = field_by_label(theirs, label_of(field))
        if target is None or target.number != field.number:
            continue
        if any(one.is_repeated or one.message_type is not None for one in (field, target)):
            continue
        if is_set(sent, field) or is_set(read, target):
            continue
        ours, believed = field.default_value, target.default_value
        if not ours and not believed and not _both_enums(field, target):
            continue  # nothing and nothing, whatever the types
        if _change(field, ours, target, believed):
            yield Difference(
                Effect.MISREAD, Cause.DEFAULT, held(field, ours), held(target, believed)
            )


def _both_enums(field: FieldDescriptor, target: FieldDescriptor) -> bool:
    return field.enum_type is not None and target.enum_type is not None


def _elements(field: FieldDescriptor, value: Any) -> Sequence[Any]:
    """The values of a field one by one; those of a map as its entries, which they are."""
    if not is_map(field):
        return list(value) if field.is_repeated else [value]
    entry = message_factory.GetMessageClass(cast("Descriptor", field.message_type))
    entries = []
    for key in value:
        one: Any = entry(key=key)
        if isinstance(value[key], Message):
            type(one.value).CopyFrom(one.value, value[key])
        else:
            one.value = value[key]
        entries.append(one)
    return entries


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    one, other = (_plain(value) for value in (one, other))
    return type(one) is type(other) and bool(one == other)


def _plain(value: Any) -> Any:
    """A value without what makes no difference on the wire."""
    if isinstance(value, Message):
        return type(value).SerializePartialToString(value, deterministic=True)
    if isinstance(value, str):
        return value.encode()
    return int(value) if isinstance(value, bool) else value


def _names(enum: EnumDescriptor, number: int) -> frozenset[str]:
    return names_of(enum).get(number, frozenset())


def _shown(field: FieldDescriptor, value: Any) -> str:
    """A value in words, on one line and not too long."""
    if is_map(field):
        inner = _value_field(field)
        entries = (f"{_plain_text(key)}: {_one_shown(inner, value[key])}" for key in value)
        return _short("{" + ", ".join(entries) + "}")
    if field.is_repeated:
        return _short("[" + ", ".join(_one_shown(field, one) for one in value) + "]")
    return _short(_one_shown(field, value))


def _one_shown(field: FieldDescriptor, value: Any) -> str:
    if field.enum_type is not None:
        names = sorted(_names(field.enum_type, value))
        return names[0] if names else f"{value}, a number without a name"
    return _plain_text(value)


def _plain_text(value: Any) -> str:
    if isinstance(value, Message):
        text = text_of(value)
        return f"{{ {text} }}" if text else "{}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
