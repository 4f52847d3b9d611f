"""What a row of the suite is, and how rows are measured and shown."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.check import Change, Comparison
from bench.intervals import Verdict, median_interval
from bench.results import Figures, Run

LOOKS = (7, 14, 28)
"""Numbers of pairs after which a row may be decided."""

CONFIDENCE = 1 - 0.05 / len(LOOKS)
"""Of one look, so that all together are wrong once in twenty rows, at the most (Bonferroni)."""

LONGEST = 100.0
"""Seconds after which no further pair of a row is begun, beyond those of the first look."""

PACKAGES = ("grpcio", "protobuf", "uuid-utils", "hypothesis", "opentelemetry-sdk")


@dataclass(frozen=True)
class Sample:
    """One repetition: the measured thing and its peer or floor, one right after the other."""

    ours: float
    peer: float | None = None
    """None if the goal is no ratio."""

    @property
    def value(self) -> float:
        return self.ours if self.peer is None else self.ours / self.peer


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    against: str
    """The peer or floor, in words; of an absolute value, its unit."""
    goal: float
    more_is_better: bool
    measure: Callable[[], Sample]
    unit: str = ""
    """Of ``ours`` and ``peer``."""
    once: bool = False
    """Whether one pair tells all, as with sizes, or a process can be measured once only."""

    @property
    def shown_goal(self) -> str:
        return f"{'≥' if self.more_is_better else '≤'} {self.goal:g}"

    def verdict(self, figures: Figures) -> Verdict:
        pairs = figures.pairs
        if not self.once and pairs is not None and pairs < LOOKS[0]:
            return Verdict.NOISE
        return figures.interval.verdict(self.goal, more_is_better=self.more_is_better)


@dataclass(frozen=True)
class Result:
    """What came of a row."""

    row: Row
    samples: list[Sample]

    @cached_property
    def figures(self) -> Figures:
        """The medians, and where that of the ratios is."""
        values = [sample.value for sample in self.samples]
        interval = median_interval(values, CONFIDENCE)
        peers = [sample.peer for sample in self.samples if sample.peer is not None]
        return Figures(
            value=statistics.median(values),
            low=interval.low,
            high=interval.high,
            pairs=len(self.samples),
            ours=statistics.median(sample.ours for sample in self.samples),
            other=statistics.median(peers) if peers else None,
            unit=self.row.unit,
        )

    @property
    def verdict(self) -> Verdict:
        return self.row.verdict(self.figures)

    def change(self, comparison: Comparison) -> Change:
        row = self.row
        return comparison.change(row.name, self.figures, more_is_better=row.more_is_better)

    def as_line(self) -> str:
        row, figures = self.row, self.figures
        interval = f"[{figures.low:.4g}, {figures.high:.4g}]"
        return (
            f"{row.name:24} {figures.value:8.3f} {interval:18} of {figures.pairs:2}  "
            f"{row.shown_goal:8} {self.verdict:7} {figures.both}, against {row.against}"
        )


class BenchError(Exception):
    """A run whose result would mean nothing."""


class MissingProgramError(Exception):
    """A row is not measured here, since a program is not installed that it is measured with."""


def measure(row: Row, is_doubtful: Callable[[Result], bool] = lambda _: False) -> Result:
    """Measure pairs until the interval has decided, and nobody has doubts; within limits."""
    end = time.monotonic() + LONGEST
    samples: list[Sample] = []
    for look in LOOKS:
        while len(samples) < look:
            samples.append(row.measure())
            if row.once or (len(samples) >= LOOKS[0] and time.monotonic() > end):
                return Result(row, samples)
        result = Result(row, samples)
        if result.verdict is not Verdict.NOISE and not is_doubtful(result):
            break
    return result


def machine() -> dict[str, str]:
    """What it ran on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def run(
    rows: Mapping[str, Row],
    chosen: list[str],
    path: Path | None,
    *,
    note: str = "",
    before: Mapping[str, Run] | None = None,
) -> int:
    """Measure rows and print them.

    Args:
        rows: All, by their names.
        chosen: Names of those that are measured; all, if there are none.
        path: Where to write the results.
        note: What stands in them of the circumstances.
        before: The last run that has a row, by its name.

    Returns:
        The exit code: 1 if a goal is missed, or, if it is compared, a row is worse than before.
    """
    unknown = [name for name in chosen if name not in rows]
    if unknown:
        sys.exit(f"no row {', '.join(unknown)}; there are {', '.join(rows)}")
    done = Run("now", note, machine(), {})
    comparison = Comparison(before or {}, done)
    print("; ".join(f"{key} {value}" for key, value in done.machine.items()))
    failed = False
    for name in chosen or rows:
        try:
            result = measure(rows[name], lambda now: now.change(comparison) is Change.WORSE)
        except MissingProgramError as error:
            print(f"{name:24} not measured: {error}", flush=True)
            continue
        change = result.change(comparison)
        print(result.as_line(), "" if before is None else f": {change}", flush=True)
        done.rows[name] = result.figures
        failed |= result.verdict is Verdict.MISSED if before is None else change is Change.WORSE
    if path:
        done.save(path)
    return 1 if failed else 0
