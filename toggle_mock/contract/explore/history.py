"""What was done and seen while a schedule was played, for who judges it. Pure data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from google.protobuf.message import Message

Promise = Literal["journal", "disk", "none"]
"""What outlasts an end of the agent: what it has accepted, whatever the end; that, if the end is in
order; or nothing."""


@dataclass(frozen=True)
class Emission:
    """An event that the agent has accepted."""

    mark: str
    """What it is known again by, in its metadata."""
    life: int
    at: float
    """When it was accepted."""
    payload: Message
    level: int


@dataclass
class Life:
    """The agent from a start to its end."""

    number: int
    promise: Promise
    begun: float
    """Seconds since the Unix epoch, as all times here."""
    ended: float | None = None
    by: str = ""
    """``SIGTERM`` or ``SIGKILL``; empty if it was told to shut down."""
    stats: Mapping[str, Any] | None = None
    """Its own numbers, at rest; None if nobody asked."""


@dataclass(frozen=True)
class SentEvent:
    """An event in a batch that was sent."""

    mark: str | None
    """None for one that the agent emits by itself."""
    raw: bytes


@dataclass(frozen=True)
class Call:
    """A SendEvents."""

    number: int
    life: int
    at: float
    answered: float
    """When it was answered; or, if that is not known, when it came."""
    status: str
    """The status that it ended with, as Toggle knows; ``CANCELLED`` if it has not answered."""
    success: bool
    """False if it was answered with ``success=false``."""
    too_large: bool
    """Whether it was refused for its size."""
    accepted: bool
    """Whether Toggle has taken the batch, whatever its answer."""
    batch_id: str
    raw: bytes
    events: tuple[SentEvent, ...]


@dataclass(frozen=True)
class Flushed:
    """A flush, by the agent's own word."""

    life: int
    asked: float
    over: float
    complete: bool


@dataclass
class History:
    """All of it."""

    send_timeout: float
    """Seconds after which the agent gives up a call."""
    emissions: list[Emission] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    flushes: list[Flushed] = field(default_factory=list)
    breaks: list[float] = field(default_factory=list)
    """When connections were broken."""
    rested: float | None = None
    """When the agent had nothing more to deliver, by its own word, after all was healed; None if
    that did not come."""
    patience: float = 0.0
    """Seconds that were waited for that at the most."""
    troubles: list[str] = field(default_factory=list)
    """What the agent did wrong as a program: it died, did not start, did not end."""
    effects: Counter[str] = field(default_factory=Counter)
    """What has happened, how many times: steps that were done, answers that were given."""
