"""Scripts of one method: ``toggle.on_send_events.returns([UNAVAILABLE, OK])``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict, Unpack

from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.outcomes import OutcomeLike, verdict_of
from toggle_mock.faults.spec import (
    Always,
    At,
    FaultSpec,
    MessageLimit,
    Method,
    Rates,
    Returns,
    Shares,
    Verdicts,
    check_method,
)
from toggle_mock.matching import Matchable, Matcher, checked


class Which(TypedDict, total=False):
    """Which calls are meant, of those of the method."""

    matching: Matchable
    """Only batches in which an event matches."""
    rid: str | None
    """Only calls of this Rodent."""


class Narrowed(Which, total=False):
    """The same, and what chance there is in the outcome."""

    seed: int
    """Makes what an outcome leaves to chance the same in each run; 0 unless given."""


class Script:
    """Scripts the outcomes of one method: ``toggle.on_send_events.returns([UNAVAILABLE, OK])``.

    All its methods take ``matching=``, to mean only batches in which an event matches, ``rid=``, to
    mean only calls of this Rodent, and ``seed=``, by which a distribution gives the same times in
    each run.

    Raises:
        FaultSpecError: There is no such method.
    """

    def __init__(self, add: Callable[[FaultSpec], ActiveFault], method: Method) -> None:
        check_method(method)
        self._add = add
        self._method = method

    def returns(
        self, outcomes: Sequence[OutcomeLike] | OutcomeLike, **narrowed: Unpack[Narrowed]
    ) -> ActiveFault:
        """Answer the next calls so, one outcome for each, and those after them as usual.

        Args:
            outcomes: See :data:`OutcomeLike`; ``OK`` stands for the usual answer.
            narrowed: ``matching=``, ``rid=`` and ``seed=``.

        Raises:
            TypeError: One is no outcome.
        """
        listed = outcomes if isinstance(outcomes, Sequence) else [outcomes]
        verdicts = Verdicts(map(verdict_of, listed))
        return self._add(Returns(method=self._method, returns=verdicts, **_which(narrowed)))

    def at(self, index: int, outcome: OutcomeLike, **narrowed: Unpack[Narrowed]) -> ActiveFault:
        """Answer one call so: that with this index, counted from now on and from 0.

        Args:
            index: Its index.
            outcome: Its outcome.
            narrowed: ``matching=``, ``rid=`` and ``seed=``; other calls are not counted.
        """
        if index < 0:
            raise ValueError(f"index is {index}: the next call has index 0")
        verdict = verdict_of(outcome)
        return self._add(At(method=self._method, at=index, outcome=verdict, **_which(narrowed)))

    def always(self, outcome: OutcomeLike, **narrowed: Unpack[Narrowed]) -> ActiveFault:
        """Answer all calls so until it is healed.

        Args:
            outcome: Their outcome.
            narrowed: ``matching=``, ``rid=`` and ``seed=``.
        """
        verdict = verdict_of(outcome)
        return self._add(Always(method=self._method, always=verdict, **_which(narrowed)))

    def rates(
        self, rates: Mapping[OutcomeLike, float], *, seed: int, **which: Unpack[Which]
    ) -> ActiveFault:
        """Answer calls by chance: each outcome with its share of the calls, from 0 to 1.

        Args:
            rates: The share of each outcome; what is missing to 1 is the usual answer.
            seed: Makes it repeatable.
            which: ``matching=`` and ``rid=``.

        Raises:
            ValueError: The shares add up to more than 1.
        """
        shares = Shares((verdict_of(outcome), share) for outcome, share in rates.items())
        narrowed: Narrowed = {**which, "seed": seed}
        return self._add(Rates(method=self._method, rates=shares, **_which(narrowed)))

    def message_limit(self, size: int, **narrowed: Unpack[Narrowed]) -> ActiveFault:
        """Refuse requests of more bytes, with RESOURCE_EXHAUSTED as gRPC does it.

        Args:
            size: Bytes.
            narrowed: ``matching=``, ``rid=`` and ``seed=``.
        """
        return self._add(MessageLimit(method=self._method, message_limit=size, **_which(narrowed)))


class _Which(TypedDict):
    matching: Matcher | None
    rid: str | None
    seed: int


def _which(narrowed: Narrowed) -> _Which:
    matching = narrowed.get("matching")
    matcher = None if matching is None else checked(matching, None)
    return {"matching": matcher, "rid": narrowed.get("rid"), "seed": narrowed.get("seed", 0)}
