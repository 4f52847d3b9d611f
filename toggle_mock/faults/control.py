"""What can go wrong on command, as blocks that heal on exit: ``with toggle.faults.outage(): …``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.distributions import Distribution
from toggle_mock.faults.injector import FaultInjector
from toggle_mock.faults.outcomes import OutcomeLike, hang, lose_answer
from toggle_mock.faults.script import Narrowed, Script, Which
from toggle_mock.faults.spec import (
    Bandwidth,
    Clock,
    FaultSpec,
    Goaway,
    HalfOpen,
    Latency,
    MaxConnectionAge,
    Method,
    Outage,
    Partition,
    Refuse,
    Reset,
    Restart,
    SlowReads,
)


class Faults:
    """The faults of a server. Each is in force from the call on, until it is healed.

    Those of calls can be narrowed: ``rid=`` to a Rodent, ``matching=`` to batches in which an event
    matches. Those of the connection concern all who connect; most of them need a relay, which the
    fixture ``toggle_server`` has and ``ToggleServer(relay=True)`` gets.
    """

    def __init__(self, injector: FaultInjector) -> None:
        self._injector = injector

    def add(self, spec: FaultSpec) -> ActiveFault:
        """Put a fault in force that is described as data: see :func:`toggle_mock.faults.parse`.

        Raises:
            NoRelayError: It needs a relay, and the server has none.
        """
        return self._injector.add(spec)

    def heal(self) -> None:
        """End all faults; in a session, those that it asked for."""
        self._injector.heal_all()

    @property
    def in_force(self) -> Sequence[FaultSpec]:
        """The faults that may still hit; elsewhere, those that were asked for here."""
        return self._injector.in_force()

    def script(self, method: Method) -> Script:
        """Scripts what becomes of the calls of a method."""
        return Script(self.add, method)

    # Of calls

    def failing(
        self,
        outcome: OutcomeLike,
        *,
        method: Method = "SendEvents",
        **narrowed: Unpack[Narrowed],
    ) -> ActiveFault:
        """All calls of a method end so.

        Args:
            outcome: A status, a response, or an Outcome such as ``fail(...)``.
            method: ``Register``, ``Connect`` or ``SendEvents``.
            narrowed: ``rid=``, ``matching=`` and ``seed=``.
        """
        return self.script(method).always(outcome, **narrowed)

    def hanging(
        self, *, method: Method = "SendEvents", **narrowed: Unpack[Narrowed]
    ) -> ActiveFault:
        """No call of a method is answered until it is healed; then they end with UNAVAILABLE."""
        return self.script(method).always(hang(), **narrowed)

    def losing_answers(self, **narrowed: Unpack[Narrowed]) -> ActiveFault:
        """Batches are accepted and recorded, but their senders get UNAVAILABLE."""
        return self.script("SendEvents").always(lose_answer(), **narrowed)

    def rates(
        self,
        rates: Mapping[OutcomeLike, float],
        *,
        seed: int,
        method: Method = "SendEvents",
        **which: Unpack[Which],
    ) -> ActiveFault:
        """Calls end so by chance; see :meth:`Script.rates`."""
        return self.script(method).rates(rates, seed=seed, **which)

    def message_limit(self, size: int, **narrowed: Unpack[Narrowed]) -> ActiveFault:
        """Batches of more bytes are refused, as by a server with that limit."""
        return self.script("SendEvents").message_limit(size, **narrowed)

    # Of the connection

    def outage(self) -> ActiveFault:
        """The server is gone: connections end, and new ones are refused. Its port stays its own."""
        return self.add(Outage())

    def restart(self, *, forget: bool = False) -> None:
        """The server ends and comes back at the same port, with what it has recorded.

        Args:
            forget: Whether it comes back without that, and so takes a batch that it has had before
                for a new one.

        Raises:
            ValueError: It is to forget, and is asked by a session, which is not alone.
        """
        self.add(Restart(forget=forget))

    def clock(self, ahead: float) -> ActiveFault:
        """The server's clock is wrong: by it tokens begin and expire.

        With TLS its connections end when that begins and when it is healed, and its certificate is
        made anew by that clock, for a day, so that its clients find it not valid yet, or no more.

        Args:
            ahead: Seconds by which it is ahead; behind if they are negative.

        Raises:
            ValueError: It is no time, or one of more than 30 years.
        """
        return self.add(Clock(ahead=ahead))

    def goaway(self, *, grace: float | None = None) -> None:
        """All clients are told to go (GOAWAY), once: new calls take new connections, others go on.

        Args:
            grace: Seconds that calls under way have before they are ended; None for no limit.

        Raises:
            ValueError: It is no time.
        """
        self.add(Goaway(grace=grace))

    def max_connection_age(self, seconds: float, *, grace: float | None = None) -> ActiveFault:
        """Clients are told to go (GOAWAY) once their connection is so old.

        Args:
            seconds: How old, at least a millisecond.
            grace: Seconds that calls under way have from then on; None for no limit.

        Raises:
            ValueError: One is no time.
        """
        return self.add(MaxConnectionAge(seconds=seconds, grace=grace))

    def refuse(self) -> ActiveFault:
        """New connections are refused; old ones go on."""
        return self.add(Refuse())

    def reset(self) -> None:
        """All connections are reset, once."""
        self.add(Reset())

    def half_open(self) -> ActiveFault:
        """Nothing gets through any more on the connections that are open; new ones work."""
        return self.add(HalfOpen())

    def partition(self) -> ActiveFault:
        """Nothing gets through, in either direction, and nobody is told."""
        return self.add(Partition())

    def latency(
        self, seconds: float | Distribution, *, jitter: float = 0.0, seed: int | None = None
    ) -> ActiveFault:
        """Everything takes so much longer, in each direction.

        Args:
            seconds: How much, or a distribution such as ``normal(0.2, 0.05)``.
            jitter: Seconds by which a number of them varies, up or down.
            seed: Makes it repeatable: on each connection and in each direction the first chunk
                takes as long in each run, the second one, and so on.

        Raises:
            ValueError: One is no time, or a distribution has jitter besides.
        """
        return self.add(Latency(seconds=seconds, jitter=jitter, seed=seed))

    def bandwidth(self, bytes_per_second: float) -> ActiveFault:
        """No more bytes a second get through, on each connection and in each direction.

        Raises:
            ValueError: It is no rate.
        """
        return self.add(Bandwidth(bytes_per_second=bytes_per_second))

    def slow_reads(self, bytes_per_second: float) -> ActiveFault:
        """The server takes no more bytes a second, on each connection.

        Raises:
            ValueError: It is no rate.
        """
        return self.add(SlowReads(bytes_per_second=bytes_per_second))
