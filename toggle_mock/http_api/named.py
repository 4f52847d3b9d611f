"""Things that clients refer to by an id."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from toggle_mock.errors import UnknownIdError

T = TypeVar("T")

KEPT = 1_000
"""Faults, and commands under way, that one can refer to by their ids."""


class Named(Generic[T]):
    """Things that clients refer to by an id. For any number of threads.

    Args:
        what: What one of them is called.
        hint: Where one gets an id.
        most: How many there can be; of more, the oldest are forgotten. None for any number.
    """

    def __init__(self, what: str, hint: str, most: int | None = None) -> None:
        self._what, self._hint, self._most = what, hint, most
        self._lock = threading.Lock()
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> None:
        """Let it be referred to."""
        with self._lock:
            if self._most is not None:
                for oldest in list(self._things)[: 1 - self._most]:
                    del self._things[oldest]
            self._things[name] = thing

    def __getitem__(self, name: str) -> T:
        with self._lock:
            if name in self._things:
                return self._things[name]
        raise self.unknown(name)

    def pop(self, name: str) -> T:
        """Let it be referred to no more.

        Raises:
            UnknownIdError: There is none of this id.
        """
        with self._lock:
            if name in self._things:
                return self._things.pop(name)
        raise self.unknown(name)

    def discard(self, name: str) -> None:
        """Let it be referred to no more, if it can be."""
        with self._lock:
            self._things.pop(name, None)

    def items(self) -> list[tuple[str, T]]:
        """Those that there are, by their ids, the oldest first."""
        with self._lock:
            return list(self._things.items())

    def unknown(self, name: str) -> UnknownIdError:
        """The error that there is none of this id."""
        return UnknownIdError(f"there is no {self._what} {name!r}: {self._hint}")
