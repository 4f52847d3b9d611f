"""Search in recorded batches, without decoding what cannot match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from toggle_mock.matching.matchers import Matcher
from toggle_mock.recording.records import RecordedBatch, RecordedEvent
from toggle_mock.schema import Schema


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
