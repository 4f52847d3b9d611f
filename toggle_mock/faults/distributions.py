"""How long something takes, by chance: uniform, normal, or as percentiles that were measured.

As data: ``{uniform: [0.1, 0.5]}``, ``{normal: [0.2, 0.05]}``, ``{percentiles: {50: 0.1, 99: 1}}``.
Pure: which share of the time it is that is drawn comes from outside.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from statistics import NormalDist
from typing import Annotated, Any

from msgspec import Meta

from toggle_mock.errors import FaultSpecError
from toggle_mock.faults.record import Record, Seconds

Percent = Annotated[float, Meta(ge=0, le=100)]

_EDGE = 1e-9
"""The normal distribution has no end: how near one comes to it."""


class Distribution(Record, frozen=True, kw_only=True):
    """How many seconds something takes, by chance: one of these.

    Raises:
        FaultSpecError: It is none of them, or more than one, or its numbers are in no order.
    """

    uniform: tuple[Seconds, Seconds] | None = None
    """The least and the most; all between them are as likely."""
    normal: tuple[Seconds, Seconds] | None = None
    """The mean and the standard deviation; what would be less than nothing is nothing."""
    percentiles: dict[Percent, Seconds] | None = None
    """So many percent take so long at the most: straight lines between, from 0 s at 0 %; above
    the last one, all take as long as that."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if sum(one is not None for one in (self.uniform, self.normal, self.percentiles)) != 1:
            raise FaultSpecError("a distribution is one of uniform, normal, percentiles")
        if self.percentiles == {}:
            raise FaultSpecError("percentiles is empty: give seconds by percent, such as {50: 0.1}")
        for name, times in (("uniform", self.uniform), ("percentiles", self._times)):
            if times and list(times) != sorted(times):
                raise FaultSpecError(f"{name} is {list(times)!r}: give times that do not fall")

    def __hash__(self) -> int:
        return hash((self.uniform, self.normal, self._percents, self._times))

    @property
    def _percents(self) -> tuple[float, ...]:
        return tuple(sorted(self.percentiles or ()))

    @property
    def _times(self) -> tuple[float, ...]:
        return tuple(time for _, time in sorted((self.percentiles or {}).items()))

    def at(self, share: float) -> float:
        """The seconds that this share of all stays below.

        Args:
            share: From 0 to 1.
        """
        if self.uniform is not None:
            least, most = self.uniform
            return least + share * (most - least)
        if self.normal is not None:
            mean, deviation = self.normal
            inner = min(max(share, _EDGE), 1 - _EDGE)
            return max(0.0, mean + deviation * NormalDist().inv_cdf(inner))
        return _between(self._percents, self._times, 100 * share)

    @classmethod
    def dump_value(cls, value: Any) -> Any:
        """The data of numbers, with the keys that JSON has."""
        if isinstance(value, dict):
            return {_percent(key): time for key, time in value.items()}
        return list(value)


def _percent(value: float) -> str:
    return repr(int(value) if value.is_integer() else value)


def _between(percents: tuple[float, ...], times: tuple[float, ...], percent: float) -> float:
    """The time at a percentage, on the straight line between the given ones beside it."""
    right = bisect_left(percents, percent)
    if right == len(percents):
        return times[-1]
    start, least = (percents[right - 1], times[right - 1]) if right else (0.0, 0.0)
    width = percents[right] - start
    return least + (times[right] - least) * ((percent - start) / width if width else 1.0)


def uniform(least: float, most: float) -> Distribution:
    """All times between two are as likely.

    Args:
        least: Seconds.
        most: Seconds.

    Raises:
        FaultSpecError: One is no time, or they fall.
    """
    return Distribution(uniform=(least, most))


def normal(mean: float, deviation: float) -> Distribution:
    """The bell curve; what would be less than nothing is nothing.

    Args:
        mean: Seconds.
        deviation: The standard deviation, in seconds.

    Raises:
        FaultSpecError: One is no time.
    """
    return Distribution(normal=(mean, deviation))


def percentiles(times: Mapping[float, float]) -> Distribution:
    """As it was measured somewhere: ``percentiles({50: 0.02, 95: 0.2, 99: 1.5})``.

    Args:
        times: Seconds that so many percent take at the most. Between them are straight lines, which
            begin with 0 s at 0 %; above the last one, all take as long as that.

    Raises:
        FaultSpecError: There are none, one is no percentage or no time, or the times fall.
    """
    return Distribution(percentiles=dict(times))


def seconds_at(time: float | Distribution, share: float) -> float:
    """A number of seconds as it is; of a distribution those that this share stays below."""
    return time.at(share) if isinstance(time, Distribution) else time
