"""The search finds what is sown, and nothing in an agent that is right; the command line too."""

import sys

import pytest
from click.testing import CliRunner
from support.exploring import MOST_STEPS, look_for
from support.sown.explored import FAULTS

from toggle_mock.cli.explore import FOUND, HELD, UNJUDGED
from toggle_mock.cli.main import main
from toggle_mock.contract.explore import (
    Schedule,
    Search,
    explored,
    parse_schedule,
    play,
    program,
    rodent_events,
)
from toggle_mock.contract.settings import RodentContract, RodentTimes

pytestmark = pytest.mark.slow

SCHEDULES = 100
"""For each of five seeds; toggle-mock explore plays as many as one likes."""

EACH_KIND = """
steps:
  - emit: 4
  - {answer: lose_answer}
  - {emit: 2, poison: true}
  - {limit: 700}
  - {emit: 3, size: 300}
  - {token: expired}
  - {restart: SIGKILL, amid: accepted}
  - {answer: reset_accepted}
  - {emit: 2}
  - {flush: 0.2}
  - {outage: begin}
  - {emit: 1}
  - {outage: end}
  - {restart: SIGTERM}
  - {refuse: begin}
"""


@pytest.mark.timeout(900)  # on a machine that is busy with twenty other things
@pytest.mark.parametrize("seed", range(5))
def test_the_right_agent_survives(seed):
    agent = rodent_events()
    with agent.players(4) as players:
        search = Search(agent, players, seed=seed)
        found = search.run(SCHEDULES)
    assert found is None or not found.is_certain, found
    assert search.progress.played >= SCHEDULES
    kinds = search.progress.effects
    assert {"SIGKILL", "SIGTERM amid a call", "outage", "token", "limit", "poison"} <= kinds.keys()


@pytest.mark.parametrize("fault", ["new-batch-ids", "neighbours-of-poison", "new-times-on-a-retry"])
def test_a_sown_fault_is_found_and_made_small(fault):
    found = look_for(fault)
    assert found is not None
    assert found.is_certain
    assert FAULTS[fault].complaint in {one.kind for one in found.played.complaints}
    assert found.played.schedule.besides_emits <= MOST_STEPS


@pytest.mark.parametrize("mode", ["journal", "spill"])
def test_a_schedule_with_each_kind_of_step(mode):
    agent = rodent_events()
    settings = next(one for one in agent.variants if one["RODENT_EVENTS_SPOOL_MODE"] == mode)
    played = play(Schedule(parse_schedule(EACH_KIND).steps, settings))
    assert len(played.history.lives) == 3
    assert len(played.history.emissions) == 12


DRIVER = RodentContract(
    command=(sys.executable, "-m", "toggle_mock.contract.driver", "--pace", "0.01"),
    environment={
        "RODENT_EVENTS_BATCH_TIMEOUT": "0.1",
        "RODENT_EVENTS_RETRY_BACKOFF_BASE": "0.01",
        "RODENT_EVENTS_RETRY_BACKOFF_MAX": "0.1",
        "RODENT_EVENTS_SPOOL_MODE": "journal",
    },
    times=RodentTimes(batch=0.2),
)


def test_a_program_is_played_with():
    steps = [{"emit": 3}, {"answer": "UNAVAILABLE"}, {"restart": "SIGKILL", "amid": "accepted"}]
    assert play(Schedule.read({"steps": steps}), DRIVER).history.rested is not None


def test_a_contract_without_a_command_explores_nothing():
    with pytest.raises(ValueError, match="no command"):
        program(RodentContract())


def test_none_is_rodent_events():
    assert explored(None).variants == rodent_events().variants


# The command line

WITHOUT_AN_ANSWER = """
import json, sys
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    command = json.loads(line)
    answer = {"accepted": 1, "complete": True, "stats": {}}
    print(json.dumps({"id": command["id"], **answer}), flush=True)
    if "shutdown" in command:
        break
"""
"""A driver that accepts all and sends nothing."""


def explore(*arguments):
    return CliRunner().invoke(main, ["explore", *map(str, arguments)])


def test_what_is_found_is_told_and_written(tmp_path):
    agent = tmp_path / "agent.py"
    agent.write_text(WITHOUT_AN_ANSWER)
    database = tmp_path / "found"
    command = ["--", sys.executable, agent]
    done = explore("--examples", 20, "--seed", 1, "--database", database, *command)
    assert done.exit_code == FOUND, done.output
    assert "lost: of 1 events that it has accepted, 1 did not arrive: m1" in done.output
    again = explore("--play", database / "failure.yml", *command)
    assert again.exit_code == FOUND, again.output
    assert "steps" in (database / "failure-scenario.yml").read_text()
    assert "def test_" in (database / "test_failure.py").read_text()


def test_what_holds_is_told(tmp_path):
    schedule = tmp_path / "schedule.yml"
    schedule.write_text("steps: [{emit: 2}]")
    done = explore("--play", schedule)
    assert (done.exit_code, done.output) == (HELD, "It holds: 2 events, all as they should be.\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--", "/nonexistent/agent"], "/nonexistent/agent cannot be started"),
        (["--variant", "A=1"], "--variant is about a COMMAND"),
        (["--variant", "A", "--", "agent"], "give NAME=VALUE"),
    ],
)
def test_what_cannot_be_judged(arguments, told, tmp_path):
    done = explore("--database", tmp_path, *arguments)
    assert done.exit_code == UNJUDGED, done.output
    assert told in done.output


def test_a_time_is_seconds_minutes_or_hours():
    done = explore("--time", "soon")
    assert "'soon' is no time: give seconds, or such as 90s, 10m, 2h" in done.output
