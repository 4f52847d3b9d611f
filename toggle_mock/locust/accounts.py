"""What became of each event that a fleet has emitted, as its Rodents know it: a byte for each."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final, Self

from rodent_events.pb.events.event_messages_pb2 import Event

MARK: Final = "load"
"""The key of the metadata that says of which fleet an event is."""

NUMBER: Final = "load_number"
"""The key of the metadata that numbers the events of a fleet, from 0 on."""

WAITING, ACCEPTED, GIVEN_UP = range(3)


class Account:
    """The events of a fleet by number. Not for several threads.

    Args:
        mark: Says of which fleet they are.
        states: What became of each: waiting, accepted, or given up by its Rodent.
    """

    def __init__(self, mark: str, states: bytes = b"") -> None:
        self.mark: Final = mark
        self.states: Final = bytearray(states)

    def emitted(self) -> dict[str, str]:
        """Another event is emitted; returns the metadata by which it is known again."""
        self.states.append(WAITING)
        return {MARK: self.mark, NUMBER: str(len(self.states) - 1)}

    def note(self, events: Iterable[Event], state: int) -> None:
        """What became of events; those of others are left out. What is accepted stays so."""
        for event in events:
            if event.metadata.get(MARK) == self.mark:
                number = int(event.metadata[NUMBER])
                if self.states[number] != ACCEPTED:
                    self.states[number] = state

    def pack(self) -> bytes:
        """All of it in few bytes."""
        return zlib.compress(self.states)

    @classmethod
    def unpack(cls, mark: str, packed: bytes) -> Self:
        """What :meth:`pack` has made."""
        return cls(mark, zlib.decompress(packed))
