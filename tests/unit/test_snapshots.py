"""Snapshots of what arrived: their text, when they are written, and what a difference says."""

from textwrap import dedent

import pytest
from google.protobuf import text_format
from support.recorded import recorded_event

from rodent_events import Event, EventBatch, StoragePoolPayload, StorageTransferPayload
from toggle_mock import Assertions, QueryError, RecordedCall, Recording, SnapshotError
from toggle_mock.assertions.snapshots import TestSnapshots, during, file_name
from toggle_mock.matching.values import forget

UUIDS = [f"0198c0de-0000-7000-8000-00000000000{number}" for number in range(4)]
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyaWQiOiJyMSJ9.c2lnbmF0dXJl"


@pytest.fixture
def assertions():
    return Assertions(Recording())


@pytest.fixture
def snapshots(tmp_path):
    """The snapshots of the test that runs, which are not written."""
    with during(TestSnapshots(tmp_path / "test", tmp_path)) as test:
        yield test


@pytest.fixture
def write(tmp_path):
    """Writes a snapshot; returns its text."""

    def write(assertions: Assertions, name: str = "s", *args, **kwargs) -> str:
        with during(TestSnapshots(tmp_path / "test", tmp_path, update=True)):
            assertions.assert_snapshot(name, *args, **kwargs)
        return (tmp_path / "test" / f"{name}.txtpb").read_text()

    return write


def record(assertions, *payloads, event_ids=(), rid="r1", **fields):
    for number, payload in enumerate(payloads):
        event = recorded_event(payload, rid=rid, **fields).message
        event.event_id = event_ids[number] if event_ids else UUIDS[number]
        raw = EventBatch(events=[event]).SerializeToString()
        call = RecordedCall("SendEvents", "peer", (), claims={"rid": rid, "sub": "o1"})
        assertions.recording.begin(call)
        assertions.recording.accept(call, raw, batch_id="", count=1)
        assertions.recording.end(call, "OK")


def pool(name: str, **fields) -> StoragePoolPayload:
    return StoragePoolPayload(pool_name=name, **fields)


def test_a_snapshot_is_protobuf_text_with_placeholders(assertions, write):
    metadata = {"cause": f"job-{UUIDS[1]}", "jwt": f"Bearer {JWT}", "at": "2026-01-31T12:00:00Z"}
    record(assertions, pool("tank"), pool(f"\n{UUIDS[0].upper()}"), metadata=metadata)
    text = write(assertions)
    assert text.partition("\n\n")[2] == dedent(
        """\
        # from "r1"

        events {
          event_id: "<id 1>"
          level: EVENT_LEVEL_INFO
          category: EVENT_CATEGORY_STORAGE
          source: "test"
          timestamp: 1  # a time
          metadata {
            key: "at"
            value: "<time>"
          }
          metadata {
            key: "cause"
            value: "job-<id 2>"
          }
          metadata {
            key: "jwt"
            value: "Bearer <token 1>"
          }
          storage_event {
            pool_event {
              pool_name: "tank"
            }
          }
        }

        events {
          event_id: "<id 2>"
          level: EVENT_LEVEL_INFO
          category: EVENT_CATEGORY_STORAGE
          source: "test"
          timestamp: 1  # a time
          metadata {
            key: "at"
            value: "<time>"
          }
          metadata {
            key: "cause"
            value: "job-<id 2>"
          }
          metadata {
            key: "jwt"
            value: "Bearer <token 1>"
          }
          storage_event {
            pool_event {
              pool_name: "\\n<id 1>"
            }
          }
        }
        """
    )
    read = text_format.Parse(text, EventBatch())
    assert [event.event_id for event in read.events] == ["<id 1>", "<id 2>"]


def test_what_the_schema_does_not_know_is_there_too(assertions, write):
    payload = StoragePoolPayload.FromString(b"\xf8\x3f\x07")  # field 1023
    record(assertions, payload)
    assert "      1023: 7\n" in write(assertions)


def test_to_leave_out_what_is_not_set_sets_nothing():
    event = Event(metadata={"a": "1"})
    forget(event, "storage_event.pool_event.pool_name")
    forget(event, "metadata.b")
    forget(event, "no_such_field.x")
    assert event == Event(metadata={"a": "1"})


class GrowingRecording(Recording):
    """Another batch arrives whenever somebody begins to wait, three in all."""

    def read(self, since, timeout=0.0, sub=None):
        if since.epoch == -1 and len(self.batches) < 3:
            record(Assertions(self), pool(f"p{len(self.batches)}"))
        return super().read(since, timeout, sub)


def test_what_is_written_is_all_up_to_a_pause(write):
    assert write(Assertions(GrowingRecording())).count("pool_name") == 3


def test_ids_that_are_no_uuids_have_placeholders_too(assertions, write):
    record(assertions, pool("a"), pool("b"), event_ids=["17", "18"], metadata={"cause": "17"})
    assert (
        text_format.Parse(write(assertions), EventBatch()).events[1].metadata["cause"] == "<id 1>"
    )


def test_what_changes_from_run_to_run_makes_no_difference(assertions, write):
    record(assertions, pool("a"), pool("b"), timestamp=5, metadata={"cause": UUIDS[0]})
    again = Assertions(Recording())
    record(again, pool("a"), pool("b"), event_ids=UUIDS[2:], metadata={"cause": UUIDS[2]})
    assert write(assertions) == write(again)
    other = Assertions(Recording())
    record(other, pool("a"), pool("b"), event_ids=UUIDS[2:], metadata={"cause": UUIDS[3]})
    assert write(other) != write(again)


def test_rodents_do_not_race_unless_all_are_one(assertions, write):
    record(assertions, pool("b"), rid="r2")
    record(assertions, pool("a"), rid="r1")
    names = [
        [event.storage_event.pool_event.pool_name for event in batch.events]
        for batch in (
            text_format.Parse(write(assertions), EventBatch()),
            text_format.Parse(write(assertions, ignore="rid"), EventBatch()),
        )
    ]
    assert names == [["a", "b"], ["b", "a"]]


def test_fields_that_are_ignored_are_not_there(assertions, write):
    record(assertions, pool("tank", size_bytes=5, devices=["x"]), metadata={"a": "1", "b": "2"})
    ignore = ["source", "metadata.a", "payload.size_bytes", "devices", "timestamp", "event_id"]
    text = write(assertions, ignore=[*ignore, "new_field?"])
    assert text.partition("\n\n")[2] == dedent(
        """\
        # from "r1"

        events {
          level: EVENT_LEVEL_INFO
          category: EVENT_CATEGORY_STORAGE
          metadata {
            key: "b"
            value: "2"
          }
          storage_event {
            pool_event {
              pool_name: "tank"
            }
          }
        }
        """
    )
    assertions.clear()
    record(assertions, None)
    write(assertions, ignore="size_bytes")  # also of an event without a payload
    assertions.clear()
    record(assertions, StorageTransferPayload(source="a", destination="b"))
    assert "source" not in write(assertions, ignore="source")
    assert 'source: "test"' in write(assertions, "of_payload", ignore="payload.source")


@pytest.mark.parametrize(
    ("ignore", "error", "text"),
    [
        ("pol_name", QueryError, "did you mean pool_name?"),
        (["metadta.a"], QueryError, "did you mean metadata?"),
        ("batch_id", ValueError, "which is no field"),
        ("payload", ValueError, "which is no field"),
        ([5], TypeError, "give names of fields"),
    ],
)
def test_what_cannot_be_ignored_is_told(assertions, snapshots, ignore, error, text):
    with pytest.raises(error) as caught:
        assertions.assert_snapshot("s", ignore=ignore)
    assert text in str(caught.value)


@pytest.mark.parametrize(("name", "error"), [("", ValueError), (None, TypeError)])
def test_a_name_is_text(assertions, snapshots, name, error):
    with pytest.raises(error, match="the name of a snapshot"):
        assertions.assert_snapshot(name)


def failure_of(assertions, *args, **kwargs) -> str:
    with pytest.raises(SnapshotError) as caught:
        assertions.assert_snapshot(*args, **kwargs)
    return f"{caught.value}\n"


def test_that_there_is_none_is_told_with_what_it_would_be(assertions, snapshots):
    record(assertions, pool("tank"))
    assert failure_of(assertions, "s").startswith(
        dedent(
            """\
            there is no snapshot 's' in test/s.txtpb
            pytest --toggle-snapshot-update makes it of 1 event:
              # proto-file: base.proto
            """
        )
    )
    assert not snapshots.folder.exists()


def test_what_differs_is_told_with_its_line(assertions, snapshots, write):
    record(assertions, pool("tank", devices=["\x1b"]))
    write(assertions)
    other = Assertions(Recording())
    record(other, pool("tnak", devices=["\x1b"]))
    assert failure_of(other, "s").replace("\n \n", "\n") == dedent(
        """\
        what arrived is not what the snapshot 's' has, test/s.txtpb:14
        -: the snapshot, +: what arrived; pytest --toggle-snapshot-update writes what arrives
           level: EVENT_LEVEL_INFO
           category: EVENT_CATEGORY_STORAGE
           source: "test"
           timestamp: 1  # a time
           storage_event {
             pool_event {
        -      pool_name: "tank"
        +      pool_name: "tnak"
               devices: "\\033"
             }
           }
         }
        """
    )


def test_events_that_are_missing_are_told_with_what_may_explain_it(assertions, snapshots, write):
    record(assertions, pool("a"), pool("b"))
    write(assertions)
    other = Assertions(Recording())
    record(other, pool("a"))
    other.notes.append(lambda: ["the agent has crashed"])
    text = failure_of(other, "s", timeout=0.01)
    assert "\n1 event did not arrive\nthe agent has crashed\n" in text
    assert '\n-      pool_name: "b"\n' in text
    text = failure_of(other, "s", "pool_name:none", timeout=0.01)
    assert text.startswith("waited 0.01 s for the events of the snapshot 's', received 0\nwanted: ")
    assert "pool_name: wanted 'none', got 'a'" in text


def test_a_snapshot_of_nothing_is_not_written(assertions, write, tmp_path):
    with pytest.raises(SnapshotError, match="received 0"):
        write(assertions, timeout=0.01)
    record(assertions, pool("a"))
    with pytest.raises(SnapshotError, match="1 event did not arrive"):
        write(assertions, count=2, timeout=0.01)
    assert not (tmp_path / "test").exists()


def test_a_test_that_asks_twice_is_not_written_over(assertions, tmp_path):
    record(assertions, pool("a"))
    for name in ("b", "c"):
        with during(TestSnapshots(tmp_path, tmp_path, update=True)):
            assertions.assert_snapshot("s")  # it is new, and then as it was
            assertions.assert_snapshot("s")
            record(assertions, pool(name))
            with pytest.raises(SnapshotError, match="is not what the snapshot 's' has"):
                assertions.assert_snapshot("s")
        assertions.clear()
        record(assertions, pool("a"))


async def test_in_asyncio(assertions, snapshots, write):
    record(assertions, pool("a"))
    write(assertions)
    assert len(await assertions.aio.assert_snapshot("s", count=1)) == 1


def test_outside_of_a_test_there_are_none(assertions):
    with during(None), pytest.raises(RuntimeError, match="needs pytest, with the plugin"):
        assertions.assert_snapshot("s")


def test_a_long_difference_is_short(assertions, snapshots, write):
    record(assertions, pool("tank", devices=[f"/dev/{number}" for number in range(20_000)]))
    write(assertions)
    other = Assertions(Recording())
    record(other, pool("tank", devices=[f"/DEV/{number}" for number in range(20_000)]))
    text = failure_of(other, "s")
    assert text.count("\n") <= 61


@pytest.mark.parametrize("text", ["tank", "test_a[tank-1.5]"])
def test_a_plain_name_is_that_of_the_file(text):
    assert file_name(text) == text


def test_no_two_names_have_the_same_file():
    texts = ["a/b", "a_b", "a\\b", "..", ".", "x" * 300, "x" * 301, "ü" * 200, "\ud800", " "]
    names = {file_name(text) for text in texts}
    assert len(names) == len(texts)
    assert all(0 < len(name.encode(errors="replace")) < 250 for name in names)
    assert all(not name.startswith(".") and "/" not in name for name in names)
