"""Plans: which outcome the next call gets. Nothing here knows whose calls are meant."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

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


class Turns:
    """Counts the calls that a plan gives outcomes to. For any number of threads.

    Args:
        total: As many there are.
    """

    def __init__(self, total: int) -> None:
        self.total: Final = total
        """As many there are."""
        self.taken: int = 0
        """As many there were."""
        self._lock = threading.Lock()

    def take(self) -> int | None:
        """Which turn a call has, from 0 on; None if there were all."""
        with self._lock:
            if self.taken >= self.total:
                return None
            self.taken += 1
            return self.taken - 1

    def hear(self, taken: int) -> None:
        """There were so many, as is known elsewhere."""
        self.taken = taken


class Counted(Plan):
    """Gives out an outcome at each turn, then nothing.

    Args:
        turns: Counts them.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def next(self, _incoming: Incoming, /) -> Verdict | None:
        """See :meth:`Plan.next`."""
        turn = self._turns.take()
        return None if turn is None else self._at(turn)

    @property
    def remaining(self) -> int | None:
        """See :attr:`Plan.remaining`."""
        return self._turns.total - self._turns.taken

    def _at(self, turn: int) -> Verdict:
        raise NotImplementedError


class InTurn(Counted):
    """One outcome for each call, then nothing."""

    def __init__(self, turns: Turns, verdicts: Sequence[Verdict]) -> None:
        super().__init__(turns)
        self._verdicts = verdicts

    def _at(self, turn: int) -> Verdict:
        return self._verdicts[turn]


class AfterOthers(Counted):
    """The usual for all calls but the last, an outcome for that, then nothing."""

    def __init__(self, turns: Turns, verdict: Verdict) -> None:
        super().__init__(turns)
        self._verdict = verdict

    def _at(self, turn: int) -> Verdict:
        return self._verdict if turn == self._turns.total - 1 else Outcome()


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
