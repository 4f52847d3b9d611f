"""Looks for a schedule that an agent does not survive, and for the smallest such one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Final
from unittest import SkipTest

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase, InMemoryExampleDatabase
from hypothesis.errors import Flaky
from msgspec import structs

from rodent_events import clock
from toggle_mock.contract.explore.agents import Explored
from toggle_mock.contract.explore.crew import play_all
from toggle_mock.contract.explore.player import Played, Player
from toggle_mock.contract.explore.schedules import schedules, smaller
from toggle_mock.contract.explore.steps import Emit, Schedule
from toggle_mock.errors import ToggleMockError

_ROUND = 500
"""Schedules of one round; each has a seed of its own."""

_SHRINKING = 30.0
"""Seconds in which Hypothesis looks for a smaller schedule, at the most."""

_MOST_SMALLER = 80
"""So many schedules that are still smaller by one thing are played after that, at the most."""

_HASTE = 0.15
"""The part of the usual time to come to rest that is waited while a smaller schedule is sought."""

_REPLAYS = 3
"""So many times what was found is played again."""

_DOUBTS = 10
"""So many times what has failed is played again at the most, until it fails again."""


@dataclass
class Progress:
    """How far a search has come."""

    played: int = 0
    effects: Counter[str] = field(default_factory=Counter)
    """What has happened in them, how many times."""
    begun: float = field(default_factory=clock.monotonic)
    is_shrinking: bool = False

    @property
    def seconds(self) -> float:
        """Since its beginning."""
        return clock.monotonic() - self.begun


@dataclass(frozen=True)
class Found:
    """A schedule that the agent does not survive."""

    played: Played
    """The smallest, as it was played last."""
    after: int
    """The number of schedules that were played until the first such one, itself included."""
    failed: int
    """How many times it has failed again, of :attr:`replays`."""
    replays: int = _REPLAYS

    @property
    def is_certain(self) -> bool:
        """Whether it has failed again at all."""
        return self.failed > 0


class _FailedError(ToggleMockError):
    """Tells Hypothesis that a schedule is one that is looked for."""


class Search:
    """A search for a schedule that an agent does not survive.

    Schedules are drawn a round at a time, and played by all players. If one fails, Hypothesis goes
    through the same round again, is told at once that those before it hold, and makes it smaller.

    Args:
        explored: The agent.
        players: Who plays schedules with it, at the same time; the first alone makes them smaller.
        seed: Makes the schedules the same in each run.
        database: A folder in which what was found is kept, to be played first the next time; None
            for none.
        on_played: Called after each.
    """

    def __init__(
        self,
        explored: Explored,
        players: Sequence[Player],
        *,
        seed: int,
        database: Path | None = None,
        on_played: Callable[[Progress], object] = lambda _progress: None,
    ) -> None:
        self.progress: Final = Progress()
        self._explored, self._players = explored, players
        self._seed = seed
        self._database = (
            InMemoryExampleDatabase()
            if database is None
            else DirectoryBasedExampleDatabase(database)
        )
        self._on_played = on_played
        self._doubtful: list[Found] = []
        self._first: Played | None = None
        self._after = 0
        self._failures: list[Played] = []
        self._end = math.inf

    def run(self, examples: float, seconds: float = math.inf) -> Found | None:
        """Play so many schedules at the most, for so long at the most, or until one fails.

        One that fails, and never again, does not end the search; it is what is found if nothing
        else is.

        Raises:
            ContractError: The agent cannot be started.
        """
        self._end = clock.monotonic() + seconds
        self._play_kept()
        number = self._seed
        while self._first is None and self._is_time() and self.progress.played < examples:
            self._round(number, int(min(_ROUND, examples - self.progress.played)))
            number += 1
        if self._first is not None:
            return self._found(self._first)
        return self._doubtful[0] if self._doubtful else None

    def _is_time(self) -> bool:
        return clock.monotonic() < self._end

    # Looking for one that fails

    def _play_kept(self) -> None:
        """Play what an earlier search has found, and make it smaller if it fails still."""

        def survives(schedule: Schedule) -> None:
            if self._first is None:
                self._note(played := self._players[0].play(schedule))
                if not self._is_confirmed(played):
                    return
            self._try_smaller(schedule)

        with suppress(SkipTest):  # nothing is kept
            self._go_through(survives, self._seed, 1, [Phase.reuse, Phase.shrink])

    def _round(self, number: int, count: int) -> None:
        """Draw schedules, and play them until one fails; then make that smaller."""
        left = self._in_time(self._drawn(number, count))
        while self._first is None:
            before = self.progress.played
            played = play_all(self._players, left, self._note)
            if not played:
                return
            for place, one in enumerate(played, before + 1):
                if self._is_confirmed(one, place):
                    again = [Phase.generate, Phase.shrink]
                    self._go_through(self._try_smaller, number, count, again)
                    return

    def _in_time(self, schedules: Sequence[Schedule]) -> Iterator[Schedule]:
        return takewhile(lambda _: self._is_time(), schedules)

    def _drawn(self, number: int, count: int) -> list[Schedule]:
        """The schedules of a round."""
        drawn: list[Schedule] = []
        self._go_through(drawn.append, number, count, [Phase.generate])
        return drawn

    def _go_through(
        self,
        judge: Callable[[Schedule], object],
        number: int,
        count: int,
        phases: Sequence[Phase],
    ) -> None:
        """Have Hypothesis go through a round: the same schedules, as long as all hold."""

        @settings(
            max_examples=count,
            database=self._database,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        @seed(number)  # below the settings, whose database it takes away else
        @given(schedules(self._explored.variants, tokens=self._explored.reads_tokens))
        def survives(schedule: Schedule) -> None:
            judge(schedule)

        with suppress(_FailedError, Flaky):  # what has failed is kept
            survives()

    def _note(self, played: Played) -> bool:
        """Count one that was played; whether it holds."""
        progress = self.progress
        progress.played += 1
        progress.effects += played.history.effects
        self._on_played(progress)
        return not played.complaints

    def _is_confirmed(self, played: Played, place: int | None = None) -> bool:
        """Whether one has failed, and does so again; then it is the one to be made smaller."""
        if not played.complaints:
            return False
        again = play_all(self._players, [played.schedule] * _DOUBTS, lambda one: not one.complaints)
        after = self.progress.played if place is None else place
        if not any(one.complaints for one in again):
            self._doubtful.append(Found(played, after, 0, len(again)))
            return False
        self._first, self._after = played, after
        self._end = clock.monotonic() + _SHRINKING
        self.progress.is_shrinking = True
        return True

    # Making it smaller

    def _try_smaller(self, schedule: Schedule) -> None:
        """Tell Hypothesis what comes of a schedule: at first, of those that were played already."""
        assert self._first is not None
        if not self._is_time():
            return
        if not self._failures:
            played = self._first
            if schedule != played.schedule:
                return
        else:
            played = self._play_smaller(schedule)
        if self._is_wanted(played):
            self._failures.append(played)
            raise _FailedError

    def _play_smaller(self, schedule: Schedule) -> Played:
        player = self._players[0]
        rest = player.patience.rest * _HASTE  # what is found is played again with all of it
        played = player.play(schedule, structs.replace(player.patience, rest=rest))
        self._note(played)
        return played

    def _is_wanted(self, played: Played) -> bool:
        """Whether there is a complaint of the kind of the first."""
        assert self._first is not None
        kinds = {complaint.kind for complaint in played.complaints}
        return not kinds.isdisjoint(complaint.kind for complaint in self._first.complaints)

    def _found(self, first: Played) -> Found:
        """The smallest that fails again."""
        failures = self._failures or [first]
        failures.sort(key=lambda played: _size(played.schedule))
        self._make_smaller(failures)
        for failure in failures[:_REPLAYS]:
            again = play_all(self._players, [failure.schedule] * _REPLAYS, lambda _: True)
            failed = [played for played in again if played.complaints]
            if failed:
                return Found(failed[-1], self._after, len(failed))
        return Found(failures[0], self._after, 0)

    def _make_smaller(self, failures: list[Played]) -> None:
        """Take away from the smallest what can be, one thing after the other."""
        left = _MOST_SMALLER
        candidates = smaller(failures[0].schedule)
        while left and (candidate := next(candidates, None)) is not None:
            left -= 1
            played = self._play_smaller(candidate)
            if self._is_wanted(played):
                failures.insert(0, played)
                candidates = smaller(candidate)


def _size(schedule: Schedule) -> tuple[int, int, int, int]:
    emitted = sum(step.emit for step in schedule.steps if isinstance(step, Emit))
    data = len(str(schedule.dump()))
    return schedule.besides_emits, len(schedule.steps), emitted, data
