"""Plans: which outcome the next call gets. Pure; nothing here knows whose calls are meant."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import grpc
from google.protobuf.message import DecodeError

from toggle_mock.faults.outcomes import Outcome, Verdict, fail
from toggle_mock.recording.decoded import DecodedBatches
from toggle_mock.recording.records import RecordedBatch, RecordedCall, RecordedEvent


@dataclass(frozen=True)
class Incoming:
    """A call about whose fate is to be decided."""

    call: RecordedCall
    raw: bytes
    """Its request; empty for a stream."""
    decoded: DecodedBatches = field(default_factory=DecodedBatches, repr=False)
    """Where its decoded form may be already."""

    @cached_property
    def events(self) -> list[RecordedEvent]:
        """The events of a SendEvents; none if only a Toggle elsewhere may understand it."""
        try:
            return RecordedBatch(self.call, self.raw, 0, decoded=self.decoded).events
        except DecodeError:
            return []


class Plan(Protocol):
    """Gives out outcomes, call by call."""

    def next(self, incoming: Incoming, /) -> Verdict | None:
        """What is decided of the next call; None if this plan has nothing to say of it."""

    @property
    def remaining(self) -> int | None:
        """Outcomes that are still to come; None if there is no end."""


class InTurn(Plan):
    """One outcome for each call, then nothing."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        self._verdicts = deque(verdicts)

    def next(self, _incoming: Incoming, /) -> Verdict | None:
        """See :meth:`Plan.next`."""
        return self._verdicts.popleft() if self._verdicts else None

    @property
    def remaining(self) -> int | None:
        """See :attr:`Plan.remaining`."""
        return len(self._verdicts)


class AfterOthers(Plan):
    """The usual for so many calls, an outcome for the one after them, then nothing."""

    def __init__(self, others: int, verdict: Verdict) -> None:
        self._verdict = verdict
        self._remaining = others + 1

    def next(self, _incoming: Incoming, /) -> Verdict | None:
        """See :meth:`Plan.next`."""
        if not self._remaining:
            return None
        self._remaining -= 1
        return Outcome() if self._remaining else self._verdict

    @property
    def remaining(self) -> int | None:
        """See :attr:`Plan.remaining`."""
        return self._remaining


@dataclass(frozen=True)
class EachCall(Plan):
    """The same outcome for each call."""

    verdict: Verdict
    remaining: int | None = None

    def next(self, _incoming: Incoming, /) -> Verdict | None:
        """See :meth:`Plan.next`."""
        return self.verdict


class ByChance(Plan):
    """Outcomes by chance, the same for the same seed and number of calls.

    Args:
        shares: Each outcome with its share of the calls; they add up to 1 at the most.
        seed: Makes it repeatable.
    """

    remaining: int | None = None

    def __init__(self, shares: Iterable[tuple[Verdict, float]], seed: int) -> None:
        verdicts, weights = [*zip(*shares, strict=True)] or ((), ())
        self._verdicts: list[Verdict | None] = [*verdicts, None]
        self._weights = [*weights, 1 - sum(weights)]
        self._random = random.Random(seed)

    def next(self, _incoming: Incoming, /) -> Verdict | None:
        """See :meth:`Plan.next`."""
        return self._random.choices(self._verdicts, self._weights)[0]


@dataclass(frozen=True)
class SizeLimit(Plan):
    """Larger requests are refused, as gRPC does it."""

    bytes: int
    remaining: int | None = None

    def next(self, incoming: Incoming, /) -> Verdict | None:
        """See :meth:`Plan.next`."""
        size = len(incoming.raw)
        if size <= self.bytes:
            return None
        text = f"SERVER: Received message larger than max ({size} vs. {self.bytes})"
        return fail(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
