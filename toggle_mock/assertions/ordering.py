"""In which order events have arrived at several mock Toggles.

Whoever is answered before it causes another call has arrived before that. So an order by arrival
never contradicts one of cause and effect, as long as the Toggles' clocks agree.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from toggle_mock.assertions.view import RecordingView
from toggle_mock.matching import Matcher
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedBatch, RecordedEvent


class Step(NamedTuple):
    """An event that is to come, and where."""

    view: RecordingView
    matches: Matcher


class Followed(NamedTuple):
    """How far events have come in an order."""

    found: list[RecordedEvent]
    """One for each step, up to the first that did not come."""
    later: list[RecordedEvent]
    """What came behind these where the next step was to come."""


def follow(steps: Sequence[Step]) -> Followed:
    """Look for events that match one after the other, each where it is to come."""
    found: list[RecordedEvent] = []
    later: list[RecordedEvent] = []
    for recording, event in _by_arrival(steps):
        if len(found) == len(steps):
            break
        view, matches = steps[len(found)]
        if view.recording is not recording or not view.mine([event.batch]):
            continue
        seen = replace(event, schema=view.schema)
        later.append(seen)
        if matches(seen):
            found.append(seen)
            later = []
    return Followed(found, later)


def _by_arrival(steps: Sequence[Step]) -> Iterator[tuple[Recording, RecordedEvent]]:
    """All events of the recordings, with theirs; each once, though several steps may ask for it."""
    recordings: dict[int, Recording] = {}
    for step in steps:
        _ = step.view.batches  # what is elsewhere is here then
        recordings[id(step.view.recording)] = step.view.recording
    # Of each the order stays that in which it accepted them, whichever call has arrived first.
    in_turn = heapq.merge(*map(_paired, recordings.values()), key=_arrived)
    for recording, batch in in_turn:
        yield from ((recording, event) for event in batch.events)


def _paired(recording: Recording) -> Iterator[tuple[Recording, RecordedBatch]]:
    return ((recording, batch) for batch in list(recording.batches))


def _arrived(pair: tuple[Recording, RecordedBatch]) -> float:
    return pair[1].call.arrived
