"""What is compared: each payload in the Event that carries it, and every other message."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from rodent_events.payload_types import EVENT, message_of, payload_types
from toggle_mock.compat.messages.changed_fields import field_definition
from toggle_mock.compat.schemas.index import SchemaIndex
from toggle_mock.fields import extensions_of, fields_of


@dataclass(frozen=True)
class MessageType:
    """A message that goes over the wire under one schema."""

    name: str
    """The message's full name."""
    root: Descriptor
    """The message that is encoded: Event for a payload, else the message itself."""
    path: tuple[str, ...] = ()
    """The fields of ``root`` that lead to it."""

    @property
    def steps(self) -> list[FieldDescriptor]:
        """The fields that lead to it."""
        found, holder = [], self.root
        for name in self.path:
            found.append(holder.fields_by_name[name])
            holder = message_of(found[-1])
        return found

    @property
    def descriptor(self) -> Descriptor:
        """The message itself."""
        return message_of(self.steps[-1]) if self.path else self.root

    @property
    def way(self) -> set[str]:
        """Full names of the fields that lead to it."""
        return {step.full_name for step in self.steps}


def message_types(index: SchemaIndex) -> dict[str, MessageType]:
    """The types of a schema by full name: payloads first, in the order of their places in Event.

    The messages between Event and the payloads are left out: they are seen with each payload.
    """
    messages = index.messages
    found = {}
    wrappers = set()
    if EVENT in messages:
        event = messages[EVENT]
        for name, place in payload_types(event).items():
            found[name] = MessageType(name, event, (place.wrapper.name, place.member.name))
            wrappers.add(message_of(place.wrapper).full_name)
    for name, message in messages.items():
        is_entry = message.GetOptions().map_entry
        if name not in found and name not in wrappers and not is_entry and not _is_google(message):
            found[name] = MessageType(name, message)
    return found


def _is_google(message: Descriptor) -> bool:
    """Whether it is a message of protobuf's own, as protobuf has it."""
    return message.file.package == "google.protobuf" and not extensions_of(message)


def parts(message: Descriptor) -> set[str]:
    """Full names of a message, and of all messages and enums within it but events and payloads."""
    within = messages_within(message)
    enums = (field.enum_type for one in within.values() for field in fields_of(one))
    return {*within, *(enum.full_name for enum in enums if enum is not None)}


def messages_within(message: Descriptor) -> dict[str, Descriptor]:
    """A message, and all messages within it but events and payloads, by full name."""
    found: dict[str, Descriptor] = {}
    waiting = [message]
    while waiting:
        one = waiting.pop()
        if one.full_name in found:
            continue
        found[one.full_name] = one
        waiting += [
            field.message_type
            for field in fields_of(one)
            if field.message_type is not None and not carries_payloads(field)
        ]
    return found


def carries_payloads(field: FieldDescriptor) -> bool:
    """Whether a field is for events or payloads, which are compared by themselves."""
    message = field.message_type
    if message is None:
        return False
    wrappers = {message_of(p.wrapper).full_name for p in payload_types(message).values()}
    return message.full_name in {EVENT, *wrappers} and bool(wrappers)


def is_same_way(old: MessageType, new: MessageType) -> bool:
    """Whether both schemas lead to a message by the same fields."""
    return list(map(field_definition, old.steps)) == list(map(field_definition, new.steps))
