"""Properties over events that Hypothesis draws."""

from hypothesis import given
from hypothesis import strategies as st

from rodent_events import Event, StoragePoolPayload
from toggle_mock.strategies import events, from_message


@given(from_message(StoragePoolPayload, overrides={"pool_name": st.just("tank")}))
def test_a_payload_makes_the_round_trip(payload):
    assert StoragePoolPayload.FromString(payload.SerializeToString()) == payload


@given(events(realistic=True))
def test_an_event_names_its_category(event):
    assert event.category != 0


@given(st.from_type(Event))
def test_hypothesis_knows_the_messages(event):
    assert event.event_id
