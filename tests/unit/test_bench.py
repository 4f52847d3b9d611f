"""The benchmarks judge as they should; what they measure is not asserted here."""

import json
from pathlib import Path

import pytest

from bench import compare
from bench.__main__ import ROWS
from bench.sizes import REVISION
from bench.suite import MissingProgramError, Result, Row, Sample, run
from toggle_mock.schema import load_schema


def row(name="a row", goal=2.0, more=False, samples=None, **options):
    left = list(samples or [Sample(3, 2)])
    return Row(name, "a peer", goal, more, lambda: left.pop(0), "µs", len(left), **options)


@pytest.mark.parametrize(
    ("ours", "goal", "more", "met"),
    [(1.9, 2, False, True), (2.1, 2, False, False), (2.1, 2, True, True), (1.9, 2, True, False)],
)
def test_a_goal_is_met_or_not(ours, goal, more, met):
    assert Result(row(goal=goal, more=more), [Sample(ours, 1.0)]).is_met == met


def test_the_value_is_the_median_of_ratios():
    result = Result(row(), [Sample(1, 1), Sample(30, 10), Sample(1000, 1)])
    assert result.value == 3
    assert "MISSED" in result.as_line()


def test_a_run_is_written_and_compared(tmp_path, capsys):
    paths = []
    for name, ours in (("old", 2.0), ("new", 4.0)):
        rows = {"emit": row("emit", samples=[Sample(ours, 2.0)] * 3)}
        path = tmp_path / f"{name}.json"
        assert run(rows, [], path) == 0
        paths.append(path)
    documents = [json.loads(path.read_text()) for path in paths]
    assert documents[0]["rows"]["emit"]["value"] == 1.0
    assert {"machine", "python", "grpcio"} <= documents[0]["machine"].keys()
    (line,) = compare.lines(*documents)
    assert line.endswith("WORSE")
    assert compare.lines(*documents[::-1])[0].endswith("better")
    assert compare.lines(documents[0], documents[0])[0].endswith("same")
    assert "emit" in capsys.readouterr().out


def test_a_goal_that_is_missed_is_an_exit_code():
    assert run({"slow": row(samples=[Sample(9, 1)])}, [], None) == 1


def test_a_row_that_is_none_is_told():
    with pytest.raises(SystemExit, match="no row nope; there are emit"):
        run({"emit": row()}, ["nope"], None)


def test_rows_that_come_and_go_are_shown():
    one = {"machine": {"python": "3.11"}, "rows": {"a": {}}}
    other = {"machine": {"python": "3.12"}, "rows": {"b": {}}}
    assert compare.lines(one, other)[0] == "python: 3.11, now 3.12"
    assert [line.split() for line in compare.lines(one, other)[1:]] == [
        ["a", "gone"],
        ["b", "added"],
    ]


def test_each_row_has_a_name_of_its_own():
    names = [one.name for one in ROWS]
    assert len(set(names)) == len(names)


PAGE = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()
TABLE = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


def test_the_page_has_every_row_with_its_goal():
    shown = {cells[0]: cells[3] for cells in TABLE if len(cells) == 6}
    signs = {True: "≥", False: "≤"}
    assert {one.name: f"{signs[one.more_is_better]} {one.goal:g}" for one in ROWS} == {
        name: goal for name, goal in shown.items() if name in {one.name for one in ROWS}
    }


def test_the_page_explains_each_goal_that_is_missed():
    explained = PAGE.split("## Where we are slower\n", 1)[1].split("\n## ", 1)[0]
    for cells in TABLE:
        if len(cells) == 6 and cells[4] == "no":
            assert f"**{cells[0]}**" in explained


def test_the_page_has_the_size_of_each_payload_type():
    rows = [cells for cells in TABLE if len(cells) == 4 and cells[0].endswith("Payload")]
    assert [cells[0] for cells in rows] == [
        place.name for place in load_schema(REVISION).payload_types.values()
    ]
    assert max(float(cells[3]) for cells in rows) <= 0.6


def test_what_cannot_be_measured_here_is_told_and_misses_no_goal(tmp_path, capsys):
    def measure():
        raise MissingProgramError("chromium is not installed")

    path = tmp_path / "run.json"
    rows = {"page": Row("page", "ms", 1, False, measure), "emit": row("emit", samples=[Sample(1)])}
    assert run(rows, [], path) == 0
    assert "page" in capsys.readouterr().out.splitlines()[1]
    assert list(json.loads(path.read_text())["rows"]) == ["emit"]
