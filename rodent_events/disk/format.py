"""The bytes of a spool file: batches one behind the other, each closed by a trailer. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from rodent_events.wire import (
    VARINT,
    WireError,
    delimited,
    fields,
    frame_ends,
    read_varint,
    tag,
    varint,
)

CHECKSUM = 2047
"""A field that EventBatch does not have: the CRC-32 of a batch's frames, fixed32."""


_CHECKSUM_TAG = b"\xfd\x7f"


def stored_trailer(batch_id: str, timestamp: int, checksum: int) -> bytes:
    """What closes a batch on disk: a trailer with the CRC-32 of the frames in it.

    The checksum is a field that EventBatch does not have, so other readers pass over it; the id
    comes last and marks the end.
    """
    stamp = tag(2, VARINT) + varint(timestamp)
    total = _CHECKSUM_TAG + checksum.to_bytes(4, "little")
    return stamp + total + delimited(3, batch_id.encode())


@dataclass(frozen=True, slots=True)
class Section:
    """A batch inside a longer run of bytes: frames from ``start``, trailer from ``frames_end``."""

    start: int
    frames_end: int
    end: int
    count: int
    batch_id: str
    timestamp: int
    checksum: int | None
    """The CRC-32 of the frames that its writer noted; None if it noted none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What :func:`read_sections` found."""

    sections: list[Section]
    open_start: int
    """Where the last section ends."""
    open_ends: list[int]
    """The ends of the whole frames behind it, which have no trailer yet."""
    error: WireError | None
    """Why reading stopped; None if it stopped at the end, behind a frame or a trailer."""


def read_sections(data: bytes, start: int = 0) -> Reading:
    """Find the batches in bytes that hold one behind the other."""
    sections: list[Section] = []
    while True:
        ends = frame_ends(data, start)
        frames_end = ends[-1] if ends else start
        if frames_end == len(data):
            return Reading(sections, start, ends, None)
        try:
            section = _read_trailer(data, start, frames_end, len(ends))
        except WireError as error:
            return Reading(sections, start, ends, error)
        sections.append(section)
        start = section.end


def _read_trailer(data: bytes, start: int, frames_end: int, count: int) -> Section:
    timestamp, checksum = 0, None
    for field in fields(data, frames_end):
        content = data[field.content : field.end]
        match field.number, field.wire_type:
            case 2, 0:
                timestamp = read_varint(data, field.content)[0]
            case 2047, 5:
                checksum = int.from_bytes(content, "little")
            case 3, 2:
                batch_id = content.decode("utf-8", "replace")
                return Section(start, frames_end, field.end, count, batch_id, timestamp, checksum)
            case _:
                raise WireError(f"unexpected field {field.number}", field.start)
    raise WireError("truncated trailer", frames_end)
