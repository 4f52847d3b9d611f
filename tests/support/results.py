"""Results of contract suites, made by hand."""

from __future__ import annotations

from typing import Any

from toggle_mock.contract.cases import Case, Group
from toggle_mock.contract.standing import Run
from toggle_mock.contract.verdicts import Moment, Result, Verdict

FIRST: Group[Any] = Group("first", "The first things")
SECOND: Group[Any] = Group("second", "Others")
GROUPS = (FIRST, SECOND)


def rule(group: Group[Any], name: str, **more: Any) -> Case[Any]:
    """A case of a group, which always passes."""
    said = {"rule": f"{name} holds", "source": "the book", "cost": "much"}
    group.case(name, f"It is {name}", **said, **more)(lambda rig: None)
    return group.cases[-1]


KEPT = rule(FIRST, "kept")
BROKEN = rule(FIRST, "broken")
UNTIDY = rule(FIRST, "untidy", severity="should", needs=("driver",))
UNCLEAR = rule(SECOND, "unclear")
LISTED = rule(SECOND, "listed")
MENDED = rule(SECOND, "mended")
ABSENT = rule(SECOND, "absent", needs=("tls",))

STORY = [
    Moment(100.0, "suite", "start <agent>"),
    Moment(100.25, "Rodent", "Register #1: it ends with OK"),
]
SEEN = "it said <& | `no`\nand more, 100%"

PASSED = Result(KEPT, Verdict.PASSED, seconds=0.5)
FAILED = Result(
    BROKEN, Verdict.FAILED, SEEN, 1.5, STORY, {"stdout": "", "stderr": "first\nlast words\n"}
)
WARNING = Result(UNTIDY, Verdict.FAILED, "it is untidy", 0.25)
INCONCLUSIVE = Result(UNCLEAR, Verdict.INCONCLUSIVE, "the fault never fired", 2.0)
KNOWN = Result(LISTED, Verdict.FAILED, "as ever", known=True)
NO_LONGER = Result(MENDED, Verdict.PASSED, known=True)
NOT_APPLICABLE = Result(ABSENT, Verdict.NOT_APPLICABLE, "the program has no tls")

ALL = [PASSED, FAILED, WARNING, INCONCLUSIVE, KNOWN, NO_LONGER, NOT_APPLICABLE]


def run_of(*results: Result, **more: Any) -> Run:
    """A run with these results, or one of each kind."""
    titles = {group.name: group.title for group in GROUPS}
    chosen = results or ALL
    return Run("rodent", chosen, titles, lambda one: f"verify --case {one}", seconds=4.25, **more)
