"""What can go wrong on command, as blocks that heal on exit: ``with toggle.faults.outage(): …``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from toggle_mock.asking import Scope
from toggle_mock.outcomes import Book, Fault, OutcomeLike, Script, hang, lose_answer

if TYPE_CHECKING:
    from toggle_mock.server import ToggleServer


class ConnectionFault:
    """A fault of the connection, in force until it is healed or its ``with`` block ends."""

    def __init__(self, heal: Callable[[], None]) -> None:
        self._heal: Callable[[], None] | None = heal
        self._lock = threading.Lock()

    def heal(self) -> None:
        """End it. Does nothing if it is over."""
        with self._lock:
            heal, self._heal = self._heal, None
        if heal is not None:
            heal()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.heal()


class CallFaults:
    """Faults of calls. Each is in force from the call on, until it is healed.

    They can be narrowed to a Rodent, or to batches in which an event matches.
    """

    def __init__(self, book: Book, scope: Scope) -> None:
        self._book = book
        self._scope = scope

    def heal(self) -> None:
        """End all faults."""
        self._book.heal(None if self._scope == Scope() else self._scope)

    def failing(
        self, outcome: OutcomeLike, *, method: str = "SendEvents", **narrowed: Any
    ) -> Fault:
        """All calls of a method end so.

        Args:
            outcome: A status, a response, or an Outcome such as ``fail(...)``.
            method: ``Register``, ``Connect`` or ``SendEvents``.
            narrowed: ``rid=`` and ``matching=``, as for :meth:`Script.always`.
        """
        return self._script(method).always(outcome, **narrowed)

    def hanging(self, *, method: str = "SendEvents", **narrowed: Any) -> Fault:
        """No call of a method is answered until it is healed; then they end with UNAVAILABLE."""
        return self._script(method).always(hang(), **narrowed)

    def losing_answers(self, **narrowed: Any) -> Fault:
        """Batches are accepted and recorded, but their senders get UNAVAILABLE."""
        return self._script("SendEvents").always(lose_answer(), **narrowed)

    def rates(
        self,
        rates: Mapping[OutcomeLike, float],
        *,
        seed: int,
        method: str = "SendEvents",
        **narrowed: Any,
    ) -> Fault:
        """Calls end so by chance; see :meth:`Script.rates`."""
        return self._script(method).rates(rates, seed=seed, **narrowed)

    def message_limit(self, size: int, *, rid: str | None = None) -> Fault:
        """Batches of more bytes are refused, as by a server with that limit."""
        return self._script("SendEvents").limits_messages_to(size, rid=rid)

    def _script(self, method: str) -> Script:
        return Script(self._book, method, self._scope)


class Faults(CallFaults):
    """The faults of a server. Each is in force from the call on, until it is healed.

    Those of the connection concern all who connect; except for outage and restart they need a
    relay, which the fixture ``toggle_server`` has and ``ToggleServer(relay=True)`` gets.
    """

    def __init__(self, server: ToggleServer, scope: Scope) -> None:
        super().__init__(server.book, scope)
        self._server = server
        self._of_connection: list[ConnectionFault] = []

    def heal(self) -> None:
        """End all faults."""
        super().heal()
        for fault in self._of_connection:
            fault.heal()
        self._of_connection.clear()

    def outage(self) -> ConnectionFault:
        """The server is gone: connections end, and new ones are refused. Its port stays its own."""
        self._server.suspend()
        return self._kept(self._server.resume)

    def restart(self) -> None:
        """The server ends and comes back at the same port, with what it has recorded."""
        self.outage().heal()

    def refuse(self) -> ConnectionFault:
        """New connections are refused; old ones go on."""
        relay = self._server.relay
        self._server.run(relay.refuse)
        return self._kept(lambda: self._server.wait(relay.accept_again))

    def reset(self) -> None:
        """All connections are reset, once."""
        self._server.run(self._server.relay.reset)

    def half_open(self) -> ConnectionFault:
        """Nothing gets through any more on the connections that are open; new ones work."""
        relay = self._server.relay
        links = list(relay.links)
        self._server.run(lambda: relay.freeze(links, frozen=True))
        return self._kept(lambda: self._server.run(lambda: relay.freeze(links, frozen=False)))

    def partition(self) -> ConnectionFault:
        """Nothing gets through, in either direction, and nobody is told."""
        return self._condition(partitioned=True)

    def latency(self, seconds: float, *, jitter: float = 0.0) -> ConnectionFault:
        """Everything takes so much longer, in each direction.

        Args:
            seconds: How much.
            jitter: Seconds by which it varies, up or down.
        """
        return self._condition(latency=seconds, jitter=jitter)

    def bandwidth(self, bytes_per_second: float) -> ConnectionFault:
        """No more bytes a second get through, on each connection and in each direction."""
        _check_rate(bytes_per_second)
        return self._condition(to_server=bytes_per_second, to_client=bytes_per_second)

    def slow_reads(self, bytes_per_second: float) -> ConnectionFault:
        """The server takes no more bytes a second, on each connection."""
        _check_rate(bytes_per_second)
        return self._condition(to_server=bytes_per_second)

    def _condition(self, **values: Any) -> ConnectionFault:
        relay = self._server.relay
        before = {name: getattr(relay.conditions, name) for name in values}

        def change(to: Mapping[str, Any]) -> None:
            for name, value in to.items():
                setattr(relay.conditions, name, value)
            relay.update()

        self._server.run(lambda: change(values))
        return self._kept(lambda: self._server.run(lambda: change(before)))

    def _kept(self, heal: Callable[[], None]) -> ConnectionFault:
        fault = ConnectionFault(heal)
        self._of_connection.append(fault)
        return fault


def _check_rate(bytes_per_second: float) -> None:
    if bytes_per_second <= 0:
        raise ValueError(f"bytes_per_second is {bytes_per_second}: give more than 0; see partition")
