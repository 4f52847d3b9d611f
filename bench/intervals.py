"""What a few noisy samples tell of their median: where it is, whatever their distribution.

Pure; by order statistics: see "confidence interval for the median" in any book about them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb


class Verdict(StrEnum):
    """What an interval says of a goal."""

    MET = "met"
    MISSED = "MISSED"
    NOISE = "noise"
    """The goal is within the interval."""


@dataclass(frozen=True)
class Interval:
    """Where a median is."""

    low: float
    high: float

    def verdict(self, goal: float, *, more_is_better: bool) -> Verdict:
        worst, best = (self.low, self.high) if more_is_better else (-self.high, -self.low)
        goal = goal if more_is_better else -goal
        if worst >= goal:
            return Verdict.MET
        return Verdict.MISSED if best < goal else Verdict.NOISE


def coverage(count: int, left_out: int) -> float:
    """How surely a median is within sorted samples, of which so many at each end are left out.

    Each sample is below the median as probably as above it, so how many are is a binomial: the
    median is outside at one end if no more than those left out are on that side of it.
    """
    return 1 - 2 * sum(comb(count, few) for few in range(left_out + 1)) / 2**count


def median_interval(samples: Sequence[float], confidence: float) -> Interval:
    """The narrowest interval between two of the samples that holds the median so surely.

    Of too few samples for that it is all that they span, and less sure: see :func:`coverage`.
    """
    ordered = sorted(samples)
    count = len(ordered)
    sure = [n for n in range(1, (count + 1) // 2) if coverage(count, n) >= confidence]
    left_out = max(sure, default=0)
    return Interval(ordered[left_out], ordered[-1 - left_out])
