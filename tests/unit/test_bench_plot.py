"""The plot of the benchmarks shows what their table says."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def bench_plot(monkeypatch):
    monkeypatch.syspath_prepend(DOCS.parent / "tools")
    import bench_plot

    return bench_plot


def test_the_plot_is_that_of_the_table(bench_plot):
    page = (DOCS / "benchmarks.md").read_text()
    assert (DOCS / "benchmarks.svg").read_text() == bench_plot.plot(page)


def test_a_row_of_the_table_that_the_plot_lacks_would_be_seen(bench_plot):
    table = (DOCS / "benchmarks.md").read_text().split("|---|", 1)[1].split("\n\n", 1)[0]
    assert len(bench_plot.measured(table)) == len(table.splitlines()) - 1 >= 30


def test_what_meets_its_goal_ends_before_it(bench_plot):
    picture = ET.fromstring(
        bench_plot.plot(
            "| most | ms & s | 5.00 | ≤ 10 | yes | |\n"
            "| least | Go | 0.50 | ≥ 0.8 | no | |\n"
            "| far | Go | 70 | ≤ 1 | no | |\n"
            "| nothing | Go | -0.8 | ≤ 1 | yes | |\n"
        )
    )
    bars = [float(bar.get("width")) / bench_plot.GOAL for bar in picture.iter(f"{SVG}rect")]
    assert bars == [0.5, 1.6, bench_plot.MOST, 0]
    colours = [bar.get("fill") for bar in picture.iter(f"{SVG}rect")]
    assert colours == [bench_plot.MET, bench_plot.MISSED, bench_plot.MISSED, bench_plot.MET]
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert "most (ms & s)" in texts
    assert "0.5, goal ≥ 0.8" in texts
