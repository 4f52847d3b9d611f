"""Accepted events as rows that they are found by."""

from __future__ import annotations

from typing import NamedTuple

from toggle_mock.recording.entries import AcceptEntry, CallEntry, EndEntry, Entry, MessageEntry
from toggle_mock.recording.records import Kind, RecordedBatch, RecordedCall

_LONGEST = 200
"""Characters of a text that are kept to find it by: an index takes no more than 2,700 bytes."""


class EventRow(NamedTuple):
    """An event, by what it is found by."""

    position: int
    """In its batch."""
    call: int
    kind: int
    event_id: str
    timestamp: int
    """Milliseconds since the Unix epoch."""
    rid: str
    sub: str
    peer: str
    batch_id: str


class EventRows:
    """Makes rows of the events that entries tell of.

    Args:
        kinds: The kinds of events that are known, with their numbers; others are added.
    """

    def __init__(self, kinds: dict[Kind, int]) -> None:
        self._kinds = kinds
        self._calls: dict[int, RecordedCall] = {}
        """The calls under way."""
        self._requests: dict[int, bytes] = {}
        """The first message from the Rodent, by call."""

    def of(self, entry: Entry) -> list[EventRow]:
        """The events that were accepted by an entry, and none if it is of another kind."""
        match entry:
            case CallEntry():
                call = RecordedCall(
                    entry.method, entry.peer, (), claims=entry.claims, number=entry.call
                )
                self._calls[entry.call] = call
            case MessageEntry(sent=False):
                self._requests.setdefault(entry.call, entry.raw)
            case AcceptEntry():
                return self._accepted(entry.call)
            case EndEntry():
                self._calls.pop(entry.call, None)
                self._requests.pop(entry.call, None)
        return []

    def _accepted(self, number: int) -> list[EventRow]:
        call, raw = self._calls.get(number), self._requests.get(number)
        if call is None or raw is None:  # of a call that was cleared
            return []
        batch = RecordedBatch(call, raw, 0)
        numbers = [self._kinds.setdefault(one, len(self._kinds)) for one in batch.kinds.distinct]
        arrival = tuple(map(findable, (call.rid, call.sub, call.peer, batch.batch_id)))
        return [
            EventRow(
                position,
                number,
                numbers[which],
                findable(event.event_id),
                event.timestamp,
                *arrival,
            )
            for position, (event, which) in enumerate(
                zip(batch.message.events, batch.kinds.of_events, strict=True)
            )
        ]


def findable(text: str) -> str:
    """A text as it is stored to be found by: short, and without what PostgreSQL cannot hold.

    Two texts may become one, so who finds something by it looks at the event as well.
    """
    if text.isprintable() and len(text) <= _LONGEST:
        return text
    return text[:_LONGEST].replace("\0", "\ufffd").encode(errors="replace").decode()
