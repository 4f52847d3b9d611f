"""Strategies that are made when they are first drawn from, and are short to print."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from hypothesis import strategies as st

from toggle_mock.strategies.scalars import Strategy


class _Recipe:
    def __init__(self, title: str, make: Callable[[], Strategy]) -> None:
        self._title = title
        self._make = make

    @cached_property
    def strategy(self) -> Strategy:
        return self._make()

    def __repr__(self) -> str:
        return self._title


@st.composite
def _drawn(draw: st.DrawFn, recipe: _Recipe) -> Any:
    return draw(recipe.strategy)


def made_late(title: str, make: Callable[[], Strategy]) -> st.SearchStrategy[Any]:
    """What ``make`` returns, which is called once, and not before the first draw.

    ``st.deferred`` would do but for its representation, which is that of everything within: half a
    megabyte for an event. Hypothesis prints strategies where it reports, and refuses so much.
    """
    return _drawn(_Recipe(title, make))
