"""The order in which messages go out over a stream, and how often. Pure."""

from __future__ import annotations


class Outflow:
    """Sends each message so many times, and so many messages in reverse.

    Args:
        copies: How many times each is sent.
        group: How many are held, and then sent the last one first; 1 holds none.
    """

    def __init__(self, copies: int = 1, group: int = 1) -> None:
        self._copies, self._group = copies, group
        self._held: list[bytes] = []

    def take(self, message: bytes) -> list[bytes]:
        """What is to be sent now that there is this message too."""
        self._held += [message] * self._copies
        return self._release() if len(self._held) >= self._copies * self._group else []

    def be_usual(self) -> list[bytes]:
        """Hold and repeat nothing any more; what is to be sent of what was held."""
        self._copies = self._group = 1
        return self._release()

    def _release(self) -> list[bytes]:
        released, self._held = self._held[::-1], []
        return released
