"""The recording as a whole: exported, cleared, fed to a copy elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio.to_thread

from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.recording import Mark
from toggle_mock.http_api.responses import Lines
from toggle_mock.http_api.state import POKE, Api
from toggle_mock.recording.entries import encode_line, sliced
from toggle_mock.recording.feed import EntryFeed


def export(api: Api) -> Lines:
    """The whole recording, one JSON object a line."""
    entries = api.server.recording.snapshot().entries()
    return Lines(b"".join(map(encode_line, some)) for some in sliced(entries))


def clear(api: Api, given: InSession) -> Done:
    """Forget what was recorded."""
    api.toggle(given.session).clear()
    api.findings.forget()
    return Done()


async def feed(api: Api, given: InSession) -> Lines:
    """The recording and what is added to it, one JSON object a line."""
    recording = api.server.recording
    feed = EntryFeed(api.toggle(given.session).scope.covers)

    def take() -> bytes:
        # An empty line if there is none, so that a reader can end.
        return b"".join(map(encode_line, feed.take(POKE))) or b"\n"

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
            api.sessions.hung_up(given.session)

    return Lines(lines())


def mark(api: Api, given: InSession, body: Mark) -> Done:
    """Put a mark into a feed, behind all that is recorded so far."""
    api.toggle(given.session)
    api.feeds[body.feed].mark(body.mark)
    return Done()
