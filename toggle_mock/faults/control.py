"""What can go wrong on command, as blocks that heal on exit: ``with toggle.faults.outage(): …``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toggle_mock.faults.book import Book, Fault
from toggle_mock.faults.connections import ConnectionFault
from toggle_mock.faults.outcomes import OutcomeLike, hang, lose_answer, number
from toggle_mock.faults.relay import Conditions, Relay
from toggle_mock.faults.script import Script
from toggle_mock.recording.scope import Scope

if TYPE_CHECKING:
    from toggle_mock.server.server import ToggleServer


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

    def heal(self) -> None:
        """End all faults; in a session, those that it asked for."""
        super().heal()
        self._server.network.heal(None if self._scope == Scope() else self._scope)

    def outage(self) -> ConnectionFault:
        """The server is gone: connections end, and new ones are refused. Its port stays its own."""
        return self._add(outage=True)

    def restart(self) -> None:
        """The server ends and comes back at the same port, with what it has recorded."""
        self.outage().heal()

    def refuse(self) -> ConnectionFault:
        """New connections are refused; old ones go on."""
        self._need_relay()
        return self._add(refuse=True)

    def reset(self) -> None:
        """All connections are reset, once."""
        self._server.run(self._need_relay().reset)

    def half_open(self) -> ConnectionFault:
        """Nothing gets through any more on the connections that are open; new ones work."""
        return self._add(frozen=frozenset(self._need_relay().links))

    def partition(self) -> ConnectionFault:
        """Nothing gets through, in either direction, and nobody is told."""
        return self._condition(partitioned=True)

    def latency(self, seconds: float, *, jitter: float = 0.0) -> ConnectionFault:
        """Everything takes so much longer, in each direction.

        Args:
            seconds: How much.
            jitter: Seconds by which it varies, up or down.

        Raises:
            ValueError: One is no time.
        """
        number("seconds", seconds, least=0.0)
        number("jitter", jitter, least=0.0)
        return self._condition(latency=float(seconds), jitter=float(jitter))

    def bandwidth(self, bytes_per_second: float) -> ConnectionFault:
        """No more bytes a second get through, on each connection and in each direction.

        Raises:
            ValueError: It is no rate.
        """
        number("bytes_per_second", bytes_per_second, least=1.0)
        return self._condition(to_server=bytes_per_second, to_client=bytes_per_second)

    def slow_reads(self, bytes_per_second: float) -> ConnectionFault:
        """The server takes no more bytes a second, on each connection.

        Raises:
            ValueError: It is no rate.
        """
        number("bytes_per_second", bytes_per_second, least=1.0)
        return self._condition(to_server=bytes_per_second)

    def _need_relay(self) -> Relay:
        return self._server.relay

    def _condition(self, **values: Any) -> ConnectionFault:
        self._need_relay()
        return self._add(conditions=Conditions(**values))

    def _add(self, **values: Any) -> ConnectionFault:
        return self._server.network.add(ConnectionFault(self._scope, **values))
