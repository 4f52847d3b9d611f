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

from google.protobuf import message_factory, text_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from rodent_events.catalog import schema_of
from toggle_mock.compat.encodings import Encoding

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
    UNSENT = "what arrives sets a field that was not sent"
    VALUE = "the value changes on the way"
    VALUE_NAME = "the enum's number has another name"
    REJECTED = "the bytes are no message to the other side"


@dataclass(frozen=True)
class Value:
    """A field and what it holds, in words."""

    field: str
    """The field's full name, such as ``rodent.events.StoragePoolPayload.pool_name``."""
    number: int
    text: str
    """What it holds."""

    @property
    def owner(self) -> str:
        """Full name of the message that has the field."""
        return self.field.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.rpartition(".")[2]


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
        owner = (self.sent or self.believed or Value("", 0, "")).owner
        return f"{self.effect}:{owner}.{'->'.join(dict.fromkeys(names))}"


def held(field: FieldDescriptor, content: Any, remark: str = "") -> Value:
    """A field and its content in words."""
    return Value(field.full_name, field.number, _shown(field, content) + remark)


def differences(sent: Message, read: Message, encoding: Encoding) -> Iterator[Difference]:
    """All differences between a message and the same one as another schema reads it."""
    yield from _messages(sent, read, encoding)


def _messages(sent: Message, read: Message, encoding: Encoding) -> Iterator[Difference]:
    theirs = schema_of(read)
    explained = set()
    for field, value in sent.ListFields():
        target = encoding.target(field, theirs)
        ours = held(field, value)
        if target is None or not _is_set(read, target):
            is_unknown = target is None and field.name not in theirs.fields_by_name
            cause = Cause.UNKNOWN_FIELD if is_unknown else Cause.LEFT_OUT
            yield Difference(Effect.IGNORED, cause, ours, None)
            continue
        explained.add(target.number)
        believed = getattr(read, target.name)
        if target.name != field.name:
            there = held(target, believed)
            yield Difference(Effect.MISREAD, Cause.RENAMED, ours, there)
        else:
            yield from _values(field, value, target, believed, encoding)
    for target, believed in read.ListFields():
        if target.number not in explained:
            there = held(target, believed)
            yield Difference(Effect.MISREAD, Cause.UNSENT, None, there)
    yield from _defaults(sent, read)


def _values(
    field: FieldDescriptor,
    value: Any,
    target: FieldDescriptor,
    believed: Any,
    encoding: Encoding,
) -> Iterator[Difference]:
    """What differs between the values of two fields of one name."""
    ours, theirs = _elements(field, value), _elements(target, believed)
    if _is_message(field) and _is_message(target) and len(ours) == len(theirs):
        if _is_map(field) or _is_map(target):
            ours, theirs = _by_key(ours), _by_key(theirs)
        for one, other in zip(ours, theirs, strict=True):
            yield from _messages(one, other, encoding)
        return
    causes = {
        cause
        for one, other in zip(ours, theirs, strict=False)
        if (cause := _change(field, one, target, other)) is not None
    }
    if len(ours) != len(theirs):
        causes.add(Cause.VALUE)
    for cause in causes:
        sent = held(field, value)
        yield Difference(_EFFECTS[cause], cause, sent, held(target, believed))


_EFFECTS = {
    Cause.VALUE: Effect.MISREAD,
    Cause.VALUE_NAME: Effect.MISREAD,
    Cause.UNKNOWN_VALUE: Effect.IGNORED,
}


def _change(field: FieldDescriptor, one: Any, target: FieldDescriptor, other: Any) -> Cause | None:
    """What becomes of one value; None if it arrives."""
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
    for field in schema_of(sent).fields:
        target = theirs.fields_by_name.get(field.name)
        if target is None or target.number != field.number:
            continue
        if any(one.is_repeated or _is_message(one) for one in (field, target)):
            continue
        if _is_set(sent, field) or _is_set(read, target):
            continue
        ours, believed = field.default_value, target.default_value
        if not ours and not believed and not _both_enums(field, target):
            continue  # nothing and nothing, whatever the types
        if cause := _change(field, ours, target, believed):
            yield Difference(
                _EFFECTS[cause],
                cause,
                held(field, ours, ", its default"),
                held(target, believed, ", its default"),
            )


def _both_enums(field: FieldDescriptor, target: FieldDescriptor) -> bool:
    return field.enum_type is not None and target.enum_type is not None


def _elements(field: FieldDescriptor, value: Any) -> Sequence[Any]:
    """The values of a field one by one; those of a map as its entries, which they are."""
    if not _is_map(field):
        return list(value) if field.is_repeated else [value]
    entry = message_factory.GetMessageClass(cast("Descriptor", field.message_type))
    entries = []
    for key in value:
        one: Any = entry(key=key)
        if isinstance(value[key], Message):
            one.value.CopyFrom(value[key])
        else:
            one.value = value[key]
        entries.append(one)
    return entries


def _by_key(entries: Sequence[Any]) -> Sequence[Any]:
    """Sorted, since the order of a map means nothing."""
    return sorted(entries, key=lambda entry: str(getattr(entry, "key", "")))


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    one, other = (_plain(value) for value in (one, other))
    return type(one) is type(other) and bool(one == other)


def _plain(value: Any) -> Any:
    """A value without what makes no difference on the wire."""
    if isinstance(value, Message):
        return value.SerializePartialToString(deterministic=True)
    if isinstance(value, str):
        return value.encode()
    return int(value) if isinstance(value, bool) else value


def _is_set(message: Message, field: FieldDescriptor) -> bool:
    if field.is_repeated:
        return len(getattr(message, field.name)) > 0
    if field.has_presence:
        return message.HasField(field.name)
    return any(one.number == field.number for one, _ in message.ListFields())


def _is_message(field: FieldDescriptor) -> bool:
    return field.message_type is not None


def _is_map(field: FieldDescriptor) -> bool:
    message = field.message_type
    return message is not None and message.GetOptions().map_entry


def _names(enum: EnumDescriptor, number: int) -> set[str]:
    return {value.name for value in enum.values if value.number == number}


def _shown(field: FieldDescriptor, value: Any) -> str:
    """A value in words, on one line and not too long."""
    if _is_map(field):
        entries = (f"{_plain_text(key)}: {_plain_text(value[key])}" for key in value)
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
        text = text_format.MessageToString(value, as_one_line=True, as_utf8=True)
        return f"{{ {text} }}" if text else "{}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
