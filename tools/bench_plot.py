"""The plot docs/benchmarks.svg: what part of its goal each row of docs/benchmarks.md takes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| (-?[\d.]+) \| ([≤≥]) ([\d.]+) \|", re.MULTILINE)

# In pixels. The colours can be told apart by all, and are read on white and on black.
LINE = 20
LABELS = 320
GOAL = 260
WIDTH = 1000
MOST = 2.2  # goals; a longer bar is cut off there
MET, MISSED, TEXT = "#2a9d8f", "#e76f51", "#808080"


@dataclass(frozen=True)
class Measured:
    """A row of the table.

    Args:
        name: What was measured.
        against: Its floor or peer, or its unit.
        value: What came of it.
        at_least: Whether the goal is the least that will do, or the most.
        goal: In the unit of the value.
    """

    name: str
    against: str
    value: float
    at_least: bool
    goal: float

    @property
    def share(self) -> float:
        """What part of its goal the row takes: 1 just meets it, less is better."""
        share = self.goal / self.value if self.at_least else self.value / self.goal
        return max(share, 0.0)


def measured(page: str) -> list[Measured]:
    """The rows of the table in the page."""
    return [
        Measured(name, against, float(value), sign == "≥", float(goal))
        for name, against, value, sign, goal in ROW.findall(page)
    ]


def plot(page: str) -> str:
    """The picture as SVG."""
    rows = measured(page)
    height = LINE * (len(rows) + 2)
    at = LABELS + GOAL
    size = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13"'
    bars = [part for number, row in enumerate(rows, 1) for part in _bar(LINE * number, row)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} fill="{TEXT}">',
        _text(at, 14, "the goal; less is better", anchor="middle"),
        *bars,
        f'<line x1="{at}" x2="{at}" y1="{LINE}" y2="{height - LINE}" stroke="{TEXT}"/>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _bar(top: int, row: Measured) -> Iterator[str]:
    length = round(GOAL * min(row.share, MOST), 1)
    colour = MET if row.share <= 1 else MISSED
    sign = "≥" if row.at_least else "≤"
    yield _text(LABELS - 10, top + 15, f"{row.name} ({row.against})", anchor="end")
    yield f'<rect x="{LABELS}" y="{top + 3}" width="{length}" height="{LINE - 6}" fill="{colour}"/>'
    right = LABELS + max(length, GOAL) + 8
    yield _text(right, top + 15, f"{row.value:g}, goal {sign} {row.goal:g}")


def _text(x: float, y: int, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(text)}</text>'
