"""Events: looking for them, following and awaiting them, asserting something of them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from msgspec import UNSET, structs
from starlette.concurrency import iterate_in_threadpool

from toggle_mock.assertions.assertions import Assertions
from toggle_mock.assertions.view import search
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.events import (
    BESIDES,
    Event,
    Events,
    FindEvents,
    FollowEvents,
    FoundEvents,
    Verify,
    WaitForEvents,
)
from toggle_mock.http_api.paging import Cursor, behind, cursor_behind, end_of
from toggle_mock.http_api.pauses import with_pauses
from toggle_mock.http_api.responses import EventStream
from toggle_mock.http_api.state import POKE, Api
from toggle_mock.recording.recorder import News, Position
from toggle_mock.recording.records import RecordedBatch, RecordedEvent
from toggle_mock.recording.text import as_object


def find(api: Api, given: FindEvents) -> FoundEvents:
    """The recorded events that match a query, oldest first."""
    toggle = api.toggle(given.session)
    cursor = Cursor.read(given.after or "")
    matches = toggle.checked(given.query)
    toggle.catch_up()
    news = toggle.recording.read(cursor.batches, 0.0)
    batches = with_pauses(toggle.mine(news.batches))
    found = behind(cursor, news, search(batches, matches, toggle.schema))
    if given.after is None:
        total, shown = _last(found, given.limit)
        reached = end_of(news)
    else:
        shown = list(islice(found, given.limit))
        left = sum(1 for _ in found)
        total = len(shown) + left
        reached = _reached(cursor, shown, news) if left else end_of(news)
    return FoundEvents(total=total, events=[Event.of(event) for event in shown], next=str(reached))


def _reached(cursor: Cursor, shown: list[RecordedEvent], news: News) -> Cursor:
    return cursor_behind(shown[-1], news) if shown else cursor


def _last(found: Iterable[RecordedEvent], limit: int) -> tuple[int, list[RecordedEvent]]:
    """How many there are, and the last of them.

    Keeping all, to show the last of them, would be a burden on a large recording.
    """
    total, shown = 0, deque[RecordedEvent](maxlen=limit)
    for event in found:
        total += 1
        shown.append(event)
    return total, list(shown)


async def stream(api: Api, given: FollowEvents) -> EventStream:
    """Matching events as they arrive, as server-sent events."""
    toggle = api.toggle(given.session)
    matches = toggle.checked(given.query)
    recording = toggle.recording

    def shown(batches: Sequence[RecordedBatch]) -> Iterator[str]:
        for batch in toggle.mine(batches):
            if api.closing:
                return
            found = search([batch], matches, toggle.schema)
            yield "".join(f"data: {json.dumps(as_object(event))}\n\n" for event in found)

    async def lines() -> AsyncIterator[str]:
        position = Position(-1, 0)
        yield ": connected\n\n"
        while not api.closing:
            news = await api.in_thread(partial(recording.read, position, POKE))
            position = news.position
            async for text in iterate_in_threadpool(shown(news.batches)):
                if text:
                    yield text

    return EventStream(lines())


def wait(api: Api, given: InSession, body: WaitForEvents) -> Events:
    """Wait until so many matching events have arrived."""
    toggle = api.toggle(given.session)
    found = toggle.wait_for(body.query, count=body.count, timeout=body.timeout)
    return Events(events=[Event.of(event) for event in found])


def verify(api: Api, given: InSession, body: Verify) -> Done:
    """Assert something of the events that have arrived."""
    said = {key: value for key, value in structs.asdict(body).items() if value is not UNSET}
    named = said.keys() & ASSERTIONS.keys()
    if len(named) != 1:
        raise ValueError(f"give one of {', '.join(ASSERTIONS)}")
    name = named.pop()
    events = said.pop(name)
    if wrong := said.keys() - BESIDES[name]:
        raise ValueError(f"{', '.join(sorted(wrong))} means nothing with {name}")
    ASSERTIONS[name](api.toggle(given.session), events, **said)
    return Done()


def _in_order(toggle: Assertions, queries: list[str], **said: Any) -> None:
    toggle.wait_for_sequence(*queries, **said)


def _no_refusals(toggle: Assertions, wanted: bool) -> None:
    if not wanted:
        raise ValueError("no_refusals is true, or is left out")
    toggle.assert_no_refusals()


# How each thing of BESIDES is asserted.
ASSERTIONS: Mapping[str, Callable[..., object]] = {
    "received": Assertions.assert_received,
    "not_received": Assertions.assert_not_received,
    "only": Assertions.assert_only,
    "in_order": _in_order,
    "no_refusals": _no_refusals,
}
