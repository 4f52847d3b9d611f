"""Plots of the benchmarks, as SVG: what part of its goal each row takes, now and over time."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

from bench.intervals import Verdict
from bench.results import Figures, Run
from bench.suite import Row

# In pixels. The colours can be told apart by all, and are read on white and on black.
LINE = 20
LABELS = 320
GOAL = 260
WIDTH = 1000
MOST = 2.2  # goals; a longer bar is cut off there
TEXT = "#808080"
COLOURS = {Verdict.MET: "#2a9d8f", Verdict.MISSED: "#e76f51", Verdict.NOISE: "#e9c46a"}

COLUMNS = 4
CELL, CELL_HEIGHT = WIDTH // COLUMNS, 84
TOP, BOTTOM = 34, 78
"""Of what is drawn in a cell, below its two lines of text."""


def share(row: Row, value: float) -> float:
    """What part of its goal a value takes: 1 just meets it, less is better."""
    if not row.more_is_better:
        return max(value / row.goal, 0.0)
    return row.goal / value if value > 0 else MOST


def goals(rows: Sequence[Row], last: Mapping[str, Run]) -> str:
    """A bar for each row, from its last figures."""
    measured = [row for row in rows if row.name in last]
    height = LINE * (len(measured) + 2)
    at = LABELS + GOAL
    bars = [
        part
        for number, row in enumerate(measured, 1)
        for part in _bar(LINE * number, row, last[row.name].rows[row.name])
    ]
    return _picture(
        height,
        _text(at, 14, "the goal; less is better", anchor="middle"),
        *bars,
        f'<line x1="{at}" x2="{at}" y1="{LINE}" y2="{height - LINE}" stroke="{TEXT}"/>',
    )


def _bar(top: int, row: Row, figures: Figures) -> Iterator[str]:
    length = _length(row, figures.value)
    colour = COLOURS[row.verdict(figures)]
    ends = sorted(LABELS + _length(row, value) for value in (figures.low, figures.high))
    yield _text(LABELS - 10, top + 15, f"{row.name} ({row.against})", anchor="end")
    yield f'<rect x="{LABELS}" y="{top + 3}" width="{length}" height="{LINE - 6}" fill="{colour}"/>'
    yield _line(ends[0], top + 10, ends[1], top + 10)
    right = max(ends[1], LABELS + GOAL) + 8
    yield _text(right, top + 15, f"{figures.value:.3g}, goal {row.shown_goal}")


def _length(row: Row, value: float) -> float:
    return round(GOAL * min(share(row, value), MOST), 1)


def history(rows: Sequence[Row], runs: Sequence[Run]) -> str:
    """For each row, its figures in all runs that have it, the first on the left."""
    found = [
        (
            row,
            [(place, run.rows[row.name]) for place, run in enumerate(runs) if row.name in run.rows],
        )
        for row in rows
    ]
    shown = [(row, figures) for row, figures in found if figures]
    lines = -(-len(shown) // COLUMNS)
    cells = [
        part
        for number, (row, figures) in enumerate(shown)
        for part in _cell(number, row, figures, len(runs))
    ]
    names = f"{runs[0].name} … {runs[-1].name}; the dashed line is the goal, below it is better"
    return _picture(lines * CELL_HEIGHT + LINE, *cells, _text(4, lines * CELL_HEIGHT + 14, names))


def _cell(
    number: int, row: Row, figures: Sequence[tuple[int, Figures]], runs: int
) -> Iterator[str]:
    left, top = number % COLUMNS * CELL, number // COLUMNS * CELL_HEIGHT
    step = (CELL - 30) / max(runs - 1, 1)

    def across(place: int) -> float:
        return round(left + 10 + step * place, 1)

    def down(value: float) -> float:
        return round(top + BOTTOM - (BOTTOM - TOP) * min(share(row, value), MOST) / MOST, 1)

    last = figures[-1][1]
    yield _text(left + 4, top + 13, row.name)
    yield _text(left + 4, top + 28, f"{last.value:.3g}, goal {row.shown_goal}", size=11)
    goal = down(row.goal)
    yield _line(left + 4, goal, left + CELL - 14, goal, extra=' stroke-dasharray="3 3"')
    points = " ".join(f"{across(place)},{down(one.value)}" for place, one in figures)
    yield f'<polyline points="{points}" fill="none" stroke="{TEXT}"/>'
    for place, one in figures:
        at, colour = across(place), COLOURS[row.verdict(one)]
        yield _line(at, down(one.low), at, down(one.high), colour=colour)
        yield f'<circle cx="{at}" cy="{down(one.value)}" r="3" fill="{colour}"/>'


def _picture(height: int, *parts: str) -> str:
    size = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} fill="{TEXT}">'
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def _line(
    x1: float, y1: float, x2: float, y2: float, *, colour: str = TEXT, extra: str = ""
) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{extra}/>'


def _text(x: float, y: int, text: str, *, anchor: str = "start", size: int = 13) -> str:
    attributes = f'x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}"'
    return f"<text {attributes}>{html.escape(text)}</text>"
