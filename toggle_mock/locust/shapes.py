"""How a load changes over time: at which rate is emitted, and what happens to connections.

All times are shares of a cycle: 0 is its beginning, 1 its end, where the next one begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from toggle_mock.wording import one_of

Action = Literal["cut", "close", "open", "restart"]
"""``cut`` breaks all connections, which are dialed again; ``close`` breaks them and lets nobody in
until ``open``; ``restart`` stops a Rodent and starts it again, as an update does."""


@dataclass(frozen=True)
class Step:
    """Something that happens in each cycle."""

    at: float
    action: Action
    over: float = 0.0
    """The time over which it happens to one Rodent after the other; at once if 0."""


@dataclass(frozen=True)
class Shape:
    """What happens in a cycle."""

    title: str
    rate: Sequence[tuple[float, float]] = ((0.0, 1.0), (1.0, 1.0))
    """Times, and by what the rate is multiplied then; in between it changes evenly."""
    steps: Sequence[Step] = ()

    @property
    def breaks_connections(self) -> bool:
        """Whether connections are to break."""
        return any(step.action != "restart" for step in self.steps)


SHAPES: Final[Mapping[str, Shape]] = {
    "steady": Shape("The same all the time"),
    "storm": Shape("All connections break, and all dial again", steps=(Step(0.5, "cut"),)),
    "deploy": Shape(
        "One Rodent after the other is updated: it stops, and starts again",
        steps=(Step(0.2, "restart", over=0.6),),
    ),
    "outage": Shape(
        "Toggle cannot be reached for a while, and all catch up",
        steps=(Step(0.3, "close"), Step(0.5, "open")),
    ),
    "diurnal": Shape(
        "A day: little at night, much at noon",
        rate=((0.0, 0.2), (0.25, 0.6), (0.5, 2.0), (0.75, 1.2), (1.0, 0.2)),
    ),
}


def shape_of(name: str) -> Shape:
    """The shape of a name.

    Raises:
        ValueError: There is none.
    """
    one_of("shape", name, SHAPES)
    return SHAPES[name]


def rate_at(shape: Shape, time: float) -> float:
    """By what the rate is multiplied.

    Args:
        shape: The shape.
        time: In cycles since the beginning, such as 2.5.
    """
    share = time % 1.0
    for (begin, low), (end, high) in pairwise(shape.rate):
        if begin <= share <= end:
            return low + (high - low) * (share - begin) / (end - begin)
    raise ValueError(f"the rates of {shape.title!r} do not reach from 0 to 1")


def moment(step: Step, cycle: int, place: float = 0.0) -> float:
    """When a step happens in a cycle, in cycles since the beginning.

    Args:
        step: The step.
        cycle: The number of the cycle, from 0 on.
        place: Where a Rodent stands in the row of all, from 0 up to 1.
    """
    return cycle + step.at + step.over * place
