"""Plays schedules several at a time, each player in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from toggle_mock.contract.explore.player import Played, Player
from toggle_mock.contract.explore.steps import Schedule


def play_all(
    players: Sequence[Player],
    schedules: Iterable[Schedule],
    goes_on: Callable[[Played], bool],
) -> list[Played]:
    """Play schedules, as many at a time as there are players, until one is enough.

    They are begun in their order. Once no more are begun, those that are under way are played to
    their end: so of those before any that was played, none is left out.

    Args:
        players: Who plays them.
        schedules: What is played.
        goes_on: Is asked after each, one at a time, whether more are to be begun.

    Returns:
        What was played, in the order of the schedules.

    Raises:
        ContractError: The agent cannot be started at all.
    """
    crew = _Crew(schedules, goes_on)
    with ThreadPoolExecutor(len(players), "explore-player") as pool:
        try:
            for work in [pool.submit(crew.work, player) for player in players]:
                work.result()
        finally:
            crew.stop()
    return [played for _, played in sorted(crew.played.items())]


class _Crew:
    """What players have done together, and have still to do."""

    def __init__(self, schedules: Iterable[Schedule], goes_on: Callable[[Played], bool]) -> None:
        self.played: dict[int, Played] = {}
        self._left = enumerate(schedules)
        self._goes_on = goes_on
        self._lock = threading.Lock()
        self._is_over = False

    def stop(self) -> None:
        """No more are begun."""
        self._is_over = True

    def work(self, player: Player) -> None:
        """Have a player play, one after the other, until there are no more."""
        try:
            while (taken := self._take()) is not None:
                number, schedule = taken
                self._put(number, player.play(schedule))
        except BaseException:
            self.stop()
            raise

    def _take(self) -> tuple[int, Schedule] | None:
        with self._lock:
            return None if self._is_over else next(self._left, None)

    def _put(self, number: int, played: Played) -> None:
        with self._lock:
            self.played[number] = played
            if not self._goes_on(played):
                self.stop()
