"""Matchers of what stands in an event: in one field, or anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.protobuf import text_format

from toggle_mock.errors import QueryError
from toggle_mock.matching.conditions import Condition
from toggle_mock.matching.contrast import contrast
from toggle_mock.matching.keys import KEYS, fields_of, find_values, is_of_arrival
from toggle_mock.matching.matchers import Matcher
from toggle_mock.matching.names import Names
from toggle_mock.matching.query import is_bare_word, quoted, written
from toggle_mock.matching.values import Given, one_line
from toggle_mock.matching.wanted import meant_instead
from toggle_mock.recording.records import Kind, RecordedEvent
from toggle_mock.wording import shortened


@dataclass(frozen=True, repr=False)
class Field(Matcher):
    """Matches events in one field.

    The keys are those of :data:`toggle_mock.matching.keys.KEYS` and the names of the payload's
    fields, with dots into messages and maps. A repeated field matches if one of its values does, or
    all of them together are the list that is wanted.
    """

    key: str
    wanted: Condition
    may_be_absent: bool = False
    """Whether it is a field of another revision, perhaps."""

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        if self(event):
            return []
        got = ", ".join(_shown(find_values(event, self.key))) or "no such field"
        meant = meant_instead(self.wanted)
        would_fit = meant and any(map(meant.condition.fits, find_values(event, self.key)))
        advice = f"; {meant.advice}" if meant and would_fit else ""
        return [contrast(self.key, self.wanted.shown, got) + advice]

    def __call__(self, event: RecordedEvent) -> bool:
        """Whether one of the values is as wanted."""
        return any(map(self.wanted.fits, find_values(event, self.key)))

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        key = KEYS.get(self.key)
        return self.wanted.fits(key.value_in(kind)) if key and key.value_in else None

    def check(self, names: Names) -> None:
        """See :meth:`Matcher.check`."""
        if self.may_be_absent or is_of_arrival(self.key):
            return
        fields = fields_of(names, self.key)
        if all(map(self.wanted.objection, fields)):
            hint = max(map(self.wanted.hint, fields), key=lambda text: text.startswith(","))
            meant = meant_instead(self.wanted)
            advice = f"; {meant.advice}" if meant else ""
            problem = f"{self.key} {self.wanted.objection(fields[0])}{hint}{advice}"
            raise QueryError(f"{shortened(str(self))}: {problem}")

    def as_query(self) -> str:
        """See :meth:`Matcher.as_query`."""
        if self.wanted.text is None or not _WRITABLE.fullmatch(self.key):
            raise TypeError(f"{self} cannot be written as a query")
        return str(self)

    def __str__(self) -> str:
        head, dot, rest = self.key.partition(".")
        key = f"metadata.{written(rest)}" if head == "metadata" and dot else self.key
        return f"{key}{'?' if self.may_be_absent else ''}:{self.wanted}"


_WRITABLE = re.compile(r"metadata\..*|[A-Za-z_][\w.]*", re.DOTALL)


def _shown(given: Iterable[Given]) -> Iterator[str]:
    """Each value; those of a repeated field one by one, unless there are none."""
    for value, _ in given:
        if isinstance(value, list) and value:
            yield from map(one_line, value)
        elif value is not None:
            yield one_line(value)


@dataclass(frozen=True, repr=False)
class Word(Matcher):
    """Matches events in which some text stands, in whatever field; upper and lower case alike."""

    text: str

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        document = text_format.MessageToString(event.message, as_one_line=True, as_utf8=True)
        names = f"{event.payload_type} {event.rid}"
        if self.text.lower() in f"{document} {names}".lower():
            return []
        return [f"{self.text!r} stands nowhere in it"]

    def __str__(self) -> str:
        return self.text if is_bare_word(self.text) else quoted(self.text)
