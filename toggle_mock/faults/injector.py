"""Where faults are put in force: in this process; ``http_api.client`` has that for another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.book import FaultBook
from toggle_mock.faults.connections import Network
from toggle_mock.faults.spec import CallFault, ConnectionFault, FaultSpec
from toggle_mock.recording.scope import Scope


class FaultInjector(Protocol):
    """Puts faults in force."""

    def add(self, spec: FaultSpec, /) -> ActiveFault:
        """Put a fault in force."""

    def heal_all(self) -> None:
        """End all faults that were put in force here."""

    def in_force(self) -> Sequence[FaultSpec]:
        """The faults that may still hit, in the order in which they were put in force."""


@dataclass(frozen=True, eq=False)
class LocalInjector(FaultInjector):
    """Puts faults in force in this process, for one session or for the whole server.

    Two sessions with the same scope are two: each heals its own.
    """

    book: FaultBook
    network: Network
    scope: Scope

    @property
    def owner(self) -> LocalInjector | None:
        """What the faults are known by that were put in force here; None if all are."""
        return None if self.scope == Scope() else self

    def add(self, spec: FaultSpec, /) -> ActiveFault:
        """Put a fault in force.

        Raises:
            NoRelayError: It needs a relay, and there is none; or one of its own, as a session's
                faults of connections do.
            ValueError: It is about a Rodent that is not in the scope.
        """
        match spec:
            case CallFault():
                return self.book.add(spec, self.scope, self.owner)
            case ConnectionFault():
                return self.network.add(spec, self.owner)
        raise TypeError(f"{spec!r} is no fault: make one of faults.spec")

    def heal_all(self) -> None:
        """End all faults; in a session, those that it asked for."""
        self.book.heal(self.owner)
        self.network.heal(self.owner)

    def in_force(self) -> Sequence[FaultSpec]:
        """The faults that may still hit calls of the scope, and those of connections."""
        return [*self.book.in_force(self.scope), *self.network.in_force(self.owner)]


class GuestInjector(FaultInjector):
    """Puts faults in force for all, and heals those alone that were put in force by it.

    Args:
        server: Puts them in force.
    """

    owner: None = None
    """What the faults are known by: they are the server's."""

    def __init__(self, server: FaultInjector) -> None:
        self._server = server
        self._own: list[ActiveFault] = []

    def add(self, spec: FaultSpec, /) -> ActiveFault:
        """Put a fault in force; raises what the server's raises."""
        fault = self._server.add(spec)
        self._own.append(fault)
        return fault

    def heal_all(self) -> None:
        """End all faults that were put in force here."""
        own, self._own = self._own, []
        for fault in own:
            fault.heal()

    def in_force(self) -> Sequence[FaultSpec]:
        """The faults that may still hit anything."""
        return self._server.in_force()
