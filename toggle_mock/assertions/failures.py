"""The texts of failures: what was wanted, what came nearest, what the server refused."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from rodent_events import clock
from toggle_mock.assertions.snapshot_text import difference
from toggle_mock.assertions.snapshots import UPDATE, StoredSnapshot
from toggle_mock.matching import Matcher
from toggle_mock.recording.records import RecordedCall, RecordedEvent
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.text import as_line, printable, refusal_line

_EVENTS_SHOWN = 5
_CALLS_SHOWN = 5
_EVENTS_IN_DIGEST = 20
_CALLS_IN_DIGEST = 20
_LONGEST_LINE = 500
_LINE_ENDS = 100
"""Characters that are shown of the end of a line that is longer."""
_MOST_LINES = 60
_LONGEST = 8_000
"""Characters of a text."""
_EVENTS_COMPARED = 2_000
"""The most recent events among which the nearest are looked for."""
_AGAIN = "      in a batch that was sent again; ToggleServer(deduplicate=True) leaves it out"
COMPARING = 1.0
"""Seconds for that: a matcher may be slow, and who waits has waited long enough."""


class Came(NamedTuple):
    """What has come, of a scope."""

    events: Sequence[RecordedEvent]
    calls: Sequence[RecordedCall]
    refusals: Sequence[Refusal]


def miss(
    first: Sequence[str],
    matcher: Matcher,
    came: Came,
    notes: Sequence[str],
    *,
    after: bool = False,
) -> str:
    """Why a wait or an assertion failed.

    Args:
        first: What was expected, and how many came; then what became of it.
        matcher: Which events were wanted.
        came: What came instead.
        notes: Further lines.
        after: Whether its events are only those behind one that was found.
    """
    lines = [*first, f"wanted: {printable(str(matcher))}", *notes]
    nearest = _nearest(matcher, came.events, "after it" if after else "")
    return limited([*lines, *nearest, *hindered(came)])


def hindered(came: Came) -> list[str]:
    """What was turned away, refused, or is not answered yet."""
    return [*_unfulfilled(came.calls), *refused(came.refusals)]


def differing(
    snapshot: StoredSnapshot, stored: str | None, text: str, count: int, notes: Sequence[str]
) -> str:
    """That what arrived is not what a snapshot has.

    Args:
        snapshot: The snapshot.
        stored: Its text; None if there is none.
        text: What it would be.
        count: How many events arrived.
        notes: What may explain that events are missing.
    """
    if stored is None:
        first = f"there is no snapshot {snapshot.name!r} in {snapshot.shown_path}"
        lines = [f"  {line}" for line in text.rstrip().split("\n")]
        make = f"pytest {UPDATE} makes it of {counted(count, 'event')}:"
        return limited([first, *notes, make, *map(printable, lines)])
    line, compared = difference(stored, text)
    first = (
        f"what arrived is not what the snapshot {snapshot.name!r} has, {snapshot.shown_path}:{line}"
    )
    legend = f"-: the snapshot, +: what arrived; pytest {UPDATE} writes what arrives"
    return limited([first, *notes, legend, *map(printable, compared)])


def unexpected(
    first: str, matcher: Matcher, events: Sequence[RecordedEvent], *, misses: bool = False
) -> str:
    """What came that should not have come.

    Args:
        first: What was expected, and how many came.
        matcher: What they match, or do not.
        events: Those that came.
        misses: Whether to tell of each how it falls short.
    """
    shown = [_told(matcher, event, misses=misses) for event in events[:_EVENTS_SHOWN]]
    lines = [line for event_lines in shown for line in event_lines]
    more = len(events) - _EVENTS_SHOWN
    lines += [f"  … and {more} more"] if more > 0 else []
    return limited([first, f"matcher: {printable(str(matcher))}", *lines])


def _told(matcher: Matcher, event: RecordedEvent, *, misses: bool) -> list[str]:
    lines = _shown(matcher, event) if misses else [_line(event)]
    return [*lines, _AGAIN] if event.batch.duplicate else lines


def turned_away(refusals: Sequence[Refusal]) -> str:
    """That something was turned away, and what."""
    first = f"expected that nothing is turned away; {counted(len(refusals), 'refusal')}, at last:"
    return limited([first, *(f"  {refusal_line(one)}" for one in refusals[-_CALLS_IN_DIGEST:])])


def digest(came: Came) -> str:
    """What was recorded, within limits, for the report of a test that has failed."""
    events, recorded_calls = came.events, came.calls
    shown = [_line(event) for event in events[-_EVENTS_IN_DIGEST:]]
    lines = [f"{counted(len(events), 'event')}{', the last of them:' if shown else ''}", *shown]
    lines += [
        f"{counted(len(recorded_calls), 'call')}{', the last of them:' if recorded_calls else ''}"
    ]
    lines += [f"  {_call(call)}" for call in recorded_calls[-_CALLS_IN_DIGEST:]]
    return limited([*lines, *refused(came.refusals)])


def limited(lines: Sequence[str]) -> str:
    """Lines as a text that one can read: neither too long nor too many, and not cut in silence."""
    shown: list[str] = []
    left = _LONGEST
    for line in map(_shortened, lines[:_MOST_LINES]):
        left -= len(line) + 1
        if left < 0:
            break
        shown.append(line)
    more = len(lines) - len(shown)
    return "\n".join([*shown, f"… and {counted(more, 'more line')}"] if more else shown)


def _shortened(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    left_out = f" … {len(line) - _LONGEST_LINE} characters … "
    return line[: _LONGEST_LINE - _LINE_ENDS] + left_out + line[-_LINE_ENDS:]


def calls(recorded_calls: Sequence[RecordedCall]) -> list[str]:
    """The last calls, one a line."""
    if not recorded_calls:
        return ["no call arrived"]
    shown = [f"  {_call(call)}" for call in recorded_calls[-_CALLS_SHOWN:]]
    return [f"arrived: {counted(len(recorded_calls), 'call')}, the last of them:", *shown]


def counted(number: int, noun: str) -> str:
    """``1 event``, ``2 events``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def matching(number: int) -> str:
    """``1 event that matches``, ``2 events that match``."""
    return f"{counted(number, 'event')} that {'matches' if number == 1 else 'match'}"


def _nearest(matcher: Matcher, events: Sequence[RecordedEvent], where: str) -> list[str]:
    if not events:
        return [f"no event arrived {where}".strip()]
    compared = _compared(matcher, events)
    ranked = sorted(compared, key=itemgetter(0))[:_EVENTS_SHOWN]
    lines = [line for _, event in ranked for line in _shown(matcher, event)]
    arrived = f"arrived {where}".strip()
    return [f"{arrived}: {counted(len(events), 'event')}, the nearest:", *lines]


def _compared(
    matcher: Matcher, events: Sequence[RecordedEvent]
) -> Sequence[tuple[int, RecordedEvent]]:
    """How far the most recent events are from a match, as many as there is time for."""
    end = clock.monotonic() + COMPARING
    compared = []
    for event in events[: -_EVENTS_COMPARED - 1 : -1]:
        compared.append((_distance(matcher, event), event))
        if clock.monotonic() > end:
            break
    return compared[::-1]


def _distance(matcher: Matcher, event: RecordedEvent) -> int:
    """How many misses; a wrong type of payload counts as many."""
    return sum(10 if text.startswith("is ") else 1 for text in matcher.misses(event))


def _shown(matcher: Matcher, event: RecordedEvent) -> list[str]:
    misses = [f"      {printable(text)}" for text in matcher.misses(event)]
    return [_line(event), *(misses or ["      matches"])]


def _line(event: RecordedEvent) -> str:
    return f"  {as_line(event)}"


def refused(refusals: Sequence[Refusal]) -> list[str]:
    """The last refusals, one a line; those of recorded calls stand with the calls."""
    others = [refusal for refusal in refusals if not refusal.call]
    shown = [f"  {refusal_line(refusal)}" for refusal in others[-_CALLS_SHOWN:]]
    first = f"turned away: {counted(len(others), 'refusal')}, the last of them:"
    return [first, *shown] if shown else []


def _unfulfilled(recorded_calls: Sequence[RecordedCall]) -> list[str]:
    """The calls that did not do what they were to do."""
    if not recorded_calls:
        return ["no call arrived"]
    kinds = {
        "refused": [call for call in recorded_calls if call.status not in {None, "OK"}],
        "rejected": [call for call in recorded_calls if _is_rejected(call)],
        "under way": [
            call for call in recorded_calls if call.status is None and call.method != "Connect"
        ],
    }
    lines = []
    for kind, found in kinds.items():
        if found:
            lines.append(f"{kind}: {counted(len(found), 'call')}, the last of them:")
            lines += [f"  {_call(call)}" for call in found[-_CALLS_SHOWN:]]
    return lines


def _is_rejected(call: RecordedCall) -> bool:
    """Whether the answer was ``success=false``."""
    if call.status != "OK" or call.method == "Connect":
        return False
    answers = [message for message in call.messages if message.sent]
    return bool(answers) and not getattr(answers[-1].message, "success", True)


def _call(call: RecordedCall) -> str:
    who = f" of {call.rid}" if call.rid else ""
    details = f": {call.details}" if call.details else ""
    return printable(f"{call.method}{who}: {call.status or 'under way'}{details}")
