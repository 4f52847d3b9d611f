"""The suite for Toggles is judged itself: the mock passes, each sown fault is caught by its cases.

That no other case fails for a fault, ``make sown`` shows.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.judging_toggles import RIGHT_WITH_TLS, TOGGLE_CASES, toggle_suite
from support.sown.toggle import FAULTS

from toggle_mock.contract.runner import Suite
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.contract.verdicts import Result, Verdict

pytestmark = pytest.mark.slow

JOBS = 4

OF_TLS = {
    case.id for case in TOGGLE_CASES.values() if {"tls", "public_key"}.intersection(case.needs)
}


def told(result: Result) -> str:
    story = "\n".join(f"{moment.who}: {moment.what}" for moment in result.story)
    return f"{result.case.id} {result.verdict}: {result.text}\n{story}"


@pytest.fixture(scope="module")
def right() -> Iterator[Suite[ToggleRig]]:
    """One Toggle, which lives through all cases."""
    with toggle_suite() as suite:
        yield suite


@pytest.mark.parametrize("case_id", [case_id for case_id in TOGGLE_CASES if case_id not in OF_TLS])
def test_the_mock_passes(right, case_id):
    result = right.run_case(TOGGLE_CASES[case_id])
    assert result.verdict is Verdict.PASSED, told(result)


def test_the_mock_behind_tls_passes_all_cases_at_the_same_time():
    with toggle_suite(RIGHT_WITH_TLS) as suite:
        results = {result.case.id: result for result in suite.run(JOBS)}
    assert results.keys() == TOGGLE_CASES.keys()
    bad = [told(one) for one in results.values() if one.verdict is not Verdict.PASSED]
    assert not bad, "\n\n".join(bad)


@pytest.mark.parametrize("name", FAULTS)
def test_a_sown_fault_is_caught(name):
    expected = FAULTS[name].caught_by
    with toggle_suite(FAULTS[name]) as suite:
        cases = [TOGGLE_CASES[case_id] for case_id in expected]
        results = {one.case.id: one for one in replace(suite, cases=cases).run(JOBS)}
    assert results.keys() == expected.keys()
    for case_id, result in results.items():
        assert result.verdict is Verdict.FAILED, told(result)
        assert expected[case_id] in result.text, told(result)


def test_each_case_catches_a_fault():
    catching = {case_id for fault in FAULTS.values() for case_id in fault.caught_by}
    assert catching == TOGGLE_CASES.keys()
