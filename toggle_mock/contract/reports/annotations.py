"""The report as annotations of a workflow of GitHub."""

from __future__ import annotations

from toggle_mock.contract.reports.failure import seen
from toggle_mock.contract.standing import Run, standing_of
from toggle_mock.contract.verdicts import Result
from toggle_mock.github import annotation


def as_github(run: Run) -> str:
    """An error for each result that fails the run, a warning for each warning, a line each."""
    return "\n".join(_annotation(run, result) for result in run.to_tell)


def _annotation(run: Run, result: Result) -> str:
    standing, case = standing_of(result), result.case
    text = f"{seen(result)}\nRule: {case.rule}\nCost: {case.cost}\nAlone: {run.alone(case.id)}"
    title = {"title": f"{standing}: {case.id} - {case.title}"}
    return annotation("error" if run.fails(standing) else "warning", title, text)
