"""What is in force until it is healed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Active(ABC):
    """Something that goes wrong from when it is asked for until it is healed.

    As a context manager it is healed at the end of the block.
    """

    @abstractmethod
    def heal(self) -> None:
        """End it. Does nothing if it is over."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.heal()
