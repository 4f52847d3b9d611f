"""What is to be emitted, as the driver protocol names it, and the messages that it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from rodent_events import EventBus
from rodent_events.payload_types import prefix_of
from rodent_events.pb.events.event_messages_pb2 import EventLevel
from toggle_mock.contract.filling import PLACES
from toggle_mock.wording import one_of

_LEVEL = prefix_of(EventLevel.DESCRIPTOR)
_LEVELS = [name.removeprefix(_LEVEL) for name in EventLevel.keys()]  # noqa: SIM118 - no dict


def payload_message(payload: str, fields: Mapping[str, Any]) -> Message:
    """The message of a payload.

    Args:
        payload: Its type, such as ``StoragePoolPayload``.
        fields: Its fields, in protobuf's JSON.

    Raises:
        ValueError: There is no such payload or field.
    """
    message = GetMessageClass(PLACES[one_of("payload", payload, PLACES)].descriptor)()
    try:
        json_format.ParseDict(dict(fields), message)
    except json_format.ParseError as error:
        raise ValueError(f"fields of {payload}: {error}") from None
    return message


def level_number(level: str) -> int:
    """The number of a level, such as ``INFO``.

    Raises:
        ValueError: There is no such level.
    """
    return EventLevel.Value(_LEVEL + one_of("level", level, _LEVELS))


def emit(
    bus: EventBus,
    payload: str,
    fields: Mapping[str, Any],
    *,
    level: str = "INFO",
    metadata: Mapping[str, str] | None = None,
    source: str | None = None,
    count: int = 1,
) -> int:
    """Emit an event, or several that are the same.

    Args:
        bus: Where.
        payload: The payload's type.
        fields: Its fields, in protobuf's JSON.
        level: Its level.
        metadata: Its metadata.
        source: Its source; None for the usual one.
        count: How many.

    Returns:
        How many were accepted.

    Raises:
        ValueError: There is no such payload, field or level.
    """
    message, number = payload_message(payload, fields), level_number(level)
    ids = (bus.emit(message, level=number, metadata=metadata, source=source) for _ in range(count))
    return sum(one is not None for one in ids)
