"""What faults do to connections, and what several amount to together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from toggle_mock.faults.distributions import Distribution, seconds_at


@dataclass(frozen=True)
class Delay:
    """What each chunk takes because of one fault, in each direction."""

    seconds: float | Distribution
    jitter: float = 0.0
    """Seconds by which that varies, up or down."""
    seed: int | None = None
    """Makes it the same on each connection, chunk by chunk; None leaves it to chance."""

    def at(self, share: float) -> float:
        """The seconds that this share of all chunks stays below."""
        return seconds_at(self.seconds, share) + (2 * share - 1) * self.jitter


@dataclass(frozen=True)
class Age:
    """How old a connection becomes."""

    seconds: float | None = None
    """When its client is told to go (GOAWAY); None for never."""
    grace: float | None = None
    """Seconds that its calls have from then on; None for no limit."""


@dataclass(frozen=True)
class Conditions:
    """How the network is at the moment."""

    delays: tuple[Delay, ...] = ()
    """What each chunk takes, all together."""
    to_server: float | None = None
    """Bytes a second to the server, on each connection; None for no limit."""
    to_client: float | None = None
    """Bytes a second to the client, on each connection."""
    age: Age = Age()
    """How old connections become."""
    partitioned: bool = False
    """Whether nothing gets through, on old connections and new ones."""


@dataclass(frozen=True)
class Effect:
    """What a fault does to the connections; or what all that are in force do."""

    outage: bool = False
    """Whether the server is gone."""
    refuse: bool = False
    """Whether new connections are refused."""
    half_open: bool = False
    """Whether nothing gets through any more on those that are open when it begins."""
    conditions: Conditions = field(default_factory=Conditions)
    """How the network is."""
    reset: bool = False
    """Whether all connections are reset, once."""
    restart: bool = False
    """Whether the server ends and comes back, once."""
    forget: bool = False
    """Whether it comes back without what it has recorded."""
    ahead: float = 0.0
    """Seconds by which the server's clock is ahead; behind if they are negative."""
    goaway: Age | None = None
    """Clients are told to go (GOAWAY), once, and their calls have the grace of this."""

    @property
    def is_over_at_once(self) -> bool:
        """Whether there is nothing of it to heal."""
        return self.reset or self.restart or self.goaway is not None


def together(effects: Sequence[Effect]) -> Effect:
    """Delays and clocks add up, of rates and ages the least holds, else it is so if one says so."""
    conditions = [effect.conditions for effect in effects]
    return Effect(
        outage=any(effect.outage for effect in effects),
        refuse=any(effect.refuse for effect in effects),
        half_open=any(effect.half_open for effect in effects),
        ahead=sum(effect.ahead for effect in effects),
        conditions=Conditions(
            delays=tuple(delay for one in conditions for delay in one.delays),
            to_server=_least(one.to_server for one in conditions),
            to_client=_least(one.to_client for one in conditions),
            age=Age(
                _least(one.age.seconds for one in conditions),
                _least(one.age.grace for one in conditions),
            ),
            partitioned=any(one.partitioned for one in conditions),
        ),
    )


def _least(rates: Iterable[float | None]) -> float | None:
    return min((rate for rate in rates if rate is not None), default=None)
