"""The order of events that have arrived at several mock Toggles, and from several Rodents."""

import pytest
from support.recorded import recorded_event

from rodent_events import EventBatch, StoragePoolPayload
from toggle_mock import Assertions, NotReceivedError, RecordedCall, Recording, load_schema
from toggle_mock.recording.scope import Scope


@pytest.fixture
def one():
    return Assertions(Recording())


@pytest.fixture
def other():
    return Assertions(Recording())


def arrive(toggle, *names, at: float, rid="r1"):
    events = [recorded_event(StoragePoolPayload(pool_name=name)).message for name in names]
    raw = EventBatch(events=events).SerializeToString()
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": rid, "sub": "o1"}, arrived=at)
    toggle.recording.begin(call)
    toggle.recording.accept(call, raw, batch_id="", count=len(events))
    toggle.recording.end(call, "OK")


def names(events) -> list[str]:
    return [event.payload.pool_name for event in events]


def test_between_two_the_time_of_arrival_decides(one, other):
    arrive(other, "b", at=2)
    arrive(one, "a", "c", at=1)
    arrive(one, "d", at=3)
    found = one.assert_in_order("pool_name:a", "pool_name:c", (other, "pool_name:b"), "pool_name:d")
    assert names(found) == ["a", "c", "b", "d"]
    assert names(other.assert_in_order((one, "pool_name:c"), "pool_name:b")) == ["c", "b"]
    with pytest.raises(NotReceivedError) as caught:
        one.assert_in_order((other, "pool_name:b"), "pool_name:c")
    text = str(caught.value)
    assert "received 1 of it; step 2 did not come after <RecordedEvent e1" in text
    assert "up to that one: 1 event that matches" in text
    assert "arrived after it: 1 event, the nearest:" in text
    assert "pool_name: wanted 'c', got 'd'" in text


def test_at_one_the_order_of_acceptance_does_though_calls_began_otherwise(one, other):
    arrive(one, "a", at=5)
    arrive(one, "b", at=4)
    arrive(other, "c", at=4.5)
    assert names(other.assert_in_order((one, "pool_name:a"), (one, "pool_name:b"))) == ["a", "b"]
    assert names(one.assert_in_order((other, "pool_name:c"), "pool_name:b")) == ["c", "b"]


def test_each_reads_under_its_own_schema(one, other):
    other = Assertions(other.recording, schema=load_schema("2025-09-17"))
    arrive(one, "a", at=1)
    arrive(other, "b", at=2)
    first, second = one.assert_in_order("pool_name:a", (other, "pool_name:b"))
    assert (first.schema, second.schema) == (None, other.schema)


def test_each_looks_where_it_is_to_come(one, other):
    arrive(one, "a", at=1)
    arrive(one, "b", at=2)
    with pytest.raises(NotReceivedError, match="step 2 did not come") as caught:
        one.assert_in_order("pool_name:a", (other, "pool_name:b"))
    assert "no event arrived after it\nno call arrived" in str(caught.value)


def test_across_rodents_and_sessions(one):
    arrive(one, "a", at=1, rid="r1")
    arrive(one, "b", at=2, rid="r2")
    one.assert_in_order("rid:r1 pool_name:a", "rid:r2 pool_name:b")
    r1, r2 = (Assertions(one.recording, Scope(rid=rid)) for rid in ("r1", "r2"))
    assert names(r1.assert_in_order("pool_name:a", (r2, "pool_name:b"))) == ["a", "b"]
    with pytest.raises(NotReceivedError):
        r1.assert_in_order((r2, "pool_name:b"), "pool_name:a")
    with pytest.raises(NotReceivedError):
        r1.assert_in_order((r2, "pool_name:a"))


@pytest.mark.parametrize("step", [("pool_name:a", "pool_name:b"), (), (5,)])
def test_a_step_is_a_matcher_perhaps_with_a_toggle(one, step):
    with pytest.raises(TypeError, match="give a matcher, or a Toggle and a matcher"):
        one.assert_in_order(step)
