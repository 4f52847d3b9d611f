"""The report on a terminal: a table by group, all about each failure, and the sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from toggle_mock.contract.cases import Case
from toggle_mock.contract.reports.failure import told
from toggle_mock.contract.standing import Run, Standing, in_words, standing_of
from toggle_mock.contract.verdicts import Result
from toggle_mock.tables import aligned

_VERDICTS = {0: "passed", 2: "not judged"}


def as_text(run: Run) -> str:
    """For a terminal."""
    parts = [
        group_table(run),
        *(told(result, run.alone(result.case.id)) for result in run.to_tell),
        *_reasons(run),
        *(f"note: {note}" for note in run.notes),
        summary(run),
    ]
    return "\n\n".join(parts)


def summary(run: Run) -> str:
    """What came of it, in a line."""
    verdict = _VERDICTS.get(run.exit_code, "failed")
    return f"{run.subject} {verdict}: {in_words(run)} ({run.seconds:.1f} s)"


def group_table(run: Run) -> str:
    """How many of what, by group."""
    return "\n".join(aligned(group_rows(run)))


def group_rows(run: Run) -> list[list[str]]:
    """The cells of that table, with its head; what there is none of is left empty."""
    columns = [standing for standing, count in run.counts.items() if count]
    rows = [
        [
            run.titles.get(group, group),
            *(str(sum(standing_of(one) is column for one in results) or "") for column in columns),
        ]
        for group, results in by_group(run.results).items()
    ]
    return [["group", *map(str, columns)], *rows]


def by_group(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Results by the names of their groups."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.case.group].append(result)
    return groups


def _reasons(run: Run) -> list[str]:
    """Why cases do not apply, with their ids: they are no part of what was judged."""
    by_reason = reasons(run)
    if not by_reason:
        return []
    lines = [f"  {why}: {', '.join(ids)}" for why, ids in by_reason.items()]
    return ["\n".join([f"{Standing.NOT_APPLICABLE}:", *lines])]


def reasons(run: Run) -> dict[str, list[str]]:
    """The ids of the cases that do not apply, by why they do not."""
    found: dict[str, list[str]] = defaultdict(list)
    for result in run.with_standing(Standing.NOT_APPLICABLE):
        found[result.text].append(result.case.id)
    return found


def case_list(cases: Iterable[Case[object]]) -> str:
    """All cases with what they need, a line each."""
    rows = [[case.id, case.severity, ", ".join(case.needs) or "-", case.title] for case in cases]
    return "\n".join(aligned([["case", "severity", "needs", "title"], *rows]))
