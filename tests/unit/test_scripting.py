"""Faults as data, there and back; scenario files."""

import grpc
import pytest

from rodent_events import EventBatchResponse, StoragePoolPayload
from toggle_mock import ToggleServer, cut, delay, fail, hang, lose_answer, reject, where
from toggle_mock.cli.scenario import needs_relay, read_scenario
from toggle_mock.errors import FaultSpecError
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.faults.spec import apply_fault, fault_data, outcome_data, outcome_from

Code = grpc.StatusCode

OUTCOMES = [
    ("OK", Outcome()),
    ("UNAVAILABLE", fail(Code.UNAVAILABLE)),
    ("unavailable", fail(Code.UNAVAILABLE)),
    ("hang", hang()),
    ("reject", reject()),
    ("lose_answer", lose_answer()),
    ("cut", cut()),
    ({"delay": 2}, delay(2)),
    ({"fail": "ABORTED", "message": "m", "retry_after": 2}, fail(Code.ABORTED, "m", retry_after=2)),
    ({"fail": "ABORTED", "trailers": {"a": "b"}}, fail(Code.ABORTED, trailers={"a": "b"})),
    ({"fail": "ABORTED", "delay": 1}, fail(Code.ABORTED, delay=1)),
    ({"reject": "no"}, reject("no")),
    ({"lose_answer": "INTERNAL"}, lose_answer(Code.INTERNAL)),
    ({"hang": True}, hang(accepted=True)),
    ({"cut": "ABORTED", "after_messages": 3}, cut(after_messages=3, status=Code.ABORTED)),
]


@pytest.mark.parametrize(("data", "outcome"), OUTCOMES)
def test_outcomes(data, outcome):
    assert outcome_from(data) == outcome
    assert outcome_from(outcome_data(outcome)) == outcome


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("BROKEN", "'BROKEN' is no status: give one of OK"),
        (5, "an outcome is a name or an object, got 5"),
        (None, "an outcome is a name or an object"),
        ({}, "an outcome has one of fail, reject"),
        ({"fail": "X"}, "'X' is no status"),
        ({"fail": "ABORTED", "colour": "red"}, "colour"),
        ({"fail": "OK"}, "other than OK"),
    ],
)
def test_what_is_no_outcome(data, problem):
    with pytest.raises(FaultSpecError, match=problem):
        outcome_from(data)


@pytest.mark.parametrize(
    "outcome", [lambda call: Code.OK, Outcome(response=EventBatchResponse(success=True))]
)
def test_what_cannot_be_written_as_data(outcome):
    with pytest.raises(TypeError, match="cannot be written as data"):
        outcome_data(outcome)


@pytest.fixture
def toggle():
    return ToggleServer(relay=True)


FAULTS = [
    {
        "method": "SendEvents",
        "returns": ["UNAVAILABLE", "OK", {"fail": "ABORTED", "retry_after": 1}],
    },
    {"method": "Register", "returns": "reject"},
    {"method": "SendEvents", "always": "hang", "matching": "payload:pool", "rid": "r1"},
    {"method": "Connect", "at": 2, "outcome": {"cut": "UNAVAILABLE", "after_messages": 5}},
    {"method": "SendEvents", "rates": {"UNAVAILABLE": 0.1, "lose_answer": 0.2}, "seed": 7},
    {"method": "SendEvents", "rates": [[{"fail": "ABORTED", "message": "m"}, 0.5]]},
    {"method": "SendEvents", "message_limit": 4000},
]


@pytest.mark.parametrize("data", FAULTS)
def test_faults_of_calls_there_and_back(toggle, data):
    written = fault_data(apply_fault(toggle, data))
    assert fault_data(apply_fault(toggle, written)) == written


def test_a_payload_becomes_a_query(toggle):
    pool = StoragePoolPayload(pool_name="tank 1", size_bytes=5, operation=1)
    fault = toggle.on_send_events.always(Code.ABORTED, matching=~where(pool) | "level:ERROR")
    assert fault_data(fault)["matching"] == (
        '(-(payload:StoragePoolPayload payload.pool_name:"tank 1" payload.size_bytes:"5" '
        'payload.operation:"CREATED")) OR (level:ERROR)'
    )
    for matching in (lambda event: True, StoragePoolPayload(devices=["a"])):
        fault = toggle.on_send_events.always(Code.ABORTED, matching=matching)
        with pytest.raises(TypeError, match=r"cannot be written as a query|is no scalar"):
            fault_data(fault)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "a fault is an object"),
        ({}, "a fault has a method, or one of outage"),
        ({"method": "Send"}, "method is 'Send': give one of Register, Connect, SendEvents"),
        ({"method": "SendEvents"}, "a fault of calls has one of returns, always"),
        ({"method": "SendEvents", "returns": "OK", "colour": 1}, "'colour' means nothing here"),
        (
            {"method": "SendEvents", "always": "OK", "matching": "("},
            "a parenthesis is never closed",
        ),
        ({"method": "SendEvents", "rates": {"ABORTED": 2}}, "rates add up to 2"),
        ({"method": "SendEvents", "message_limit": "big"}, "invalid literal"),
        ({"latency": {"colour": 1}}, "colour"),
        ({"bandwidth": {"bytes_per_second": -1}}, "bytes_per_second is -1"),
    ],
)
def test_what_is_no_fault(toggle, data, problem):
    with pytest.raises(FaultSpecError, match=problem):
        apply_fault(toggle, data)


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


def test_a_scenario(tmp_path):
    path = tmp_path / "scenario.yml"
    path.write_text(SCENARIO)
    steps = read_scenario(path)
    assert [(step.at, step.duration) for step in steps] == [
        (0, None),
        (0, None),
        (2, None),
        (10, 5),
    ]
    assert steps[1].action == {"method": "Connect", "at": 3, "outcome": "cut"}
    assert needs_relay(steps)
    assert not needs_relay(steps[:3])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it needs a list of steps"),
        ("steps: 5", "it needs a list of steps"),
        ("steps: [5]", "a step is an object, got 5"),
        ("steps: [{at: soon, outage: {}}]", "at is 'soon': give a number"),
        ("steps: [{for: -1, outage: {}}]", "for is -1: give a number"),
        ("steps: [{command: {type: x}}]", "a command has a rodent and a type"),
        ("steps: [", "is no YAML"),
        ("steps: [{outrage: {}}]", "a fault has a method, or one of outage"),
        ("steps: [{method: SendEvents, returns: [NOPE]}]", "'NOPE' is no status"),
    ],
)
def test_what_is_no_scenario(tmp_path, text, problem):
    path = tmp_path / "scenario.yml"
    path.write_text(text)
    with pytest.raises(FaultSpecError, match=problem):
        read_scenario(path)
