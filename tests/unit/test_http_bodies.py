"""What a request says: read strictly, and what is wrong with it named."""

import re

import jsonschema
import msgspec
import pytest

from toggle_mock.faults.spec import FaultSpec
from toggle_mock.http_api.bodies.calls import OneCall, WaitForCalls
from toggle_mock.http_api.bodies.events import BESIDES, FindEvents, Verify, WaitForEvents
from toggle_mock.http_api.bodies.rodents import SendCommand, SendHttp
from toggle_mock.http_api.bodies.tokens import IssueToken, RevokeTokens
from toggle_mock.http_api.decoding import body_from, decoded, json_object
from toggle_mock.http_api.handlers.events import ASSERTIONS

COUNT = "a whole number from 1 to 1000000000"


@pytest.mark.parametrize(
    ("data", "record", "text"),
    [
        ({"recieved": "x"}, Verify, "recieved is unknown, did you mean received?; there are r"),
        ({"zzz": 1}, WaitForCalls, "zzz is unknown; there are method, status, count, timeout"),
        ({"payload": 1}, SendCommand, "type is missing"),
        ({"count": -1}, WaitForEvents, f"count is -1: give {COUNT}"),
        ({"count": 1.7}, WaitForEvents, f"count is 1.7: give {COUNT}"),
        ({"count": True}, WaitForEvents, f"count is True: give {COUNT}"),
        ({"count": "1"}, WaitForEvents, f"count is '1': give {COUNT}"),
        ({"count": 10**30}, WaitForEvents, f"count is {10**30}: give {COUNT}"),
        ({"count": None}, WaitForEvents, f"count is None: give {COUNT}"),
        ({"timeout": "soon"}, WaitForEvents, "timeout is 'soon': give seconds from 0 to 3600"),
        ({"timeout": 1e9}, WaitForEvents, "timeout is 1000000000.0: give seconds from 0 to 3600"),
        ({"timeout": -1}, WaitForEvents, "timeout is -1: give seconds from 0 to 3600"),
        ({"query": 5}, WaitForEvents, "query is 5: give text"),
        ({"in_order": "x"}, Verify, "in_order is 'x': give a list of text"),
        ({"in_order": [1]}, Verify, "in_order is [1]: give a list of text"),
        ({"method": "Send"}, WaitForCalls, "method is 'Send': give one of Connect, Register, Send"),
        ({"expires_in": "x"}, IssueToken, "expires_in is 'x': give a number"),
        ({"prv": 1}, IssueToken, "prv is 1: give true or false"),
        ({"claims": 1}, IssueToken, "claims is 1: give an object"),
    ],
)
def test_what_is_wrong_is_named(data, record, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        decoded(data, record)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"body": "***"}, "body is '***': give bytes in base64"),
        ({"headers": {"a": 1}}, "headers is {'a': 1}: give an object with text for each key"),
    ],
)
def test_what_is_wrong_with_a_request_to_a_service(more, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        decoded({"service": "a", "method": "GET", "path": "/"} | more, SendHttp)


def test_a_long_value_is_cut():
    with pytest.raises(ValueError, match="query is ") as caught:
        decoded({"query": ["x" * 10_000]}, WaitForEvents)
    assert len(str(caught.value)) < 300


def test_a_url_has_only_text():
    assert decoded({"limit": "5"}, FindEvents, strict=False) == FindEvents(limit=5)
    with pytest.raises(ValueError, match="number is 'x': give a whole number"):
        decoded({"number": "x"}, OneCall, strict=False)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"{a}", ValueError),
        (b"[]", TypeError),
        (b"null", TypeError),
        (b"[" * 100_000, ValueError),
        (b'{"a": NaN}', ValueError),
        (b"\xff", ValueError),
    ],
)
def test_a_body_that_is_no_object_is_told(raw, error):
    with pytest.raises(error, match="the body is no"):
        json_object(raw)


def test_no_body_is_an_empty_one():
    assert json_object(b"") == {}
    assert decoded({}, WaitForEvents) == WaitForEvents()


def test_a_record_says_only_what_is_not_so_anyway():
    assert msgspec.json.encode(WaitForEvents(count=2)) == b'{"count":2}'


def test_each_assertion_is_described():
    described = {rule["required"][0] for rule in Verify.rules["oneOf"]}
    assert described == set(ASSERTIONS)
    fields = set(Verify.__struct_fields__)
    assert fields == described.union(*BESIDES.values())


@pytest.mark.parametrize(
    ("body", "record", "is_right"),
    [
        ({"received": "", "count": 5, "timeout": 1}, Verify, True),
        ({"received": "", "only": "", "not_received": "", "in_order": []}, Verify, False),
        ({"only": "", "timeout": 0}, Verify, False),
        ({"count": 5}, Verify, False),
        ({"rid": None}, RevokeTokens, False),
        ({"rid": None, "sub": "o1"}, RevokeTokens, True),
    ],
)
def test_what_belongs_together_is_described(body, record, is_right):
    assert jsonschema.Draft202012Validator(record.rules).is_valid(body) is is_right


def test_a_whole_number_may_be_written_with_a_fraction_of_zero():
    assert decoded({"count": 5.0}, WaitForEvents) == WaitForEvents(count=5)
    fault = body_from({"method": "Register", "at": 2.0, "outcome": "OK"}, FaultSpec)
    assert fault.at == 2
