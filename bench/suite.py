"""What a row of the suite is, and how rows are measured and shown."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

REPEAT = 5
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
    repeat: int = REPEAT


@dataclass(frozen=True)
class Result:
    """What came of a row."""

    row: Row
    samples: list[Sample]

    @property
    def value(self) -> float:
        """The median."""
        return statistics.median(sample.value for sample in self.samples)

    @property
    def is_met(self) -> bool:
        if self.row.more_is_better:
            return self.value >= self.row.goal
        return self.value <= self.row.goal

    def as_line(self) -> str:
        sign = "≥" if self.row.more_is_better else "≤"
        ours = statistics.median(sample.ours for sample in self.samples)
        peers = [sample.peer for sample in self.samples if sample.peer is not None]
        figures = f"{ours:,.4g}" + (f" / {statistics.median(peers):,.4g}" if peers else "")
        verdict = "met" if self.is_met else "MISSED"
        goal = f"{sign} {self.row.goal:g}"
        return (
            f"{self.row.name:24} {self.value:8.3f}  {goal:8} {verdict:7} "
            f"{figures} {self.row.unit}, against {self.row.against}"
        )

    def as_object(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "goal": self.row.goal,
            "more_is_better": self.row.more_is_better,
            "met": self.is_met,
            "against": self.row.against,
            "unit": self.row.unit,
            "samples": [[sample.ours, sample.peer] for sample in self.samples],
        }


class BenchError(Exception):
    """A run whose result would mean nothing."""


class MissingProgramError(Exception):
    """A row is not measured here, since a program is not installed that it is measured with."""


def measure(row: Row) -> Result:
    return Result(row, [row.measure() for _ in range(row.repeat)])


def machine() -> dict[str, str]:
    """What it ran on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def run(rows: Mapping[str, Row], chosen: list[str], path: Path | None) -> int:
    """Measure rows and print them; the exit code is 1 if a goal is missed."""
    unknown = [name for name in chosen if name not in rows]
    if unknown:
        sys.exit(f"no row {', '.join(unknown)}; there are {', '.join(rows)}")
    facts = machine()
    print("; ".join(f"{key} {value}" for key, value in facts.items()))
    results = []
    for name in chosen or rows:
        try:
            result = measure(rows[name])
        except MissingProgramError as error:
            print(f"{name:24} not measured: {error}", flush=True)
            continue
        results.append(result)
        print(result.as_line(), flush=True)
    if path:
        document = {
            "machine": facts,
            "rows": {result.row.name: result.as_object() for result in results},
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0 if all(result.is_met for result in results) else 1
