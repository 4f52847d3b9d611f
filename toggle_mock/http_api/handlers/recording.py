"""The recording as a whole: exported, cleared, fed to a copy elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio.to_thread

from toggle_mock.clients.replay import replay
from toggle_mock.errors import StorageError
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.recording import (
    CompareRecordings,
    Comparison,
    LoadRecording,
    Mark,
    Replay,
    Replayed,
)
from toggle_mock.http_api.bodies.tokens import SessionOpened
from toggle_mock.http_api.comparison import compared
from toggle_mock.http_api.responses import Lines
from toggle_mock.http_api.state import POKE, Api
from toggle_mock.recording.entries import decode, encode_line, sliced
from toggle_mock.recording.feed import EntryFeed
from toggle_mock.recording.playback import Player
from toggle_mock.recording.recorder import unlimited


def export(api: Api) -> Lines:
    """The whole recording, one JSON object a line."""
    api.server.catch_up()
    entries = api.server.recording.snapshot().entries()
    return Lines(b"".join(map(encode_line, some)) for some in sliced(entries))


def load(api: Api, body: LoadRecording) -> SessionOpened:
    """Look at a recording from elsewhere, as a session of its own, until that is closed."""
    recording = unlimited()
    player = Player(recording)
    for number, line in enumerate(body.content.splitlines(), 1):
        if line.strip():
            try:
                player.play(decode(line))
            except ValueError as error:
                raise StorageError(f"line {number} of {body.name}: {error}") from None
    player.end()
    toggle = api.server.over(recording)
    name = api.sessions.add(toggle, file=body.name)
    return SessionOpened(session=name, address=toggle.address, rid=None, sub=None)


def replay_again(api: Api, given: InSession, body: Replay) -> Replayed:
    """Send the recorded calls again, to this mock itself; each with a new token."""
    server, sent, different = api.server, 0, []
    calls = api.toggle(given.session).calls
    for one in replay(
        calls,
        server.address,
        server.jwt(),
        speed=body.speed,
        root_certificates=server.root_certificate,
    ):
        sent += 1
        if not one.agrees:
            different.append(f"call {one.call.number}: {one.got}, recorded {one.recorded}")
    return Replayed(sent=sent, different=different)


def compare(api: Api, given: CompareRecordings) -> Comparison:
    """How many events of each kind two sessions or recordings have."""
    return compared(api.toggle(given.session), api.toggle(given.other))


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
    api.toggle(given.session).catch_up()
    api.feeds[body.feed].mark(body.mark)
    return Done()
