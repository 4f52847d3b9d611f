"""What there is in numbers: as it changes, and over the last minutes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import anyio
from msgspec import structs

from rodent_events import clock
from toggle_mock.http_api import activity as charts
from toggle_mock.http_api.bodies.changes import Activity, FindActivity, FollowChanges, Numbers
from toggle_mock.http_api.responses import EventStream
from toggle_mock.http_api.state import POKE, Api
from toggle_mock.recording.entries import encode

_BEAT = 5.0
"""Seconds after which a client is told that there is nothing new, so that it sees a lost server."""

_SHARE = 10
"""As many times as long as counting took, nothing is counted."""


async def follow(api: Api, given: FollowChanges) -> EventStream:
    """What there is in numbers, at each change, as server-sent events."""
    await api.in_thread(lambda: numbers(api, given))  # what is wrong is told before it begins

    async def lines() -> AsyncIterator[bytes]:
        last: Numbers | None = None
        told = clock.monotonic()
        while not api.closing:
            start = clock.monotonic()
            found = await api.in_thread(lambda: numbers(api, given))
            changing = structs.replace(found, now=0.0)
            took = clock.monotonic() - start
            if changing != last or start - told >= _BEAT:
                last, told = changing, start
                yield b"data: " + encode(found) + b"\n\n"
            await anyio.sleep(max(POKE, _SHARE * took))

    return EventStream(lines())


def numbers(api: Api, given: FollowChanges) -> Numbers:
    """What there is, in numbers."""
    toggle = api.toggle(given.session)
    found = api.findings.of(toggle, given.session, given.query).read(0, 0)
    every = api.findings.of(toggle, given.session, "").read(0, 0) if given.query else found
    calls = toggle.calls
    return Numbers(
        events=found.end - found.begin,
        begin=found.begin,
        all_events=every.end - every.begin,
        calls=len(calls),
        refusals=len(toggle.refusals),
        connected=len(toggle.rodents.connected),
        faults=len(toggle.faults.in_force),
        ready=toggle.unready is None,
        epoch=toggle.recording.epoch,
        now=time.time(),
    )


def activity(api: Api, given: FindActivity) -> Activity:
    """What happened over the last minutes, part by part, as charts show it."""
    toggle = api.toggle(given.session)
    opened = api.sessions.opened(given.session) if given.session is not None else None
    is_file = api.page.is_file or (opened is not None and bool(opened.file))
    return charts.activity(toggle, given.seconds, given.buckets, is_file=is_file)
