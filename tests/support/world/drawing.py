"""Messages of every type of a schema, drawn under Hypothesis' health checks, there and back.

What comes back is held against what was drawn: as bytes, as text, and as JSON what JSON can hold.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf import json_format, message_factory, text_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.comparing import canonical, content_in_words
from toggle_mock.compat.messages.types import messages_within
from toggle_mock.compat.schemas.index import SchemaIndex
from toggle_mock.schema import Schema
from toggle_mock.strategies import from_message

EXAMPLES = 12
"""Messages of each type: enough for the health checks, which look at the first ten."""

_FURTHER = 4
"""Messages of each type that go there and back as text and as JSON."""


def drawn_types(schema: Schema) -> dict[str, Descriptor]:
    """All message types of a schema by full name, but for the entries of maps."""
    return {
        name: descriptor
        for name, descriptor in SchemaIndex(schema).messages.items()
        if not descriptor.GetOptions().map_entry
    }


def failures(
    types: Mapping[str, Descriptor],
) -> Iterator[tuple[str, str]]:
    """The types whose messages cannot be drawn, or do not come back, with what went wrong."""
    for name, descriptor in types.items():
        for title, (examples, is_json, back) in FORMATS.items():
            if back is by_text and _has_message_set(descriptor):
                continue
            try:
                come_back(descriptor, is_json, back, examples)
            except Exception as error:  # noqa: BLE001 (whatever it is, the type has failed)
                yield name, f"{title}: {type(error).__name__}: {error}"


def _has_message_set(descriptor: Descriptor) -> bool:
    """Whether protobuf's text may not hold it: that calls the extensions of a set by their types.

    Two of one type are written under one name, and not read: see docs/strategies.md.
    """
    within = messages_within(descriptor).values()
    return any(one.GetOptions().message_set_wire_format for one in within)


def come_back(
    descriptor: Descriptor, is_json: bool, back: Callable[[Message], Message], examples: int
) -> None:
    """Draw messages of a type, and see that each is the same once it has come back."""

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        # It goes by the clock, and so by what else the machine has to do.
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(from_message(descriptor, json=is_json))
    def run(message: Message) -> None:
        read = back(message)
        if back is by_bytes:
            assert canonical(read) == canonical(message)
        else:
            assert content_in_words(read) == content_in_words(message)

    run()


def warm_up() -> None:
    """Have Hypothesis make its tables of Unicode, which takes long once."""
    given(st.text())(lambda _text: None)()


def by_bytes(message: Message) -> Message:
    """Written and read as bytes."""
    return type(message).FromString(type(message).SerializeToString(message))


def by_text(message: Message) -> Message:
    """Written and read in protobuf's text format."""
    pool = type(message).DESCRIPTOR.file.pool
    text = text_format.MessageToString(message, as_utf8=True, descriptor_pool=pool)
    return text_format.Parse(text, _empty(message), descriptor_pool=pool)


def by_json(message: Message) -> Message:
    """Written and read as JSON."""
    pool: Any = type(message).DESCRIPTOR.file.pool
    text = json_format.MessageToJson(message, descriptor_pool=pool)
    return json_format.Parse(text, _empty(message), descriptor_pool=pool)


def _empty(message: Message) -> Message:
    return message_factory.GetMessageClass(type(message).DESCRIPTOR)()


FORMATS = {
    "bytes": (EXAMPLES, False, by_bytes),
    "text": (_FURTHER, False, by_text),
    "JSON": (_FURTHER, True, by_json),
}
"""By title: how many are drawn, whether only what JSON can hold, and the way there and back."""
