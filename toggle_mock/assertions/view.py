"""What is there of a recording: the part that is in a scope, searched without decoding in vain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache

from toggle_mock.assertions.waits import Arrivals
from toggle_mock.errors import QueryError
from toggle_mock.matching import Matchable, Matcher, checked
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import Events, RecordedBatch, RecordedCall, RecordedEvent
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.scope import Scope
from toggle_mock.schema import Schema

EVERYBODY = Scope()
"""The scope of a whole recording."""


class RecordingView:
    """What is there of a recording, or of the part of it that is in a scope.

    Args:
        recording: What arrived.
        scope: Whose records are meant.
        schema: Under which events are read; None for that of the recording, which is the project's
            own unless it says otherwise.
    """

    def __init__(
        self, recording: Recording, scope: Scope = EVERYBODY, schema: Schema | None = None
    ) -> None:
        self.recording = recording
        """What arrived, from everybody."""
        self.scope = scope
        """Whose records are meant."""
        self._schema = schema
        self._first_call = self._first_refusal = 0

    @property
    def schema(self) -> Schema | None:
        """Under which events are read; None for the project's own."""
        return self.recording.schema if self._schema is None else self._schema

    def checked(self, matcher: Matchable) -> Matcher:
        """The matcher that something stands for, if a schema that events may be of has its names.

        Raises:
            TypeError: It stands for none.
            QueryError: It is text, but no query; or it asks for what no event can have.
        """
        possible = self.recording.possible_schemas if self._schema is None else (self._schema,)
        for schema in possible[1:]:
            with suppress(QueryError):
                return checked(matcher, schema)
        return checked(matcher, possible[0])

    @property
    def calls(self) -> list[RecordedCall]:
        """All calls, refused ones too, in the order of their arrival."""
        self._catch_up()
        return [call for call in self.recording.calls if self._is_mine(call)]

    @property
    def batches(self) -> list[RecordedBatch]:
        """The accepted batches, in the order of their arrival."""
        self._catch_up()
        return self.mine(self.recording.batches_of(self.scope.sub))

    @property
    def duplicates(self) -> list[RecordedBatch]:
        """The accepted batches whose id had been recorded before."""
        self._catch_up()
        return self.mine(self.recording.duplicates)

    @property
    def refusals(self) -> list[Refusal]:
        """Calls and connections that were turned away before Toggle could answer, in their order.

        One that came without a token is everybody's, as nobody can tell whose it is.
        """
        self._catch_up()
        return [
            refusal
            for refusal in self.recording.refusals
            if refusal.number >= self._first_refusal and self.scope.covers(refusal)
        ]

    @property
    def events(self) -> Events:
        """The events of the accepted batches, in the order of their arrival."""
        return Events(self.batches, self.schema)

    def find(self, matcher: Matchable = None) -> list[RecordedEvent]:
        """The events that match and have arrived, without waiting for any.

        Raises:
            TypeError: It is no matcher.
            QueryError: It is text, but no query; or it asks for what no event can have.
        """
        return list(search(self.batches, self.checked(matcher), self.schema))

    def clear(self) -> None:
        """Forget what was recorded."""
        self._catch_up()
        calls = self.recording.calls
        self._first_call = calls[-1].number + 1 if calls else self._first_call
        refusals = self.recording.refusals
        self._first_refusal = refusals[-1].number + 1 if refusals else self._first_refusal

    def mine(self, batches: Sequence[RecordedBatch]) -> list[RecordedBatch]:
        """Those of some batches that are in the scope."""
        return [batch for batch in batches if self._is_mine(batch.call)]

    def _catch_up(self) -> None:
        """Wait until all that has arrived is recorded, which it is unless it arrives elsewhere."""

    def _is_mine(self, call: RecordedCall) -> bool:
        return call.number >= self._first_call and self.scope.covers(call)

    def _arrivals(self, timeout: float) -> Arrivals:
        """What has arrived, and what arrives within the time; of the batches those in the scope."""
        return Arrivals(self.recording, self.scope.sub, self.mine, self._catch_up, timeout)


def search(
    batches: Iterable[RecordedBatch], matcher: Matcher, schema: Schema | None
) -> Iterator[RecordedEvent]:
    """The events that match, in the order of their arrival.

    What kinds of events a batch holds is found out once, and remembered by the batch.

    Args:
        batches: Where to search.
        matcher: What to search for.
        schema: Under which events are read; None for the project's own.
    """
    judge = cache(matcher.judge)
    for batch in batches:
        if schema is not None:
            events = (replace(event, schema=schema) for event in batch.events)
            yield from filter(matcher, events)
            continue
        verdicts = [judge(kind) for kind in batch.kinds.distinct]
        if all(verdict is False for verdict in verdicts):
            continue
        for event, which in zip(batch.events, batch.kinds.of_events, strict=True):
            verdict = verdicts[which]
            if verdict or (verdict is None and matcher(event)):
                yield event
