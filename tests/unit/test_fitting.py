"""Which revision of the schema the events of a recording are read under, and who says so."""

import pytest

from rodent_events import Event
from rodent_events.payload_types import EVENT
from toggle_mock import QueryError, Recording, RecordingView, ToggleServer, load, save, where
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import SchemaEntry, decode, encode_line
from toggle_mock.recording.feed import EntryFeed
from toggle_mock.recording.fitting import candidates, fits
from toggle_mock.recording.playback import Player
from toggle_mock.recording.records import RecordedCall
from toggle_mock.schema import REVISIONS, Schema, load_schema

FIRST, SECOND, THIRD = REVISIONS[:3]
NEWEST = REVISIONS[-1]


def payload(revision: str, wrapper: str, member: str, **fields) -> bytes:
    """An event of a revision."""
    event = load_schema(revision).message_class(EVENT)(source="test")
    message = getattr(getattr(event, wrapper), member)
    message.SetInParent()
    for name, value in fields.items():
        setattr(message, name, value)
    return event.SerializeToString()


ANY = payload(FIRST, "storage_event", "pool_event", pool_name="tank")
OLD = payload(FIRST, "storage_event", "transfer_event", source="tank")
MIDDLE = payload(
    THIRD, "data_transfer_event", "transfer_event", transfer_id="y", source="x", bytes_transferred=1
)
NEW = payload(NEWEST, "storage_event", "disk_event", device_id="sda")
GARBAGE = Event(level=99).SerializeToString()
PLACES = {"ANY": ANY, "OLD": OLD, "MIDDLE": MIDDLE, "NEW": NEW, "GARBAGE": GARBAGE}


def accept(recording: Recording, *raw_events: bytes) -> None:
    raw = b"".join(b"\x0a" + bytes([len(event)]) + event for event in raw_events)
    call = RecordedCall("SendEvents", "peer", ())
    recording.begin(call)
    recording.message(call, raw, sent=False)
    recording.accept(call, raw, batch_id="", count=len(raw_events))
    recording.end(call, "OK")


@pytest.fixture
def recording():
    recording = Recording()
    recording.read_under("auto")
    return recording


def name_of(recording: Recording) -> str:
    return recording.schema.name if recording.schema else "own"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("", NEWEST),
        ("ANY", NEWEST),
        ("NEW ANY", NEWEST),
        ("OLD", FIRST),
        ("ANY OLD ANY", FIRST),
        ("MIDDLE ANY", THIRD),
        ("GARBAGE", NEWEST),
        ("GARBAGE OLD", FIRST),
        ("OLD NEW NEW", NEWEST),
        ("OLD OLD NEW", FIRST),
    ],
)
def test_it_is_the_newest_that_all_events_fit_or_most(recording, names, expected):
    for name in names.split():
        accept(recording, PLACES[name])
    assert name_of(recording) == expected
    again = Recording()
    for name in names.split():
        accept(again, PLACES[name])
    assert again.schema is None
    again.read_under("auto")
    assert name_of(again) == expected


def test_what_only_the_projects_own_schema_knows_is_read_under_that():
    assert candidates()[-1] is None
    assert all(fits(schema, ANY) for schema in candidates())
    assert [fits(schema, OLD) for schema in candidates()] == [False, False, False, True, True]
    assert not any(fits(schema, raw) for schema in candidates() for raw in (b"\xff", GARBAGE))


def test_names_are_those_of_any_revision_until_the_events_have_come(recording):
    view = RecordingView(recording)
    assert view.find("device_id:sda") == view.find("payload:transfer") == []
    with pytest.raises(QueryError, match=f"schema {NEWEST}"):
        view.find("device_idd:sda")
    accept(recording, NEW)
    assert len(view.find("device_id:sda")) == len(view.find(where(device_id="sda"))) == 1
    accept(recording, OLD, OLD)
    assert view.find("device_id:sda") == []
    assert len(view.find("payload:transfer source:tank")) == 2
    assert [event.schema.name for event in view.events] == [FIRST] * 3
    assert [event.schema.name for event in recording.events] == [FIRST] * 3


def test_what_is_cleared_does_not_count(recording):
    accept(recording, OLD)
    recording.clear()
    assert name_of(recording) == NEWEST


@pytest.mark.parametrize("suffix", [".ndjson", ".sqlite"])
@pytest.mark.parametrize("schema", ["auto", SECOND, "a folder", None])
def test_a_file_says_which(tmp_path, suffix, schema):
    if schema == "a folder":
        schema = Schema("mine", load_schema(SECOND).files)
    path = tmp_path / f"run{suffix}"
    with ToggleServer(schema=schema, record=path) as toggle:
        toggle.clear()
        accept(toggle.recording, OLD)
        expected = name_of(toggle.recording)
    read = load(path)
    assert name_of(read) == expected
    assert len(read.possible_schemas) == (len(candidates()) if schema == "auto" else 1)
    exported = tmp_path / f"other{suffix}"
    save(read, exported)
    assert name_of(load(exported)) == expected
    with ToggleServer(record=path) as toggle:  # goes on with it
        accept(toggle.recording, OLD)
        assert name_of(toggle.recording) == expected
    with ToggleServer(record=path, schema=NEWEST) as toggle:
        assert toggle.schema.name == NEWEST
    assert name_of(load(path)) == NEWEST


def test_who_follows_is_told(recording):
    feed, copy = EntryFeed(lambda _about: True), Recording()
    feed.attach(recording)
    player = Player(copy)
    seen = []
    for event in (ANY, OLD):
        accept(recording, event)
        while entries := feed.take(0.0):
            for entry in entries[1:] if not seen else entries:
                player.play(entry)
            seen.append(name_of(copy))
    assert (seen[0], seen[-1]) == (NEWEST, FIRST)
    assert copy.possible_schemas == candidates()


@pytest.mark.parametrize(
    "entry",
    [
        SchemaEntry(""),
        SchemaEntry("", auto=True),
        SchemaEntry.of(load_schema(NEWEST), auto=True),
        SchemaEntry.of(Schema("mine", load_schema(NEWEST).files), auto=False),
    ],
)
def test_a_line_says_all_of_a_schema(entry):
    assert decode(encode_line(entry)) == entry
    assert (entry.schema is None) == (not entry.name)


@pytest.mark.parametrize("entry", [SchemaEntry("1999-01-01"), SchemaEntry("mine", b"\xff")])
def test_a_schema_that_cannot_be_read_is_told(entry):
    with pytest.raises(StorageError, match="cannot be read"):
        Player(Recording()).play(entry)
