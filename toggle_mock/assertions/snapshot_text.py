"""Events as a snapshot has them: protobuf text in which nothing changes from run to run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import unified_diff
from itertools import groupby, islice, takewhile
from operator import attrgetter

from google.protobuf import text_encoding, text_format

from toggle_mock.matching.keys import fields_of, forget_at, is_of_arrival, name_of
from toggle_mock.matching.names import names_of
from toggle_mock.recording.records import RecordedEvent
from toggle_mock.schema import Schema

_HEADER = "# proto-file: base.proto\n# proto-message: rodent.EventBatch\n"
_BEGIN = "events {"

_LINES_AROUND = 6
"""Lines that are shown before and after what differs."""

_LINES_COMPARED = 400
"""Lines that are compared, from the first that differs on: more would take long."""

_TIME = re.compile(r"(?m)^  timestamp: \S+$")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CHANGING = re.compile(
    r"""
    (?P<id> (?<![0-9a-f]) [0-9a-f]{8} (?:-[0-9a-f]{4}){3} -[0-9a-f]{12} (?![0-9a-f]) )
    | (?P<token> (?<![\w-]) eyJ[\w-]+ \.[\w-]+ \.[\w-]* )
    | (?P<time> (?<!\d) \d{4}-\d\d-\d\d [T ] \d\d:\d\d (?: :\d\d (?:[.,]\d+)? )?
        (?: Z | [+-]\d\d:?\d\d )? (?!\d) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""UUIDs, JWTs and times of ISO 8601, in whatever text."""


def check_ignored(ignore: Iterable[str] | str, schema: Schema | None) -> list[str]:
    """The fields that a snapshot is to leave out.

    Raises:
        QueryError: The schema has no such field.
        TypeError: It is no name.
        ValueError: It is nothing that a snapshot has.
    """
    keys = [ignore] if isinstance(ignore, str) else list(ignore)
    for key in keys:
        if not isinstance(key, str):
            raise TypeError(f"ignore has {key!r}: give names of fields, such as 'size_bytes'")
        if key == "payload" or (is_of_arrival(key) and key != "rid"):
            raise ValueError(f"ignore has {key!r}, which is no field: give one, or rid")
        if not is_of_arrival(key) and not key.endswith("?"):
            fields_of(names_of(schema), key)
    return [name_of(key) for key in keys]


def snapshot_text(events: Iterable[RecordedEvent], ignore: Sequence[str]) -> str:
    """Events as an EventBatch in protobuf's text format, of each Rodent in the order of arrival.

    Ids, tokens and times have placeholders; the same id has the same one.

    Args:
        events: The events.
        ignore: Keys of the fields that are left out; with ``rid`` all are in the order of arrival.
    """
    placeholders = _Placeholders()
    parts = [_HEADER]
    if "rid" in ignore:
        return "\n".join([*parts, *(_event_text(one, ignore, placeholders) for one in events)])
    by_rid = attrgetter("rid")
    for rid, of_rodent in groupby(sorted(events, key=by_rid), by_rid):
        title = placeholders.put_into(f'"{text_encoding.CEscape(rid, as_utf8=True)}"')
        parts.append(f"# from {title}\n")
        parts += [_event_text(event, ignore, placeholders) for event in of_rodent]
    return "\n".join(parts)


def count_of(text: str) -> int:
    """How many events a snapshot has."""
    return sum(line == _BEGIN for line in text.split("\n"))


def difference(stored: str, text: str) -> tuple[int, list[str]]:
    """Where two snapshots begin to differ, and how.

    Returns:
        The number of the line, from 1 on, and lines as of a diff.
    """
    theirs, ours = stored.split("\n"), text.split("\n")
    pairs = zip(theirs, ours, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    begin = max(0, same - _LINES_AROUND)
    end = begin + _LINES_COMPARED
    compared = unified_diff(theirs[begin:end], ours[begin:end], n=_LINES_AROUND, lineterm="")
    return same + 1, [line for line in islice(compared, 2, None) if not line.startswith("@@")]


class _Placeholders:
    """What stands for ids and tokens, each kind counted from 1 on."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._counts = Counter[str]()

    def put_into(self, text: str) -> str:
        """A text with placeholders in its strings."""
        return _STRING.sub(lambda found: f'"{self._of_string(found[1])}"', text)

    def of_id(self, event_id: str) -> str:
        """What stands for an event's id, which may be no UUID."""
        return self._of("id", event_id.lower())

    def _of_string(self, text: str) -> str:
        return self._known.get(("id", text.lower())) or _CHANGING.sub(
            lambda found: self._of(found.lastgroup or "", found[0]), text
        )

    def _of(self, kind: str, value: str) -> str:
        if kind == "time":  # two of them are the same by chance
            return "<time>"
        same = (kind, value if kind == "token" else value.lower())
        if same not in self._known:
            self._counts[kind] += 1
            self._known[same] = f"<{kind} {self._counts[kind]}>"
        return self._known[same]


def _event_text(event: RecordedEvent, ignore: Sequence[str], placeholders: _Placeholders) -> str:
    message = type(event.message)()
    message.CopyFrom(event.message)
    for key in ignore:
        forget_at(message, key)
    if message.event_id:
        message.event_id = placeholders.of_id(message.event_id)
    text = text_format.MessageToString(message, as_utf8=True, indent=2, print_unknown_fields=True)
    text = _TIME.sub("  timestamp: 1  # a time", text)
    return f"{_BEGIN}\n{placeholders.put_into(text)}}}\n"
