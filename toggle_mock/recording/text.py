"""Recorded events for a reader: a line of text, or an object for JSON."""

from __future__ import annotations

import json
import time
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from rodent_events.payload_types import snake_case
from toggle_mock.recording.records import RecordedEvent
from toggle_mock.recording.refusals import KINDS, Refusal


def as_object(event: RecordedEvent) -> dict[str, Any]:
    """An event and where it came from, for JSON; enums by name, field names as in the .proto."""
    call = event.batch.call
    fields = event.unknown_fields
    unknown = {
        field.path: field.value if isinstance(field.value, int) else field.value.hex()
        for field in fields
    }
    known_as = {field.path: f"{field.revision}: {field.name}" for field in fields if field.name}
    return {
        "arrived": call.arrived,
        "peer": call.peer,
        "rid": call.claims.get("rid"),
        "batch_id": event.batch.batch_id,
        "event": message_object(event.message),
        **({"unknown_fields": unknown} if unknown else {}),
        **({"unknown_fields_known_as": known_as} if known_as else {}),
    }


def refusal_object(refusal: Refusal) -> dict[str, Any]:
    """A refusal, for JSON."""
    return {
        "at": refusal.at,
        "kind": refusal.kind,
        "peer": refusal.peer,
        "method": refusal.method,
        "rid": refusal.claims.get("rid"),
        "details": refusal.details,
    }


def refusal_line(refusal: Refusal) -> str:
    """A refusal on one line: what it is, whose, and what is wrong; see :func:`as_line`."""
    kind = KINDS.get(refusal.kind, refusal.kind)
    who = f"{refusal.rid} at {refusal.peer}" if refusal.rid else refusal.peer
    return printable(f"{kind}, from {who}: {refusal.details}")


def message_object(message: Message) -> dict[str, Any]:
    """A message for JSON, by protobuf's rules; enums by name, field names as in the .proto.

    What is zero or empty is shown too, unless the schema tells it from what is not set, and then
    only if it is set. 64-bit integers are text, and so are NaN and the infinities.
    """
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def json_size(event: RecordedEvent) -> int:
    """Bytes of the same event as compact JSON."""
    document = MessageToDict(event.message, preserving_proto_field_name=True)
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())


def as_line(event: RecordedEvent) -> str:
    """An event on one line: time, level, category, payload type, payload, metadata, Rodent.

    Nothing in it can move the cursor or change the terminal, whatever was recorded.
    """
    clock = time.strftime("%H:%M:%S", time.localtime(event.timestamp / 1000))
    payload = event.payload
    name = snake_case(event.payload_type.removesuffix("Payload")) or "(no payload)"
    fields = "" if payload is None else " ".join(_fields(payload))
    fields += "".join(f" {field}" for field in event.unknown_fields)
    metadata = " ".join(f"{key}={value}" for key, value in sorted(event.metadata.items()))
    rid = event.batch.call.claims.get("rid", "?")
    line = (
        f"{clock}.{event.timestamp % 1000:03} {event.level:8} {event.category:13} {name:20} "
        f"{fields}  [{metadata}]  {rid}"
    )
    return printable(line)


def printable(text: str) -> str:
    """The text with everything escaped that is no visible character."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _fields(payload: Message) -> list[str]:
    return [f"{field.name}={_value(field, value)}" for field, value in payload.ListFields()]


def _value(field: FieldDescriptor, value: Any) -> str:
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        prefix = snake_case(field.enum_type.name).upper() + "_"
        return known.name.removeprefix(prefix) if known else str(value)
    if isinstance(value, str | bool | int | float):
        return str(value)
    return ",".join(map(str, value))
