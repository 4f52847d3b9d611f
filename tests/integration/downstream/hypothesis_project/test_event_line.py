import pytest
from event_line import from_line, is_about_pool, to_line
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from rodent_events import Event, EventBatch, StorageDatasetPayload, StoragePoolPayload
from toggle_mock.strategies import (
    batches,
    corrupted,
    events,
    from_message,
    payloads,
    wire_encodings,
)

settings.register_profile("here", deadline=None, max_examples=10)
settings.load_profile("here")


def same(one, other):
    """Also where there is a NaN, which does not equal itself."""
    return one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


@given(st.from_type(Event))
def test_an_event_is_read_back_from_its_line(event):
    assert same(from_line(to_line(event)), event)


@given(st.from_type(EventBatch))
def test_a_batch_has_a_line_for_each_event(batch):
    assert all(to_line(event).isascii() for event in batch.events)


@given(events(realistic=True))
def test_a_line_has_three_words(event):
    assert len(to_line(event).split(" ")) == 3


@given(batches(max_size=3))
def test_the_lines_of_a_batch_are_in_its_order(batch):
    lines = [to_line(event) for event in batch.events]
    assert [from_line(line).event_id for line in lines] == [one.event_id for one in batch.events]


@given(payloads(types=[StoragePoolPayload, StorageDatasetPayload]))
def test_payloads_are_of_the_types_that_are_asked_for(payload):
    assert isinstance(payload, StoragePoolPayload | StorageDatasetPayload)


@given(events(payload=from_message(StoragePoolPayload, overrides={"pool_name": st.just("tank")})))
def test_a_pool_is_found_by_its_name(event):
    assert is_about_pool(event, "tank")
    assert not is_about_pool(event, "backup")


@given(st.data())
def test_other_encodings_of_an_event_are_the_same_event(data):
    event = data.draw(events())
    read = Event.FromString(data.draw(wire_encodings(event)))
    read.DiscardUnknownFields()
    assert same(read, event)


@given(st.data())
def test_a_corrupted_event_is_refused_or_read_as_another_one(data):
    encoded = data.draw(events()).SerializeToString()
    broken = data.draw(corrupted(encoded))
    assert broken != encoded
    try:
        Event.FromString(broken)
    except DecodeError:
        return


@given(st.data())
def test_a_mistake_is_told(data):
    with pytest.raises(InvalidArgument, match="has no field pol_name; it has pool_name"):
        data.draw(from_message(StoragePoolPayload, overrides={"pol_name": st.just("tank")}))
