"""The search for the smallest schedule of faults that an agent does not survive.

Example::

    from toggle_mock.contract.explore import Schedule, play


    def test_a_lost_answer():
        play(Schedule.read({"steps": [{"answer": "lose_answer"}, {"emit": 3}]}))
"""

from __future__ import annotations

from pathlib import Path

from toggle_mock.contract.explore.agents import Explored, explored, program, rodent_events
from toggle_mock.contract.explore.oracle import Complaint
from toggle_mock.contract.explore.player import Played
from toggle_mock.contract.explore.report import story
from toggle_mock.contract.explore.search import Found, Progress, Search
from toggle_mock.contract.explore.steps import Schedule, parse_schedule, read_schedule
from toggle_mock.contract.settings import RodentContract

__all__ = [
    "Complaint",
    "Explored",
    "Found",
    "Played",
    "Progress",
    "Schedule",
    "Search",
    "explored",
    "parse_schedule",
    "play",
    "program",
    "read_schedule",
    "rodent_events",
]


def play(schedule: Schedule, contract: RodentContract | Path | str | None = None) -> Played:
    """Play a schedule, and see that the agent survives it.

    Args:
        schedule: What is done, and happens.
        contract: What is said of the agent, or the file that says it; None for ``rodent_events``.

    Returns:
        What came of it.

    Raises:
        AssertionError: It does not; the text is the story.
        ContractError: The contract means nothing, or the agent cannot be started.
    """
    with explored(contract).player() as player:
        played = player.play(schedule)
    if played.complaints:
        raise AssertionError(story(played))
    return played
