"""The suite is judged itself: what is right passes, each sown fault is caught by its case."""

import os

import pytest
from support.judging import RODENT_CASES, judged, rodent_suite
from support.sown.rodent import FAULTS

from toggle_mock.contract.verdicts import Result, Verdict

pytestmark = pytest.mark.slow


def told(result: Result) -> str:
    story = "\n".join(f"{moment.who}: {moment.what}" for moment in result.story)
    return f"{result.verdict}: {result.text}\n{story}\n{result.output}"


def cases_that_catch(fault: str) -> list[str]:
    """All of them for make sown; else the one that is about it."""
    caught_by = list(FAULTS[fault].caught_by)
    return caught_by if os.environ.get("SOWN") == "all" else caught_by[:1]


@pytest.mark.parametrize("case_id", RODENT_CASES)
def test_the_reference_agent_passes(case_id):
    result = judged(case_id)
    assert result.verdict is Verdict.PASSED, told(result)


@pytest.mark.parametrize(
    "case_id",
    [one for one in RODENT_CASES if one.partition(".")[0] in {"restart", "order", "load"}],
)
def test_so_it_does_where_it_keeps_events_in_memory_first(case_id):
    result = rodent_suite(mode="spill").run_case(RODENT_CASES[case_id])
    assert result.verdict is Verdict.PASSED, told(result)


def test_without_a_journal_cases_about_crashes_do_not_apply():
    result = rodent_suite(mode="spill").run_case(RODENT_CASES["crash.away"])
    assert result.verdict is Verdict.NOT_APPLICABLE, told(result)


@pytest.mark.parametrize(
    ("fault", "case_id"), [(name, one) for name in FAULTS for one in cases_that_catch(name)]
)
def test_a_sown_fault_is_caught(fault, case_id):
    result = judged(case_id, fault)
    assert result.verdict is Verdict.FAILED, told(result)
    assert FAULTS[fault].caught_by[case_id] in result.text, told(result)
