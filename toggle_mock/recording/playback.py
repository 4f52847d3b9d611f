"""Entries played back: what they tell is recorded again."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import (
    AcceptEntry,
    CallEntry,
    ClearEntry,
    EndEntry,
    FeedLine,
    MessageEntry,
    RefusalEntry,
    SchemaEntry,
    StreamEntry,
    metadata_of,
)
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import MESSAGES, RecordedCall


class Player:
    """Turns entries into a recording again.

    Args:
        recording: Where they go.
        keeps_schema: Whether it goes on to be read under its own schema, whatever they tell.
    """

    def __init__(self, recording: Recording, *, keeps_schema: bool = False) -> None:
        self._recording = recording
        self._keeps_schema = keeps_schema
        self._calls: dict[int, RecordedCall] = {}

    def play(self, entry: FeedLine) -> None:
        """Record what an entry tells; what it tells of a call that is not known is skipped.

        Raises:
            StorageError: It cannot have happened.
        """
        match entry:
            case CallEntry():
                self._begin(entry)
            case RefusalEntry():
                self._recording.refuse(entry.refusal)
            case SchemaEntry() if not self._keeps_schema:
                self._recording.play_schema(entry)
            case ClearEntry():
                self._recording.clear()
            case MessageEntry() | StreamEntry() | AcceptEntry() | EndEntry():
                if (call := self._calls.get(entry.call)) is not None:
                    self._go_on(call, entry)

    def _begin(self, entry: CallEntry) -> None:
        if entry.method not in MESSAGES:
            raise StorageError(f"{entry.method!r} is no method")
        call = RecordedCall(
            entry.method,
            entry.peer,
            metadata_of(entry.metadata),
            arrived=entry.arrived,
            claims=entry.claims,
            number=entry.call,
        )
        self._calls[entry.call] = call
        self._recording.begin(call)

    def _go_on(
        self, call: RecordedCall, entry: MessageEntry | StreamEntry | AcceptEntry | EndEntry
    ) -> None:
        match entry:
            case StreamEntry():
                self._recording.play_stream(call, entry.server)
            case MessageEntry():
                self._recording.message(call, entry.raw, sent=entry.sent, at=entry.at)
            case AcceptEntry():
                if call.requests:
                    accept(self._recording, call, call.requests[0])
            case EndEntry():
                trailers = metadata_of(entry.trailers)
                call.fault = entry.fault
                self._recording.end(call, entry.status, entry.details, trailers, entry.at)
                del self._calls[entry.call]

    def end(self) -> None:
        """Nobody records any more: calls that were under way have ended with the server.

        Should more come of one of them after all, it is taken as it is.
        """
        for call in self._calls.values():
            if call.status is None:
                self._recording.end(call, "CANCELLED", "the recording ended", at=0.0)


def accept(recording: Recording, call: RecordedCall, raw: bytes) -> None:
    """Record that a batch was accepted.

    Raises:
        StorageError: It is no EventBatch.
    """
    try:
        batch = recording.decoded.of(raw).message
    except DecodeError as error:
        raise StorageError(f"a batch of it is no EventBatch: {error}") from None
    recording.accept(call, raw, batch_id=batch.batch_id, count=len(batch.events))
