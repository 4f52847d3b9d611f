"""A question that nothing can answer is an error: names that are none, counts, times."""

import re
from datetime import UTC, datetime
from functools import cache
from unittest import mock

import pytest
from support.recorded import recorded_event

from rodent_events import EventBatch, NetworkInterfacePayload, StoragePoolPayload
from toggle_mock import Assertions, FaultSpecError, QueryError, gt, hang, regex, where
from toggle_mock.faults import parse
from toggle_mock.faults.script import Script
from toggle_mock.matching import Matcher, checked, matcher_of
from toggle_mock.recording.recorder import Recording
from toggle_mock.schema import load_schema

REFUSED = {
    # fields
    "pol_name:tank": "no field 'pol_name', did you mean pool_name?",
    "payload.pol_name:tank": "no field 'pol_name', did you mean pool_name?",
    "metdata.action:lost": "no field 'metdata', did you mean metadata?",
    "Level:ERROR": "no field 'Level', did you mean level?",
    "level.x:ERROR": "no field 'level.x'",
    "pool_name.x:tank": "no field 'pool_name.x'; if another",
    "rid.x:r1": "no field 'rid.x', did you mean rid?",
    "-(level:INFO OR pol_name:tank)": "no field 'pol_name'",
    "(payload:pool (pol_name:tank))": "no field 'pol_name'",
    # types of payloads
    f"item{'.item' * 2_000}:x": "is too deep: give 100 dots at the most",
    "payload:pol": "no payload 'pol', did you mean pool?",
    "payload:storage_pol": "no payload 'storage_pol', did you mean storage_pool?",
    "payload:StoragePolPayload": "did you mean StoragePoolPayload?",
    "payload:storag*s": "no payload 'storag*s'",
    # values
    "level:EROR": "level has no value 'EROR', did you mean ERROR?",
    "level:X": "level has no value 'X'; it has UNSPECIFIED, INFO, WARN, ERROR,",
    "level:EVENT_LEVEL_EROR": "level has no value 'EVENT_LEVEL_EROR'",
    "size_bytes:1.5": "size_bytes is a whole number from -9223372036854775808 to",
    "size_bytes:9223372036854775808": "size_bytes is a whole number",
    "size_bytes:nan": "size_bytes is a whole number",
    "level:ER?": "level is none of UNSPECIFIED, INFO,",
    "category:STORAG": "category has no value 'STORAG', did you mean STORAGE?",
    "operation:FAILD": "operation has no value 'FAILD', did you mean FAILED?",
    "is_up:yes": "is_up is true or false",
    "size_bytes:many": "size_bytes is a number",
    "pool_name:>5": "pool_name is no number, and compares with none",
    "level:>1": "level is no number",
    "metadata:x": "metadata is a map: write the key behind it",
    # what reads like another language
    "level:ERROR AND payload:pool": "AND is no operator: terms side by side must all match",
    "level:ERROR and payload:pool": "and is no operator",
    "level:ERROR && payload:pool": "&& is no operator",
    "level:ERROR or payload:pool": "or is no operator: OR stands between alternatives",
    "level:ERROR || payload:pool": "|| is no operator",
    "NOT level:INFO": "NOT is no operator: - before a term or a group negates it",
    "not level:INFO": "not is no operator",
    "pool_name=tank": "pool_name=tank is text: write pool_name:tank",
    "pool_name==tank": "write pool_name:tank",
    "size_bytes>1000": "write size_bytes:>1000",
    "size_bytes>=1000": "write size_bytes:>=1000",
    "level!=ERROR": "write -level:ERROR",
    "level:INFO Or level:WARN": "Or is no operator",
    "!level:INFO": "!level:INFO reads like another language",
    "+level:INFO": "reads like another language",
    "--level:INFO": "reads like another language",
    "tank||dozer": "reads like another language",
    "{tank": "reads like another language",
    "tank*": "tank* has no key: write KEY:tank*",
    "tan?": "tan? has no key",
}


@pytest.mark.parametrize("query", REFUSED)
def test_a_query_for_what_cannot_be_is_refused(query):
    with pytest.raises(QueryError) as caught:
        checked(query, None)
    assert REFUSED[query] in str(caught.value)
    assert repr(query)[:100] in str(caught.value)


ACCEPTED = [
    "",
    "level:error level:3 level:E* category:2 level:99 level:EVENT_LEVEL_ERROR",
    "payload:pool payload:storage_* payload:StoragePoolPayload -payload:transfer",
    'payload:""',
    "pool_name:tank* pool_name:5 devices:/dev/sda size_bytes:>5 size_bytes:1e3 is_up:TRUE",
    "source:x payload.source:x metadata.anything:x metadata.a.b:x",
    'metadata."with blank":x "AND" "a=b" "tank*" tank a=b=c android',
    "current_value:nan current_value:inf current_value:1e999 threshold_value:0.1",
    "rid:r1 sub:o1 batch_id:b* peer:ipv4* event_id:e timestamp:>0 after:1m before:1",
    "new_field?:5 payload?:new_type level?:NEW payload.new?:x new.deep?:x",
]


@pytest.mark.parametrize("query", ACCEPTED)
def test_what_can_be_is_asked_for(query):
    assert isinstance(checked(query, None), Matcher)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"pol_name": "tank"}, "no field 'pol_name', did you mean pool_name?"),
        ({"pol_name": None}, "no field 'pol_name'"),
        ({"payload": "pol"}, "no payload 'pol'"),
        ({"level": "EROR"}, "level has no value 'EROR'"),
        ({"pool_name": ["tank"]}, "pool_name has no list of values"),
        ({"size_bytes": gt(5), "pool_name": gt(5)}, "pool_name is no number, and compares"),
        ({"pool_name": pytest.approx(5)}, "pool_name is no number, and compares with none"),
        ({"level": regex("EROR")}, "level is none of UNSPECIFIED"),
        ({"item": mock.ANY}, "no field 'item'"),
        ({"pool_name": {"a": "b"}}, "pool_name has no fields"),
        ({"pool_name": StoragePoolPayload()}, "pool_name is no StoragePoolPayload"),
        ({"metadata": {"a": ["b"]}}, "metadata.a has no list of values"),
        ({"payload": EventBatch}, "no payload 'EventBatch'"),
        (
            {"query": EventBatch(batch_id="b")},
            "rodent.EventBatch is no payload of the project's schema",
        ),
    ],
)
def test_objects_for_what_cannot_be_are_refused(fields, problem):
    with pytest.raises(QueryError) as caught:
        checked(where(**fields), None)
    assert problem in str(caught.value)


@pytest.mark.filterwarnings("ignore:.* wants this text as it is written")
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"size_bytes": ">5"}, "size_bytes is a number; give gt(5) for a comparison"),
        ({"level": "E*"}, "DEBUG, TRACE; give glob('E*') for a pattern"),
    ],
)
def test_text_that_is_no_value_says_how_a_pattern_is_written(fields, problem):
    with pytest.raises(QueryError, match=re.escape(problem)):
        checked(where(**fields), None)


def test_objects_for_what_can_be_are_asked_for():
    given = where(StoragePoolPayload(pool_name="tank"), devices=["/dev/sda"], metadata={"a": "b"})
    given |= where(payload=NetworkInterfacePayload, is_up=True) | (lambda _event: True)
    given &= where(current_value=float("nan"), threshold_value=1e300, level=99)
    given &= where(**{"new?": 5, "payload?": "new"}) | ~where(pool_name=None, size_bytes=0)
    assert checked(given, None) is given


def test_the_names_are_those_of_the_schema_in_force():
    old = load_schema("2025-10-03")
    assert checked("bytes_transferred:0", old)
    assert checked("transferred_bytes:0", None)
    with pytest.raises(QueryError, match="the project's schema has no field 'bytes_transferred'"):
        checked("bytes_transferred:0", None)
    with pytest.raises(QueryError, match="schema 2025-10-03 has no field 'transferred_bytes'"):
        checked("transferred_bytes:0", old)


@cache
def assertions():
    return Assertions(Recording())


@pytest.mark.parametrize(
    "ask",
    [
        lambda it, query: it.find(query),
        lambda it, query: it.wait_for(query, timeout=0),
        lambda it, query: it.wait_for_sequence("level:INFO", query, timeout=0),
        lambda it, query: it.assert_received(query, timeout=0),
        lambda it, query: it.assert_received(query, count=0),
        lambda it, query: it.assert_not_received(query),
        lambda it, query: it.assert_only(query),
        lambda it, query: it.assert_in_order(query),
        lambda _, query: parse({"method": "SendEvents", "always": "hang", "matching": query}),
        lambda _, query: Script(pytest.fail, "SendEvents").always(hang(), matching=query),
    ],
)
def test_whoever_takes_a_matcher_refuses_it(ask):
    with pytest.raises((QueryError, FaultSpecError), match="did you mean pool_name"):
        ask(assertions(), "pol_name:tank")


def test_calls_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"method is 'SendEvent': .* did you mean SendEvents"):
        assertions().wait_for_call("SendEvent", timeout=0)
    with pytest.raises(ValueError, match=r"status is 'UNAVAILABEL': .* did you mean UNAVAILABLE"):
        assertions().wait_for_call("SendEvents", status="UNAVAILABEL", timeout=0)
    with pytest.raises(ValueError, match="method is 'SendEvent'"):
        Script(pytest.fail, "SendEvent")


@pytest.mark.parametrize("count", [0, -1, True, 1.0, "1"])
def test_a_count_that_is_none_is_refused(count):
    for ask in (assertions().wait_for, assertions().wait_for_call):
        with pytest.raises(ValueError, match=r"count is .*: give a whole number of 1 or more"):
            ask(count=count, timeout=0)


@pytest.mark.parametrize("count", [-1, True, 1.0, "1"])
def test_a_number_of_events_that_is_none_is_refused(count):
    with pytest.raises(ValueError, match=r"count is .*: give a whole number of 0 or more"):
        assertions().assert_received(count=count, timeout=0)
    with pytest.raises(ValueError, match=r"count is .*: give a whole number of 0 or more"):
        assertions().assert_only(None, count=count)


@pytest.mark.parametrize("seconds", [-1, None, True, "1", float("nan")])
def test_a_time_that_is_none_is_refused(seconds):
    it = assertions()
    for ask in (it.wait_for, it.wait_for_sequence, it.wait_for_call, it.assert_received):
        with pytest.raises(ValueError, match=r"timeout is .*: give a number of seconds"):
            ask(timeout=seconds)
    with pytest.raises(ValueError, match=r"within is .*: give a number of seconds"):
        it.assert_not_received(within=seconds)


def test_a_datetime_without_a_zone_is_refused():
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    assert checked(where(after=moment, before=moment), None)
    with pytest.raises(ValueError, match=r"after is .*, without a time zone: give one that has it"):
        where(after=moment.replace(tzinfo=None))


def test_a_function_that_raises_says_of_which_event():
    def is_tank(event):
        return event.payload.pool_name == "tank"

    link = recorded_event(NetworkInterfacePayload(interface_name="eth0"))
    for matcher in (matcher_of(is_tank), where(level="INFO") & is_tank):
        with pytest.raises(AttributeError) as caught:
            matcher(link)
        (note,) = caught.value.__notes__
        assert "raised by the matcher" in note
        assert "is_tank" in note
        assert "network_interface" in note.lower() or "NetworkInterface" in note


def test_a_message_with_a_field_that_the_schema_lacks_is_refused():
    schema = load_schema("2025-10-03")
    theirs = schema.message_class("rodent.events.SystemStartupPayload")(rodent_id="r1")
    assert checked(theirs, schema)
    with pytest.raises(QueryError, match="SystemStartupPayload has no field 'rodent_id'"):
        checked(theirs, None)


def test_keys_of_metadata_are_any_text():
    asked = recorded_event(StoragePoolPayload(), metadata={"ok?": "yes", "ok": "no"})
    for matcher in ('metadata."ok?":yes', where(metadata={"ok?": "yes"}), "metadata.ok?:yes"):
        assert matcher_of(matcher)(asked)
        assert matcher_of(matcher_of(matcher).as_query())(asked)
    assert not matcher_of('metadata."ok?":no')(asked)


def test_an_error_repeats_the_beginning_of_a_long_query():
    with pytest.raises(QueryError) as caught:
        checked("x" * 100_000 + "*", None)
    assert len(str(caught.value)) < 1_000
    with pytest.raises(QueryError) as caught:
        checked(f"level:{'x' * 100_000}", None)
    assert len(str(caught.value)) < 1_000
