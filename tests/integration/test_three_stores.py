"""Memory, a file of SQLite and PostgreSQL give the same answers to any query over any events."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.matchers import matchers
from support.reach import reached, reaches

from rodent_events import EventBatch, StoragePoolPayload
from toggle_mock import RecordingView, find_stored, load, save
from toggle_mock.errors import StorageError
from toggle_mock.matching.conditions import Compares, Equals, Matches
from toggle_mock.matching.fields import Field, Word
from toggle_mock.matching.moments import Moment
from toggle_mock.matching.narrowing import bound_of
from toggle_mock.matching.payloads import PayloadType
from toggle_mock.recording.postgres import asking, bounds
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.strategies import batches

pytestmark = pytest.mark.slow

# Few of each, so that they often meet: some that an index cannot take, or that look alike in it.
LONG = "x" * 199
IDS = [
    *("", "a", "a\0", "a\ufffd", "1", "true", "*"),
    *(f"{LONG}1", f"{LONG}12", f"{LONG}13"),
]
TIMES = [-(2**63), -1, 0, 1, 1_760_000_000_000, 2**63 - 1]


@st.composite
def recordings(draw) -> Recording:
    """Accepted batches of some Rodents, some of them sent again, one refused."""
    recording = Recording()
    for batch in draw(st.lists(batches(max_size=4, realistic=True), min_size=1, max_size=4)):
        # A store does not tell which batches repeat the id of one without events.
        batch.batch_id = draw(st.sampled_from(IDS)) if batch.events else "empty"
        for event in batch.events:
            event.event_id = draw(st.sampled_from(IDS))
            event.timestamp = draw(st.sampled_from(TIMES))
        record(recording, batch, draw(st.sampled_from(["r1", "r2", 1, True])))
    return recording


def record(recording: Recording, batch: EventBatch, rid: object) -> None:
    call = RecordedCall("SendEvents", "ipv4:127.0.0.1:5", (), claims={"rid": rid, "sub": "o1"})
    raw = batch.SerializeToString()
    recording.begin(call)
    recording.message(call, raw, sent=False)
    recording.accept(call, raw, batch_id=batch.batch_id, count=len(batch.events))
    recording.end(call, "OK")


TERMS = st.one_of(
    st.builds(
        Field,
        st.sampled_from(["event_id", "batch_id", "rid", "sub", "peer", "source"]),
        st.one_of(
            st.builds(Equals, st.sampled_from([*IDS, "r1", "o1", "ipv4:127.0.0.1:5"])),
            st.builds(Matches, st.sampled_from(["*", "a*", "x*1?", "r?"])),
        ),
    ),
    st.builds(
        Moment, st.sampled_from(["after", "before"]), st.sampled_from([0, 1, 1_760_000_000_000])
    ),
    st.builds(
        PayloadType, st.sampled_from(["transfer", "storage_*", "pool", "StoragePoolPayload"])
    ),
    st.builds(
        Field,
        st.just("level"),
        st.sampled_from([Equals("INFO"), Matches("E*"), Equals("error"), Equals("1")]),
    ),
    st.builds(Field, st.just("category"), st.sampled_from([Equals("STORAGE"), Matches("S*")])),
    st.builds(Field, st.just("timestamp"), st.builds(Compares, st.just(">"), st.just(0))),
    st.builds(Word, st.sampled_from(["tank", "a", "r1"])),
)
QUERIES = st.lists(matchers(TERMS, max_leaves=5).map(lambda one: one.as_query()), max_size=8)


def answers(events) -> list[tuple]:
    return [
        (event.event_id, event.batch.call.number, event.place, event.rid, event.batch.duplicate)
        for event in events
    ]


@pytest.fixture(scope="module")
def places(postgres, tmp_path_factory):
    """Where a recording is kept, by SQLite and in PostgreSQL: others each time."""
    store, folder, numbers = postgres.new_database(), tmp_path_factory.mktemp("s"), count()

    def new() -> tuple:
        number = next(numbers)
        return folder / f"{number}.sqlite", f"{store}?run={number}"

    return new


@reaches(some=0.1, not_all=0.2)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recordings(), QUERIES)
def test_three_stores_give_the_same_answers(places, recording, queries):
    file, url = places()
    save(recording, file)
    save(recording, url)
    of_file = RecordingView(load(file))
    for query in ["", *queries]:
        expected = answers(RecordingView(recording).find(query))
        assert answers(of_file.find(query)) == expected
        assert answers(find_stored(url, query)) == expected, query
        for limit in (0, 1, 3):
            latest = expected[max(0, len(expected) - limit) :]
            assert answers(find_stored(url, query, limit=limit)) == latest, (query, limit)
        if query and expected:
            reached("some")
        if len(expected) < len(recording.events):
            reached("not_all")


@pytest.fixture
def pools(places):
    """A run with a hundred batches of a pool each, in PostgreSQL."""
    recording = Recording()
    for number in range(100):
        batch = EventBatch(batch_id=f"b{number}")
        batch.events.add(event_id=f"e{number}", level=1 + number % 2, category=1)
        batch.events[0].storage_event.pool_event.CopyFrom(StoragePoolPayload(pool_name="tank"))
        record(recording, batch, f"r{number % 10}")
    _, url = places()
    save(recording, url)
    return url


@pytest.fixture
def played(monkeypatch):
    """The rows of the calls that are played."""
    rows_of_calls = []
    inner = asking.play_rows

    def play_rows(url, rows, player):
        rows = list(rows)
        rows_of_calls.extend(row for row in rows if row[1] == "call")
        inner(url, rows, player)

    monkeypatch.setattr(asking, "play_rows", play_rows)
    return rows_of_calls


@pytest.mark.parametrize(
    ("query", "calls", "events"),
    [
        ("event_id:e7", 1, 1),
        ("rid:r3 -event_id:e13", 10, 9),
        ("event_id:e7 OR batch_id:b8", 2, 2),
        ("payload:transfer", 0, 0),
        ("level:INFO rid:r2", 10, 10),
        ("level:WARN rid:r2", 0, 0),
        ("after:2020-01-01", 0, 0),
        ("pool_name:tank", 100, 100),
    ],
)
def test_only_what_may_match_is_loaded(pools, played, query, calls, events):
    assert len(find_stored(pools, query)) == events
    assert len(played) == calls


@pytest.mark.parametrize(
    ("query", "calls", "found"),
    [
        ("", 4, ["e98", "e99"]),
        ("level:WARN rid:r3", 2, ["e83", "e93"]),
        ("rid:r2", 2, ["e82", "e92"]),
        ("batch_id:b8 OR event_id:e9", 2, ["e8", "e9"]),
        ("level:INFO -event_id:e98", 10, ["e94", "e96"]),
        ("event_id:nope", 0, []),
    ],
)
def test_no_more_is_loaded_than_a_limit_wants(pools, played, query, calls, found):
    """Of ever larger parts from the end, so that not all is read of a query that few match."""
    assert [event.event_id for event in find_stored(pools, query, limit=2)] == found
    assert len(played) <= calls


def test_a_limit_below_zero_is_told(pools):
    with pytest.raises(ValueError, match="limit is -1: give how many events are wanted, or None"):
        find_stored(pools, limit=-1)


def test_the_latest_are_found_across_all_of_a_run(pools, monkeypatch):
    """However small the parts are in which a run is searched."""
    monkeypatch.setattr(asking, "FIRST_PLACES", 1)
    monkeypatch.setattr(asking, "MOST_PLACES", 7)
    monkeypatch.setattr(asking, "FIRST_CALLS", 1)
    everything = [f"e{number}" for number in range(100)]
    for limit in (1, 99, 100, 101):
        found = [event.event_id for event in find_stored(pools, limit=limit)]
        assert found == everything[-limit:]


def test_what_is_read_under_another_schema_is_found(places):
    """The store knows its events by the project's own, so their kinds are not asked there."""
    recording = Recording()
    batch = EventBatch(batch_id="b", events=[{"event_id": "e", "level": 1}])
    record(recording, batch, "r1")
    recording.read_under("2025-09-17")
    _, url = places()
    save(recording, url)
    (event,) = find_stored(url, "level:INFO rid:r1")
    assert event.schema is not None
    assert event.schema.name == "2025-09-17"


def test_a_file_is_no_store():
    with pytest.raises(StorageError, match=r"x\.sqlite is no URL of a store: give it to load"):
        find_stored("x.sqlite")


def test_a_bound_of_what_is_negated_is_none():
    wanted = ~Field("rid", Equals("r1"))
    assert bound_of(wanted, bounds.OF_ARRIVAL) == bounds.AllOf()
