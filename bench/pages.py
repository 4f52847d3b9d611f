"""What docs/benchmarks.md shows of the committed results: the table, its plot, the history.

PYTHONPATH=tools python -m bench.pages           write them
PYTHONPATH=tools python -m bench.pages --check   change nothing, fail if one differs
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from marked import with_part

from bench.__main__ import ROWS
from bench.plots import goals, history
from bench.results import Run, committed, last_of_each
from bench.suite import Row

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "benchmarks.md"

HEAD = """\
| row | against | value | within | goal | | ours, and the other | measured |
|---|---|---|---|---|---|---|---|"""


def table(rows: Sequence[Row], last: Mapping[str, Run]) -> str:
    """Each row with its last figures, and the runs that these are from."""
    measured = [row for row in rows if row.name in last]
    runs = {run.name: run for run in last.values()}
    lines = [_line(row, last[row.name]) for row in measured]
    notes = [f"- {name}: {_described(run)}" for name, run in sorted(runs.items())]
    return "\n".join([HEAD, *lines, "", "Measured:", "", *notes])


def _line(row: Row, run: Run) -> str:
    figures = run.rows[row.name]
    verdict = row.verdict(figures)
    within = f"{figures.low:.3g} … {figures.high:.3g}" if figures.low < figures.high else "–"
    return (
        f"| {row.name} | {row.against} | {figures.value:.3g} | {within} | {row.shown_goal} "
        f"| {verdict} | {figures.both} | {run.name} |"
    )


def _described(run: Run) -> str:
    facts = "; ".join(f"{name} {value}" for name, value in run.machine.items())
    return f"{facts}{run.note and f'. {run.note}'}"


def texts() -> dict[Path, str]:
    """What is to stand in each file."""
    runs = committed()
    last = last_of_each(runs)
    page = PAGE.read_text("utf-8")
    return {
        PAGE: with_part(page, "rows", table(ROWS, last), "make schemas"),
        DOCS / "benchmarks.svg": goals(ROWS, last),
        DOCS / "benchmarks-history.svg": history(ROWS, runs),
    }


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    wrong = {path: text for path, text in texts().items() if text != _read(path)}
    for path, text in wrong.items():
        if arguments:
            print(f"{path} is not what the results say: run make schemas")
        else:
            path.write_text(text, "utf-8")
    return 1 if wrong and arguments else 0


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
