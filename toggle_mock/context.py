"""Objects that end with their ``with`` block, whatever happened in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from toggle_mock.awaiting import in_thread


class EndsWithBlock(ABC):
    """A context manager that gives itself, and is ended at the end of the block."""

    @abstractmethod
    def _end_block(self) -> None:
        """What is done at the end of the block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end_block()


class EndsWithAsyncBlock(EndsWithBlock):
    """The same for ``async with``, which waits for both ends without blocking the loop."""

    async def __aenter__(self) -> Self:
        return await in_thread(self.__enter__)

    async def __aexit__(self, *_exception: object) -> None:
        await in_thread(self._end_block)
