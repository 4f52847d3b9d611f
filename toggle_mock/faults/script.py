"""Scripts of one method: ``toggle.on_send_events.returns([UNAVAILABLE, OK])``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from toggle_mock.faults.book import Book, Fault
from toggle_mock.faults.outcomes import OK, OutcomeLike, outcome_of
from toggle_mock.faults.plans import Always, InTurn, MessageLimit, Plan, Rates
from toggle_mock.matching.matchers import Matchable, matcher_of
from toggle_mock.recording.scope import Scope


class Script:
    """Scripts the outcomes of one method: ``toggle.on_send_events.returns([UNAVAILABLE, OK])``."""

    def __init__(self, book: Book, method: str, scope: Scope) -> None:
        self._book = book
        self._method = method
        self._scope = scope

    def returns(
        self,
        outcomes: Sequence[OutcomeLike] | OutcomeLike,
        *,
        matching: Matchable = None,
        rid: str | None = None,
    ) -> Fault:
        """Answer the next calls so, one outcome for each, and those after them as usual.

        Args:
            outcomes: See :data:`OutcomeLike`; ``OK`` stands for the usual answer.
            matching: Count only batches in which an event matches.
            rid: Count only calls of this Rodent.

        Raises:
            TypeError: One is no outcome.
        """
        listed = list(outcomes) if isinstance(outcomes, Sequence) else [outcomes]
        return self._add(InTurn(map(_checked, listed)), matching, rid)

    def at(
        self,
        index: int,
        outcome: OutcomeLike,
        *,
        matching: Matchable = None,
        rid: str | None = None,
    ) -> Fault:
        """Answer one call so: that with this index, counted from now on and from 0."""
        if index < 0:
            raise ValueError(f"index is {index}: the next call has index 0")
        return self.returns([*[OK] * index, outcome], matching=matching, rid=rid)

    def always(
        self, outcome: OutcomeLike, *, matching: Matchable = None, rid: str | None = None
    ) -> Fault:
        """Answer all calls so until it is healed."""
        return self._add(Always(_checked(outcome)), matching, rid)

    def rates(
        self,
        rates: Mapping[OutcomeLike, float],
        *,
        seed: int,
        matching: Matchable = None,
        rid: str | None = None,
    ) -> Fault:
        """Answer calls by chance: each outcome with its share of the calls, from 0 to 1.

        Args:
            rates: The share of each outcome; what is missing to 1 is the usual answer.
            seed: Makes it repeatable.
            matching: Count only batches in which an event matches.
            rid: Count only calls of this Rodent.

        Raises:
            ValueError: The shares add up to more than 1.
        """
        return self._add(Rates({_checked(key): rates[key] for key in rates}, seed), matching, rid)

    def limits_messages_to(self, size: int, *, rid: str | None = None) -> Fault:
        """Refuse requests of more bytes, with RESOURCE_EXHAUSTED as gRPC does it."""
        return self._add(MessageLimit(size), None, rid)

    def _add(self, plan: Plan, matching: Matchable, rid: str | None) -> Fault:
        if rid is not None and self._scope.rid not in {None, rid}:
            raise ValueError(f"rid is {rid!r}: this session is of rodent {self._scope.rid}")
        scope = replace(self._scope, rid=rid) if rid is not None else self._scope
        matcher = None if matching is None else matcher_of(matching)
        return self._book.add(Fault(plan, self._method, scope, self._scope, matcher))


def _checked(outcome: OutcomeLike) -> OutcomeLike:
    """The same, if it is an outcome; a function is asked only when its call comes."""
    return outcome if callable(outcome) else outcome_of(outcome, None)
