"""Our reading of buf's rules, held against buf itself."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from support.reach import reached, reaches
from support.schema_cases import CASES
from support.schema_pairs import schema_pairs

from toggle_mock.compat import Category
from toggle_mock.compat.buf import buf_violations, find_buf
from toggle_mock.compat.rules import violations
from toggle_mock.errors import SchemaError
from toggle_mock.schema import REVISIONS, load_schema

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", name="buf")
def _buf():
    """The command of buf."""
    try:
        found = find_buf()
    except SchemaError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOGC", "off")  # each run ends long before memory would
        yield found


def agree(buf, old, new, category):
    ours = Counter(violation.rule for violation in violations(old, new, category))
    theirs = Counter(violation.rule for violation in buf_violations(buf, old, new, category))
    assert ours == theirs
    return ours


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("new", REVISIONS)
@pytest.mark.parametrize("old", REVISIONS)
def test_the_check_agrees_with_buf_on_the_published_revisions(old, new, category, buf):
    agree(buf, load_schema(old), load_schema(new), category)


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in CASES])
def test_the_check_agrees_with_buf_on_the_known_cases(case, category, buf):
    agree(buf, *case.schemas, category)


@reaches(broken=0.2)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(pair=schema_pairs(), category=st.sampled_from(Category))
def test_the_check_agrees_with_buf_on_any_schemas(pair, category, buf):
    for rule in agree(buf, *pair, category):
        event(rule)
        reached("broken")
