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
from toggle_mock.matching.values import values_of
from toggle_mock.wording import did_you_mean, shortened

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

    def check_payload(self, message: Descriptor, fields: Sequence[str]) -> None:
        """See that a message is one of the payloads, and has some fields.

        Raises:
            QueryError: It is none, or it lacks one.
        """
        known = self._types.get(message.full_name)
        if known is None:
            names = [payload.name for payload in self.payloads]
            near = did_you_mean([message.name], names)
            raise QueryError(f"{message.full_name} is no payload of {self.title}{near}")
        for field in fields:
            if field not in known.descriptor.fields_by_name:
                raise QueryError(f"{message.name} has no field {field!r} in {self.title}")

    def unknown(self, what: str, word: str, choices: Iterable[str], absent: str) -> QueryError:
        """The error about a name that there is not.

        Args:
            what: What it would be.
            word: It.
            choices: The right ones.
            absent: How one writes a name that this schema may lack.
        """
        missing = f"{self.title} has no {what} {shortened(word)!r}"
        near = did_you_mean([word], sorted(set(choices))) or ";"
        return QueryError(f"{missing}{near} if another revision has it, write {shortened(absent)}")


def nearest_choices(messages: Iterable[Descriptor], path: str) -> tuple[str, list[str]]:
    """The first name of a path that none of some messages has, and what might stand there.

    A field that holds no messages, with a path behind it, might be nothing.
    """
    name, dot, rest = path.partition(".")
    messages = list(messages)
    fields = [field for one in messages if (field := one.fields_by_name.get(name)) is not None]
    if not dot or not fields:
        return name, [field.name for message in messages for field in message.fields]
    if maps := [values for field in fields if (values := values_of(field)) is not None]:
        fields, rest = maps, rest.partition(".")[2]
    inner = [message_of(field) for field in fields if field.message_type is not None]
    return nearest_choices(inner, rest) if inner else (path, [])


@lru_cache(maxsize=64)
def names_of(schema: Schema | None) -> Names:
    """The names of a schema; None for the project's own."""
    if schema is None:
        return Names(schema_of(Event()), "the project's schema")
    return Names(schema.descriptor(Event.DESCRIPTOR.full_name), f"schema {schema.name}")
