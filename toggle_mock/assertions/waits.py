"""Waiting for what arrives: the same steps for who blocks meanwhile and for who awaits it.

What waits is a coroutine that awaits nothing but a :class:`Pause`. Whoever has it done decides how
to spend that.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import methodcaller
from typing import Any, Final, Generic, TypeAlias, TypeVar

from rodent_events import clock
from toggle_mock import awaiting
from toggle_mock.alarms import ALARMS
from toggle_mock.recording.recorder import News, Position, Recording
from toggle_mock.recording.records import RecordedBatch

T = TypeVar("T")

# pytest shows where the test asserts, not where in here it is found to fail.
__tracebackhide__: Final = methodcaller("errisinstance", AssertionError)


@dataclass(frozen=True)
class Pause:
    """Until something is so of a recording, or a time is over."""

    recording: Recording
    due: Callable[[], bool]
    """Whether it is so; asked at each change, under the recording's lock."""
    deadline: float

    def __await__(self) -> Generator[Pause, None, None]:
        yield self

    def block(self) -> None:
        """Spend it here."""
        self.recording.wait_until(self.due, self.deadline - clock.monotonic())

    async def spend(self) -> None:
        """Spend it without blocking the event loop."""
        changed = partial(self.recording.calling, due=self.due)
        over = partial(ALARMS.calling, at=self.deadline)
        await awaiting.first(changed, over)


Wait: TypeAlias = Coroutine[Any, Any, T]
"""What waits."""


class Steps(Generic[T]):
    """What waits, from one pause to the next.

    Args:
        begin: Begins it.
    """

    result: T
    """What came of it, at its end."""

    def __init__(self, begin: Callable[[], Wait[T]]) -> None:
        self._begin = begin
        self._wait: Wait[T] | None = None

    def next(self) -> Pause | None:
        """The next pause; None if it is done."""
        if self._wait is None:
            self._wait = self._begin()
        try:
            pause: Pause = self._wait.send(None)
        except StopIteration as end:
            self.result = end.value
            return None
        return pause


def block(begin: Callable[[], Wait[T]]) -> T:
    """Have it done here."""
    steps = Steps(begin)
    while (pause := steps.next()) is not None:
        pause.block()
    return steps.result


async def spend(begin: Callable[[], Wait[T]]) -> T:
    """Have it done without blocking the event loop: what it looks at, it looks at in a thread."""
    steps = Steps(begin)
    while (pause := await awaiting.in_thread(steps.next)) is not None:
        await pause.spend()
    return steps.result


class Arrivals:
    """What has arrived, and what arrives within some time.

    Args:
        recording: Where.
        sub: The organization whose batches are meant; None for all.
        mine: Picks the batches that are meant.
        catch_up: Has the recording have all that has arrived.
        timeout: Seconds.
    """

    def __init__(
        self,
        recording: Recording,
        sub: str | None,
        mine: Callable[[Sequence[RecordedBatch]], list[RecordedBatch]],
        catch_up: Callable[[], None],
        timeout: float,
    ) -> None:
        self._recording, self._sub = recording, sub
        self._mine, self._catch_up = mine, catch_up
        self._deadline = clock.monotonic() + timeout
        self._position = Position(-1, 0)
        self._has_begun = False

    async def next(self) -> News | None:
        """What came since the last time; None once the time is over."""
        if self._has_begun and clock.monotonic() >= self._deadline:
            return None
        self._has_begun = True
        self._catch_up()
        recording, position = self._recording, self._position
        await Pause(recording, lambda: recording.has_news(position), self._deadline)
        news = recording.read(position, sub=self._sub)
        self._position = news.position
        return replace(news, batches=self._mine(news.batches))
