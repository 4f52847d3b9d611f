"""How often a property reaches what it asserts: a guard that lets few examples pass is a fault."""

import functools
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from math import comb
from typing import Any

import pytest

_reached: ContextVar[set[str]] = ContextVar("reached")


def reached(point: str) -> None:
    """This example has come to a point of the property."""
    _reached.get().add(point)


def reaches(**shares: float) -> Callable[[Any], Any]:
    """Stands above ``@given``: fails if the property reaches a point in too few of its examples.

    Args:
        shares: The least share of the examples for each point, by the name that ``reached`` gets.
            A third of what is usual; with few examples fewer may do, as long as chance alone comes
            to so few.
    """

    def hold(test: Any) -> Any:
        counts = Counter[str]()
        counted(test, counts)

        @functools.wraps(test)
        def held(*args: Any, **kwargs: Any) -> None:
            counts.clear()
            test(*args, **kwargs)
            examples = counts.pop(_EXAMPLES)
            for point, share in shares.items():
                if counts[point] < share * examples and not _by_chance(
                    counts[point], examples, usual=min(3 * share, (1 + share) / 2)
                ):
                    pytest.fail(
                        f"{counts[point]} of {examples} examples reached {point!r}, which is less "
                        f"than {share:.0%}"
                    )

        return held

    return hold


_EXAMPLES = "examples"


def _by_chance(count: int, examples: int, *, usual: float) -> bool:
    """Whether no more than so many of the examples come that far once in a million runs."""
    chances = (
        comb(examples, reached) * usual**reached * (1 - usual) ** (examples - reached)
        for reached in range(count + 1)
    )
    return sum(chances) > 1e-6


def counted(test: Any, counts: Counter[str]) -> None:
    """Count the examples of a property, and the points that they reach."""
    example = test.hypothesis.inner_test

    @functools.wraps(example)
    def run(*args: Any, **kwargs: Any) -> None:
        points: set[str] = set()
        token = _reached.set(points)
        try:
            example(*args, **kwargs)
        finally:
            _reached.reset(token)
        counts.update(points | {_EXAMPLES})

    test.hypothesis.inner_test = run
