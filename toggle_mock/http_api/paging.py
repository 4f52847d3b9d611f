"""Pages of what is recorded: cursors that stay where they are while more arrives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from toggle_mock.recording.recorder import News, Position
from toggle_mock.recording.records import RecordedEvent

CURSOR = r"^(\d{1,18}\.\d{1,18}\.\d{1,18})?$"
"""What text is a cursor, as a regular expression."""


@dataclass(frozen=True)
class Cursor:
    """A place between two events of a recording."""

    batches: Position
    """The batch that the next event is in."""
    place: int
    """The place of that event in its batch, from 0 on."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The cursor that a text stands for; an empty one is the beginning.

        Raises:
            ValueError: It stands for none.
        """
        if not re.fullmatch(CURSOR, text):
            raise ValueError(f"after is {text!r}: give what an answer has as next, or nothing")
        epoch, batches, place = map(int, text.split(".")) if text else (0, 0, 0)
        return cls(Position(epoch, batches), place)

    def __str__(self) -> str:
        return f"{self.batches.epoch}.{self.batches.batches}.{self.place}"


def behind(cursor: Cursor, news: News, events: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
    """Those of some events that are behind a cursor.

    Args:
        cursor: Where the page before has ended.
        news: What has come since the cursor's batch, that included.
        events: Events of the batches in there.
    """
    begun = news.batches[0] if _is_kept(cursor, news) and news.batches else None
    return (event for event in events if event.batch is not begun or event.place >= cursor.place)


def end_of(news: News) -> Cursor:
    """The cursor behind all that has come."""
    return Cursor(news.position, 0)


def cursor_behind(last: RecordedEvent, news: News) -> Cursor:
    """The cursor behind an event of what has come."""
    index = next(i for i, batch in enumerate(news.batches) if batch is last.batch)
    position = Position(news.position.epoch, _first(news) + index)
    return Cursor(position, last.place + 1)


def _first(news: News) -> int:
    return news.position.batches - len(news.batches)


def _is_kept(cursor: Cursor, news: News) -> bool:
    """Whether the cursor's batch is there still: it was neither cleared nor evicted."""
    return not news.cleared and _first(news) == cursor.batches.batches
