"""How often a property reaches what it asserts: a guard that lets few examples pass is a fault."""

import functools
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
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
            A third of what is usual, so that chance does not fail it.
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
                if counts[point] < share * examples:
                    pytest.fail(
                        f"{counts[point]} of {examples} examples reached {point!r}, which is less "
                        f"than {share:.0%}"
                    )

        return held

    return hold


_EXAMPLES = "examples"


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
