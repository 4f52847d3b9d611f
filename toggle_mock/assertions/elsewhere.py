"""Where an event may be that did not arrive where it is looked for: the lines that a miss adds.

Each is found out only when an assertion has failed, within the time that comparing may take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from rodent_events import clock
from toggle_mock.assertions.view import search
from toggle_mock.matching import Matcher
from toggle_mock.recording.records import RecordedBatch, RecordedEvent
from toggle_mock.recording.text import as_line, printable
from toggle_mock.schema import Schema

SEARCHING = 0.5
"""Seconds that looking elsewhere may take."""

OUT_OF_SCOPE = "out of this scope, of another Rodent or session"
"""Where that is which others have, as failures call it."""

LATEST = 1.0
"""Seconds by which an event may be late and still be told as late; of a short wait, a quarter."""

_FATES: Mapping[str, str] = {
    "delivered": "delivered",
    "waiting": "still waiting",
    "filtered": "filtered by its own settings",
    "dropped": "dropped",
    "quarantined": "refused for good",
}
"""What becomes of events in an agent, by the names of its statistics."""

_KINDS: Mapping[str, str] = {"filtered": "filtered_by_kind", "dropped": "dropped_by_reason"}
"""Where its statistics tell which those are."""

Note = Callable[[], Sequence[str]]
"""Returns lines for a miss."""


class Place(NamedTuple):
    """Where an event may have come to."""

    name: str
    batches: Sequence[RecordedBatch]


def found_in(places: Iterable[Place], matcher: Matcher, schema: Schema | None) -> list[str]:
    """What matches in some places, two lines for each in which something does."""
    end = clock.monotonic() + SEARCHING
    lines: list[str] = []
    for place in places:
        found = _matching(place.batches, matcher, schema, end)
        if found:
            event, number = found[-1], len(found)
            match = "event that matches" if number == 1 else "events that match"
            lines += [f"{place.name}: {number} {match}, the last of them:", f"  {as_line(event)}"]
    return lines


def _matching(
    batches: Sequence[RecordedBatch], matcher: Matcher, schema: Schema | None, end: float
) -> list[RecordedEvent]:
    found: list[RecordedEvent] = []
    for batch in reversed(batches):
        if clock.monotonic() > end:
            break
        # A function of the test's need not cope with events that it was not made for.
        with suppress(Exception):
            found[:0] = search([batch], matcher, schema)
    return found


def late(event: RecordedEvent, seconds: float) -> list[str]:
    """That what was waited for has come after all, and how late the last of it was."""
    return [f"too late: it came {seconds:.3f} s after that:", f"  {as_line(event)}"]


def noted(notes: Iterable[Note]) -> list[str]:
    """What others have to say of it. None of them can hide the miss itself."""
    lines: list[str] = []
    for note in notes:
        try:
            lines += map(printable, note())
        except Exception as error:  # noqa: BLE001 - it is told
            lines.append(printable(f"cannot be told: {error!r}"))
    return lines


def agent(name: str, stats: Mapping[str, Any], health: Mapping[str, Any]) -> list[str]:
    """What an agent says of its events, and of what keeps them.

    Args:
        name: What the agent is called.
        stats: Its ``get_stats()``.
        health: Its ``health().as_dict()``.
    """
    fates = ", ".join(
        f"{stats[key]} {text}{_kinds(stats.get(_KINDS.get(key, ''), {}))}"
        for key, text in _FATES.items()
        if stats[key]
    )
    emitted = stats["emitted"] + stats["recovered"]
    lines = [f"{name}: emitted {emitted}: {fates}" if emitted else f"{name}: emitted nothing"]
    if stats["waiting"] and health["last_error"]:
        remedy = f"; what helps: {health['remedy']}" if health["remedy"] else ""
        lines.append(f"  its last error: {health['last_error']}{remedy}")
    elif stats["waiting"]:
        lines.append("  what waits is sent after batch_timeout, by batch_size, or by flush()")
    return lines


def _kinds(counts: Mapping[str, Any]) -> str:
    return f" ({', '.join(counts)})" if counts else ""
