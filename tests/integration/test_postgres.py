"""Recordings in PostgreSQL: written while they go on, read after a restart, asked by anybody."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import grpc
import httpx
import pytest
from click.testing import CliRunner
from support.commands import TOGGLE_MOCK

from rodent_events import EventBatch, EventClient, RegisterRequest, StoragePoolPayload
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from toggle_mock import ToggleServer, find_stored, load, save
from toggle_mock.cli.main import main
from toggle_mock.errors import StorageError
from toggle_mock.recording.postgres import migrations
from toggle_mock.recording.recorder import Recording

pytestmark = pytest.mark.slow


@pytest.fixture
def store(postgres):
    """The URL of a database that is empty."""
    return postgres.new_database()


def summary(recording: Recording) -> list:
    return [
        [
            *(call.number, call.method, call.status, call.details, call.metadata),
            *(dict(call.claims), call.arrived, call.peer, call.trailers, call.ended),
            *((message.raw, message.sent, message.at) for message in call.messages),
        ]
        for call in recording.calls
    ]


def ids(recording: Recording) -> list[str]:
    return [event.event_id for event in recording.events]


def send(toggle, *event_ids: str, rid: str = "r1", status: str = "OK") -> None:
    """A batch of events, of a pool each."""
    batch = EventBatch(batch_id=f"b-{event_ids[0]}")
    for one in event_ids:
        payload = StoragePoolPayload(pool_name=one)
        batch.events.add(event_id=one).storage_event.pool_event.CopyFrom(payload)
    with EventClient(target=toggle.address, jwt=toggle.jwt(rid=rid)) as client:
        assert client.send_batch(batch).status.name == status


def refused_call(toggle) -> None:
    metadata = (("authorization", "Bearer nonsense"), ("x-bin", b"\x00\xff"))
    with grpc.insecure_channel(toggle.address) as channel, pytest.raises(grpc.RpcError):
        RodentServiceStub(channel).Register(RegisterRequest(), metadata=metadata)


def test_a_recording_survives_a_restart(store):
    url = f"{store}?run=one"
    with ToggleServer(record=url) as toggle:
        send(toggle, "e1", "e2")
        refused_call(toggle)
        before, calls = ids(toggle.recording), summary(toggle.recording)
    assert before == ["e1", "e2"]
    with ToggleServer(record=url) as toggle:
        assert summary(toggle.recording) == calls
        send(toggle, "later")
        assert [call.number for call in toggle.calls] == [1, 2, 3]
    again = load(url)
    assert ids(again) == ["e1", "e2", "later"]
    assert summary(again)[:2] == calls


def test_one_server_starts_again_and_goes_on(store):
    toggle = ToggleServer(record=store)
    for name in ("e1", "e2"):
        with toggle:
            send(toggle, name)
    assert ids(load(with_password(toggle.recorded_to, store))) == ["e1", "e2"]


def with_password(shown: str, store: str) -> str:
    return f"{store}?{shown.partition('?')[2]}"


def test_what_is_exported_is_the_same_when_it_is_loaded(store, toggle_server):
    send(toggle_server, "e1")
    refused_call(toggle_server)
    save(toggle_server.recording, f"{store}?run=kept")
    again = load(f"{store}?run=kept")
    assert summary(again) == summary(toggle_server.recording)
    with pytest.raises(FileExistsError, match=r"run=kept exists"):
        save(toggle_server.recording, f"{store}?run=kept")
    with pytest.raises(StorageError, match=r"says no run: give \?run=NAME"):
        save(toggle_server.recording, store)


def test_clear_empties_the_run_and_no_other(store):
    for name in ("one", "other"):
        with ToggleServer(record=f"{store}?run={name}") as toggle:
            send(toggle, f"{name}-before")
            if name == "other":
                toggle.clear()
                send(toggle, "after")
    assert ids(load(f"{store}?run=one")) == ["one-before"]
    assert ids(load(f"{store}?run=other")) == ["after"]


def test_runs_are_many_writers_and_each_has_one(store):
    with ToggleServer(record=f"{store}?run=one") as one, ToggleServer(record=store) as other:
        send(one, "e1")
        send(other, "e2")
        with pytest.raises(StorageError, match=r"run=one is in use by another server"):
            ToggleServer(record=f"{store}?run=one").start()
    assert ids(load(f"{store}?run=one")) == ["e1"]
    with ToggleServer(record=f"{store}?run=one") as one:  # nobody has it any more
        assert ids(one.recording) == ["e1"]


def test_the_tables_can_be_asked_by_anybody(postgres, store):
    with ToggleServer(record=f"{store}?run=one") as toggle:
        send(toggle, "e1", "e2", rid="r7")
    database = store.rpartition("/")[2]
    asked = (
        "SELECT event_id, rid, batch_id, payload FROM toggle_mock.events "
        "JOIN toggle_mock.kinds USING (run, kind) ORDER BY place, position"
    )
    assert postgres.ask(asked, database) == [
        ("e1", "r7", "b-e1", "StoragePoolPayload"),
        ("e2", "r7", "b-e1", "StoragePoolPayload"),
    ]
    (row,) = postgres.ask("SELECT name, calls, events, bytes FROM toggle_mock.runs", database)
    size = sum(len(message.raw) for call in toggle.calls for message in call.messages)
    assert row == ("one", 1, 2, size)


ODD = "\0\ud800\U0001f40b" + "x" * 5000


def test_texts_that_no_index_takes_are_kept(store):
    with ToggleServer(record=f"{store}?run=odd") as toggle:
        kept = ODD.replace("\ud800", "")  # which protobuf does not take
        batch = EventBatch(batch_id=kept, events=[{"event_id": kept, "source": kept}])
        token = toggle.jwt(rid=ODD)
        with EventClient(target=toggle.address, jwt=token) as client:
            assert client.send_batch(batch).status.name == "OK"
        calls = summary(toggle.recording)
    again = load(f"{store}?run=odd")
    assert summary(again) == calls
    assert again.calls[0].rid == ODD
    assert again.events[0].event_id == kept


def test_many_messages_come_back_as_they_were(store):
    """More than are sent, or read, at a time."""
    recording = Recording()
    with ToggleServer(recording=recording, record=f"{store}?run=many") as toggle:
        for number in range(20):
            send(toggle, *(f"{number}-{one}" for one in range(2000)))
    assert summary(load(f"{store}?run=many")) == summary(recording)
    assert len(recording.events) == 40_000


# What is said


def said_by(*arguments: object) -> str:
    """What a command says, which fails."""
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exit_code != 0
    return done.output


def unreachable(store: str) -> str:
    return re.sub(r":\d+/", ":1/", store)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: f"{url}?run=two", "has no run 'two', did you mean twoo?"),
        (lambda url: f"{url}?run=ten", "has no run 'ten'; the newest are twoo, one"),
        (lambda url: url, "says no run: give ?run=NAME; the newest are twoo, one"),
        (lambda url: f"{url}?run=", "run is '': give a name of 1 to 200 visible characters"),
        (unreachable, "Connection refused Is the server running on that host"),
        (unreachable, "see that the server runs there"),
        (lambda url: f"{url}x", 'x" does not exist: see that its name is right, or create it'),
        (lambda url: url.replace("tester:", "nobody:"), 'authentication failed for user "nobody"'),
        (lambda url: url.replace("tester:", "nobody:"), "give it in PGPASSWORD, in ~/.pgpass"),
        (lambda url: url.replace("-word@", "-w@rd@") + "?run=one", 'failed for user "tester"'),
        (lambda url: url.replace("-word@", "/@"), "write postgresql://USER@HOST:PORT/DATABASE"),
        (lambda url: url.replace("-word@", "#@"), "cannot be read"),
        (lambda url: url.replace("-word@", "?@"), "cannot be read"),
        (lambda url: url.replace("@127", "@[127"), "cannot be read"),
        (lambda url: re.sub(r":\d+/", ":99999/", url), "the port of the store is none"),
        (lambda url: f"{url}?sslmod=x&run=one", 'invalid connection option "sslmod": leave it out'),
        (lambda url: f"{url}?run=one&buffer_mb=much", "buffer_mb is 'much': give megabytes"),
    ],
)
def test_what_is_wrong_is_told_without_the_password(two_runs, change, said):
    url = change(two_runs)
    text = " ".join(said_by("events", url).split())
    assert said in text
    assert "s3cret" not in text


@pytest.fixture(scope="module")
def two_runs(postgres):
    store = postgres.new_database()
    for name in ("one", "twoo"):
        save(Recording(), f"{store}?run={name}")
    return store


def test_a_database_without_recordings_is_told(store):
    with pytest.raises(StorageError, match=r"has no recordings of this version: see that the data"):
        load(f"{store}?run=one")


def test_a_store_of_a_later_version_is_told(postgres, two_runs):
    database = two_runs.rpartition("/")[2]
    said = f"is of version 1000, and this knows {len(migrations.MIGRATIONS)}: upgrade"
    postgres.ask("INSERT INTO toggle_mock.migrations VALUES (1000)", database)
    try:
        for use in (load, lambda url: ToggleServer(record=url).start()):
            with pytest.raises(StorageError, match=said):
                use(f"{two_runs}?run=one")
    finally:
        postgres.ask("DELETE FROM toggle_mock.migrations WHERE number = 1000", database)


def test_a_store_of_an_earlier_version_is_brought_up_to_date_by_who_records(store, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        with ToggleServer(record=f"{store}?run=one") as toggle:
            send(toggle, "e1")
    with pytest.raises(StorageError, match="prepare it with `toggle-mock recordings migrate"):
        load(f"{store}?run=one")
    for shared in (False, True):
        with ToggleServer(record=f"{store}?run=one", record_shared=shared) as toggle:
            send(toggle, f"e-{shared}")
            found = find_stored(f"{store}?run=one", "rid:r1", limit=5)
            assert [event.event_id for event in found] == ["e1", f"e-{shared}"]
            toggle.clear()
            send(toggle, "e1")
    assert ids(load(f"{store}?run=one")) == ["e1"]


def test_a_database_that_cannot_hold_all_texts_is_told(postgres):
    postgres.ask("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0", "postgres")
    with pytest.raises(StorageError, match="has the encoding LATIN1: create a database with ENC"):
        save(Recording(), f"{postgres.url('latin')}?run=one")


def test_what_is_no_entry_is_told(postgres, store):
    save(Recording(), f"{store}?run=one")
    postgres.ask(
        "INSERT INTO toggle_mock.entries SELECT day, run, 1, 1, 'call', '{}' FROM toggle_mock.runs",
        store.rpartition("/")[2],
    )
    with pytest.raises(StorageError, match=r"run=one, entry 1: this is no entry of a recording"):
        load(f"{store}?run=one")


def test_a_url_that_was_made_a_path_is_told():
    with pytest.raises(StorageError, match="was made a Path: give it as text"):
        load(Path("postgresql://u:s3cret@h/d"))


def test_what_is_replayed_is_recorded_to_another_run(store):
    with pytest.raises(ValueError, match=r"run=one is to be replayed: record to another file"):
        ToggleServer(record=f"{store}?run=one", replay=f"{store}?run=one")


# On the command line


def test_commands_take_a_run_as_they_take_a_file(store, toggle_server, tmp_path):
    url = f"{store}?run=one"
    with ToggleServer(record=url) as toggle:
        send(toggle, "e1")
    done = CliRunner().invoke(main, ["events", url, "event_id:e1", "--json", "--schema", "auto"])
    assert [json.loads(line)["event"]["event_id"] for line in done.output.splitlines()] == ["e1"]
    for place in (url, tmp_path / "copy.ndjson"):
        if not isinstance(place, str):
            save(load(url), place)
        for limit, count in (("0", 0), ("1", 1), ("2", 1)):
            done = CliRunner().invoke(main, ["events", str(place), "--limit", limit])
            assert (done.exit_code, len(done.output.splitlines())) == (0, count), done.output
    exported = f"{store}?run=exported"
    assert CliRunner().invoke(main, ["events", url, "--export", exported]).exit_code == 0
    assert summary(load(exported)) == summary(load(url))
    jwt = tmp_path / "jwt"
    jwt.write_text(toggle_server.jwt())
    to = ["--to", toggle_server.address, "--jwt-file", str(jwt)]
    done = CliRunner().invoke(main, ["replay", url, *to])
    assert done.output == "1 calls sent, 0 answers differ.\n"
    with ToggleServer(replay=url) as again:
        send(again, "e1")
        send(again, "unheard", status="INVALID_ARGUMENT")
        assert "1 of its events are not in it" in again.refusals[0].details


def test_a_run_is_shown_in_the_page(store):
    url = f"{store}?run=one"
    with ToggleServer(record=url) as toggle:
        send(toggle, "e1", "e2")
    command = [TOGGLE_MOCK, "view", url, "--no-open"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as view:
        page = view.stdout.readline().split()[-1]
        answers = [httpx.get(f"{page}{path}") for path in ("", "api/v1/events?query=event_id:e2")]
        refused = httpx.post(f"{page}api/v1/clear")
        view.send_signal(signal.SIGINT)
        rest = view.communicate(timeout=60)[0]
    html, events = answers
    assert (view.returncode, "s3cret" in f"{page}{rest}{html.text}{events.text}") == (0, False)
    assert "<title>" in html.text
    assert [one["event"]["event_id"] for one in events.json()["events"]] == ["e2"]
    assert refused.status_code >= 400
    assert ids(load(url)) == ["e1", "e2"]


def test_serve_says_which_run_it_records_to(store):
    command = [sys.executable, "-m", "toggle_mock", "serve", "--json", "--record", store]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        told = json.loads(server.stdout.readline())
        send(RemoteTarget(told["listening"]), "e1")
        server.send_signal(signal.SIGKILL)
        rest = server.stdout.read()
    assert "s3cret" not in f"{told}{rest}"
    assert ids(load(with_password(told["recording"], store))) == ["e1"]


class RemoteTarget(NamedTuple):
    """A mock that takes any token."""

    address: str

    @staticmethod
    def jwt(**claims: str) -> str:
        return ToggleServer().jwt(**claims)
