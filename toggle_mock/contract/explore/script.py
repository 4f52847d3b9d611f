"""Toggle's part of a schedule: what becomes of each SendEvents. Knows no socket and no clock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import grpc

from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.faults.outcomes import (
    Outcome,
    delay,
    fail,
    hang,
    lose_answer,
    reject,
)

POISON = "poison"
"""The key of the metadata of events that Toggle refuses for good."""

GENERATION = "generation"
"""The claim by which an expired token is told from a new one."""

HELD = "held"
"""What a call gets that an end of the agent has waited for."""

SLOW = 0.05
"""Seconds that a slow answer takes."""

_OUTCOMES: Mapping[str, Outcome] = {
    "lose_answer": lose_answer(),
    "reject": reject(),
    "late": hang(accepted=True),
    "hang": hang(),
    "slow": delay(SLOW),
    "reset": hang(),
    "reset_accepted": hang(accepted=True),
}

_EXPIRED = fail(grpc.StatusCode.UNAUTHENTICATED, "the token has expired")
_POISONED = fail(grpc.StatusCode.INVALID_ARGUMENT, "an event is refused for good")


def outcome_of(answer: str) -> Outcome:
    """What an answer of a schedule means for its call, but for a connection that is reset."""
    known = _OUTCOMES.get(answer)
    return fail(grpc.StatusCode[answer]) if known is None else known


class Script:
    """Is told of steps, and asked what becomes of a call. May be used from any thread.

    Args:
        on_reset: Called, amid a call, when its connection is to be reset.
        on_amid: Called, amid a call, once :attr:`amid` is set.
    """

    def __init__(
        self, on_reset: Callable[[], object], on_amid: Callable[[], object] = lambda: None
    ) -> None:
        self.effects: Counter[str] = Counter()
        """Answers that were given, other than the usual one."""
        self.amid: Final = threading.Event()
        """Set once a call has come that an end of the agent waits for."""
        self._on_reset, self._on_amid = on_reset, on_amid
        self._lock = threading.Lock()
        self._calls = 0
        self._answers: dict[int, str] = {}
        self._hold: Outcome | None = None
        self._limit = 0
        self._generation = 0

    # What happens

    def answer(self, answer: str, after: int = 0, calls: int = 1) -> None:
        """So many calls get this answer: after some others, the first that have none yet."""
        with self._lock:
            number = self._calls + after
            for _ in range(calls):
                while number in self._answers:
                    number += 1
                self._answers[number] = answer

    def hold(self, *, accepted: bool) -> None:
        """The next call is never answered, and :attr:`amid` is set as it comes."""
        with self._lock:
            self.amid.clear()
            self._hold = hang(accepted=accepted)

    def release(self) -> None:
        """No call is held any more; one that is stays so."""
        with self._lock:
            self._hold = None

    def limit(self, size: int) -> None:
        """No request of more bytes is taken; 0 is any size."""
        with self._lock:
            self._limit = size

    def expire(self) -> int:
        """The tokens of now have expired; returns the generation of those that are taken."""
        with self._lock:
            self._generation += 1
            return self._generation

    def heal(self) -> None:
        """All calls are answered as usual; what is refused for good still is."""
        with self._lock:
            self._answers.clear()
            self._hold = None
            self._limit = 0

    @property
    def is_used_up(self) -> bool:
        """Whether all answers were given."""
        with self._lock:
            return all(number < self._calls for number in self._answers)

    # What becomes of a call

    def outcome(self, claims: Mapping[str, Any], request: bytes) -> Outcome:
        """The outcome of the next call."""
        with self._lock:
            name, outcome = self._decide(claims, request)
            self._calls += 1
            if name not in {"", HELD}:
                self.effects[name] += 1
        if name.startswith("reset"):
            self._on_reset()
        if name == HELD:
            self._on_amid()
        return outcome

    def _decide(self, claims: Mapping[str, Any], request: bytes) -> tuple[str, Outcome]:
        if self._hold is not None:
            held, self._hold = self._hold, None
            self.amid.set()
            return HELD, held
        answer = self._answers.get(self._calls)
        if answer is not None:
            return answer, outcome_of(answer)
        if claims.get(GENERATION) != self._generation:
            return "token", _EXPIRED
        if self._limit and len(request) > self._limit:
            sizes = f"({len(request)} vs. {self._limit})"
            text = f"SERVER: Received message larger than max {sizes}"
            return "limit", fail(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        if POISON.encode() in request and _is_poisoned(request):
            return "poison", _POISONED
        return "", Outcome()


def _is_poisoned(request: bytes) -> bool:
    return any(POISON in event.metadata for event in EventBatch.FromString(request).events)
