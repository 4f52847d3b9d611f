"""What happened over the last minutes, part by part: what charts are drawn from."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from toggle_mock.http_api.bodies.changes import Activity, Bucket
from toggle_mock.recording.records import (
    RecordedBatch,
    RecordedCall,
    category_name,
    level_name,
)
from toggle_mock.toggle.toggle import LocalToggle

UNDER_WAY = "UNDER_WAY"
"""What stands for the status of a call that goes on."""


def activity(toggle: LocalToggle, seconds: int, count: int, *, is_file: bool) -> Activity:
    """What happened over some time.

    Args:
        toggle: Where it happened.
        seconds: How far back.
        count: Into how many parts the time is divided.
        is_file: Whether the time ends with the last call, and not now.
    """
    calls, batches = toggle.calls, toggle.batches
    end = calls[-1].arrived if is_file and calls else time.time()
    start = end - seconds
    width = seconds / count
    buckets = [Bucket(start + n * width, {}, {}, {}, [], [], 0) for n in range(count)]

    def bucket(at: float) -> Bucket:
        return buckets[max(0, min(count - 1, int((at - start) / width)))]

    for call, is_retry in _sends(_since(start, calls)):
        found = bucket(call.arrived)
        _count(found.by_status, call.status or UNDER_WAY)
        found.retries += is_retry
    for batch in batches[bisect_left(batches, start, key=lambda one: one.call.arrived) :]:
        _add(bucket(batch.call.arrived), batch)
    return Activity(start, end, buckets)


def _since(start: float, calls: list[RecordedCall]) -> Iterable[RecordedCall]:
    return calls[bisect_left(calls, start, key=lambda call: call.arrived) :]


def _sends(calls: Iterable[RecordedCall]) -> Iterable[tuple[RecordedCall, bool]]:
    """The calls of SendEvents, and whether the same bytes have come in one before."""
    seen: set[int] = set()
    for call in calls:
        if call.method == "SendEvents":
            request = hash(tuple(call.requests))
            yield call, request in seen
            seen.add(request)


def _count(counts: dict[str, int], name: str, more: int = 1) -> None:
    counts[name] = counts.get(name, 0) + more


def _add(bucket: Bucket, batch: RecordedBatch) -> None:
    kinds = batch.kinds
    for which, more in Counter(kinds.of_events).items():
        kind = kinds.distinct[which]
        _count(bucket.levels, level_name(kind.level), more)
        _count(bucket.categories, category_name(kind.category), more)
    bucket.batches.append(batch.count)
    if batch.count:
        first = min(event.timestamp for event in batch.message.events)
        bucket.latencies.append(max(0.0, batch.call.arrived - first / 1000))
