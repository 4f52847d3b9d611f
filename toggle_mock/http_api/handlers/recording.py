"""The recording as a whole, and what is added to it as it grows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial

from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.events import FollowEvents
from toggle_mock.http_api.bodies.recording import Mark
from toggle_mock.http_api.responses import EventStream, Lines
from toggle_mock.http_api.state import Api
from toggle_mock.matching.matchers import matcher_of
from toggle_mock.recording.entries import entries_of
from toggle_mock.recording.feed import EntryFeed
from toggle_mock.recording.recorder import Position
from toggle_mock.recording.records import Events
from toggle_mock.recording.text import as_object

_POKE = 0.2
"""Seconds after which a stream looks whether it is to end."""


async def stream(api: Api, given: FollowEvents) -> EventStream:
    """Matching events as they arrive, as server-sent events."""
    matches = matcher_of(given.query)
    toggle = api.toggle(given.session)
    recording = toggle.recording

    async def lines() -> AsyncIterator[str]:
        position = Position(-1, 0)
        yield ": connected\n\n"
        while not api.closing:
            news = await api.in_thread(partial(recording.read, position, _POKE))
            position = news.position
            for event in Events(toggle.mine(news.batches)):
                if matches(event):
                    yield f"data: {json.dumps(as_object(event))}\n\n"

    return EventStream(lines())


def export(api: Api) -> Lines:
    """The whole recording, one JSON object a line."""
    recording = api.server.recording
    return Lines(json.dumps(entry) + "\n" for entry in entries_of(recording))


def clear(api: Api, given: InSession) -> Done:
    """Forget what was recorded."""
    api.toggle(given.session).clear()
    return Done()


async def feed(api: Api, given: InSession) -> Lines:
    """The recording and what is added to it, one JSON object a line."""
    recording = api.server.recording
    feed = EntryFeed(api.toggle(given.session).scope.covers)

    async def lines() -> AsyncIterator[str]:
        await api.in_thread(lambda: feed.attach(recording))
        api.feeds.add(feed.name, feed)
        try:
            yield json.dumps({"feed": feed.name}) + "\n"
            while not api.closing:
                entries = await api.in_thread(lambda: feed.take(_POKE))
                # An empty line if there is none, so that a reader can end.
                yield "".join(json.dumps(entry) + "\n" for entry in entries) or "\n"
        finally:
            feed.detach(recording)
            api.feeds.pop(feed.name)

    return Lines(lines())


def mark(api: Api, given: InSession, body: Mark) -> Done:
    """Put a mark into a feed, behind all that is recorded so far."""
    api.toggle(given.session)
    api.feeds[body.feed].put({"entry": "mark", "mark": body.mark})
    return Done()
