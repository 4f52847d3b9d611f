"""Whether a row is worse than it was, as far as the noise of both runs lets that be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bench.results import Figures, Run

CALIBRATION = "calibration"
"""The row that does the same twice: what it tells is of the machine."""

UNKNOWN_NOISE = 0.05
"""Of a run without that row."""

TIMES = {"s", "ms", "µs"}
"""Units of what takes longer on a machine that is busy."""


class Change(StrEnum):
    """What became of a row since it was measured before."""

    SAME = "same"
    BETTER = "better"
    WORSE = "WORSE"
    NEW = "new"
    OTHER_MACHINE = "other machine"
    """It is no ratio, and was measured on another machine."""


@dataclass(frozen=True)
class Comparison:
    """A run that is being made, and what was before it.

    Args:
        before: The last run that has a row, by the row's name.
        now: Its rows may come later.
    """

    before: Mapping[str, Run]
    now: Run

    def change(self, name: str, now: Figures, *, more_is_better: bool) -> Change:
        """What the figures of a row say that is measured now."""
        run = self.before.get(name)
        if run is None:
            return Change.NEW
        before = run.rows[name]
        if now.other is None and run.machine["machine"] != self.now.machine["machine"]:
            return Change.OTHER_MACHINE
        slack = self._slack(run, now)
        if _is_beyond(before, now, slack, up=not more_is_better):
            return Change.WORSE
        if _is_beyond(before, now, slack, up=more_is_better):
            return Change.BETTER
        return Change.SAME

    def _slack(self, run: Run, figures: Figures) -> float:
        """Shares by which a row may differ since the machine does."""
        slack = max(noise(run), noise(self.now))
        if figures.other is None and figures.unit in TIMES:
            slack += _slowness(run, self.now)
        return slack


def noise(run: Run) -> float:
    """Shares by which the same work differs from itself."""
    calibration = run.rows.get(CALIBRATION)
    if calibration is None:
        return UNKNOWN_NOISE
    return max(calibration.high - 1, 1 - calibration.low)


def _slowness(run: Run, other: Run) -> float:
    """By which share the same work took longer in one of the runs."""
    took = [one.rows[CALIBRATION].ours for one in (run, other) if CALIBRATION in one.rows]
    return max(took) / min(took) - 1 if took else 0.0


def _is_beyond(before: Figures, now: Figures, slack: float, *, up: bool) -> bool:
    """Whether it has gone up, or down, outside of both intervals, by more than the slack."""
    gap = now.low - before.high if up else before.low - now.high
    return gap > slack * abs(before.value)
