"""Looks for a schedule that an agent does not survive, and for the smallest such one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase, InMemoryExampleDatabase
from hypothesis.errors import Flaky
from msgspec import structs

from rodent_events import clock
from toggle_mock.contract.explore.agents import Explored
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

    Args:
        explored: The agent.
        player: Plays schedules with it.
        seed: Makes the schedules the same in each run.
        database: A folder in which what was found is kept, to be played first the next time; None
            for none.
        on_played: Called after each.
    """

    def __init__(
        self,
        explored: Explored,
        player: Player,
        *,
        seed: int,
        database: Path | None = None,
        on_played: Callable[[Progress], object] = lambda _progress: None,
    ) -> None:
        self.progress = Progress()
        self._explored, self._player = explored, player
        self._seed = seed
        self._database = (
            InMemoryExampleDatabase()
            if database is None
            else DirectoryBasedExampleDatabase(database)
        )
        self._on_played = on_played
        self._failures: list[Played] = []
        self._first: Played
        self._after = 0
        self._end = math.inf

    def run(self, examples: float, seconds: float = math.inf) -> Found | None:
        """Play so many schedules at the most, for so long at the most, or until one fails.

        Raises:
            ContractError: The agent cannot be started.
        """
        self._end = clock.monotonic() + seconds
        number = 0
        while not self._failures and self._is_time() and self.progress.played < examples:
            left = min(_ROUND, examples - self.progress.played)
            self._round(self._seed + number, int(left))
            number += 1
        return self._found() if self._failures else None

    def _is_time(self) -> bool:
        return clock.monotonic() < self._end

    def _round(self, number: int, examples: int) -> None:
        variants, tokens = self._explored.variants, self._explored.reads_tokens

        @seed(number)
        @settings(
            max_examples=examples,
            database=self._database,
            deadline=None,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(schedules(variants, tokens=tokens))
        def survives(schedule: Schedule) -> None:
            self._try(schedule)

        with suppress(_FailedError, Flaky):  # what has failed is kept
            survives()

    def _try(self, schedule: Schedule) -> None:
        if not self._is_time():
            return
        played = self._play(schedule)
        if not self._is_wanted(played):
            return
        if not self._failures:
            self._first, self._after = played, self.progress.played
            self._end = clock.monotonic() + _SHRINKING
            self.progress.is_shrinking = True
        self._failures.append(played)
        raise _FailedError

    def _is_wanted(self, played: Played) -> bool:
        """Whether there is a complaint; while a smaller one is sought, of the kind of the first."""
        kinds = {complaint.kind for complaint in played.complaints}
        if not self._failures:
            return bool(kinds)
        return not kinds.isdisjoint(complaint.kind for complaint in self._first.complaints)

    def _play(self, schedule: Schedule) -> Played:
        progress, patience = self.progress, self._player.patience
        if progress.is_shrinking:  # what is found is played again with all of it
            patience = structs.replace(patience, rest=patience.rest * _HASTE)
        played = self._player.play(schedule, patience)
        progress.played += 1
        progress.effects += played.history.effects
        self._on_played(progress)
        return played

    def _found(self) -> Found:
        """The smallest that fails again."""
        self._failures.sort(key=lambda played: _size(played.schedule))
        self._make_smaller()
        for failure in self._failures[:_REPLAYS]:
            again = [self._player.play(failure.schedule) for _ in range(_REPLAYS)]
            failed = [played for played in again if played.complaints]
            if failed:
                return Found(failed[-1], self._after, len(failed))
        return Found(self._failures[0], self._after, 0)

    def _make_smaller(self) -> None:
        """Take away from the smallest what can be, one thing after the other."""
        left = _MOST_SMALLER
        candidates = smaller(self._failures[0].schedule)
        while left and (candidate := next(candidates, None)) is not None:
            left -= 1
            played = self._play(candidate)
            if self._is_wanted(played):
                self._failures.insert(0, played)
                candidates = smaller(candidate)


def _size(schedule: Schedule) -> tuple[int, int, int, int]:
    emitted = sum(step.emit for step in schedule.steps if isinstance(step, Emit))
    data = len(str(schedule.dump()))
    return schedule.besides_emits, len(schedule.steps), emitted, data
