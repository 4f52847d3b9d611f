"""Scenario files, as they are read."""

import json
import re
from pathlib import Path

import click
import jsonschema
import pytest
import yaml

from toggle_mock.cli.scenario import Command, StepType, json_schema, needs_relay, read_scenario
from toggle_mock.errors import FaultSpecError
from toggle_mock.faults.spec import parse

ROOT = Path(__file__).parents[2]

SCENARIO = """
steps:
  - at: 10
    for: 5
    outage: {}
  - method: SendEvents
    returns: [UNAVAILABLE, OK]
  - at: 2
    command: {rodent: r1, type: system.status}
  - method: Connect
    at: 3
    outcome: cut
"""


def test_a_scenario_is_read_step_by_step(tmp_path):
    path = tmp_path / "scenario.yml"
    path.write_text(SCENARIO)
    steps = read_scenario(path)
    assert [(step.at, step.duration) for step in steps] == [
        (0, None),
        (0, None),
        (2, None),
        (10, 5),
    ]
    assert steps[1].action == parse({"method": "Connect", "at": 3, "outcome": "cut"})
    assert steps[2].action == Command(rodent="r1", type="system.status")


def test_a_step_is_an_option_too():
    outage = StepType().convert("{outage: {}, for: 5}", None, None)
    assert (outage.at, outage.duration, outage.action) == (0, 5, parse({"outage": {}}))
    assert StepType().convert({"outage": {}, "for": 5}, None, None) == outage
    assert StepType().convert(outage, None, None) is outage
    for text, problem in (
        ("{a: [", "is no YAML"),
        ("5", "a step is an object"),
        ("{a: 5}", "or one"),
    ):
        with pytest.raises(click.BadParameter, match=problem):
            StepType().convert(text, None, None)


def test_only_steps_about_connections_need_a_relay(tmp_path):
    path = tmp_path / "scenario.yml"
    path.write_text(SCENARIO)
    assert not needs_relay(read_scenario(path))  # an outage does without
    path.write_text(SCENARIO + "  - latency: {seconds: 1}\n")
    assert needs_relay(read_scenario(path))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it needs a list of steps"),
        ("steps: 5", "it needs a list of steps"),
        ("steps: [5]", "a step is an object, got 5"),
        ("steps: [{at: soon, outage: {}}]", "at is 'soon': give a number"),
        ("steps: [{for: -1, outage: {}}]", "for is -1: give a number"),
        ("steps: [{command: {type: x}}]", "a command has a rodent and a type"),
        ("steps: [{command: {rodent: 5, type: x}}]", "rodent is 5: give text"),
        ("steps: [{command: {rodent: r, type: x, payload: 2026-01-01}}]", "a command is JSON"),
        ("steps: [{command: {rodent: r, type: x, colour: 1}}]", "'colour' means nothing here"),
        ("steps: [{command: {rodent: r, type: x}, outage: {}}]", "'outage' means nothing here"),
        ("steps: [{outage: {colour: 1}}]", "'colour' means nothing here; it is empty"),
        ("steps: [", "is no YAML"),
        ("steps: [{outrage: {}}]", "a fault has a method, or one of outage"),
        ("steps: [{method: SendEvents, returns: [NOPE]}]", "'NOPE' is no status"),
    ],
)
def test_what_is_no_scenario_is_told(tmp_path, text, problem):
    path = tmp_path / "scenario.yml"
    path.write_text(text)
    with pytest.raises(FaultSpecError, match=re.escape(problem)):
        read_scenario(path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("steps:\n  - outage: {}\n  - outrage: {}\n", 3),
        ("steps:\n  - outage: {}\n\n  - for: 1\n    at: soon\n    outage: {}\n", 5),
        ("steps:\n  - method: SendEvents\n    returns:\n      - OK\n      - fail: NOPE\n", 5),
        ("steps:\n  - method: Sned\n    always: OK\n", 2),
        ("steps:\n  - latency:\n      seconds: 1\n      jiter: 2\n", 4),
        ("steps:\n  - method: SendEvents\n    always: OK\n    matching: a:b:c AND\n", 4),
        ("steps:\n  - outage: {}\nstep: 5\n", 3),
        ("steps:\n  - at: 1\n    outrage: {}\n", 3),
        ("steps:\n  - method: SendEvents\n    alway: OK\n", 3),
        ("steps:\n  - for: 1\n    always: OK\n", 3),
        ("steps:\n  - {}\n  - 5\n", 2),
        ("steps:\n  - outage: {}\n    for: 1\n    for: 2\n", 4),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, text, line):
    path = tmp_path / "scenario.yml"
    path.write_text(text)
    with pytest.raises(FaultSpecError, match=f"^{re.escape(str(path))}:{line}: "):
        read_scenario(path)


VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_the_schema_is_one_and_is_the_one_in_the_docs():
    VALIDATOR.check_schema(VALIDATOR.schema)
    assert json.loads((ROOT / "docs" / "scenario.schema.json").read_text()) == json_schema()


@pytest.mark.parametrize("text", [SCENARIO, (ROOT / "examples" / "scenario.yml").read_text()])
def test_what_is_a_scenario_is_valid(text):
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "step",
    [
        "{outrage: {}}",
        "{at: soon, outage: {}}",
        "{for: -1, outage: {}}",
        "{outage: {}, refuse: {}}",
        "{latency: {}}",
        "{latency: {seconds: -1}}",
        "{bandwidth: {bytes_per_second: 0}}",
        "{command: {type: x}}",
        "{command: {rodent: r, type: x, colour: 1}}",
        "{method: SendEvents}",
        "{method: Send, always: OK}",
        "{method: SendEvents, returns: [NOPE]}",
        "{method: SendEvents, always: {fail: OK}}",
        "{method: SendEvents, always: {fail: ABORTED, colour: red}}",
        "{method: SendEvents, rates: {OK: 2}}",
        "{method: SendEvents, rates: [[OK]]}",
        "{method: SendEvents, at: 1}",
    ],
)
def test_what_is_no_scenario_is_not_valid_either(tmp_path, step):
    path = tmp_path / "scenario.yml"
    path.write_text(f"steps: [{step}]")
    assert not VALIDATOR.is_valid(yaml.safe_load(path.read_text()))
    with pytest.raises(FaultSpecError):
        read_scenario(path)
