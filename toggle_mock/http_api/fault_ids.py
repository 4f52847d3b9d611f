"""The faults that clients have asked for, by ids: those of this server, or of all that share."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from dataclasses import dataclass

from toggle_mock.errors import UnknownIdError
from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.shared import SharedFaults
from toggle_mock.http_api.named import KEPT, Named

_WHAT, _HINT = "fault", "GET /api/v1/faults tells which there are"


@dataclass(frozen=True)
class AskedFault:
    """A fault that a client asked for."""

    fault: ActiveFault
    session: str | None
    """The session that it was asked for in."""


class FaultIds(ABC):
    """Faults by their ids. For any number of threads."""

    @abstractmethod
    def add(self, asked: AskedFault) -> str:
        """Let a fault be referred to; returns its id."""

    @abstractmethod
    def items(self) -> list[tuple[str, AskedFault]]:
        """Those that can be referred to, by their ids, the oldest first; to look at."""

    @abstractmethod
    def pop(self, name: str) -> ActiveFault:
        """A fault, to heal it, which nobody can refer to any more.

        Raises:
            UnknownIdError: There is none of this id.
        """

    @abstractmethod
    def discard(self, name: str) -> None:
        """Let one that is healed be referred to no more."""

    def unknown(self, name: str) -> UnknownIdError:
        """The error that there is none of this id."""
        return UnknownIdError(f"there is no {_WHAT} {name!r}: {_HINT}")


class OwnFaultIds(FaultIds):
    """Those that were asked for here, of which the oldest of too many is forgotten."""

    def __init__(self) -> None:
        self._asked: Named[AskedFault] = Named(_WHAT, _HINT, KEPT)
        self._numbers = itertools.count(1)

    def add(self, asked: AskedFault) -> str:
        """See :meth:`FaultIds.add`."""
        name = str(next(self._numbers))
        self._asked.add(name, asked)
        return name

    def items(self) -> list[tuple[str, AskedFault]]:
        """See :meth:`FaultIds.items`."""
        return self._asked.items()

    def pop(self, name: str) -> ActiveFault:
        """See :meth:`FaultIds.pop`."""
        return self._asked.pop(name).fault

    def discard(self, name: str) -> None:
        """See :meth:`FaultIds.discard`."""
        self._asked.discard(name)


class SharedFaultIds(FaultIds):
    """Those that were asked for at any server, in whatever way, and hold still.

    Args:
        shared: Knows them.
    """

    def __init__(self, shared: SharedFaults) -> None:
        self._shared = shared

    def add(self, asked: AskedFault) -> str:
        """See :meth:`FaultIds.add`."""
        return str(self._shared.number_of(asked.fault))

    def items(self) -> list[tuple[str, AskedFault]]:
        """See :meth:`FaultIds.items`."""
        return [
            (str(number), AskedFault(fault, posted.session))
            for number, (posted, fault) in self._shared.asked_for().items()
        ]

    def pop(self, name: str) -> ActiveFault:
        """See :meth:`FaultIds.pop`."""
        try:
            return self._shared.fault(int(name))
        except (LookupError, ValueError):
            raise self.unknown(name) from None

    def discard(self, name: str) -> None:
        """See :meth:`FaultIds.discard`: the board knows it no more."""
