"""The network in front of a server: which faults of the connection are in force, and their effect.

What each fault does is in ``spec``, what several amount to in ``conditions``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from toggle_mock.errors import NoRelayError
from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.conditions import Effect, together
from toggle_mock.faults.spec import ConnectionFault
from toggle_mock.faults.tcp_relay import Link, Relay
from toggle_mock.recording.scope import Scope


class Host(Protocol):
    """The server behind the network."""

    @property
    def is_up(self) -> bool:
        """Whether it listens."""

    async def leave(self) -> None:
        """Stop listening, but keep the port from others."""

    async def come_back(self) -> None:
        """Listen again at the same port."""

    def carry_out(self, work: Callable[[], Coroutine[Any, Any, None]], /) -> None:
        """Have this run in the server's event loop; nothing if there is none."""


@dataclass(eq=False)
class ActiveConnectionFault(ActiveFault):
    """A fault of the connection that is in force."""

    spec: ConnectionFault
    owner: Scope
    """The session that asked for it; connections are everybody's."""
    frozen: frozenset[Link]
    """Connections on which nothing gets through."""
    end: Callable[[ActiveConnectionFault], None]
    """Ends it."""

    def heal(self) -> None:
        """See :meth:`ActiveFault.heal`."""
        self.end(self)


class Network:
    """The faults of the connection that are in force, in whatever order they come and go.

    Args:
        host: The server.
        relay: What breaks connections; None if clients connect to the server itself.
        forget: Forgets what was recorded.
        set_clock: Sets the server's clock, to so many seconds ahead; whether it must start anew.
    """

    def __init__(
        self,
        host: Host,
        relay: Relay | None,
        forget: Callable[[], None] = lambda: None,
        set_clock: Callable[[float], bool] = lambda _ahead: False,
    ) -> None:
        self._host, self._relay = host, relay
        self._forget, self._set_clock = forget, set_clock
        self._lock = threading.Lock()
        self._active: list[ActiveConnectionFault] = []
        self._turn = asyncio.Lock()

    def add(self, spec: ConnectionFault, owner: Scope) -> ActiveConnectionFault:
        """Put a fault in force; one that is over at once has happened when this returns.

        Raises:
            NoRelayError: It needs a relay, and there is none, or one before TLS that cannot do it.
            ValueError: It concerns what others have recorded, and is asked by a session.
        """
        effect = spec.effect
        if effect.forget and owner != Scope():
            raise ValueError(
                "restart(forget=True) forgets what all sessions have recorded: ask the server for "
                "it, not a session"
            )
        fault = ActiveConnectionFault(spec, owner, self._links_to_freeze(spec), self._remove)
        if not effect.is_over_at_once:
            with self._lock:
                self._active.append(fault)
        self._host.carry_out(partial(self._follow, effect))
        return fault

    def heal(self, owner: Scope | None = None) -> None:
        """End all faults, or those that one session asked for."""
        with self._lock:
            kept = [f for f in self._active if owner is not None and f.owner != owner]
            changed, self._active = len(kept) != len(self._active), kept
        if changed:
            self._host.carry_out(self._follow)

    def _remove(self, fault: ActiveConnectionFault) -> None:
        with self._lock:
            if fault not in self._active:
                return
            self._active.remove(fault)
        self._host.carry_out(self._follow)

    async def begin(self) -> None:
        """The server has begun to listen, in an event loop of its own: be as the faults say."""
        self._turn = asyncio.Lock()
        await self._follow()

    def in_force(self) -> list[ConnectionFault]:
        """The faults that go on."""
        with self._lock:
            return [fault.spec for fault in self._active]

    @property
    def effect(self) -> Effect:
        """What the faults that are in force amount to."""
        with self._lock:
            return together([fault.spec.effect for fault in self._active])

    async def _follow(self, once: Effect = Effect()) -> None:  # noqa: B008 - it is frozen
        """Make server and relay as the faults in force say, and have happen what happens once."""
        async with self._turn:
            effect = self.effect
            anew = self._set_clock(effect.ahead)
            if (effect.outage or once.restart or anew) and self._host.is_up:
                await self._host.leave()
            if once.forget:  # nothing is recorded now, and it waits for files
                await asyncio.to_thread(self._forget)
            if self._relay is not None:
                if once.reset:
                    self._relay.reset()
                if once.goaway is not None:
                    self._relay.tell_to_go(once.goaway.grace)
                frozen = self._frozen()
                await self._relay.update(effect.conditions, frozen, refusing=effect.refuse)
            if not effect.outage and not self._host.is_up:
                await self._host.come_back()

    def _links_to_freeze(self, spec: ConnectionFault) -> frozenset[Link]:
        if spec.needs_relay and self._relay is None:
            raise NoRelayError(
                "this fault of the connection needs a relay in front of the server: make it with "
                "ToggleServer(relay=True)"
            )
        if spec.needs_frames and self._relay is not None and self._relay.speaks.tls:
            raise NoRelayError(
                f"{spec.kind} is a frame of HTTP/2, which the relay cannot write into TLS: "
                "make the server without tls"
            )
        return frozenset(self._relay.links if self._relay and spec.effect.half_open else ())

    def _frozen(self) -> frozenset[Link]:
        with self._lock:
            return frozenset().union(*(fault.frozen for fault in self._active))
