"""What came of runs, as files: those that are committed are in bench/results, one for each run.

A run need not have all rows: of each row the last one counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.intervals import Interval

COMMITTED = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figures:
    """What came of a row."""

    value: float
    """The median of the ratios, or of what is no ratio."""
    low: float
    high: float
    pairs: int | None
    """None in a run of before there were intervals."""
    ours: float
    other: float | None
    """Of the peer or floor; None if the value is no ratio."""
    unit: str
    """Of ours and the other."""

    @property
    def interval(self) -> Interval:
        """Where the median is."""
        return Interval(self.low, self.high)

    @property
    def both(self) -> str:
        """Ours and the other, for people."""
        peer = "" if self.other is None else f" / {_short(self.other)}"
        return f"{_short(self.ours)}{peer} {self.unit}".rstrip()


@dataclass(frozen=True)
class Run:
    """Rows that were measured one after the other on a machine."""

    name: str
    """The day, and what tells it from others of that day."""
    note: str
    """What else was so, for example that the machine was busy."""
    machine: dict[str, str]
    rows: dict[str, Figures]

    @classmethod
    def load(cls, path: Path) -> Run:
        document = json.loads(path.read_text("utf-8"))
        rows = {name: Figures(**figures) for name, figures in document.pop("rows").items()}
        return cls(path.stem, **document, rows=rows)

    def save(self, path: Path) -> None:
        """Write it, each row in a line of its own."""
        head = {"note": self.note, "machine": self.machine}
        lines = [f" {_text(key)}: {_text(value)}," for key, value in head.items()]
        rows = [f"  {_text(name)}: {_text(_rounded(row))}" for name, row in self.rows.items()]
        text = "\n".join(["{", *lines, ' "rows": {', ",\n".join(rows), " }", "}"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", "utf-8")


def committed() -> list[Run]:
    """The committed runs, the oldest first, by the names of their files."""
    return [Run.load(path) for path in sorted(COMMITTED.glob("*.json"))]


def last_of_each(runs: Iterable[Run]) -> dict[str, Run]:
    """The last run that has a row, by the row's name."""
    return {name: run for run in runs for name in run.rows}


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _rounded(figures: Figures) -> dict[str, object]:
    return {
        key: float(f"{value:.4g}") if isinstance(value, float) else value
        for key, value in asdict(figures).items()
    }


def _short(value: float) -> str:
    """Three digits at the least, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
