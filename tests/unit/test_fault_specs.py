"""Faults as data, there and back."""

import re

import grpc
import pytest

from rodent_events import EventBatchResponse, StoragePoolPayload
from toggle_mock import (
    cut,
    delay,
    duplicate,
    fail,
    half_closed,
    hang,
    lose_answer,
    normal,
    percentiles,
    read_slowly,
    reject,
    reorder,
    uniform,
    where,
)
from toggle_mock.errors import FaultSpecError
from toggle_mock.faults.control import Faults
from toggle_mock.faults.outcome_data import OUTCOMES as OUTCOME_KINDS
from toggle_mock.faults.outcome_data import outcome_data, outcome_from
from toggle_mock.faults.outcomes import Decision, Outcome
from toggle_mock.faults.script import Script
from toggle_mock.faults.spec import CALL_FAULTS, CONNECTION_FAULTS, Always, Latency, dump, parse

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
    ({"delay": {"uniform": [1, 2]}}, delay(uniform(1, 2))),
    ({"fail": "ABORTED", "delay": {"normal": [0, 1]}}, fail(Code.ABORTED, delay=normal(0, 1))),
    ({"delay": {"percentiles": {"50": 1, 99.5: 2}}}, delay(percentiles({50: 1, 99.5: 2}))),
    ({"fail": "ABORTED", "message": "m", "retry_after": 2}, fail(Code.ABORTED, "m", retry_after=2)),
    ({"fail": "ABORTED", "trailers": {"a": "b"}}, fail(Code.ABORTED, trailers={"a": "b"})),
    (
        {"fail": "ABORTED", "trailers": {"a-bin": "AP8="}},
        fail(Code.ABORTED, trailers={"a-bin": b"\0\xff"}),
    ),
    ({"lose_answer": "ABORTED", "retry_after": 3}, lose_answer(Code.ABORTED, retry_after=3)),
    ({"cut": "UNAVAILABLE", "retry_after": 3, "delay": 1}, delay(1, cut(retry_after=3))),
    ({"read_slowly": 1.5}, read_slowly(1.5)),
    ("half_closed", half_closed()),
    ({"half_closed": False}, Outcome()),
    ("duplicate", duplicate()),
    ({"duplicate": 3}, duplicate(3)),
    ("reorder", reorder()),
    ({"reorder": 3, "delay": 1}, delay(1, reorder(3))),
    ({"read_slowly": 1, "delay": 2}, delay(2, read_slowly(1))),
    ({"fail": "ABORTED", "delay": 1}, fail(Code.ABORTED, delay=1)),
    ({"reject": "no"}, reject("no")),
    ({"lose_answer": "INTERNAL"}, lose_answer(Code.INTERNAL)),
    ({"hang": True}, hang(accepted=True)),
    ({"cut": "ABORTED", "after_messages": 3}, cut(after_messages=3, status=Code.ABORTED)),
]


@pytest.mark.parametrize(("data", "outcome"), OUTCOMES)
def test_an_outcome_is_read_and_written_as_data(data, outcome):
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
        ({"fale": "ABORTED"}, "did you mean fail?"),
        ({"fail": "ABORTD"}, "did you mean ABORTED?"),
        ({"fail": "ABORTED", "retry_after": -1}, "retry_after is -1: give a number from 0"),
        ({"fail": "ABORTED", "trailers": {"a": 5}}, "trailers is {'a': 5}: give an object"),
        ({"fail": "ABORTED", "trailers": {"A": "b"}}, "the trailer 'A' has another key"),
        ({"fail": "ABORTED", "trailers": {"grpc-status": "5"}}, "give retry_after or details"),
        ({"fail": "ABORTED", "trailers": {"a-bin": "b"}}, "'a-bin' is 'b': give bytes in base64"),
        ({"cut": "ABORTED", "trailers": {"a": "ä"}}, "'a' is 'ä': give printable ASCII"),
        ({"hang": "yes"}, "hang is 'yes': give true or false"),
        ({"cut": "ABORTED", "after_messages": 1.5}, "after_messages is 1.5: give a whole number"),
    ],
)
def test_what_is_no_outcome_is_told(data, problem):
    with pytest.raises(FaultSpecError, match=re.escape(problem)):
        outcome_from(data)


@pytest.mark.parametrize(
    "outcome", [Decision(lambda call: Code.OK), Outcome(response=EventBatchResponse(success=True))]
)
def test_what_cannot_be_written_as_data_is_told(outcome):
    with pytest.raises(TypeError, match="cannot be written as data"):
        outcome_data(outcome)


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
    {"method": "SendEvents", "always": {"delay": {"percentiles": {"50": 1}}}, "seed": 3},
    {"latency": {"seconds": 0.2, "jitter": 0.05}},
    {"latency": {"seconds": {"normal": [0.2, 0.1]}, "seed": 7}},
    {"slow_reads": {"bytes_per_second": 1}},
    {"outage": {}},
    {"goaway": {"grace": 0.5}},
    {"max_connection_age": {"seconds": 30, "grace": 5}},
    {"goaway": None},
    {"clock": {"ahead": -3600}},
    {"restart": {"forget": True}},
    {"restart": None},
]


@pytest.mark.parametrize("data", FAULTS)
def test_a_fault_is_the_same_there_and_back(data):
    assert parse(dump(parse(data))) == parse(data)


def test_a_fault_is_written_as_it_was_read():
    for data in (FAULTS[2], FAULTS[3], FAULTS[6], FAULTS[7], FAULTS[8], FAULTS[9], FAULTS[11]):
        assert dump(parse(data)) == data


def test_a_fault_made_in_python_is_checked_in_the_same_words():
    with pytest.raises(
        FaultSpecError, match=r"(?m)^seconds is -1: give a number from 0 to 1e\+12 or an object$"
    ):
        Latency(seconds=-1)
    with pytest.raises(FaultSpecError, match=r"^method is 'Send'"):
        Always(method="Send", always=fail())


def test_a_payload_becomes_a_query():
    pool = StoragePoolPayload(pool_name="tank 1", size_bytes=5, operation=1)
    fault = aborting(~where(pool) | "level:ERROR")
    assert dump(fault)["matching"] == (
        '(-(payload:StoragePoolPayload payload.pool_name:"tank 1" payload.size_bytes:"5" '
        'payload.operation:"CREATED")) OR (level:ERROR)'
    )
    for matching in (lambda event: True, StoragePoolPayload(devices=["a"])):
        with pytest.raises(TypeError, match=r"cannot be written as a query|is no scalar"):
            dump(aborting(matching))


def aborting(matching) -> Always:
    return Always(method="SendEvents", always=Code.ABORTED, matching=matching)


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
        ({"method": "SendEvents", "message_limit": "big"}, "message_limit is 'big': give a whole"),
        ({"method": "SendEvents", "message_limit": -1}, "message_limit is -1: give a whole number"),
        ({"method": "SendEvents", "at": 1}, "outcome is missing"),
        ({"method": "SendEvents", "rates": 5}, "rates is 5: give an object"),
        ({"method": "SendEvents", "rates": {"OK": True}}, "a share is True: give a number"),
        ({"method": "SendEvents", "always": None}, "an outcome is a name or an object, got None"),
        ({"method": "SendEvents", "always": "OK", "rid": 5}, "rid is 5: give text"),
        ({"method": "SendEvents", "alway": "OK"}, "did you mean always?"),
        ({"method": "SendEvent"}, "did you mean SendEvents?"),
        ({"always": "OK"}, "always needs a method: Register, Connect, SendEvents"),
        ({"outrage": {}}, "did you mean outage?"),
        ({"outage": {}, "refuse": {}}, "'refuse' means nothing here"),
        ({"outage": 5}, "outage is 5: give an object"),
        ({"latency": {"second": 1}}, "'second' means nothing here, did you mean seconds?"),
        ({"latency": {}}, "seconds is missing"),
        ({"latency": {"colour": 1}}, "colour"),
        ({"latency": {"seconds": {}}}, "a distribution is one of uniform, normal, percentiles"),
        ({"latency": {"seconds": {"unifrom": [0, 1]}}}, "did you mean uniform?"),
        ({"latency": {"seconds": {"uniform": [0, 1], "normal": [0, 1]}}}, "is one of uniform"),
        ({"latency": {"seconds": {"uniform": [2, 1]}}}, "[2.0, 1.0]: give times that do not fall"),
        (
            {"latency": {"seconds": {"uniform": [1]}}},
            "uniform is [1]: give a list of 2, each a number",
        ),
        ({"latency": {"seconds": {"percentiles": {}}}}, "percentiles is empty"),
        (
            {"latency": {"seconds": {"percentiles": {"101": 1}}}},
            "for each key, a number from 0 to 100",
        ),
        ({"latency": {"seconds": {"percentiles": {50: 2, 99: 1}}}}, "times that do not fall"),
        ({"latency": {"seconds": {"normal": [1, 1]}, "jitter": 1}}, "jitter is for a number"),
        ({"method": "SendEvents", "always": {"delay": {"normal": 5}}}, "normal is 5: give a list"),
        ({"method": "SendEvents", "always": {"read_slowly": 1}}, "this outcome is of a stream"),
        ({"method": "Register", "always": "half_closed"}, "is of a stream"),
        ({"method": "SendEvents", "always": "duplicate"}, "one answer, and one request"),
        ({"method": "SendEvents", "always": {"reorder": 2}}, "is of a stream"),
        ({"method": "Connect", "always": {"duplicate": 1}}, "give a whole number from 2 to 1000"),
        ({"method": "Connect", "always": {"reorder": 2.5}}, "give a whole number from 2 to 1000"),
        ({"method": "Register", "at": 0, "outcome": {"read_slowly": 1}}, "is of a stream"),
        ({"method": "SendEvents", "returns": ["OK", {"read_slowly": 1}]}, "is of a stream"),
        ({"method": "SendEvents", "rates": [[{"read_slowly": 1}, 0.5]]}, "is of a stream"),
        ({"method": "Connect", "always": "read_slowly"}, "'read_slowly' is no status"),
        ({"max_connection_age": {"seconds": 0}}, "seconds is 0: give a number from 0.001"),
        ({"clock": {"ahead": "late"}}, "ahead is 'late': give a number from -1000000000 to"),
        ({"clock": {}}, "ahead is missing"),
        ({"latency": {"seconds": 1}, "rid": "r1"}, "latency takes no rid: it is of connections"),
        ({"latency": {"seconds": 1}, "seed": 1}, "'seed' means nothing here"),
        ({"goaway": {}, "method": "Connect", "matching": "a"}, "goaway takes no method, matching"),
        ({"go_away": {}}, "did you mean goaway?"),
        ({"bandwidth": {"bytes_per_second": -1}}, "bytes_per_second is -1"),
    ],
)
def test_what_is_no_fault_is_told(data, problem):
    with pytest.raises(FaultSpecError, match=re.escape(problem)):
        parse(data)


def own_methods(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_every_kind_of_fault_has_its_method_and_every_method_its_kind():
    assert own_methods(Script) == set(CALL_FAULTS)
    blocks = {"failing", "hanging", "losing_answers", "rates", "message_limit"}
    others = {"add", "heal", "in_force", "script"}
    assert own_methods(Faults) - others - blocks == set(CONNECTION_FAULTS)


def test_every_kind_of_outcome_has_its_function():
    import toggle_mock

    assert all(callable(getattr(toggle_mock, name)) for name in OUTCOME_KINDS)
