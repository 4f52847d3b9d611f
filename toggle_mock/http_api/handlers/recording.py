"""The recording as a whole, and what is added to it as it grows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

import anyio.to_thread
from starlette.concurrency import iterate_in_threadpool

from toggle_mock.assertions.view import search
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.events import FollowEvents
from toggle_mock.http_api.bodies.recording import Mark
from toggle_mock.http_api.responses import EventStream, Lines
from toggle_mock.http_api.state import Api
from toggle_mock.matching.matchers import matcher_of
from toggle_mock.recording.entries import encode_line, sliced
from toggle_mock.recording.feed import EntryFeed
from toggle_mock.recording.recorder import Position
from toggle_mock.recording.records import RecordedBatch
from toggle_mock.recording.text import as_object

_POKE = 0.2
"""Seconds after which a stream looks whether it is to end."""


async def stream(api: Api, given: FollowEvents) -> EventStream:
    """Matching events as they arrive, as server-sent events."""
    matches = matcher_of(given.query)
    toggle = api.toggle(given.session)
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
            news = await api.in_thread(partial(recording.read, position, _POKE))
            position = news.position
            async for text in iterate_in_threadpool(shown(news.batches)):
                if text:
                    yield text

    return EventStream(lines())


def export(api: Api) -> Lines:
    """The whole recording, one JSON object a line."""
    entries = api.server.recording.snapshot().entries()
    return Lines(b"".join(map(encode_line, some)) for some in sliced(entries))


def clear(api: Api, given: InSession) -> Done:
    """Forget what was recorded."""
    api.toggle(given.session).clear()
    return Done()


async def feed(api: Api, given: InSession) -> Lines:
    """The recording and what is added to it, one JSON object a line."""
    recording = api.server.recording
    feed = EntryFeed(api.toggle(given.session).scope.covers)

    def take() -> bytes:
        # An empty line if there is none, so that a reader can end.
        return b"".join(map(encode_line, feed.take(_POKE))) or b"\n"

    async def lines() -> AsyncIterator[bytes]:
        try:
            # Not abandoned, or it could begin after its end.
            await anyio.to_thread.run_sync(feed.attach, recording)
            api.feeds.add(feed.name, feed)
            while not api.closing:
                yield await api.in_thread(take)
        finally:
            recording.detach(feed)
            api.feeds.discard(feed.name)

    return Lines(lines())


def mark(api: Api, given: InSession, body: Mark) -> Done:
    """Put a mark into a feed, behind all that is recorded so far."""
    api.toggle(given.session)
    api.feeds[body.feed].mark(body.mark)
    return Done()
