"""What a schema says of its payload types: category, place in Event, names.

All of it is read from descriptors, so it holds for any revision that is loaded, and a payload that
is added to the .proto needs nothing here. The tables hold what no descriptor says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

EVENT = "rodent.events.Event"
EVENT_LEVEL = "rodent.events.EventLevel"
EVENT_CATEGORY = "rodent.events.EventCategory"

# The sources that deployed agents use, and those that suit where none is in use.
SOURCES: Mapping[str, str] = {
    "SystemStartupPayload": "system",
    "SystemShutdownPayload": "system",
    "SystemConfigChangePayload": "rodent.system",
    "SystemUserPayload": "system-user-manager",
    "StoragePoolPayload": "zfs-pool-manager",
    "StorageDatasetPayload": "zfs-dataset-manager",
    "StorageSnapshotPayload": "zfs-dataset-manager",
    "StorageTransferPayload": "rodent.zfs-transfer-manager",
    "DataTransferTransferPayload": "rodent.zfs-transfer-manager",
    "SecurityAuthPayload": "auth-manager",
    "SecurityKeyPayload": "ssh-key-manager",
    "SecurityCertificatePayload": "certificate-manager",
}

# Emitters whose level is INFO unless it is given, so that the payload comes first.
LEVEL_INFO_BY_DEFAULT = frozenset(
    {"SystemStartupPayload", "SystemShutdownPayload", "SystemConfigChangePayload"}
)

# The one name that does not follow from the payload's.
_SHORT_NAMES = {"DataTransferTransferPayload": "data_transfer"}


@dataclass(frozen=True)
class PayloadType:
    """A payload message and its place: ``Event.<wrapper>.<member>``."""

    descriptor: Descriptor
    wrapper: FieldDescriptor
    """The field of Event, such as ``storage_event``."""
    member: FieldDescriptor
    """The field of the wrapper message, such as ``transfer_event``."""

    @property
    def name(self) -> str:
        """The message's name, such as ``StorageTransferPayload``."""
        return self.descriptor.name

    @cached_property
    def category_name(self) -> str:
        """The category without its prefix, such as ``STORAGE``."""
        return self.wrapper.name.removesuffix("_event").upper()

    @cached_property
    def category(self) -> int:
        """The number of the category in EventCategory."""
        categories = enum_of(self.descriptor, EVENT_CATEGORY)
        return categories.values_by_name[f"EVENT_CATEGORY_{self.category_name}"].number

    @property
    def source(self) -> str:
        """The usual source of such an event."""
        manager = self.category_name.lower().replace("_", "-") + "-manager"
        return SOURCES.get(self.name, manager)

    @property
    def emitter(self) -> str:
        """The name of its emit function, such as ``emit_storage_transfer``."""
        return f"emit_{self.short_name}"

    @property
    def short_name(self) -> str:
        """What settings call it, such as ``storage_transfer``."""
        return _SHORT_NAMES.get(self.name) or snake_case(self.name.removesuffix("Payload"))

    @property
    def path(self) -> str:
        """The place in an Event, such as ``storage_event.transfer_event``."""
        return f"{self.wrapper.name}.{self.member.name}"


def payload_types(schema: Descriptor) -> dict[str, PayloadType]:
    """The payload types of the schema that a descriptor belongs to.

    Args:
        schema: The descriptor of any message of the schema.

    Returns:
        The payload types by full name, in the order of their places in Event; empty if the schema
        has no ``rodent.events.Event``, or another one.
    """
    try:
        event = schema.file.pool.FindMessageTypeByName(EVENT)
    except KeyError:
        return {}
    return _payload_types_of(event)


@lru_cache(maxsize=64)
def _payload_types_of(event: Descriptor) -> dict[str, PayloadType]:
    places = (
        PayloadType(message_of(member), wrapper, member)
        for wrapper in _members(event, "event_payload")
        for member in _members(message_of(wrapper), "event_type")
    )
    return {place.descriptor.full_name: place for place in places}


def _members(message: Descriptor, oneof: str) -> list[FieldDescriptor]:
    """The messages in a oneof; none if a foreign schema has no such oneof."""
    found = message.oneofs_by_name.get(oneof)
    return [one for one in found.fields if one.message_type is not None] if found else []


def message_of(field: FieldDescriptor) -> Descriptor:
    """The message type of a field that has one."""
    return cast("Descriptor", field.message_type)


def schema_of(message: Message) -> Descriptor:
    """The descriptor of a message, whichever implementation of protobuf it comes from.

    The class has it, whatever a field of the message is called.
    """
    return cast("Descriptor", type(message).DESCRIPTOR)


def enum_of(schema: Descriptor, full_name: str) -> EnumDescriptor:
    """An enum of the schema that a descriptor belongs to.

    Raises:
        KeyError: The schema has no such enum.
    """
    return schema.file.pool.FindEnumTypeByName(full_name)


def short_names(enum: EnumDescriptor) -> dict[int, str]:
    """An enum's values without their common prefix: ``{1: "INFO", …}``."""
    prefix = prefix_of(enum)
    return {value.number: value.name.removeprefix(prefix) for value in enum.values}


def prefix_of(enum: EnumDescriptor) -> str:
    """The common prefix of an enum's values, such as ``EVENT_LEVEL_``."""
    return snake_case(enum.name).upper() + "_"


def snake_case(name: str) -> str:
    """``AccessACL`` → ``access_acl``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
