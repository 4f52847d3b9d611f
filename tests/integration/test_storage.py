"""Recordings in files: written while they go on, read after a restart, exported, replayed."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import grpc
import pytest

from rodent_events import EventBatch, EventBus, EventClient, RegisterRequest, StoragePoolPayload
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from toggle_mock import ToggleServer, lose_answer, reject
from toggle_mock.clients.replay import replay
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import MessageEntry
from toggle_mock.recording.files import load, save
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.rows import row

Code = grpc.StatusCode
FORMATS = ["ndjson", "sqlite", "pb"]
WHOLE = ["ndjson", "sqlite"]


def exercise(toggle: ToggleServer) -> None:
    """Calls of every kind."""
    with SimulatedRodent(toggle.address, toggle.jwt(rid="r1"), pace=0.001) as rodent:
        seen = toggle.rodents["r1"]
        assert seen.command("system.status").success
        toggle.wait_for("payload:startup")  # or that would get what is scripted for the others
        toggle.on_send_events.returns([Code.UNAVAILABLE, reject("no"), lose_answer()])
        token = toggle.jwt(rid="r2")
        with EventClient(target=toggle.address, jwt=token) as client:
            for number in range(4):
                event = StoragePoolPayload(pool_name=f"p{number}")
                batch = EventBatch(batch_id=f"b{number}")
                batch.events.add(event_id=f"e{number}").storage_event.pool_event.CopyFrom(event)
                client.send_batch(batch)
        rodent.flush()
    metadata = (("authorization", "Bearer nonsense"), ("x-bin", b"\x00\xff"))
    with grpc.insecure_channel(toggle.address) as channel, pytest.raises(grpc.RpcError):
        RodentServiceStub(channel).Register(RegisterRequest(), metadata=metadata)
    seen.wait_disconnected()


def summary(recording: Recording) -> list:
    return [
        [
            *(call.method, call.status, call.details, call.metadata, dict(call.claims)),
            *(call.arrived, call.peer),
            *((message.raw, message.sent, message.at) for message in call.messages),
        ]
        for call in recording.calls
    ]


def ids(recording: Recording) -> list[str]:
    return [event.event_id for event in recording.events]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_recording_survives_a_restart(tmp_path, suffix):
    path = tmp_path / f"recording.{suffix}"
    with ToggleServer(record=path) as toggle:
        exercise(toggle)
        before, calls = ids(toggle.recording), summary(toggle.recording)
    assert "e2" in before
    assert "e1" not in before
    assert path.stat().st_mode & 0o777 == 0o600
    with ToggleServer(record=path) as toggle:
        assert ids(toggle.recording) == before
        if suffix != "pb":
            assert summary(toggle.recording) == calls
        with EventClient(target=toggle.address, jwt=toggle.jwt()) as client:
            client.send_batch(EventBatch(batch_id="later", events=[{"event_id": "later"}]))
        found = toggle.find("pool_name:p3 OR event_id:later")
        assert [event.event_id for event in found] == ["e3", "later"]
    assert ids(load(path)) == [*before, "later"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_exported_is_the_same_when_it_is_loaded(tmp_path, suffix):
    with ToggleServer() as toggle:
        exercise(toggle)
        path = tmp_path / f"export.{suffix}"
        save(toggle.recording, path)
        again = load(path)
        assert ids(again) == ids(toggle.recording)
        if suffix != "pb":
            assert summary(again) == summary(toggle.recording)
        with pytest.raises(FileExistsError):
            save(toggle.recording, path)


def test_a_last_line_that_lacks_only_its_end_is_kept_and_followed(tmp_path):
    path = tmp_path / "recording.ndjson"
    for number in range(2):
        with (
            ToggleServer(record=path) as toggle,
            EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
        ):
            assert len(toggle.calls) == number
            client.send_batch(b"\x1a\x01b")
        path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    assert [call.status for call in load(path).calls] == ["OK", "OK"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_clear_empties_the_file(tmp_path, suffix):
    path = tmp_path / f"recording.{suffix}"
    with ToggleServer(record=path) as toggle:
        exercise(toggle)
        toggle.clear()
    assert load(path).calls == []


@pytest.mark.parametrize("suffix", WHOLE)
def test_numbers_of_calls_are_used_once(tmp_path, suffix):
    """Also over a clear and a restart, or entries would be taken for those of another call."""
    path = tmp_path / f"recording.{suffix}"
    with ToggleServer(record=path) as toggle:
        exercise(toggle)
        toggle.clear()
        with EventClient(target=toggle.address, jwt=toggle.jwt()) as client:
            client.send_batch(b"")
        (first,) = toggle.calls
    with ToggleServer(record=path) as toggle:
        assert [call.number for call in toggle.calls] == [first.number]
        with EventClient(target=toggle.address, jwt=toggle.jwt()) as client:
            client.send_batch(b"")
        assert [call.number for call in toggle.calls] == [first.number, first.number + 1]
    assert [call.status for call in load(path).calls] == ["OK", "OK"]


@pytest.mark.parametrize("suffix", ["ndjson", "pb"])
def test_a_torn_tail_is_cut(tmp_path, suffix):
    path = tmp_path / f"recording.{suffix}"
    with ToggleServer(record=path) as toggle:
        exercise(toggle)
        before = ids(toggle.recording)
    whole = path.read_bytes()
    path.write_bytes(whole + {"ndjson": b'{"entry": "ca', "pb": b"\x7f\x0a"}[suffix])
    with ToggleServer(record=path) as toggle:
        assert ids(toggle.recording) == before
    assert path.read_bytes() == whole


def test_a_killed_server_leaves_a_recording_that_can_be_read(tmp_path, settings):
    path = tmp_path / "recording.sqlite"
    command = [sys.executable, "-m", "toggle_mock", "serve", "--record", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().split()[-1]
        settings |= {"jwt": ToggleServer().jwt(), "target": address}
        with EventBus(**settings) as bus:
            sent = [bus.emit(StoragePoolPayload(size_bytes=n)) for n in range(500)]
            assert bus.flush(30)
        server.send_signal(signal.SIGKILL)
    assert ids(load(path)) == sent


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("x.txt", b"", "no suffix of a recording: give .ndjson, .pb, .sqlite"),
        ("x.ndjson", b"nonsense\n", "x.ndjson, line 1: Expecting value"),
        ("x.ndjson", b"[]\n", "x.ndjson, line 1: this is no entry"),
        ("x.ndjson", b'{"entry": "call", "call": 1}\n', "no entry of a recording: Object missing"),
        ("x.ndjson", b'{"entry": "flight", "call": 1}\n', "no entry of a recording: Invalid value"),
        ("x.ndjson", b'{"entry": "accept", "call": 1}\n' * 2, ""),
        ("x.sqlite", b"not a database at all, but long enough", "file is not a database"),
        ("x.pb", b"\x03\x0a\x7f\x00", "x.pb, byte 0: a batch of it is no EventBatch"),
    ],
)
def test_what_is_no_recording_is_told(tmp_path, name, content, problem):
    path = tmp_path / name
    path.write_bytes(content)
    if not problem:  # about a call that is not known: skipped
        assert load(path).calls == []
        return
    with pytest.raises(StorageError, match=problem):
        load(path)
    with pytest.raises(StorageError):
        ToggleServer(record=path).start()
    assert path.read_bytes() == content


# What 0.1.0 has written.
OLD_LINES = b"""\
{"entry":"call","call":1,"method":"SendEvents","peer":"ipv4:127.0.0.1:5","arrived":1.5,\
"metadata":[["x-bin",{"base64":"AP8="}],["authorization","Bearer (redacted)"]],\
"claims":{"rid":"r1","sub":"o1","n":1180591620717411303424}}
{"entry":"message","call":1,"sent":false,"at":1.75,"raw":"Cg4KAmUwWggKBgoEdGFuaxoCYjA="}
{"entry":"message","call":1,"sent":true,"at":2.0,"raw":"CAE="}
{"entry":"accept","call":1}
{"entry":"end","call":1,"status":"OK","details":"fine"}
{"entry":"call","call":2,"method":"Connect","peer":"p","arrived":3.0,"metadata":[],"claims":{}}
"""
OLD_TABLES = """
CREATE TABLE entries (call INTEGER, entry TEXT NOT NULL, document TEXT NOT NULL, raw BLOB);
INSERT INTO "entries" VALUES(1,'call','{"method": "SendEvents", "peer": "ipv4:127.0.0.1:5",
"arrived": 1.5, "metadata": [["x-bin", {"base64": "AP8="}], ["authorization",
"Bearer (redacted)"]], "claims": {"rid": "r1", "sub": "o1", "n": 1180591620717411303424}}',NULL);
INSERT INTO "entries" VALUES(1,'message','{"sent": false, "at": 1.75}',
X'0A0E0A0265305A080A060A0474616E6B1A026230');
INSERT INTO "entries" VALUES(1,'message','{"sent": true, "at": 2.0}',X'0801');
INSERT INTO "entries" VALUES(1,'accept','{}',NULL);
INSERT INTO "entries" VALUES(1,'end','{"status": "OK", "details": "fine"}',NULL);
INSERT INTO "entries" VALUES(2,'call','{"method": "Connect", "peer": "p", "arrived": 3.0,
"metadata": [], "claims": {}}',NULL);
"""
OLD_BATCHES = b"\x14\n\x0e\n\x02e0Z\x08\n\x06\n\x04tank\x1a\x02b0"


def old_recording(path) -> None:
    if path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(OLD_TABLES)
    else:
        path.write_bytes(OLD_LINES if path.suffix == ".ndjson" else OLD_BATCHES)


@pytest.mark.parametrize("suffix", WHOLE)
def test_a_recording_of_an_earlier_version_is_read(tmp_path, suffix):
    path = tmp_path / f"old.{suffix}"
    old_recording(path)
    recording = load(path)
    request = b"\n\x0e\n\x02e0Z\x08\n\x06\n\x04tank\x1a\x02b0"
    metadata = (("x-bin", b"\x00\xff"), ("authorization", "Bearer (redacted)"))
    assert summary(recording) == [
        [
            *("SendEvents", "OK", "fine", metadata, {"rid": "r1", "sub": "o1", "n": 2**70}),
            *(1.5, "ipv4:127.0.0.1:5", (request, False, 1.75), (b"\x08\x01", True, 2.0)),
        ],
        ["Connect", "CANCELLED", "the recording ended", (), {}, 3.0, "p"],
    ]
    assert [event.payload.pool_name for event in recording.events] == ["tank"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_recording_of_an_earlier_version_goes_on(tmp_path, suffix):
    path = tmp_path / f"old.{suffix}"
    old_recording(path)
    with ToggleServer(record=path) as toggle:
        exercise(toggle)
        recorded = ids(toggle.recording)
    assert recorded[0] == "e0"
    assert "e2" in recorded
    assert ids(load(path)) == recorded


def test_bytes_stay_bytes_on_their_way_into_a_table(tmp_path):
    message = MessageEntry(1, sent=False, at=1.0, raw=b"\x00\xff")
    _, _, document, raw = row(message)
    assert raw is message.raw
    assert json.loads(document) == {"sent": False, "at": 1.0}


def test_no_token_reaches_a_file(tmp_path):
    for suffix in FORMATS:
        path = tmp_path / f"recording.{suffix}"
        with ToggleServer(record=path) as toggle:
            token = toggle.jwt()
            with EventClient(target=toggle.address, jwt=token) as client:
                client.send_batch(b"")
        assert token.rpartition(".")[2].encode() not in path.read_bytes()


def test_the_tables_can_be_asked_by_anybody(tmp_path):
    path = tmp_path / "recording.sqlite"
    with ToggleServer(record=path) as toggle:
        exercise(toggle)
        expected = len(toggle.calls)
    with sqlite3.connect(path) as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM entries WHERE entry = 'call'"
        ).fetchone()
    connection.close()
    assert count == expected


# Replay


def test_a_replay_gets_the_recorded_answers(tmp_path):
    with ToggleServer() as first:
        exercise(first)
        calls = first.calls
    with ToggleServer() as second:
        results = list(replay(calls, second.address, second.jwt(rid="replayed")))
        assert [result.call.method for result in results] == [
            call.method for call in calls if call.method != "Connect"
        ]
        differing = {
            str(result.recorded): str(result.got) for result in results if not result.agrees
        }
        assert differing == {
            "UNAVAILABLE": "OK success=True",
            "OK success=False": "OK success=True",
            "UNAUTHENTICATED": "OK success=True",
        }
        assert [batch.raw for batch in second.batches] == [
            call.requests[0] for call in calls if call.method == "SendEvents"
        ]


def test_a_replay_keeps_the_recorded_pauses_at_its_speed(toggle_server):
    import time

    with EventClient(target=toggle_server.address, jwt=toggle_server.jwt()) as client:
        client.send_batch(b"")
        client.send_batch(b"")
    first, second = toggle_server.calls
    second.arrived = first.arrived + 100.0
    start = time.monotonic()
    results = list(replay([first, second], toggle_server.address, toggle_server.jwt(), speed=500))
    assert 0.2 <= time.monotonic() - start < 100.0
    assert all(result.agrees for result in results)


def test_entries_are_json_lines(tmp_path):
    path = tmp_path / "recording.ndjson"
    with (
        ToggleServer(record=path) as toggle,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
    ):
        client.send_batch(b"")
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["entry"] for entry in entries] == ["call", "message", "accept", "message", "end"]
