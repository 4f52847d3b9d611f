"""What there is in numbers, now and over the last minutes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from toggle_mock.http_api.bodies.base import Answer, InSession
from toggle_mock.http_api.bodies.events import Query


class FollowChanges(InSession):
    """What to count as it changes."""

    query: Query = ""


class Numbers(Answer):
    """What there is, in numbers."""

    events: Annotated[int, Meta(description="Events that match the query.")]
    begin: Annotated[int, Meta(description="The place of the first that is kept.")]
    all_events: Annotated[int, Meta(description="Events that there are.")]
    calls: Annotated[int, Meta(description="Calls that there are.")]
    refusals: Annotated[int, Meta(description="Calls and connections that were turned away.")]
    connected: Annotated[int, Meta(description="Rodents with an open stream.")]
    faults: Annotated[int, Meta(description="Faults in force.")]
    ready: Annotated[bool, Meta(description="Whether calls are answered.")]
    epoch: Annotated[int, Meta(description="How often the recording was cleared.")]
    now: Annotated[float, Meta(description="The server's clock, in seconds since 1970.")]


class FindActivity(InSession):
    """Which time to show."""

    seconds: Annotated[
        int, Meta(ge=10, le=3_600, description="How far back; of a file, from its end.")
    ] = 300
    buckets: Annotated[int, Meta(ge=10, le=600, description="Into how many parts.")] = 100


class Bucket(Answer):
    """What happened within a part of the time."""

    at: Annotated[float, Meta(description="When it begins, in seconds since the Unix epoch.")]
    levels: Annotated[dict[str, int], Meta(description="Events that arrived, by level.")]
    categories: Annotated[dict[str, int], Meta(description="Events that arrived, by category.")]
    by_status: Annotated[dict[str, int], Meta(description="Calls of SendEvents, by status.")]
    batches: Annotated[list[int], Meta(description="How many events each accepted batch had.")]
    latencies: Annotated[
        list[float],
        Meta(description="Seconds from the first event of each batch to its arrival."),
    ]
    retries: Annotated[int, Meta(description="Calls whose batch had come in a call before.")]


class Activity(Answer):
    """What happened over some time, part by part, the oldest first."""

    start: float
    end: float
    buckets: list[Bucket]
