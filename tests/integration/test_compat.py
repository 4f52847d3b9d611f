"""Pairs of schemas with known answers, by both verdicts."""

from collections import Counter

import pytest
from support.schema_cases import CASES

from toggle_mock.compat import check
from toggle_mock.compat.rules import CATEGORIES, RULES, breaches

BY_TITLE = [pytest.param(case, id=case.title) for case in CASES]


def row_of(report, case):
    return next(row for row in report.rows if row.name == case.subject)


def told(verdict) -> str | None:
    return None if verdict is None else str(verdict)


@pytest.mark.parametrize("case", BY_TITLE)
def test_rules(case):
    for category, expected in zip(CATEGORIES, (case.wire, case.json), strict=True):
        found = Counter(breach.rule for breach in breaches(*case.schemas, category))
        assert found == Counter(case.wire if expected is None else expected), category


@pytest.mark.parametrize("case", BY_TITLE)
def test_meaning(case):
    row = row_of(check(*case.schemas, examples=150), case)
    assert (told(row.old_to_new), told(row.new_to_old)) == (case.to_new, case.to_old)


def test_the_cases_cover_every_rule():
    assert len(CASES) >= 60
    covered = {rule for case in CASES for rule in (*case.wire, *(case.json or ()))}
    assert covered == RULES.keys()
