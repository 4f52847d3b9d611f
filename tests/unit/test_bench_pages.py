"""The page of the benchmarks shows what the committed results say."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench import plots
from bench.__main__ import ROWS
from bench.intervals import Verdict
from bench.results import Figures, Run, committed, last_of_each
from bench.suite import Row

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def pages(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    from bench import pages

    return pages


def row(name, goal, *, more=False):
    return Row(name, "Go & us", goal, more, lambda: None)


def run(name="2026-11-01", **values):
    """A run of rows whose medians are within these."""
    rows = {
        key: Figures((low + high) / 2, low, high, 7, 1.0, None, "ms")
        for key, (low, high) in values.items()
    }
    return Run(name, "", {}, rows)


def test_the_page_and_its_plots_are_those_of_the_results(pages):
    for path, text in pages.texts().items():
        assert path.read_text() == text, f"{path.name}: run make schemas"


def test_each_row_has_committed_results():
    assert {one.name for one in ROWS} <= last_of_each(committed()).keys()


def test_the_page_explains_each_goal_that_is_missed(pages):
    page = (DOCS / "benchmarks.md").read_text()
    explained = page.split("## Where we are slower\n", 1)[1].split("\n## ", 1)[0]
    last = last_of_each(committed())
    for one in ROWS:
        if one.verdict(last[one.name].rows[one.name]) is Verdict.MISSED:
            assert f"**{one.name}**" in explained


def test_a_line_says_where_the_figures_are_from(pages):
    rows = [row("emit", 2), row("new", 1)]
    old = Run("2026-11-01", "beside a load", {"python": "3.11"}, run(emit=(1, 1.5)).rows)
    lines = pages.table(rows, last_of_each([old])).splitlines()
    assert lines[2] == "| emit | Go & us | 1.25 | 1 … 1.5 | ≤ 2 | met | 1 ms | 2026-11-01 |"
    assert lines[-1] == "- 2026-11-01: python 3.11. beside a load"


ALL = [
    row("most", 10),
    row("least", 0.8, more=True),
    row("far", 1),
    row("below", 1),
    row("noise", 1),
]
LAST = run(most=(4, 6), least=(0.5, 0.5), far=(60, 80), below=(-1, -0.5), noise=(0.5, 1.5))


def test_what_meets_its_goal_ends_before_it():
    picture = ET.fromstring(plots.goals(ALL, last_of_each([LAST])))
    bars = list(picture.iter(f"{SVG}rect"))
    assert [float(bar.get("width")) / plots.GOAL for bar in bars] == [0.5, 1.6, plots.MOST, 0, 1]
    verdicts = [Verdict.MET, Verdict.MISSED, Verdict.MISSED, Verdict.MET, Verdict.NOISE]
    assert [bar.get("fill") for bar in bars] == [plots.COLOURS[verdict] for verdict in verdicts]
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert "most (Go & us)" in texts
    assert "0.5, goal ≥ 0.8" in texts


def test_the_history_shows_each_run_in_its_place():
    runs = [run(emit=(1, 1)), run("2026-11-02", other=(1, 1)), run("2026-11-03", emit=(3, 3))]
    picture = ET.fromstring(plots.history([row("emit", 2), row("none", 1)], runs))
    first, last = picture.iter(f"{SVG}circle")
    line = picture.find(f".//{SVG}line[@stroke-dasharray]")
    goal = float(line.get("y1"))
    assert float(first.get("cx")) < plots.CELL / 2 < float(last.get("cx")) < plots.CELL
    assert float(last.get("cy")) < goal < float(first.get("cy"))
    assert [one.get("fill") for one in (first, last)] == [
        plots.COLOURS[Verdict.MET],
        plots.COLOURS[Verdict.MISSED],
    ]
    assert "2026-11-01 … 2026-11-03" in [t.text for t in picture.iter(f"{SVG}text")][-1]
