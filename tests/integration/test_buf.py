"""Our reading of buf's rules, held against buf itself."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from support.schema_cases import CASES
from support.schema_pairs import schema_pairs

from toggle_mock.compat.buf import buf_violations, find_buf
from toggle_mock.compat.rules import CATEGORIES, violations
from toggle_mock.schema import REVISIONS, load_schema

BUF = find_buf()
pytestmark = pytest.mark.skipif(BUF is None, reason="buf is not installed (extra schema)")


def agree(old, new, category):
    ours = Counter(violation.rule for violation in violations(old, new, category))
    theirs = Counter(violation.rule for violation in buf_violations(BUF, old, new, category))
    assert ours == theirs
    return ours


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("new", REVISIONS)
@pytest.mark.parametrize("old", REVISIONS)
def test_on_the_published_revisions(old, new, category):
    agree(load_schema(old), load_schema(new), category)


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in CASES])
def test_on_the_known_cases(case, category):
    agree(*case.schemas, category)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(pair=schema_pairs(), category=st.sampled_from(CATEGORIES))
def test_on_any_schemas(pair, category):
    for rule in agree(*pair, category):
        event(rule)
