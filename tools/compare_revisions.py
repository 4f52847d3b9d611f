"""Write into docs/compatibility.md what becomes of events between the published revisions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from marked import with_part

from toggle_mock.compat import Report, Verdict, check
from toggle_mock.schema import REVISIONS

PAGE = Path(__file__).parents[1] / "docs" / "compatibility.md"

COLUMNS = ["message", "old Rodent, new Toggle", "new Rodent, old Toggle", "rules broken"]


def section(report: Report) -> str:
    """A step between two revisions: the messages that are not the same in both."""
    rows = [
        f"| `{row.short_name}` | {told(row.old_to_new)} | {told(row.new_to_old)} "
        f"| {len(row.rules)} |"
        for row in report.rows
        if {row.old_to_new, row.new_to_old} != {Verdict.IDENTICAL}
    ]
    table = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}", *rows]
    lines = table if rows else ["All messages are identical."]
    return "\n".join([f"### {report.old} to {report.new}", "", *lines])


def told(verdict: Verdict | None) -> str:
    return "-" if verdict is None else str(verdict)


def main() -> None:
    steps = [*pairwise(REVISIONS), (REVISIONS[0], REVISIONS[-1])]
    sections = [section(check(*step)) for step in steps]
    PAGE.write_text(with_part(PAGE.read_text(), "revisions", "\n\n".join(sections)))


if __name__ == "__main__":
    main()
