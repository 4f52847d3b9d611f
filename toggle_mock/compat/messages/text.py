"""Messages in protobuf's text format, on one line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from io import StringIO
from typing import Any

from google.protobuf import message_factory, text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from rodent_events.payload_types import message_of, schema_of
from toggle_mock.compat.messages.types import messages_within
from toggle_mock.fields import hiding, label_of, set_fields
from toggle_mock.schema import is_map


def text_of(message: Message) -> str:
    """A message as text.

    protobuf's own printer calls methods of the message, which a field of that name hides: then only
    values are left to it.
    """
    if not _has_hidden_methods(schema_of(message)):
        return text_format.MessageToString(message, as_one_line=True, as_utf8=True)
    return " ".join(
        text for field, value in set_fields(message) for text in _field_texts(field, value)
    )


@lru_cache(maxsize=4096)
def _has_hidden_methods(descriptor: Descriptor) -> bool:
    return any(map(hiding, messages_within(descriptor).values()))


def _field_texts(field: FieldDescriptor, value: Any) -> Iterator[str]:
    if is_map(field):
        entry = message_factory.GetMessageClass(message_of(field))
        value = [entry(key=key, value=value[key]) for key in value]
    for one in value if field.is_repeated else [value]:
        if isinstance(one, Message):
            yield f"{label_of(field)} {{ {text_of(one)} }}".replace("{  }", "{ }")
        else:
            out = StringIO()
            text_format.PrintField(field, one, out, as_one_line=True, as_utf8=True)
            yield out.getvalue().strip()
