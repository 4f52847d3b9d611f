"""A search finds what asking each event finds."""

from hypothesis import given, settings
from hypothesis import strategies as st
from support.matchers import matchers
from support.reach import reached, reaches
from support.recorded import recorded_event

from rodent_events import StoragePoolPayload, StorageTransferPayload
from toggle_mock.assertions.view import search
from toggle_mock.matching.conditions import Compares, Equals, IsUnset, Matches
from toggle_mock.matching.fields import Field
from toggle_mock.matching.matchers import All
from toggle_mock.matching.payloads import Like, PayloadType
from toggle_mock.recording.records import Events, RecordedBatch, RecordedCall
from toggle_mock.schema import load_schema
from toggle_mock.strategies import batches

TERMS = st.one_of(
    st.builds(
        PayloadType, st.sampled_from(["transfer", "storage_*", "pool", "StoragePoolPayload"])
    ),
    st.builds(
        Field,
        st.just("level"),
        st.sampled_from([Equals("INFO"), Matches("E*"), Equals("error"), Equals(1), IsUnset()]),
    ),
    st.builds(
        Field,
        st.just("category"),
        st.sampled_from([Equals("STORAGE"), Matches("S*"), Equals("USAGE"), Equals(2)]),
    ),
    st.builds(Field, st.just("metadata.component"), st.just(Matches("*"))),
    st.builds(Field, st.just("size_bytes"), st.just(Compares(">", 0))),
    st.sampled_from([Like(StoragePoolPayload(operation=1)), Like(StorageTransferPayload())]),
    st.just(All()),
)
MATCHERS = matchers(TERMS, max_leaves=5)


def recorded(batch) -> RecordedBatch:
    call = RecordedCall("SendEvents", "peer", ())
    return RecordedBatch(call, batch.SerializeToString(), len(batch.events))


@reaches(some=0.05, not_all=0.1)
@settings(max_examples=200)
@given(st.lists(batches(max_size=6, realistic=True), max_size=3), MATCHERS, st.booleans())
def test_a_search_finds_what_asking_each_event_finds(sent, matcher, later):
    schema = load_schema("2025-12-09") if later else None
    records = [recorded(batch) for batch in sent]
    found = [event.event_id for event in search(records, matcher, schema)]
    events = Events(records, schema)
    if found:
        reached("some")
    if len(found) < len(events):
        reached("not_all")
    assert found == [event.event_id for event in events if matcher(event)]


def test_what_cannot_match_is_not_decoded(monkeypatch):
    batch = StoragePoolPayload(pool_name="tank")
    record = recorded_event(batch).batch
    assert record.kinds.distinct[0].payload_type == "StoragePoolPayload"
    monkeypatch.setattr(RecordedBatch, "events", property(lambda _: 1 / 0))
    assert list(search([record], PayloadType("transfer"), None)) == []
