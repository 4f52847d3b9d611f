"""A recording as entries: one thing that happened each, written and played back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError

from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.errors import StorageError
from toggle_mock.recording.recorder import Recording, Sink
from toggle_mock.recording.records import MESSAGES, RecordedBatch, RecordedCall, RecordedMessage

Entry: TypeAlias = dict[str, Any]
"""One thing that happened: ``entry`` is ``call``, ``message``, ``accept``, ``end`` or ``clear``;
``call`` is the number of the call that it is about."""


class EntrySink(Sink):
    """Turns what is recorded into entries.

    Args:
        write: Takes each entry.
    """

    def __init__(self, write: Callable[[Entry], None]) -> None:
        self._write = write

    def call(self, call: RecordedCall) -> None:
        """See :meth:`Sink.call`."""
        self._write(
            {
                "entry": "call",
                "call": call.number,
                "method": call.method,
                "peer": call.peer,
                "arrived": call.arrived,
                "metadata": [[key, _json_value(value)] for key, value in call.metadata],
                "claims": dict(call.claims),
            }
        )

    def message(self, call: RecordedCall, message: RecordedMessage) -> None:
        """See :meth:`Sink.message`."""
        self._write(
            {
                "entry": "message",
                "call": call.number,
                "sent": message.sent,
                "at": message.at,
                "raw": base64.b64encode(message.raw).decode(),
            }
        )

    def accept(self, batch: RecordedBatch) -> None:
        """See :meth:`Sink.accept`."""
        self._write({"entry": "accept", "call": batch.call.number})

    def end(self, call: RecordedCall) -> None:
        """See :meth:`Sink.end`."""
        self._write(
            {
                "entry": "end",
                "call": call.number,
                "status": call.status,
                "details": call.details,
            }
        )

    def clear(self) -> None:
        """See :meth:`Sink.clear`."""
        self._write({"entry": "clear"})

    def close(self) -> None:
        """Nothing to close."""


class Player:
    """Turns entries into a recording again.

    Args:
        recording: Where they go.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._calls: dict[int, RecordedCall] = {}

    def play(self, entry: Entry) -> None:
        """Record what an entry tells; what it tells of a call that is not known is skipped.

        Raises:
            StorageError: It is no entry.
        """
        try:
            kind = entry["entry"]
            if kind == "clear":
                self._recording.clear()
            elif kind == "call":
                self._begin(entry)
            elif (call := self._calls.get(entry["call"])) is not None:
                _PLAYED[kind](self, call, entry)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StorageError(f"this is no entry of a recording: {error!r}") from None

    def _begin(self, entry: Entry) -> None:
        call = RecordedCall(
            str(entry["method"]),
            str(entry["peer"]),
            tuple((str(key), _plain_value(value)) for key, value in entry["metadata"]),
            arrived=float(entry["arrived"]),
            claims=dict(entry["claims"]),
            number=int(entry["call"]),
        )
        if call.method not in MESSAGES:
            raise StorageError(f"{call.method!r} is no method")
        self._calls[entry["call"]] = call
        self._recording.begin(call)

    def message(self, call: RecordedCall, entry: Entry) -> None:
        """Record a message."""
        raw = base64.b64decode(entry["raw"])
        self._recording.message(call, raw, sent=bool(entry["sent"]), at=float(entry["at"]))

    def accept(self, call: RecordedCall, _entry: Entry) -> None:
        """Record that its batch was accepted."""
        if call.requests:
            accept(self._recording, call, call.requests[0])

    def end_call(self, call: RecordedCall, entry: Entry) -> None:
        """Record its end."""
        self._recording.end(call, str(entry["status"]), str(entry["details"]))
        del self._calls[entry["call"]]

    def end(self) -> None:
        """Nothing more comes: calls that were under way have ended with the server."""
        for call in self._calls.values():
            self._recording.end(call, "CANCELLED", "the recording ended")
        self._calls.clear()


_PLAYED: Mapping[str, Callable[[Player, RecordedCall, Entry], None]] = {
    "message": Player.message,
    "accept": Player.accept,
    "end": Player.end_call,
}


def accept(recording: Recording, call: RecordedCall, raw: bytes) -> None:
    """Record that a batch was accepted.

    Raises:
        StorageError: It is no EventBatch.
    """
    try:
        batch = EventBatch.FromString(raw)
    except DecodeError as error:
        raise StorageError(f"a batch of it is no EventBatch: {error}") from None
    recording.accept(call, raw, batch_id=batch.batch_id, count=len(batch.events))


def entries_of(
    recording: Recording, covers: Callable[[RecordedCall], bool] = lambda _call: True
) -> Iterator[Entry]:
    """A recording as entries, call by call; of those calls that are covered."""
    accepted = {batch.call.number: batch for batch in recording.batches}
    accepted |= {batch.call.number: batch for batch in recording.duplicates}
    entries: list[Entry] = []
    sink = EntrySink(entries.append)
    for call in filter(covers, recording.calls):
        sink.call(call)
        for message in list(call.messages):
            sink.message(call, message)
        if call.number in accepted:
            sink.accept(accepted[call.number])
        if call.status is not None:
            sink.end(call)
        yield from entries
        entries.clear()


def _json_value(value: str | bytes) -> str | Mapping[str, str]:
    return value if isinstance(value, str) else {"base64": base64.b64encode(value).decode()}


def _plain_value(value: str | Mapping[str, str]) -> str | bytes:
    return value if isinstance(value, str) else base64.b64decode(value["base64"])
