"""Events of every revision, through the pipeline and the mock, read under any."""

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from rodent_events import StoragePoolPayload, StorageTransferPayload
from rodent_events.config import CATEGORIES
from toggle_mock.errors import SchemaError
from toggle_mock.recording.text import as_line, as_object
from toggle_mock.schema import REVISIONS, known_as, load_schema

PROTO = Path(__file__).parents[2] / "proto"


@pytest.fixture
def event_bus_options():
    """Category USAGE too."""
    return {"enabled_categories": [name for name in CATEGORIES.values() if name != "UNSPECIFIED"]}


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_payload_type_of_every_revision_arrives(revision, toggle_server, event_bus):
    schema = load_schema(revision)
    for name in schema.payload_types:
        event_bus.emit(schema.message_class(name)())
    assert event_bus.flush(30)
    events = toggle_server.events.under(revision)
    assert [event.payload.DESCRIPTOR.full_name for event in events] == list(schema.payload_types)
    assert all(event.payload.DESCRIPTOR.file.pool is schema.pool for event in events)


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_folders_are_what_is_shipped(revision):
    """The .proto files of a revision, compiled, are its descriptor set."""
    compiled = load_schema(PROTO / "revisions" / revision)
    for file in compiled.files.file:
        file.ClearField("source_code_info")
    assert {f.name: f for f in compiled.files.file} == {
        f.name: f for f in load_schema(revision).files.file
    }


@pytest.mark.toggle(schema="2025-12-09")
def test_events_of_a_later_revision_are_read_whole_and_under_an_earlier_one_as_unknown(
    toggle_server, event_bus
):
    later = load_schema("2025-12-09")
    disk = later.message_class("rodent.events.StorageDiskPayload")(
        device_id="sda", power_on_hours=2**63
    )
    event_bus.emit(disk, metadata={"device_id": "sda"})
    (event,) = toggle_server.wait_for("payload:disk power_on_hours:>1")
    assert event.payload == disk
    toggle_server.assert_received(disk)
    (earlier,) = toggle_server.events.under("2025-09-17")
    assert earlier.payload is None
    (unknown,) = earlier.unknown_fields
    assert (unknown.path, unknown.name) == ("storage_event.5", "disk_event")
    assert unknown.revision == "2025-12-09"
    assert "?storage_event.5 (2025-12-09: disk_event)=b'" in as_line(earlier)
    assert as_object(earlier)["unknown_fields_known_as"] == {
        "storage_event.5": "2025-12-09: disk_event"
    }


def test_an_unknown_field_has_the_name_of_the_newest_revision_that_has_it():
    transfer = "rodent.events.DataTransferTransferPayload"
    assert known_as(transfer, 3) == ("transfer_info_json", "2025-12-09")
    assert known_as(transfer, 22)[1] == "2025-10-10"
    assert known_as(transfer, 900) == known_as("someone.Elses", 1) == ("", "")


def test_what_changed_its_meaning_is_read_as_another_field(toggle_server, event_bus):
    from rodent_events import DataTransferTransferPayload

    event_bus.emit(DataTransferTransferPayload(source="tank/a", destination="backup/a"))
    (event,) = toggle_server.wait_for()
    later = event.under("2025-12-09").payload
    assert later.transfer_id == "tank/a"
    assert event.payload.source == "tank/a"


def test_a_schema_is_read_from_a_folder_a_file_or_a_descriptor_set(tmp_path):
    (tmp_path / "a.proto").write_text(
        'syntax = "proto3"; package x; import "b.proto"; message A { B b = 1; }'
    )
    (tmp_path / "b.proto").write_text('syntax = "proto3"; package x; message B { string s = 1; }')
    for source in (tmp_path, tmp_path / "a.proto", str(tmp_path)):
        schema = load_schema(source)
        assert schema.message_class("x.A")(b={"s": "y"}).b.s == "y"
    path = tmp_path / "set.binpb"
    path.write_bytes(schema.files.SerializeToString())
    assert load_schema(path).message_class("x.B")(s="z").s == "z"
    assert load_schema(schema) is schema


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (None, None, "is no schema: give a revision"),
        ("x.proto", b"nonsense", "cannot be compiled"),
        ("x.binpb", b"\xff\xff", "is no descriptor set"),
        ("folder", None, "has no .proto files"),
        (
            "y.binpb",
            FileDescriptorSet(file=[{"name": "a", "dependency": ["b"]}]).SerializeToString(),
            "a: ",
        ),
    ],
)
def test_what_is_no_schema_is_told(tmp_path, name, content, problem):
    path = tmp_path / (name or "missing")
    if content is not None:
        path.write_bytes(content)
    elif name:
        path.mkdir()
    with pytest.raises(SchemaError, match=problem):
        load_schema(path)


def test_names_that_a_schema_does_not_have_are_told():
    schema = load_schema("2025-10-03")
    with pytest.raises(SchemaError, match=r"has no message rodent.events.StorageTransferP"):
        schema.message_class("rodent.events.StorageTransferPayload")
    assert StorageTransferPayload.DESCRIPTOR.full_name not in schema.payload_types
    assert StoragePoolPayload.DESCRIPTOR.full_name in schema.payload_types
