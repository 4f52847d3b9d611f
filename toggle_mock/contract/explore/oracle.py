"""Judges a history from outside: what was accepted arrives, once, unchanged, in its order. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.contract.driver_protocol import STATS_PLACES
from toggle_mock.contract.explore.history import Call, Emission, History, Life, SentEvent
from toggle_mock.recording.records import payload_of
from toggle_mock.wording import in_a_line

_AMID = 0.5
"""Seconds in which an answer may be under way, or not yet noted, on a busy machine."""

_GIVEN_UP = 0.6
"""The part of its timeout after which a call may have been given up, as Toggle sees it, which may
have got it late."""

_NAMED = 3
"""So many marks are named."""


@dataclass(frozen=True)
class Complaint:
    """Something that must not be."""

    kind: str
    """``lost``, ``invented``, ``changed``, ``reordered``, ``repeated``, ``re-cut``, ``empty``,
    ``untrue``, ``restless`` or ``program``."""
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def judge(history: History) -> list[Complaint]:
    """All complaints about a history; none if all is well."""
    seen = _Seen(history)
    return [Complaint(kind, text) for kind, look in _LOOKS for text in look(seen)]


def has_arrived(history: History) -> bool:
    """Whether nothing is missing any more."""
    return not list(_missing(_Seen(history)))


class _Seen:
    """A history, and what follows from it."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.emissions = {one.mark: one for one in history.emissions}
        self.lives = {life.number: life for life in history.lives}
        self.taken = [call for call in history.calls if call.accepted]

    @cached_property
    def arrivals(self) -> dict[str, list[tuple[Call, SentEvent]]]:
        """Where each event has arrived, by its mark, in the order of its first arrival."""
        found: dict[str, list[tuple[Call, SentEvent]]] = {}
        for call in self.taken:
            for event in call.events:
                if event.mark is not None:
                    found.setdefault(event.mark, []).append((call, event))
        return found

    @cached_property
    def refused(self) -> set[str]:
        """Events that Toggle has refused for good, by their marks."""
        return {
            event.mark
            for call in self.history.calls
            if _is_final(call)
            for event in call.events
            if event.mark is not None
        }

    def may_be_lost(self, emission: Emission) -> bool:
        """Whether nobody has promised that it arrives."""
        life = self.lives[emission.life]
        if life.ended is None or life.promise == "journal":
            return False
        return life.promise == "none" or life.by == "SIGKILL"

    def is_missing(self, emission: Emission, at: float) -> bool:
        """Whether an event that was promised to arrive has not arrived until then."""
        arrived = self.arrivals.get(emission.mark)
        if arrived is not None and arrived[0][0].at <= at:
            return False
        return emission.mark not in self.refused and not self.may_be_lost(emission)

    def may_not_know(self, call: Call, again: Call) -> bool:
        """Whether the agent may not know that a call was answered with success, at the next."""
        if call.status != "OK":
            return True
        if again.at - call.at >= _GIVEN_UP * self.history.send_timeout:
            return True
        if any(call.at - _AMID <= at <= call.answered + _AMID for at in self.history.breaks):
            return True
        life = self.lives[call.life]
        if again.life == call.life or life.ended is None or life.ended - call.answered > _AMID:
            return False
        return not any(
            flush.life == call.life and flush.complete and flush.over >= call.answered
            for flush in self.history.flushes
        )

    def acknowledged(self, life: Life) -> set[SentEvent]:
        """Events that were acknowledged in a life."""
        calls = [one for one in self.taken if one.life == life.number and one.status == "OK"]
        return {event for call in calls for event in call.events}

    def was_split(self, call: Call, again: Call) -> bool:
        """Whether Toggle has refused the batch as it is after it had taken it."""
        return any(
            other.batch_id == call.batch_id
            and call.number < other.number < again.number
            and (other.too_large or other.status == "INVALID_ARGUMENT")
            for other in self.history.calls
        )


def _is_final(call: Call) -> bool:
    """Whether a batch is refused for good: as a whole, or since its only event is."""
    if call.status == "OK":
        return not call.success
    alone = len(call.events) == 1
    return alone and (call.too_large or call.status == "INVALID_ARGUMENT")


def _marks(marks: list[str]) -> str:
    more = f" and {len(marks) - _NAMED} more" if len(marks) > _NAMED else ""
    return ", ".join(marks[:_NAMED]) + more


def _program(seen: _Seen) -> Iterator[str]:
    yield from seen.history.troubles


def _lost(seen: _Seen) -> Iterator[str]:
    if seen.history.rested is None and not seen.history.troubles:
        return  # it may still come: that it does not come to rest is another complaint
    yield from _missing(seen)


def _missing(seen: _Seen) -> Iterator[str]:
    missing = [one for one in seen.history.emissions if seen.is_missing(one, math.inf)]
    if missing:
        total = len(seen.history.emissions)
        yield (
            f"of {total} events that it has accepted, {len(missing)} did not arrive: "
            f"{_marks([one.mark for one in missing])}"
        )


def _invented(seen: _Seen) -> Iterator[str]:
    for mark in seen.arrivals:
        if mark not in seen.emissions:
            yield f"{mark} arrived, which it was not given"


def _changed(seen: _Seen) -> Iterator[str]:
    for mark, arrived in seen.arrivals.items():
        emission = seen.emissions.get(mark)
        event = Event.FromString(arrived[0][1].raw)
        if emission is None:
            continue
        if payload_of(event) != emission.payload:
            yield f"{mark} has another payload: {_line(payload_of(event))}, not what was emitted"
        elif event.level != emission.level:
            yield f"{mark} has level {event.level}, not {emission.level}"


def _line(what: object) -> str:
    return in_a_line(what, 100) or "an empty one"


def _reordered(seen: _Seen) -> Iterator[str]:
    places = {one.mark: place for place, one in enumerate(seen.history.emissions)}
    latest = ""
    for mark in seen.arrivals:
        if mark not in places:
            continue
        if latest and places[mark] < places[latest]:
            yield f"{mark} arrived after {latest}, which was emitted later"
            return
        latest = mark


def _repeated(seen: _Seen) -> Iterator[str]:
    marks: dict[tuple[int, int], list[str]] = {}
    for mark, arrived in seen.arrivals.items():
        for (call, _), (again, _) in pairwise(arrived):
            if call.number == again.number or not seen.may_not_know(call, again):
                marks.setdefault((call.number, again.number), []).append(mark)
    for (first, later), some in marks.items():
        if first == later:
            yield f"{_marks(some)} arrived twice in one batch, of call {first}"
        else:
            yield (
                f"{_marks(some)} arrived again by call {later}, though call {first} had been "
                "answered with success"
            )


def _recut(seen: _Seen) -> Iterator[str]:
    pairs: dict[tuple[int, int], tuple[Call, Call]] = {}
    for arrived in seen.arrivals.values():
        for (call, _), (again, _) in pairwise(arrived):
            pairs[call.number, again.number] = call, again
    for call, again in pairs.values():
        if call.raw == again.raw or call is again or seen.was_split(call, again):
            continue
        what = "with other bytes" if call.batch_id == again.batch_id else "in another batch"
        yield (
            f"what had arrived by call {call.number} came {what} by call {again.number}: "
            f"{_batch(call)}, then {_batch(again)}"
        )


def _batch(call: Call) -> str:
    return f"{call.batch_id} of {len(call.events)} events, {len(call.raw)} bytes"


def _empty(seen: _Seen) -> Iterator[str]:
    for call in seen.taken:
        if not call.events:
            yield f"call {call.number} has a batch without events"


def _restless(seen: _Seen) -> Iterator[str]:
    history = seen.history
    if history.rested is None:
        if not history.troubles:
            yield f"it has not come to rest within {history.patience:g} s after all was healed"
        return
    late = [
        call
        for call in history.calls
        if call.at > history.rested and any(event.mark is not None for event in call.events)
    ]
    if late:
        yield (
            f"after it had said that all was delivered, it made {len(late)} more calls, the first "
            f"of which is call {late[0].number}"
        )


def _untrue(seen: _Seen) -> Iterator[str]:
    for flush in seen.history.flushes:
        missing = [
            one.mark
            for one in seen.history.emissions
            if one.at < flush.asked and seen.is_missing(one, flush.over)
        ]
        if flush.complete and missing:
            yield f"a flush said that all is delivered, but {_marks(missing)} had not arrived"
    for life in seen.history.lives:
        if life.stats is not None:
            yield from _untrue_stats(seen, life)


def _untrue_stats(seen: _Seen, life: Life) -> Iterator[str]:
    """What is wrong with an agent's own numbers; those that it does not have are not judged."""
    stats = life.stats or {}
    accepted = sum(one.life == life.number for one in seen.history.emissions)
    if stats.get("emitted", accepted) < accepted:
        yield f"it was given {accepted} events, and counts emitted={stats['emitted']}"
    if {"emitted", *STATS_PLACES} <= stats.keys():
        entered = stats["emitted"] + stats.get("recovered", 0)
        parts = sum(stats[place] for place in STATS_PLACES)
        if entered != parts:
            told = ", ".join(f"{place}={stats[place]}" for place in STATS_PLACES)
            recovered = stats.get("recovered", 0)
            yield f"emitted={stats['emitted']}, recovered={recovered} is not the sum of {told}"
    acknowledged = seen.acknowledged(life)
    own = sum(event.mark is None for event in acknowledged)  # it may emit some at any time
    if seen.history.rested is not None and stats.get("waiting", 0) > own:
        yield f"it says that all is delivered, and counts waiting={stats['waiting']}"
    total = len(acknowledged)
    if not total - own <= stats.get("delivered", total) <= total:
        yield (
            f"Toggle has acknowledged {total} events to it, and it counts "
            f"delivered={stats['delivered']}"
        )


_LOOKS: tuple[tuple[str, Callable[[_Seen], Iterator[str]]], ...] = (
    ("program", _program),
    ("lost", _lost),
    ("invented", _invented),
    ("changed", _changed),
    ("reordered", _reordered),
    ("repeated", _repeated),
    ("re-cut", _recut),
    ("empty", _empty),
    ("restless", _restless),
    ("untrue", _untrue),
)
