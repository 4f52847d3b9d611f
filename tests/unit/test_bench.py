"""The benchmarks judge as they should; what they measure is not asserted here."""

import json
from itertools import count
from pathlib import Path

import pytest

from bench import suite
from bench.__main__ import ROWS
from bench.intervals import Verdict
from bench.results import Figures, Run, last_of_each
from bench.sizes import REVISION
from bench.suite import LOOKS, MissingProgramError, Result, Row, Sample, measure, run
from toggle_mock.schema import load_schema


def row(name="a row", goal=2.0, more=False, values=(1.5,), **options):
    """One that measures these ratios, one after the other, from the first again in the end."""
    numbers = count()
    return Row(
        name,
        "a peer",
        goal,
        more,
        lambda: Sample(values[next(numbers) % len(values)] * 10, 10),
        "µs",
        **options,
    )


def test_the_value_is_the_median_of_ratios():
    result = Result(row(), [Sample(1, 1), Sample(30, 10), Sample(1000, 1)])
    assert result.figures.value == 3
    assert result.figures.ours == 30
    assert result.figures.other == 1
    assert "noise" in result.as_line()  # three are too few


@pytest.mark.parametrize(
    ("values", "pairs", "verdict"),
    [
        ((1.5,), LOOKS[0], Verdict.MET),
        ((2.5,), LOOKS[0], Verdict.MISSED),
        ((1.9, 2.1), LOOKS[-1], Verdict.NOISE),
        ((2.1, *[1.9] * 27), LOOKS[1], Verdict.MET),
    ],
    ids=["met", "missed", "about the goal", "met but for one that is far out"],
)
def test_pairs_are_measured_until_the_interval_is_beyond_the_goal(values, pairs, verdict):
    result = measure(row(values=values))
    assert (result.figures.pairs, result.verdict) == (pairs, verdict)


def test_who_doubts_has_more_measured():
    asked = []

    def doubts(result):
        asked.append(result.figures.pairs)
        return len(asked) < 2

    assert measure(row(), doubts).figures.pairs == LOOKS[1]
    assert asked == list(LOOKS[:2])


def test_what_one_pair_tells_is_measured_once():
    result = measure(row(values=(3.0,), once=True))
    assert (result.figures.pairs, result.verdict) == (1, Verdict.MISSED)


def test_after_its_time_no_pair_is_begun_that_the_first_look_does_not_need(monkeypatch):
    monkeypatch.setattr(suite, "LONGEST", 0.0)
    assert measure(row(values=(1.9, 2.1))).figures.pairs == LOOKS[0]


@pytest.mark.parametrize(
    ("pairs", "once", "verdict"),
    [
        (1, False, Verdict.NOISE),
        (LOOKS[0] - 1, False, Verdict.NOISE),
        (LOOKS[0], False, Verdict.MET),
        (1, True, Verdict.MET),
        (None, False, Verdict.MET),
    ],
)
def test_too_few_pairs_decide_nothing(pairs, once, verdict):
    assert row(once=once).verdict(Figures(1, 1, 1, pairs, 1, 1, "µs")) is verdict


def test_a_run_is_written_and_read(tmp_path):
    path = tmp_path / "folder" / "run.json"
    rows = {"emit": row("emit", values=(1.23456,)), "size": row("size", goal=9)}
    assert run(rows, [], path, note="beside a load") == 0
    read = Run.load(path)
    assert read.rows["emit"] == Figures(1.235, 1.235, 1.235, LOOKS[0], 12.35, 10.0, "µs")
    assert list(read.rows) == ["emit", "size"]
    assert read.note == "beside a load"
    assert {"machine", "python", "grpcio"} <= read.machine.keys()
    assert sum('"emit"' in line for line in path.read_text().splitlines()) == 1


def test_the_last_run_that_has_a_row_counts():
    figures = Figures(1, 1, 1, 1, 1, None, "")
    old = Run("2026-11-01", "", {}, {"a": figures, "b": figures})
    new = Run("2026-11-02", "", {}, {"b": figures})
    assert last_of_each([old, new]) == {"a": old, "b": new}


@pytest.mark.parametrize(("ours", "told", "code"), [(1.5, "same", 0), (3.0, "WORSE", 1)])
def test_a_check_fails_only_where_a_row_is_worse(tmp_path, capsys, ours, told, code):
    path = tmp_path / "before.json"
    assert run({"emit": row("emit", goal=1)}, [], path) == 1  # misses its goal
    before = last_of_each([Run.load(path)])
    capsys.readouterr()
    assert run({"emit": row("emit", goal=1, values=(ours,))}, [], None, before=before) == code
    line = capsys.readouterr().out.splitlines()[1]
    assert line.endswith(f": {told}")
    assert f"of {LOOKS[-1] if code else LOOKS[0]:2}" in line  # what looks worse is looked at again


def test_a_goal_that_is_missed_is_an_exit_code_and_noise_is_none():
    assert run({"slow": row(values=(9.0,))}, [], None) == 1
    assert run({"slow": row(values=(1.9, 2.1))}, [], None) == 0


def test_a_row_that_is_none_is_told():
    with pytest.raises(SystemExit, match="no row nope; there are emit"):
        run({"emit": row()}, ["nope"], None)


def test_each_row_has_a_name_of_its_own():
    names = [one.name for one in ROWS]
    assert len(set(names)) == len(names)


PAGE = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()
TABLE = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


def test_the_page_has_the_size_of_each_payload_type():
    rows = [cells for cells in TABLE if len(cells) == 4 and cells[0].endswith("Payload")]
    assert [cells[0] for cells in rows] == [
        place.name for place in load_schema(REVISION).payload_types.values()
    ]
    assert max(float(cells[3]) for cells in rows) <= 0.6


def test_what_cannot_be_measured_here_is_told_and_misses_no_goal(tmp_path, capsys):
    def missing():
        raise MissingProgramError("chromium is not installed")

    path = tmp_path / "run.json"
    rows = {"page": Row("page", "ms", 1, False, missing), "emit": row("emit")}
    assert run(rows, [], path) == 0
    assert "page" in capsys.readouterr().out.splitlines()[1]
    assert list(json.loads(path.read_text())["rows"]) == ["emit"]
