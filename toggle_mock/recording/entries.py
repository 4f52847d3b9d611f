"""Entries: what is written of one thing that happened, typed, and as a line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeAlias, TypeVar

import msgspec
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError

from toggle_mock.errors import SchemaError, StorageError
from toggle_mock.recording.records import Metadata, RecordedCall, RecordedMessage
from toggle_mock.recording.refusals import Refusal
from toggle_mock.schema import REVISIONS, Schema, load_schema

T = TypeVar("T")

_SLICE_BYTES = 256 * 1024
"""About how much is encoded, written or sent at a time."""

_ENTRY_BYTES = 200
"""What an entry takes besides a message, about."""


class Binary(msgspec.Struct, frozen=True):
    """Bytes where text could stand as well."""

    base64: bytes


Pairs: TypeAlias = tuple[tuple[str, str | Binary], ...]
"""Metadata."""


def pairs(metadata: Iterable[tuple[str, str | bytes]]) -> Pairs:
    """Metadata, as it is written."""
    return tuple(
        (key, value if isinstance(value, str) else Binary(value)) for key, value in metadata
    )


def metadata_of(written: Pairs) -> Metadata:
    """The metadata again."""
    return tuple(
        (key, value.base64 if isinstance(value, Binary) else value) for key, value in written
    )


class CallEntry(msgspec.Struct, frozen=True, tag_field="entry", tag="call"):
    """A call has begun."""

    call: int
    """Its number, by which the other entries refer to it."""
    method: str
    peer: str
    arrived: float
    """Seconds since the Unix epoch."""
    metadata: Pairs
    claims: dict[str, Any]

    @classmethod
    def of(cls, call: RecordedCall) -> Self:
        """What is to be written of a call that has begun."""
        claims = dict(call.claims)
        metadata = pairs(call.metadata)
        return cls(call.number, call.method, call.peer, call.arrived, metadata, claims)


class MessageEntry(msgspec.Struct, frozen=True, tag_field="entry", tag="message"):
    """A message of a call went over the wire."""

    call: int
    sent: bool
    """Whether Toggle sent it; else it came from the Rodent."""
    at: float
    """Seconds since the Unix epoch."""
    raw: bytes

    @classmethod
    def of(cls, call: RecordedCall, message: RecordedMessage) -> Self:
        """What is to be written of a message."""
        return cls(call.number, message.sent, message.at, message.raw)


class StreamEntry(msgspec.Struct, frozen=True, tag_field="entry", tag="stream"):
    """A Connect call has become a stream; only in a run that several servers share."""

    call: int
    server: int
    """The number of the server that it is at."""


class AcceptEntry(msgspec.Struct, frozen=True, tag_field="entry", tag="accept"):
    """A call's batch was accepted."""

    call: int


class EndEntry(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="entry", tag="end"):
    """A call has ended."""

    call: int
    status: str
    details: str
    trailers: Pairs = ()
    """The trailing metadata."""
    at: float = 0.0
    """Seconds since the Unix epoch; 0 if it is not known."""
    fault: str = ""
    """The fault that decided what became of it; empty if none did."""

    @classmethod
    def of(cls, call: RecordedCall) -> Self:
        """What is to be written of a call that has ended."""
        return cls(
            call.number,
            call.status or "",
            call.details,
            pairs(call.trailers),
            call.ended,
            call.fault,
        )


class RefusalEntry(msgspec.Struct, frozen=True, tag_field="entry", tag="refusal"):
    """A call or a connection was turned away."""

    call: int
    """The number of its call; 0 if there is none."""
    kind: str
    peer: str
    details: str
    method: str
    claims: dict[str, Any]
    at: float
    """Seconds since the Unix epoch."""

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        """What is to be written of a refusal."""
        return cls(
            refusal.call,
            refusal.kind,
            refusal.peer,
            refusal.details,
            refusal.method,
            dict(refusal.claims),
            refusal.at,
        )

    @property
    def refusal(self) -> Refusal:
        """The refusal again."""
        return Refusal(
            self.kind, self.peer, self.details, self.method, self.claims, self.at, self.call
        )


class ClearEntry(msgspec.Struct, frozen=True, tag_field="entry", tag="clear"):
    """All that was recorded is forgotten."""


class SchemaEntry(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="entry", tag="schema"):
    """Events are read under another schema from here on."""

    name: str
    """What it is called; empty for the project's own."""
    files: bytes | None = None
    """A serialized FileDescriptorSet, unless the name is that of a published revision."""
    auto: bool = False
    """Whether it is the one that the events fit."""

    @classmethod
    def of(cls, schema: Schema | None, *, auto: bool) -> Self:
        """What is to be written of a schema."""
        if schema is None:
            return cls("", auto=auto)
        files = None if schema.name in REVISIONS else schema.files.SerializeToString()
        return cls(schema.name, files, auto)

    @property
    def schema(self) -> Schema | None:
        """The schema again.

        Raises:
            StorageError: It cannot be read.
        """
        if not self.name:
            return None
        try:
            if self.files is None:
                return load_schema(self.name)
            return Schema(self.name, FileDescriptorSet.FromString(self.files))
        except (SchemaError, DecodeError) as error:
            raise StorageError(f"its schema {self.name!r} cannot be read: {error}") from None


class FeedEntry(msgspec.Struct, frozen=True, tag_field="entry", tag="feed"):
    """What a feed is called; its first entry, and in no file."""

    feed: str


class MarkEntry(msgspec.Struct, frozen=True, tag_field="entry", tag="mark"):
    """A mark that the reader of a feed has asked for; in no file."""

    mark: Any


Entry: TypeAlias = (
    CallEntry
    | MessageEntry
    | StreamEntry
    | AcceptEntry
    | EndEntry
    | RefusalEntry
    | ClearEntry
    | SchemaEntry
)
"""One thing that happened."""

FeedLine: TypeAlias = Entry | FeedEntry | MarkEntry
"""What a line of a feed holds."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[FeedLine] = msgspec.json.Decoder(FeedLine)


def encode(value: object) -> bytes:
    """An entry, or anything that an entry consists of, as JSON."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:  # a lone surrogate, which a token may claim, and only \ud800 can say
        text = json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
        plain = json.loads(text, parse_constant=lambda _name: None)  # as msgspec has NaN
        return json.dumps(plain, separators=(",", ":")).encode()


def encode_line(entry: FeedLine) -> bytes:
    """An entry as a line of JSON."""
    return encode(entry) + b"\n"


def decode(line: bytes | str) -> FeedLine:
    """An entry from JSON.

    Raises:
        ValueError: It is no JSON.
        StorageError: It is no entry.
    """
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError as error:
        raise _no_entry(error) from None
    except msgspec.DecodeError:  # NaN and lone surrogates, which Python's own JSON may have
        return convert(json.loads(line))


def convert(value: object) -> FeedLine:
    """An entry from what JSON has said.

    Raises:
        StorageError: It is no entry.
    """
    try:
        entry: FeedLine = msgspec.convert(value, FeedLine)
    except msgspec.ValidationError as error:
        raise _no_entry(error) from None
    return entry


def _no_entry(error: msgspec.ValidationError) -> StorageError:
    return StorageError(f"this is no entry of a recording: {error}")


def sliced(items: Iterable[T]) -> Iterator[list[T]]:
    """The same entries, some at a time, so that no step takes long and few steps are taken."""
    taken: list[T] = []
    size = 0
    for item in items:
        taken.append(item)
        size += _ENTRY_BYTES + (len(item.raw) if isinstance(item, MessageEntry) else 0)
        if size >= _SLICE_BYTES:
            yield taken
            taken, size = [], 0
    if taken:
        yield taken


def waiting(queue: SimpleQueue[T], timeout: float | None = None) -> list[T]:
    """Some of what is in a queue; waits for the first, so many seconds at most."""

    def items() -> Iterator[T]:
        with suppress(Empty):
            yield queue.get(timeout=timeout)
            while True:
                yield queue.get_nowait()

    return next(sliced(items()), [])
