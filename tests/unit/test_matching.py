"""Matchers, as objects and as text."""

from datetime import UTC, datetime

import pytest
from support.recorded import recorded_event

from rodent_events import (
    EVENT_LEVEL_ERROR,
    NetworkInterfacePayload,
    StoragePoolPayload,
    StorageTransferPayload,
    SystemUserPayload,
)
from toggle_mock import QueryError, glob, where
from toggle_mock.matching.compiler import compile_query
from toggle_mock.matching.matchers import All, Matcher, matcher_of
from toggle_mock.matching.moments import read_milliseconds
from toggle_mock.matching.values import EnumValue

TRANSFER = recorded_event(
    StorageTransferPayload(
        source="tank/home@auto-1",
        destination="backup/home",
        size_bytes=1000,
        operation=StorageTransferPayload.STORAGE_TRANSFER_OPERATION_FAILED,
    ),
    level=EVENT_LEVEL_ERROR,
    source="rodent.zfs-transfer-manager",
    metadata={"transfer_id": "t1", "note": "two words"},
    timestamp=1_760_000_000_000,
)
POOL = recorded_event(StoragePoolPayload(pool_name="tank", devices=["/dev/sda", "/dev/sdb"]))
USER = recorded_event(SystemUserPayload(username="ada", uid=0))
LINK = recorded_event(NetworkInterfacePayload(interface_name="eth0", is_up=True))
BARE = recorded_event()

MATCHING = [
    "",
    "category:STORAGE",
    "category:storage",
    "category:2",
    "level:ERROR",
    "level:3",
    "level:EVENT_LEVEL_ERROR",
    "category:event_category_storage",
    "operation:STORAGE_TRANSFER_OPERATION_FAILED",
    "payload:StorageTransferPayload",
    "payload:storage_transfer",
    "payload:transfer",
    "payload:storage",
    "payload:storage_*",
    "source:tank/*",
    "source:rodent.zfs-transfer-manager",
    "payload.source:tank/home@auto-1",
    "destination:backup/home",
    "destination:backup/????",
    "size_bytes:1000",
    "size_bytes:>999",
    "size_bytes:>=1000",
    "size_bytes:<1e4",
    "transferred_bytes:0",
    "operation:FAILED",
    "operation:failed",
    "operation:4",
    "metadata.transfer_id:t1",
    'metadata.note:"two words"',
    "rid:r1",
    "sub:o1",
    "batch_id:b1",
    "event_id:e1",
    "peer:ipv4*",
    "backup",
    "BACKUP/HOME",
    '"two words"',
    "-level:INFO",
    "-(level:INFO OR level:WARN)",
    "level:INFO OR level:ERROR",
    "(level:INFO OR level:ERROR) payload:transfer",
    "after:2025-01-01",
    "after:1759999999999",
    "before:1760000000001",
    "before:2026-01-01T00:00:00Z after:2025-10-09T00:00:00+00:00",
    "category:STORAGE payload:transfer source:tank/* -level:INFO metadata.transfer_id:t1",
]

NOT_MATCHING = [
    "category:NETWORK",
    "level:INFO",
    "payload:pool",
    "payload:trans",
    "payload:transfer_storage",
    "source:tank",
    "size_bytes:>1000",
    "size_bytes:abc",
    "destination:>5",
    "nonsense:*",
    "metadata.missing:*",
    "rid:r2",
    "-level:ERROR",
    "level:ERROR level:INFO",
    "after:1760000000000",
    "before:1760000000000",
    '"level:ERROR"',
    'source:"tank/*"',
    "after:1m",
]


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("7s", 1_000_000_000 - 7_000),
        ("7m", 1_000_000_000 - 7 * 60_000),
        ("7h", 1_000_000_000 - 7 * 3_600_000),
        ("7d", 1_000_000_000 - 7 * 86_400_000),
        ("7", 7),
        ("1970-01-01T00:00:01Z", 1_000),
        ("1970-01-01T00:00:01", 1_000),
        ("1970-01-01T01:00:01+01:00", 1_000),
    ],
)
def test_what_a_text_says_of_a_time(text, milliseconds):
    assert read_milliseconds(text, now=1_000_000.0) == milliseconds


@pytest.mark.parametrize("query", MATCHING)
def test_a_query_that_matches_misses_nothing(query):
    assert compile_query(query).misses(TRANSFER) == []


@pytest.mark.parametrize("query", NOT_MATCHING)
def test_a_query_that_does_not_match_says_what_it_misses(query):
    assert compile_query(query).misses(TRANSFER) != []


@pytest.mark.parametrize("query", [*MATCHING, *NOT_MATCHING])
def test_a_matcher_written_as_text_reads_as_itself(query):
    matcher = compile_query(query)
    again = compile_query(str(matcher) if matcher != All() else "")
    for event in (TRANSFER, POOL, USER, LINK, BARE):
        assert again(event) is matcher(event)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("level:", "level: has no value"),
        ("(level:INFO", "a parenthesis is never closed, at character 12"),
        ("level:INFO)", "a parenthesis is closed that was never opened, at character 11"),
        ('source:"tank', "a quote is never closed"),
        ("OR level:INFO", "OR stands between two terms"),
        ("level:INFO OR", "OR stands between two terms"),
        ("after:yesterday", "'yesterday' is no time: give 2026-01-31T12:00:00Z"),
        (r'"\q"', "a backslash that means nothing"),
        ("level:INFO -size_bytes:>big", "compares with no number; in quotes it would be text"),
        ("-(" * 101 + "a" + ")" * 101, "the query is nested too deep, at character 201"),
    ],
)
def test_a_query_that_is_none_says_where(query, problem):
    with pytest.raises(QueryError) as caught:
        compile_query(query)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("query", "character"),
    [
        ("level:INFO  source:", 13),
        ("level:INFO -size_bytes:>big", 13),
        ("a  after:yesterday b", 4),
        ("a -(OR b)", 5),
        ("a b) c", 4),
        ('a "b', 3),
        (r'a -metadata."\q":b', 4),
    ],
)
def test_a_query_that_is_none_points_at_the_place(query, character):
    with pytest.raises(QueryError, match=f", at character {character} of the query "):
        compile_query(query)


def test_a_query_may_stand_within_a_hundred_groups():
    assert compile_query("-(" * 100 + "level:ERROR" + ")" * 100)(TRANSFER)


def test_zero_values_can_be_asked_for():
    assert where(uid=0)(USER)
    assert not where(uid=0)(POOL)  # which has no such field
    assert where(payload="user", display_name="")(USER)
    assert where('display_name:""')(USER)
    assert where(is_up=True)(LINK)
    assert not where(is_up=False)(LINK)


def test_a_repeated_field_matches_with_one_of_its_values():
    assert where(devices="/dev/sdb")(POOL)
    assert not where(devices="/dev/sdc")(POOL)


def test_events_without_a_payload_can_be_asked_for():
    assert where('payload:""')(BARE)
    assert not where("payload:storage")(BARE)
    storage = compile_query("payload:storage")
    assert storage.misses(BARE) == ["is an event without payload, not storage"]


def test_matchers_combine():
    storage, failed = where(category="STORAGE"), where(level="ERROR")
    assert (storage & failed)(TRANSFER)
    assert not (storage & failed)(POOL)
    assert (storage | failed)(POOL)
    assert (~failed)(POOL)
    assert not (~failed)(TRANSFER)
    assert (storage & "payload:transfer" & (lambda event: event.metadata["transfer_id"] == "t1"))(
        TRANSFER
    )
    assert str(storage & ~(failed | "payload:pool")) == (
        "category:STORAGE -(level:ERROR OR payload:pool)"
    )


def test_a_function_is_asked_only_where_it_matters():
    def function(event):
        return event.payload.uid == 0  # which only users have

    assert (where(payload="user") & function)(USER)
    assert not (where(payload="user") & function)(BARE)
    assert (~where(payload="user") | function)(BARE)


def test_where_takes_values_of_python():
    assert where(
        payload=StorageTransferPayload(size_bytes=1000),
        metadata={"transfer_id": glob("t*")},
        level=EVENT_LEVEL_ERROR,
        after=datetime(2025, 1, 1, tzinfo=UTC),
        before=1_760_000_001,
    )(TRANSFER)
    assert where(payload=StorageTransferPayload)(TRANSFER)
    assert where()(BARE)


@pytest.mark.parametrize(
    "matchable",
    [
        None,
        "payload:transfer",
        StorageTransferPayload,
        StorageTransferPayload(destination="backup/home"),
        lambda event: event.level == "ERROR",
        where(level="ERROR"),
    ],
)
def test_what_stands_for_a_matcher_is_taken_for_one(matchable):
    assert matcher_of(matchable)(TRANSFER)


@pytest.mark.parametrize("nothing", [5, int, object()])
def test_what_stands_for_no_matcher_is_told(nothing):
    with pytest.raises(TypeError, match="a matcher is a payload message"):
        matcher_of(nothing)


def test_a_payload_that_differs_says_in_what():
    wanted = StorageTransferPayload(source="tank/home@auto-1", destination="x", size_bytes=7)
    assert matcher_of(wanted).misses(TRANSFER) == [
        "destination: wanted 'x', got 'backup/home'",
        "size_bytes: wanted 7, got 1000",
    ]
    assert matcher_of(wanted).misses(POOL) == ["is StoragePoolPayload, not StorageTransferPayload"]


def test_the_base_class_is_abstract():
    with pytest.raises(NotImplementedError):
        Matcher()(BARE)


def test_a_quoted_text_may_have_a_line_break_in_it():
    event = recorded_event(StoragePoolPayload(), metadata={"note": "two\nlines"})
    assert compile_query('metadata.note:"two\nlines"').misses(event) == []


@pytest.mark.parametrize(
    "name", ["half_full", "HALF_FULL", "POOL_STATE_half_full", "pool_state_HALF_FULL"]
)
def test_a_value_of_an_enum_is_called_by_its_name_in_any_case(name):
    assert EnumValue("half_full", 1, "POOL_STATE_").is_called(name)
    assert not EnumValue("half_full", 1, "POOL_STATE_").is_called(f"{name}er")
