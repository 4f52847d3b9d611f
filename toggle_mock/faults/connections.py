"""Faults of the connection: which are in force, and what they amount to together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from toggle_mock.faults.active import Active
from toggle_mock.faults.relay import Conditions, Link
from toggle_mock.recording.scope import Scope


@dataclass(eq=False)
class ConnectionFault(Active):
    """A fault of the connection, in force until it is healed or its ``with`` block ends."""

    owner: Scope = field(default_factory=Scope)
    """The session that asked for it; connections are everybody's."""
    outage: bool = False
    """Whether the server is gone."""
    refuse: bool = False
    """Whether new connections are refused."""
    frozen: frozenset[Link] = frozenset()
    """Connections on which nothing gets through."""
    conditions: Conditions = field(default_factory=Conditions)
    """How the network is."""
    end: Callable[[ConnectionFault], None] = lambda _fault: None
    """Ends it; given by whoever puts it in force."""

    def heal(self) -> None:
        """End it. Does nothing if it is over."""
        self.end(self)


@dataclass(frozen=True)
class NetworkState:
    """What the faults that are in force amount to."""

    outage: bool
    refuse: bool
    frozen: frozenset[Link]
    conditions: Conditions


class Network:
    """The faults of the connection that are in force, in whatever order they come and go.

    Args:
        apply: Called after each change; it makes the server and its relay as ``state`` says.
    """

    def __init__(self, apply: Callable[[], None]) -> None:
        self._apply = apply
        self._lock = threading.Lock()
        self._active: list[ConnectionFault] = []

    def add(self, fault: ConnectionFault) -> ConnectionFault:
        """Put a fault in force."""
        fault.end = self._remove
        with self._lock:
            self._active.append(fault)
        self._apply()
        return fault

    def heal(self, owner: Scope | None = None) -> None:
        """End all faults, or those that one session asked for."""
        with self._lock:
            kept = [f for f in self._active if owner is not None and f.owner != owner]
            changed, self._active = len(kept) != len(self._active), kept
        if changed:
            self._apply()

    def _remove(self, fault: ConnectionFault) -> None:
        with self._lock:
            if fault not in self._active:
                return
            self._active.remove(fault)
        self._apply()

    @property
    def state(self) -> NetworkState:
        """Delays add up, of rates the least holds, and anything else is so if one fault says it."""
        with self._lock:
            active = list(self._active)
        conditions = [fault.conditions for fault in active]
        return NetworkState(
            outage=any(fault.outage for fault in active),
            refuse=any(fault.refuse for fault in active),
            frozen=frozenset().union(*(fault.frozen for fault in active)),
            conditions=Conditions(
                latency=sum(one.latency for one in conditions),
                jitter=sum(one.jitter for one in conditions),
                to_server=_least(one.to_server for one in conditions),
                to_client=_least(one.to_client for one in conditions),
                partitioned=any(one.partitioned for one in conditions),
            ),
        )


def _least(rates: Iterable[float | None]) -> float | None:
    return min((rate for rate in rates if rate is not None), default=None)
