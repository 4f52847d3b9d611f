"""Which names there are: fields, types of payloads, values of enums, as a schema has them.

A matcher that asks for another name would match nothing, and what is asserted not to have arrived
would not have, whatever arrives. So it is refused, with the name that is nearest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from google.protobuf.descriptor import Descriptor

from rodent_events.payload_types import message_of, payload_types, schema_of, snake_case
from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.errors import QueryError
from toggle_mock.wording import did_you_mean

if TYPE_CHECKING:
    from toggle_mock.schema import Schema


class Names:
    """The names of a schema.

    Args:
        event: Its Event.
        title: What it is called.
    """

    def __init__(self, event: Descriptor, title: str) -> None:
        self.event = event
        """Its Event."""
        self.title = title
        """What it is called."""
        self._types = payload_types(event)

    @cached_property
    def payloads(self) -> Sequence[Descriptor]:
        """The messages of its payloads."""
        return [place.descriptor for place in self._types.values()]

    @cached_property
    def payload_names(self) -> Sequence[str]:
        """What payloads are called in queries: by name, in snake case, and by its words."""
        names = [message.name for message in self.payloads]
        short = [snake_case(name.removesuffix("Payload")) for name in names]
        return [*names, *short, *(word for name in short for word in name.split("_"))]

    def check_payload(self, message: Descriptor) -> None:
        """See that a message is one of the payloads.

        Raises:
            QueryError: It is none.
        """
        if message.full_name not in self._types:
            raise QueryError(
                f"{message.full_name} is no payload of {self.title}"
                f"{did_you_mean([message.name], [payload.name for payload in self.payloads])}"
            )

    def unknown(self, what: str, word: str, choices: Iterable[str], absent: str) -> QueryError:
        """The error about a name that there is not.

        Args:
            what: What it would be.
            word: It.
            choices: The right ones.
            absent: How one writes a name that this schema may lack.
        """
        near = did_you_mean([word], sorted(set(choices))) or ";"
        return QueryError(
            f"{self.title} has no {what} {word!r}{near} if another revision has it, write {absent}"
        )


def nearest_choices(messages: Iterable[Descriptor], path: str) -> tuple[str, list[str]]:
    """The first name of a path that none of some messages has, and what might stand there."""
    name, dot, rest = path.partition(".")
    messages = list(messages)
    inner = [
        message_of(field)
        for message in messages
        if (field := message.fields_by_name.get(name)) is not None
        and field.message_type is not None
    ]
    if dot and inner:
        return nearest_choices(inner, rest)
    return name, [field.name for message in messages for field in message.fields]


@lru_cache(maxsize=64)
def names_of(schema: Schema | None) -> Names:
    """The names of a schema; None for the project's own."""
    if schema is None:
        return Names(schema_of(Event()), "the schema")
    return Names(schema.descriptor(Event.DESCRIPTOR.full_name), f"schema {schema.name}")
