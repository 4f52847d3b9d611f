"""Bytes: an event's frame, a batch made of frames, and both taken apart again. Pure.

A protobuf message may be written as the concatenation of its parts. So the *frame* of an event,
``0x0a <length> <event>``, is field 1 of an EventBatch, and a batch is its frames joined, followed
by its *trailer*: batch_timestamp (field 2) and batch_id (field 3). Frames and trailers are made
once and only moved from then on. Bytes that hold several batches one behind the other are still
one valid EventBatch for every reader of protobuf.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rodent_events.errors import RodentEventsError

VARINT, LENGTH_DELIMITED = 0, 2

_FRAME_TAG = b"\x0a"  # EventBatch.events
_TIMESTAMP_TAG = b"\x10"  # EventBatch.batch_timestamp
_BATCH_ID_TAG = b"\x1a"  # EventBatch.batch_id


TRAILER_BYTES = 128
"""What a trailer takes at the most, with room to spare."""

_UINT64_MASK = (1 << 64) - 1
_MAX_VARINT_BYTES = 10


class WireError(RodentEventsError, ValueError):
    """Bytes that are not what they should be; ``offset`` tells where the sound part ends."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason} at byte {offset}")
        self.reason = reason
        self.offset = offset


@lru_cache(maxsize=4096)
def varint(number: int) -> bytes:
    """An int32, int64, enum or length as a varint; negative numbers take ten bytes."""
    number &= _UINT64_MASK
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def tag(field_number: int, wire_type: int) -> bytes:
    """A field's tag."""
    return varint(field_number << 3 | wire_type)


def delimited(field_number: int, content: bytes) -> bytes:
    """A length-delimited field: text, bytes or a message."""
    return tag(field_number, LENGTH_DELIMITED) + varint(len(content)) + content


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """What all events of one payload type, level and source have in common, encoded once."""

    envelope: bytes
    """level, category and source, without those that are zero or empty."""
    wrapper_tag: bytes
    """The tag of the wrapper, such as storage_event, in Event."""
    member_tag: bytes
    """The tag of the payload in its wrapper."""

    @classmethod
    def of(
        cls, *, level: int, category: int, source: str, wrapper: int, member: int
    ) -> EventTemplate:
        """A template from numbers: ``wrapper`` and ``member`` are field numbers."""
        envelope = b"".join(
            (
                tag(2, VARINT) + varint(level) if level else b"",
                tag(3, VARINT) + varint(category) if category else b"",
                delimited(4, source.encode()) if source else b"",
            )
        )
        return cls(envelope, tag(wrapper, LENGTH_DELIMITED), tag(member, LENGTH_DELIMITED))


def event_frame(
    template: EventTemplate,
    event_id: bytes,
    timestamp: int,
    metadata: Mapping[str, str] | None,
    payload: bytes,
) -> bytes:
    """The frame of an event.

    Args:
        template: The common part.
        event_id: A UUID as ASCII text.
        timestamp: Milliseconds since the Unix epoch.
        metadata: Text by text, or None.
        payload: The serialized payload message.

    Raises:
        AttributeError: The metadata is no mapping, or a key or a value is not text.
        TypeError: Likewise.
        UnicodeEncodeError: A key or a value of the metadata cannot be encoded as UTF-8.
    """
    member = template.member_tag + varint(len(payload)) + payload
    event = b"".join(
        (
            b"\x0a",
            varint(len(event_id)),
            event_id,
            template.envelope,
            b"\x28" + varint(timestamp) if timestamp else b"",
            metadata_fields(metadata) if metadata is not None else b"",
            template.wrapper_tag,
            varint(len(member)),
            member,
        )
    )
    return _FRAME_TAG + varint(len(event)) + event


def metadata_fields(metadata: Mapping[str, str]) -> bytes:
    """The entries of Event.metadata; raises as :func:`event_frame` does.

    Short ASCII text, which nearly all is, is put together as text and encoded once.
    """
    parts: list[str] = []
    for key, value in metadata.items():
        key_size, value_size = len(key), len(value)
        size = key_size + value_size + 4
        if size >= _LONG:
            break
        parts += ("2", _CHARS[size], "\n", _CHARS[key_size], key, "\x12", _CHARS[value_size], value)
    else:
        text = "".join(parts)
        if text.isascii():
            return text.encode()
    return b"".join(_metadata_entry(key, value) for key, value in metadata.items())


# Numbers below it are varints of one byte, and characters of one.
_LONG = 128
_CHARS = tuple(map(chr, range(_LONG)))


def _metadata_entry(key: str, value: str) -> bytes:
    entry = delimited(1, key.encode()) + delimited(2, value.encode())
    return delimited(6, entry)


def batch_trailer(batch_id: str, timestamp: int) -> bytes:
    """What closes a batch; ``timestamp`` in milliseconds since the Unix epoch."""
    raw_id = batch_id.encode()
    return b"".join((_TIMESTAMP_TAG, varint(timestamp), _BATCH_ID_TAG, varint(len(raw_id)), raw_id))


def read_varint(data: bytes, offset: int) -> tuple[int, int]:
    """A varint and the offset behind it.

    Raises:
        WireError: The data ends inside it, or it is longer than ten bytes.
    """
    result = 0
    for position in range(_MAX_VARINT_BYTES):
        if offset + position >= len(data):
            raise WireError("truncated varint", offset)
        byte = data[offset + position]
        result |= (byte & 127) << 7 * position
        if byte < 128:
            return result & _UINT64_MASK, offset + position + 1
    raise WireError("varint of more than ten bytes", offset)


@dataclass(frozen=True, slots=True)
class Field:
    """One field as it stands on the wire: ``data[start:end]``, its content from ``content`` on."""

    number: int
    wire_type: int
    start: int
    content: int
    end: int


_FIXED_WIDTHS = {1: 8, 5: 4}


def fields(data: bytes, offset: int = 0, end: int | None = None) -> Iterator[Field]:
    """The fields of a serialized message, one after the other.

    Raises:
        WireError: What follows is not a whole field; its offset is where that field starts.
    """
    end = len(data) if end is None else end
    while offset < end:
        try:
            field = _field(data, offset)
        except WireError as error:
            raise WireError(error.reason, offset) from None
        if field.end > end:
            raise WireError("truncated field", offset)
        yield field
        offset = field.end


def _field(data: bytes, start: int) -> Field:
    key, content = read_varint(data, start)
    number, wire_type = key >> 3, key & 7
    if not 0 < number < 1 << 29:
        raise WireError(f"field number {number}", start)
    if wire_type == LENGTH_DELIMITED:
        length, content = read_varint(data, content)
        return Field(number, wire_type, start, content, content + length)
    if wire_type == VARINT:
        return Field(number, wire_type, start, content, read_varint(data, content)[1])
    if wire_type in _FIXED_WIDTHS:
        return Field(number, wire_type, start, content, content + _FIXED_WIDTHS[wire_type])
    raise WireError(f"wire type {wire_type}", start)


@dataclass(frozen=True, slots=True)
class EventKind:
    """The level and the category of a serialized event, as numbers."""

    level: int
    category: int


UNKNOWN_KIND = EventKind(0, 0)
"""Of an event that cannot be read."""


def event_kind(frame: bytes) -> EventKind:
    """Read level and category out of a frame, without decoding the rest, or UNKNOWN_KIND."""
    level = category = 0
    try:
        outer = next(fields(frame))
        for field in fields(frame, outer.content, outer.end):
            if field.number == 2:
                level = read_varint(frame, field.content)[0]
            elif field.number == 3:
                category = read_varint(frame, field.content)[0]
    except WireError:
        return UNKNOWN_KIND
    return EventKind(level, category)


def frame_ends(data: bytes, start: int = 0, limit: int | None = None) -> list[int]:
    """Where each of the whole frames from ``start`` on ends, ``limit`` of them at the most."""
    ends: list[int] = []
    offset, size = start, len(data)
    while offset < size and data[offset] == 0x0A and len(ends) != limit:
        try:
            length, content = data[offset + 1], offset + 2
            if length >= _LONG:  # nearly all frames have a length of two bytes
                second = data[content]
                if second < _LONG:
                    length, content = length & 127 | second << 7, content + 1
                else:
                    length, content = read_varint(data, offset + 1)
        except (IndexError, WireError):
            break
        offset = content + length
        if offset > size:
            break
        ends.append(offset)
    return ends
