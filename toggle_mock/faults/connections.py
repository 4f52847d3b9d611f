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


class Host(Protocol):
    """The server behind the network."""

    @property
    def is_up(self) -> bool:
        """Whether it listens."""

    async def leave(self) -> None:
        """Stop listening, but keep the port from others."""

    async def come_back(self) -> None:
        """Listen again at the same address."""

    def carry_out(self, work: Callable[[], Coroutine[Any, Any, None]], /) -> None:
        """Have this run in the server's event loop; nothing if there is none."""


@dataclass(eq=False)
class ActiveConnectionFault(ActiveFault):
    """A fault of the connection that is in force."""

    spec: ConnectionFault
    owner: object
    """Whose connections it is about: those of a session with a port of its own, or None for all."""
    frozen: frozenset[Link]
    """Connections on which nothing gets through."""
    end: Callable[[ActiveConnectionFault], None]
    """Ends it."""

    def heal(self) -> None:
        """See :meth:`ActiveFault.heal`."""
        self.end(self)


class Network:
    """The faults of the connection that are in force, in whatever order they come and go.

    Sessions may have ports of their own, each with a relay that what one session asks for concerns
    alone. What the server is asked for concerns all of them.

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
        self._own: dict[object, Relay] = {}
        self._lock = threading.Lock()
        self._active: list[ActiveConnectionFault] = []
        self._turn = asyncio.Lock()

    @property
    def has_relay(self) -> bool:
        """Whether it can break connections, besides ending the server."""
        return self._relay is not None

    def open_port(self, owner: object) -> Relay:
        """Give a session a port of its own.

        Raises:
            NoRelayError: The server has no relay.
            RuntimeError: It does not run.
            OSError: There is no port.
        """
        if self._relay is None:
            raise NoRelayError(f"a port of its own {_NEEDS_RELAY}")
        relay = self._relay.beside(self._relay.address.sibling())
        self._host.carry_out(partial(self._begin_port, owner, relay))
        if owner not in self._own:
            raise RuntimeError("a port of its own needs a server that runs: start it first")
        return relay

    async def _begin_port(self, owner: object, relay: Relay) -> None:
        await relay.listen()
        with self._lock:
            self._own[owner] = relay
        await self._follow()

    def close_port(self, owner: object) -> None:
        """Take a session's own port from it; nothing if it has none."""
        with self._lock:
            relay = self._own.pop(owner, None)
        if relay is not None:
            self._host.carry_out(relay.close)

    def add(self, spec: ConnectionFault, owner: object = None) -> ActiveConnectionFault:
        """Put a fault in force; one that is over at once has happened when this returns.

        Args:
            spec: The fault.
            owner: The session that asks for it; None for the whole server.

        Raises:
            NoRelayError: It needs a relay, and there is none, or one before TLS that cannot do it,
                or one of the session's own.
            ValueError: It concerns the whole server, and is asked for by a session.
        """
        self.check(spec, owner)
        effect = spec.effect
        links = self._links_to_freeze(spec, owner)
        fault = ActiveConnectionFault(spec, owner, links, self._remove)
        if not effect.is_over_at_once:
            with self._lock:
                self._active.append(fault)
        self._host.carry_out(partial(self._follow, effect, owner))
        return fault

    def check(self, spec: ConnectionFault, owner: object = None) -> None:
        """See that a fault can be put in force; raises what :meth:`add` raises.

        Raises:
            NoRelayError: There is no relay, or none that can do it.
            ValueError: It concerns the whole server, and is asked for by a session.
        """
        if owner is not None and (spec.effect.forget or spec.effect.ahead):
            raise ValueError(
                f"{spec.kind} is about all sessions of the server: ask the server for it, not a "
                "session"
            )
        if self._relay is None and (spec.needs_relay or owner is not None):
            raise NoRelayError(f"this fault of the connection {_NEEDS_RELAY}")
        if owner is not None and owner not in self._own_ports():
            raise NoRelayError(
                "connections are everybody's: ask the server for this fault, not a session; or "
                "open the session with own_port=True, and have its clients connect to its address"
            )
        if spec.needs_frames and self._relay is not None and self._relay.speaks.tls:
            raise NoRelayError(
                f"{spec.kind} is a frame of HTTP/2, which the relay cannot write into TLS: "
                "make the server without tls"
            )

    def heal(self, owner: object = None) -> None:
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
        for relay in self._own_ports().values():
            await relay.listen()
        await self._follow()

    def in_force(self, owner: object = None) -> list[ConnectionFault]:
        """The faults that go on: those about a session's connections, with None about all."""
        return [fault.spec for fault in self._about(owner)]

    async def end(self) -> None:
        """The server ends; its sessions' ports stay theirs if it begins again."""
        for relay in self._own_ports().values():
            await relay.close()

    @property
    def effect(self) -> Effect:
        """What the faults that are in force amount to, besides those of single sessions."""
        return self.effect_on(None)

    def effect_on(self, owner: object) -> Effect:
        """What they amount to for the connections of a session."""
        return together([fault.spec.effect for fault in self._about(owner)])

    def _about(self, owner: object) -> list[ActiveConnectionFault]:
        """The faults that are about the connections of a session; with None, about all."""
        with self._lock:
            return [fault for fault in self._active if fault.owner in {None, owner}]

    def _own_ports(self) -> dict[object, Relay]:
        with self._lock:
            return dict(self._own)

    async def _follow(
        self,
        once: Effect = Effect(),  # noqa: B008 - it is frozen
        asked_by: object = None,
    ) -> None:
        """Make server and relays as the faults in force say, and have happen what happens once."""
        async with self._turn:
            await self._follow_in_server(once if asked_by is None else Effect())
            for owner, relay in self._own_ports().items():
                theirs = asked_by in {None, owner}
                await self._follow_in_session(owner, relay, once if theirs else Effect())

    async def _follow_in_server(self, once: Effect) -> None:
        effect = self.effect
        anew = self._set_clock(effect.ahead)
        if (effect.outage or once.restart or anew) and self._host.is_up:
            await self._host.leave()
        if once.forget:  # nothing is recorded now, and it waits for files
            await asyncio.to_thread(self._forget)
        if self._relay is not None:
            _strike(self._relay, once)
            frozen = self._frozen(None)
            await self._relay.update(effect.conditions, frozen, refusing=effect.refuse)
        if not effect.outage and not self._host.is_up:
            await self._host.come_back()

    async def _follow_in_session(self, owner: object, relay: Relay, once: Effect) -> None:
        """The same in a session's own relay, which is all of the server that the session sees."""
        effect = self.effect_on(owner)
        refusing = effect.refuse or effect.outage
        await relay.update(effect.conditions, self._frozen(owner), refusing=refusing)
        _strike(relay, once)
        if once.restart or effect.outage:
            relay.reset()

    def _links_to_freeze(self, spec: ConnectionFault, owner: object) -> frozenset[Link]:
        own = self._own_ports()
        if not spec.effect.half_open or self._relay is None:
            return frozenset()
        relays = [own[owner]] if owner is not None else [self._relay, *own.values()]
        return frozenset(link for relay in relays for link in relay.links)

    def _frozen(self, owner: object) -> frozenset[Link]:
        return frozenset().union(*(fault.frozen for fault in self._about(owner)))


def _strike(relay: Relay, once: Effect) -> None:
    if once.reset:
        relay.reset()
    if once.goaway is not None:
        relay.tell_to_go(once.goaway.grace)


_NEEDS_RELAY = (
    "needs a relay in front of the server: make it with ToggleServer(relay=True), or serve without "
    "--no-relay"
)
