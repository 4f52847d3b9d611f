"""The oracle: each complaint has its history, and what is no fault is none."""

from dataclasses import replace

import pytest

from rodent_events import StoragePoolPayload
from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.contract.explore.history import (
    Call,
    Emission,
    Flushed,
    History,
    Life,
    SentEvent,
)
from toggle_mock.contract.explore.oracle import judge


def event(mark):
    made = EventBatch().events.add(event_id=f"id-{mark}", level=2)
    made.metadata["mark"] = mark
    made.storage_event.pool_event.pool_name = mark
    return made


def call(number, *marks, at=None, batch_id="b1", status="OK", accepted=True, **more):
    at = float(number) if at is None else at
    events = [event(mark) for mark in marks]
    raw = EventBatch(events=events, batch_id=batch_id).SerializeToString()
    sent = tuple(
        SentEvent(mark, one.SerializeToString()) for mark, one in zip(marks, events, strict=True)
    )
    usual = {"life": 1, "answered": at, "success": True, "too_large": False}
    return Call(
        number=number,
        at=at,
        status=status,
        accepted=accepted,
        batch_id=batch_id,
        raw=raw,
        events=sent,
        **usual | more,
    )


def history(*calls, marks=("m1", "m2"), promise="journal", **more):
    emissions = [Emission(m, 1, 0.0, StoragePoolPayload(pool_name=m), 2) for m in marks]
    made = History(30.0, emissions, [Life(1, promise, 0.0)], list(calls), rested=100.0)
    return replace(made, **more)


def kinds(of):
    return [complaint.kind for complaint in judge(of)]


def test_all_is_well():
    assert judge(history(call(1, "m1", "m2"))) == []


@pytest.mark.parametrize(
    ("calls", "kind"),
    [
        ([call(1, "m1")], "lost"),
        ([call(1, "m1", "m2"), call(2, "m3", batch_id="b2")], "invented"),
        ([call(1, "m2", "m1")], "reordered"),
        ([call(1, "m2"), call(2, "m1", batch_id="b2")], "reordered"),
        ([call(1, "m1", "m2"), call(2, "m1", "m2")], "repeated"),
        ([call(1, "m1", "m1", "m2")], "repeated"),
        ([call(1, "m1", "m2", status="X"), call(2, "m1", "m2", batch_id="b2")], "re-cut"),
        ([call(1, "m1", "m2"), call(2, batch_id="b2")], "empty"),
        ([call(1, "m1", "m2"), call(101, "m1", "m2", accepted=False)], "restless"),
    ],
)
def test_a_breach(calls, kind):
    assert kinds(history(*calls)) == [kind]


def test_another_content():
    changed = history(call(1, "m1", "m2"))
    changed.emissions[0] = replace(changed.emissions[0], level=3)
    changed.emissions[1] = replace(changed.emissions[1], payload=StoragePoolPayload())
    assert kinds(changed) == ["changed", "changed"]


def test_it_does_not_come_to_rest():
    assert kinds(history(call(1, "m1"), rested=None)) == ["restless"]


def test_a_lost_answer_excuses_the_same_batch():
    assert judge(history(call(1, "m1", "m2", status="CANCELLED"), call(2, "m1", "m2"))) == []


@pytest.mark.parametrize("more", [{"breaks": [1.2]}, {"send_timeout": 1.0}])
def test_an_answer_that_may_be_lost_excuses_it(more):
    assert judge(history(call(1, "m1", "m2"), call(2, "m1", "m2"), **more)) == []


def test_a_batch_that_was_refused_meanwhile_may_be_split():
    calls = [
        call(1, "m1", "m2", status="CANCELLED"),
        call(2, "m1", "m2", status="INVALID_ARGUMENT", accepted=False),
        call(3, "m1", batch_id="b2"),
        call(4, "m2", batch_id="b3"),
    ]
    assert judge(history(*calls)) == []
    assert kinds(history(calls[0], *calls[2:])) == ["re-cut", "re-cut"]


@pytest.mark.parametrize(
    "refusal",
    [
        call(2, "m2", status="INVALID_ARGUMENT", accepted=False),
        call(2, "m2", status="RESOURCE_EXHAUSTED", too_large=True, accepted=False),
        call(2, "m2", success=False, accepted=False),
    ],
)
def test_what_is_refused_for_good_need_not_arrive(refusal):
    assert judge(history(call(1, "m1"), refusal)) == []


def test_neighbours_of_what_is_refused_must_arrive():
    refused = call(1, "m1", "m2", status="INVALID_ARGUMENT", accepted=False)
    assert kinds(history(refused)) == ["lost"]


@pytest.mark.parametrize(
    ("promise", "by", "expected"),
    [
        ("journal", "SIGKILL", ["lost"]),
        ("journal", "SIGTERM", ["lost"]),
        ("disk", "SIGKILL", []),
        ("disk", "SIGTERM", ["lost"]),
        ("none", "SIGTERM", []),
    ],
)
def test_what_outlasts_an_end(promise, by, expected):
    lives = [Life(1, promise, 0.0, ended=5.0, by=by), Life(2, promise, 6.0)]
    assert kinds(history(call(1, "m1"), lives=lives)) == expected


@pytest.mark.parametrize(
    ("ended", "flushes", "expected"),
    [
        (1.1, [], []),
        (3.0, [], ["repeated"]),
        (1.1, [Flushed(1, 0.5, 1.05, complete=True)], ["repeated"]),
    ],
)
def test_an_end_right_after_the_answer_excuses_a_repetition(ended, flushes, expected):
    lives = [Life(1, "journal", 0.0, ended=ended, by="SIGKILL"), Life(2, "journal", 3.5)]
    again = call(2, "m1", "m2", life=2, at=4.0)
    told = history(call(1, "m1", "m2"), again, lives=lives, flushes=flushes)
    assert kinds(told) == expected


def test_a_flush_is_true():
    early = Flushed(1, 0.1, 0.5, complete=True)
    assert kinds(history(call(1, "m1", "m2"), flushes=[early])) == ["untrue"]
    late = Flushed(1, 0.1, 1.5, complete=True)
    assert judge(history(call(1, "m1", "m2"), flushes=[late])) == []


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        ({}, []),
        ({"emitted": 1}, ["untrue"]),
        ({"waiting": 1}, ["untrue"]),
        ({"delivered": 3}, ["untrue"]),
        ({"emitted": 2, "delivered": 2, "waiting": 0, "filtered": 0, "dropped": 0}, []),
        (
            dict.fromkeys(("waiting", "filtered", "dropped"), 0)
            | {"emitted": 2, "delivered": 2, "quarantined": 1},
            ["untrue"],
        ),
    ],
)
def test_its_own_numbers_add_up(stats, expected):
    lives = [Life(1, "journal", 0.0, stats=stats)]
    assert kinds(history(call(1, "m1", "m2"), lives=lives)) == expected


def test_what_an_agent_emits_by_itself_is_its_own_affair():
    own = replace(call(2, batch_id="b2"), events=(SentEvent(None, b"x"),))
    for delivered, waiting in ((2, 1), (3, 0)):
        stats = {"delivered": delivered, "waiting": waiting}
        lives = [Life(1, "journal", 0.0, stats=stats)]
        assert judge(history(call(1, "m1", "m2"), own, lives=lives)) == []
