"""Schedules as data: they go round, the strategy draws valid ones, a mistake is told."""

import pytest
from hypothesis import given, settings

from toggle_mock.cli.scenario import read_scenario
from toggle_mock.contract.explore.history import History
from toggle_mock.contract.explore.player import Played
from toggle_mock.contract.explore.report import pytest_test, scenario
from toggle_mock.contract.explore.schedules import schedules, smaller, valid
from toggle_mock.contract.explore.steps import (
    ANSWERS,
    Answer,
    Emit,
    Limit,
    Outage,
    Restart,
    Schedule,
    Token,
    dump_schedule,
    parse_schedule,
    read_schedule,
)
from toggle_mock.errors import ContractError, FaultSpecError

VARIANTS = [{"MODE": "1"}, {"MODE": "2"}]


@given(schedules(VARIANTS))
@settings(max_examples=100)
def test_what_is_drawn_goes_round_and_is_valid(schedule):
    assert parse_schedule(dump_schedule(schedule)) == schedule
    assert valid(schedule) == schedule
    assert any(isinstance(step, Emit) for step in schedule.steps)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "schedule.yml"
    path.write_text("steps:\n  - emit: 2\n  - restart: SIGKILL\n    amid: accepted\n")
    steps = (Emit(emit=2), Restart(restart="SIGKILL", amid="accepted"))
    assert read_schedule(path) == Schedule(steps)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps: [{emitt: 1}]", "step 1.*did you mean emit"),
        ("steps: [{emit: 1}, {answer: UNAVAILBLE}]", "step 2.*did you mean UNAVAILABLE"),
        ("steps: [{emit: 0}]", "step 1: emit is 0"),
        ("steps: [{emit: 1, colour: red}]", "'colour' means nothing here"),
        ("steps: [3]", "step 1: 3 is none"),
        ("settings: {A: [1]}\nsteps: []", "the schedule:1: settings are text by text"),
        ("emit: 1", "a schedule has a list of steps"),
        ("", "a schedule has a list of steps"),
    ],
)
def test_a_mistake_is_told(text, told):
    with pytest.raises(ContractError, match=told):
        parse_schedule(text)


def test_what_means_nothing_is_left_out():
    outage = Outage(outage="begin")
    steps = (Outage(outage="end"), outage, outage, Limit(limit=0), Limit(limit=9), Limit(limit=9))
    assert valid(Schedule(steps)).steps == (Emit(emit=1), outage, Limit(limit=9))


def test_smaller_ones_have_one_thing_less():
    emit, restart = Emit(emit=3), Restart(restart="SIGKILL", amid="accepted")
    assert [one.steps for one in smaller(Schedule((emit, restart)))] == [
        (Emit(emit=1), restart),
        (emit,),
        (emit, Restart(restart="SIGKILL")),
    ]
    assert list(smaller(Schedule((Emit(emit=1),)))) == []


def test_an_unknown_answer_is_refused_in_python_too():
    with pytest.raises(FaultSpecError, match="did you mean lose_answer"):
        Answer(answer="lose_answers")


@pytest.mark.parametrize("answer", ANSWERS)
def test_toggles_part_is_a_scenario(answer, tmp_path):
    steps = (
        Emit(emit=3, poison=True),
        Answer(answer=answer, after=2),
        Token(),
        Limit(limit=1500),
        Outage(outage="begin"),
        Outage(outage="end"),
    )
    played = Played(Schedule(steps), History(1.0), [], [], 0.0, [0.1, 0.2, 0.2, 0.3, 0.4, 0.6], "")
    path = tmp_path / "scenario.yml"
    path.write_text(scenario(played))
    kinds = [step.action.kind for step in read_scenario(path)]
    assert kinds.count("outage") == kinds.count("message_limit") == kinds.count("always") == 1
    assert kinds.count("returns") == 2


def test_the_test_has_the_schedule():
    schedule = Schedule((Emit(emit=3), Restart(restart="SIGTERM")), {"MODE": "1"})
    found: dict = {}
    exec(pytest_test(schedule, "contract.yml"), found)
    assert Schedule.read(found["SCHEDULE"]) == schedule
