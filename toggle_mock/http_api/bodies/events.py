"""Events: looking for them, waiting for them, asserting something of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from msgspec import UNSET, Meta, UnsetType

from toggle_mock.faults.spec import QUERY_FORMAT
from toggle_mock.http_api.bodies.base import (
    AFTER,
    LIMIT,
    NEXT,
    TOTAL,
    Answer,
    Body,
    Count,
    CountFrom1,
    InSession,
    Seconds,
)
from toggle_mock.http_api.paging import CURSOR
from toggle_mock.recording.records import RecordedEvent
from toggle_mock.recording.scope import TIMEOUT
from toggle_mock.recording.text import as_object

Query = Annotated[
    str,
    Meta(
        description="A query; an empty one means all events.",
        extra_json_schema={"format": QUERY_FORMAT},
    ),
]


class FindEvents(InSession):
    """Which events to show."""

    query: Query = ""
    limit: Annotated[Count, Meta(description=LIMIT)] = 1000
    after: Annotated[str | None, Meta(description=AFTER, extra_json_schema={"pattern": CURSOR})] = (
        None
    )


class FollowEvents(InSession):
    """Which events to show as they arrive."""

    query: Query = ""


class WaitForEvents(Body):
    """Which events to wait for, and how long."""

    query: Query | None = None
    count: Annotated[CountFrom1, Meta(description="How many are needed.")] = 1
    timeout: Seconds = TIMEOUT


BESIDES: Mapping[str, frozenset[str]] = {
    "received": frozenset({"count", "timeout"}),
    "not_received": frozenset({"within"}),
    "only": frozenset({"count"}),
    "in_order": frozenset({"timeout"}),
    "no_refusals": frozenset(),
}
"""What can be asserted, and what can be said besides."""

_SAYABLE = frozenset(BESIDES).union(*BESIDES.values())


class Verify(Body):
    """An assertion: one of the first five, with what belongs to it."""

    rules: ClassVar[Mapping[str, Any]] = {
        "oneOf": [
            {
                "required": [name],
                "properties": dict.fromkeys(sorted(_SAYABLE - besides - {name}), False),
            }
            for name, besides in BESIDES.items()
        ]
    }

    received: Annotated[
        Query | UnsetType, Meta(description="A query: one or more events match, or just `count`.")
    ] = UNSET
    not_received: Annotated[
        Query | UnsetType, Meta(description="A query: no event matches, nor does one `within`.")
    ] = UNSET
    only: Annotated[
        Query | UnsetType, Meta(description="A query: all events match; one or more, or `count`.")
    ] = UNSET
    in_order: Annotated[
        list[Query] | UnsetType,
        Meta(description="Queries: events match them one after the other; others may be between."),
    ] = UNSET
    no_refusals: Annotated[
        bool | UnsetType,
        Meta(
            description="True: no call and no connection was turned away.",
            extra_json_schema={"const": True},
        ),
    ] = UNSET
    count: Count | UnsetType = UNSET
    timeout: Annotated[Seconds | UnsetType, Meta(description="How long to wait for it.")] = UNSET
    within: Annotated[Seconds | UnsetType, Meta(description="How long none may come.")] = UNSET


class Event(Answer):
    """An event and where it came from; enums by name, field names as in the .proto."""

    arrived: Annotated[float, Meta(description="Seconds since the Unix epoch.")]
    peer: str
    rid: str | None
    batch_id: str
    event: Mapping[str, Any]
    unknown_fields: Annotated[
        Mapping[str, int | str] | UnsetType,
        Meta(description="Values by the path of their numbers; bytes in hexadecimal digits."),
    ] = UNSET
    unknown_fields_known_as: Annotated[
        Mapping[str, str] | UnsetType,
        Meta(description="Of those, by the same path, REVISION: NAME, the newest that has it."),
    ] = UNSET

    @classmethod
    def of(cls, event: RecordedEvent) -> Self:
        """An event that was recorded."""
        return cls(**as_object(event))


class Events(Answer):
    """Events, the oldest first."""

    events: list[Event]


class FoundEvents(Events):
    """The most recent of those that were found, or a page of them."""

    total: Annotated[int, Meta(description=TOTAL)]
    next: Annotated[str, Meta(description=NEXT)]
