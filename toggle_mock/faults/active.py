"""A fault that is in force: what one heals. What it is stands in its ``spec``."""

from __future__ import annotations

from abc import abstractmethod

from toggle_mock.context import EndsWithBlock
from toggle_mock.faults.spec import FaultSpec


class ActiveFault(EndsWithBlock):
    """Something that goes wrong from when it is asked for until it is healed.

    As a context manager it is healed at the end of the block.
    """

    spec: FaultSpec
    """What goes wrong."""

    @property
    def remaining(self) -> int | None:
        """Scripted outcomes that no call has met yet; None if there is no end of them."""
        return None

    @abstractmethod
    def heal(self) -> None:
        """End it. Does nothing if it is over."""

    def _end_block(self) -> None:
        self.heal()
