"""What a case holds, whoever is judged: what is said of the program, a folder, and a story."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Generic, Self, TypeVar

from toggle_mock.contract.settings import RodentContract, ToggleContract
from toggle_mock.contract.story import Story
from toggle_mock.contract.verdicts import Breach, Inconclusive

C = TypeVar("C", RodentContract, ToggleContract)

_LONGER = 1.5
"""What is said to take so long is waited for so many times as long."""


class Rig(Generic[C]):
    """What a case holds of the program that is judged, from the case's beginning to its end.

    Args:
        contract: What is said of the program.
        folder: An own empty folder.
        story: Tells what is done.
    """

    def __init__(self, contract: C, folder: Path, story: Story) -> None:
        self.contract: C = contract
        self.folder = folder
        self.story = story
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def patience(self, *times: str) -> float:
        """Seconds that are waited for what takes the times that are said of the program."""
        said = self.contract.times
        return float(_LONGER * sum(getattr(said, name) for name in times) + said.slack)

    def expect(self, condition: object, seen: str) -> None:
        """See that the rule holds.

        Raises:
            Breach: It does not; this is what was seen.
        """
        if not condition:
            raise Breach(seen)

    def reached(self, condition: object, why: str) -> None:
        """See that the case has reached its point.

        Raises:
            Inconclusive: It has not; this is why.
        """
        if not condition:
            raise Inconclusive(why)
