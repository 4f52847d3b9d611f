"""The report as JSON."""

from __future__ import annotations

import json
from typing import Any

from toggle_mock.contract.reports.failure import seen
from toggle_mock.contract.reports.table import summary
from toggle_mock.contract.standing import Run, Standing, standing_of
from toggle_mock.contract.verdicts import Result

VERSION = 1
"""Is raised when a key comes to mean something else; further keys may come at any time."""


def as_json(run: Run) -> str:
    """For programs; docs/contract.md has its shape."""
    return json.dumps(as_object(run), indent=2, ensure_ascii=False)


def as_object(run: Run) -> dict[str, Any]:
    """The data of it."""
    return {
        "version": VERSION,
        "subject": run.subject,
        "profile": run.profile,
        "strict": run.strict,
        "summary": summary(run),
        "exit_code": run.exit_code,
        "seconds": round(run.seconds, 3),
        "counts": {str(standing): count for standing, count in run.counts.items()},
        "notes": list(run.notes),
        "cases": [_case_object(run, result) for result in run.results],
    }


def _case_object(run: Run, result: Result) -> dict[str, Any]:
    case, standing = result.case, standing_of(result)
    return {
        "id": case.id,
        "group": case.group,
        "title": case.title,
        "rule": case.rule,
        "source": case.source,
        "cost": case.cost,
        "severity": case.severity,
        "needs": list(case.needs),
        "standing": str(standing),
        "fails_the_run": run.fails(standing),
        "text": seen(result) if result.text or standing is Standing.NO_LONGER_FAILING else "",
        "seconds": round(result.seconds, 3),
        "story": [{"at": one.at, "who": one.who, "what": one.what} for one in result.story],
        "output": dict(result.output),
        "alone": run.alone(case.id),
    }
