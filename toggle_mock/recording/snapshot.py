"""What was recorded at one moment, as entries that are made when they are taken, without a lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from toggle_mock.recording.entries import (
    AcceptEntry,
    CallEntry,
    EndEntry,
    Entry,
    MessageEntry,
    RefusalEntry,
    SchemaEntry,
    pairs,
)
from toggle_mock.recording.records import RecordedBatch, RecordedCall, RecordedMessage
from toggle_mock.recording.refusals import Refusal


@dataclass(frozen=True)
class CallState:
    """How far a call has come."""

    messages: Sequence[RecordedMessage]
    status: str | None
    details: str
    trailers: Sequence[tuple[str, str | bytes]]
    ended: float
    fault: str

    @classmethod
    def of(cls, call: RecordedCall) -> CallState:
        """How far it has come now."""
        return cls(
            tuple(call.messages), call.status, call.details, call.trailers, call.ended, call.fault
        )


@dataclass(frozen=True)
class Snapshot:
    """References to what is recorded, and how far the calls had come that are under way.

    Others do not change any more.
    """

    calls: deque[RecordedCall]
    batches: Sequence[RecordedBatch]
    """Those that were accepted, in the order of that."""
    duplicates: Sequence[RecordedBatch]
    under_way: Mapping[int, CallState]
    """By the call's number."""
    refusals: Sequence[Refusal] = ()
    schema: SchemaEntry | None = None
    """Under which the events are read."""

    def entries(
        self, covers: Callable[[RecordedCall | Refusal], bool] = lambda _record: True
    ) -> Iterator[Entry]:
        """The entries of what is covered; can be asked once.

        The schema comes first, then refusals, then call by call.

        A call whose batch was accepted after those of later calls ends behind them, so that
        batches keep their order; one that only repeats another's, behind all of them.
        """
        if self.schema is not None:
            yield self.schema
        yield from map(RefusalEntry.of, filter(covers, self.refusals))
        due = deque(
            dict.fromkeys(batch.call.number for batch in chain(self.batches, self.duplicates))
        )
        accepted = set(due)
        waiting: dict[int, list[Entry]] = {}
        while self.calls:
            call = self.calls.popleft()
            if covers(call):
                state = self.under_way.get(call.number) or CallState.of(call)
                yield CallEntry.of(call)
                yield from (MessageEntry.of(call, message) for message in state.messages)
                end = _end(call, state)
                if call.number in accepted:
                    waiting[call.number] = [AcceptEntry(call.number), *end]
                else:
                    yield from end
            while due and due[0] <= call.number:
                yield from waiting.pop(due.popleft(), [])


def _end(call: RecordedCall, state: CallState) -> list[Entry]:
    if state.status is None:
        return []
    trailers = pairs(state.trailers)
    return [EndEntry(call.number, state.status, state.details, trailers, state.ended, state.fault)]
