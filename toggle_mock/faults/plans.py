"""Plans: which outcome the next call gets. Pure; nothing here knows whose calls are meant."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import grpc

from toggle_mock.faults.outcomes import OutcomeLike, fail
from toggle_mock.recording.records import RecordedBatch, RecordedCall, RecordedEvent


@dataclass(frozen=True)
class Incoming:
    """A call about whose fate is to be decided."""

    call: RecordedCall
    raw: bytes
    """Its request; empty for a stream."""

    @cached_property
    def events(self) -> list[RecordedEvent]:
        """The events of a SendEvents."""
        return RecordedBatch(self.call, self.raw, 0).events


class Plan(Protocol):
    """Gives out outcomes, call by call."""

    def next(self, incoming: Incoming, /) -> OutcomeLike | None:
        """The outcome of the next call; None if this plan has nothing to say of it."""

    @property
    def remaining(self) -> int | None:
        """Outcomes that are still to come; None if there is no end."""


class InTurn(Plan):
    """One outcome for each call, then nothing."""

    def __init__(self, outcomes: Iterable[OutcomeLike]) -> None:
        self.outcomes = deque(outcomes)
        """Those that are still to come."""

    def next(self, _incoming: Incoming, /) -> OutcomeLike | None:
        """See :meth:`Plan.next`."""
        return self.outcomes.popleft() if self.outcomes else None

    @property
    def remaining(self) -> int | None:
        """See :attr:`Plan.remaining`."""
        return len(self.outcomes)


@dataclass
class Always(Plan):
    """The same outcome for each call."""

    outcome: OutcomeLike
    remaining: int | None = None

    def next(self, _incoming: Incoming, /) -> OutcomeLike | None:
        """See :meth:`Plan.next`."""
        return self.outcome


class Rates(Plan):
    """Outcomes by chance, the same for the same seed and number of calls."""

    remaining = None

    def __init__(self, rates: Mapping[OutcomeLike, float], seed: int) -> None:
        total = sum(rates.values())
        if any(rate < 0 for rate in rates.values()) or total > 1:
            raise ValueError(f"rates add up to {total:g}: give shares of all calls, from 0 to 1")
        self.rates, self.seed = dict(rates), seed
        self._outcomes: list[OutcomeLike | None] = [*rates, None]
        self._weights = [*rates.values(), 1 - total]
        self._random = random.Random(seed)

    def next(self, _incoming: Incoming, /) -> OutcomeLike | None:
        """See :meth:`Plan.next`."""
        return self._random.choices(self._outcomes, self._weights)[0]


@dataclass(frozen=True)
class MessageLimit(Plan):
    """Larger requests are refused, as gRPC does it."""

    bytes: int
    remaining: int | None = None

    def next(self, incoming: Incoming, /) -> OutcomeLike | None:
        """See :meth:`Plan.next`."""
        size = len(incoming.raw)
        if size <= self.bytes:
            return None
        text = f"SERVER: Received message larger than max ({size} vs. {self.bytes})"
        return fail(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
