"""What a server adds to a recording that it shares with others: told to its sinks, kept there."""

from __future__ import annotations

import threading
import time

from toggle_mock.recording.entries import (
    AcceptEntry,
    CallEntry,
    ClearEntry,
    EndEntry,
    Entry,
    MessageEntry,
    RefusalEntry,
    SchemaEntry,
    StreamEntry,
)
from toggle_mock.recording.recorder import MAX_STREAM_MESSAGES
from toggle_mock.recording.records import Metadata, RecordedCall, RecordedMessage
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.sinks import Recorder
from toggle_mock.schema import Schema


class Outbox(Recorder):
    """Tells what happens here, and keeps nothing of it.

    Who reads has a copy of the recording that all share, in the one order that it has there.

    The number of a call is a negative one until the recording has given it one, which
    :meth:`numbered` tells.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._calls = 0
        self._unnumbered: dict[int, RecordedCall] = {}

    def begin(self, call: RecordedCall) -> None:
        """See :meth:`Recorder.begin`."""
        with self._lock:
            self._calls += 1
            call.number = -self._calls
            self._unnumbered[call.number] = call
            self._add(CallEntry.of(call), call)

    def numbered(self, own: int, number: int) -> None:
        """The recording has given a call its number."""
        with self._lock:
            if (call := self._unnumbered.pop(own, None)) is not None:
                call.number = number

    def message(
        self, call: RecordedCall, raw: bytes, *, sent: bool, at: float | None = None
    ) -> RecordedMessage:
        """See :meth:`Recorder.message`."""
        message = RecordedMessage(call.method, raw, sent, time.time() if at is None else at)
        with self._lock:
            call.messages.append(message)
            del call.messages[:-MAX_STREAM_MESSAGES]
            self._add(MessageEntry.of(call, message), call)
        return message

    def opened(self, call: RecordedCall) -> None:
        """See :meth:`Recorder.opened`."""
        with self._lock:
            self._add(StreamEntry(call.number, server=0), call)

    def accept(self, call: RecordedCall, raw: bytes, *, batch_id: str, count: int) -> None:  # noqa: ARG002 - of others
        """See :meth:`Recorder.accept`."""
        with self._lock:
            self._add(AcceptEntry(call.number), call)

    def end(
        self,
        call: RecordedCall,
        status: str,
        details: str = "",
        trailers: Metadata = (),
        at: float | None = None,
    ) -> None:
        """See :meth:`Recorder.end`."""
        with self._lock:
            call.status, call.details, call.trailers = status, details, trailers
            call.ended = time.time() if at is None else at
            self._add(EndEntry.of(call), call)

    def refuse(self, refusal: Refusal) -> None:
        """See :meth:`Recorder.refuse`."""
        with self._lock:
            self._add(RefusalEntry.of(refusal), refusal)

    def declare(self, schema: Schema) -> None:
        """Have events read under a schema, by all."""
        with self._lock:
            self._add(SchemaEntry.of(schema, auto=False), None)

    def clear(self) -> None:
        """See :meth:`Recorder.clear`."""
        with self._lock:
            self._add(ClearEntry(), None)
        self._wait_written()

    def _add(self, entry: Entry, about: RecordedCall | Refusal | None) -> None:
        self._tell(lambda: entry, about)
