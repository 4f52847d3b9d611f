"""A run that is followed while it is recorded: each entry once, in its order, whatever breaks."""

import json
import logging
import signal
import subprocess
from contextlib import closing

import httpx
import psycopg
import pytest
from click.testing import CliRunner
from support.commands import TOGGLE_MOCK
from support.run_files import begun

from rodent_events import EventBatch, EventClient
from toggle_mock import ToggleServer
from toggle_mock.cli.main import main
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import ClearEntry, EndEntry
from toggle_mock.recording.postgres import following
from toggle_mock.recording.postgres.following import RunFollower
from toggle_mock.recording.postgres.run import RunFile
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import Recording

pytestmark = pytest.mark.slow


@pytest.fixture
def store(postgres):
    """The URL of a database that is empty."""
    return postgres.new_database()


@pytest.fixture(name="no_poll")
def _no_poll(monkeypatch):
    """What is seen is notified: nothing is looked at unasked."""
    monkeypatch.setattr(following, "POLL", 1e6)


def send(client: EventClient, *names: str) -> None:
    """A batch of an event for each name."""
    for one in names:
        sent = client.send_batch(EventBatch(batch_id=one, events=[{"event_id": one}]))
        assert sent.status.name == "OK"


class Copy:
    """A recording that follows a run, whenever it is looked at."""

    def __init__(self, url: str) -> None:
        self.recording = Recording()
        self.follower = RunFollower(StoreUrl.of(url), self.recording)

    def look(self) -> Recording:
        for _ in self.follower.read():
            pass
        self.follower.wait(0.01)
        return self.recording

    def numbers(self) -> list[int]:
        return [call.number for call in self.look().calls]

    def ids(self) -> list[str]:
        return [event.event_id for event in self.look().events]

    def close(self) -> None:
        self.follower.close()


def test_each_commit_is_notified_with_run_and_place(store):
    file = RunFile(StoreUrl.of(f"{store}?run=one"))
    with psycopg.connect(store, autocommit=True) as connection:
        connection.execute("LISTEN toggle_mock")
        file.write([begun(1), begun(2)])
        file.write([begun(3)])
        told = [one.payload for one in connection.notifies(timeout=20, stop_after=2)]
        ((run,),) = connection.execute("SELECT run FROM toggle_mock.runs").fetchall()
    file.close()
    assert told == [f"{run} 2", f"{run} 3"]


@pytest.mark.usefixtures("no_poll")
def test_what_comes_is_read_and_of_this_run_alone(store, wait_until):
    one, other = (RunFile(StoreUrl.of(f"{store}?run={name}")) for name in ("one", "other"))
    one.write([begun(1)])
    with closing(Copy(f"{store}?run=one")) as copy:
        assert copy.numbers() == [1]
        other.write([begun(7)])
        one.write([begun(2), EndEntry(1, "OK", "")])
        wait_until(lambda: copy.numbers() == [1, 2])
        assert [call.status for call in copy.recording.calls] == ["OK", None]
        one.write([begun(3), ClearEntry(), begun(4)])
        wait_until(lambda: copy.numbers() == [4])
        assert copy.recording.epoch == 1
    one.close()
    other.close()


@pytest.mark.usefixtures("no_poll")
def test_a_connection_that_is_lost_loses_and_repeats_nothing(postgres, store, wait_until, caplog):
    caplog.set_level(logging.INFO)
    url = f"{store}?run=one"
    with (
        ToggleServer(record=url) as toggle,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
        closing(Copy(url)) as copy,
    ):
        sent: list[str] = []

        def has_all() -> bool:
            return copy.ids() == sent

        for number in range(5):
            sent += [f"e{number}-{one}" for one in range(5)]
            send(client, *sent[-5:])
            postgres.end_connections(store)
            send(client, f"after-{number}")
            sent.append(f"after-{number}")
            wait_until(has_all)
        assert [call.number for call in copy.recording.calls] == list(range(1, 31))
        assert copy.recording.duplicates == []
    text = "run=one is away: what is recorded there is read once it is back: terminating connection"
    assert caplog.text.count(text) >= 1
    assert "run=one is back: it is read on behind entry" in caplog.text
    assert postgres.password not in caplog.text


@pytest.mark.usefixtures("no_poll")
def test_a_server_that_is_killed_is_waited_for(postgres, store, wait_until):
    file = RunFile(StoreUrl.of(f"{store}?run=one"))
    file.write([begun(1)])
    with closing(Copy(f"{store}?run=one")) as copy:
        assert copy.numbers() == [1]
        postgres.kill(signal.SIGKILL)
        try:
            file.write([begun(2)])
            wait_until(lambda: copy.look() and copy.follower.is_away)
        finally:
            postgres.start()

        def has_caught_up() -> bool:
            file.write([])
            return file.retry_in is None

        wait_until(has_caught_up)
        wait_until(lambda: copy.numbers() == [1, 2])
    file.close()


def test_a_server_of_before_that_notifies_nobody_is_followed(store, wait_until, monkeypatch):
    monkeypatch.setattr(following, "POLL", 0.01)
    monkeypatch.setattr("toggle_mock.recording.postgres.following.CHANNEL", "elsewhere")
    file = RunFile(StoreUrl.of(f"{store}?run=one"))
    with closing(Copy(f"{store}?run=one")) as copy:
        file.write([begun(1)])
        wait_until(lambda: copy.numbers() == [1])
    file.close()


def test_calls_end_with_their_server_and_go_on_with_it(store, wait_until, monkeypatch):
    monkeypatch.setattr(following, "POLL", 0.01)
    file = RunFile(StoreUrl.of(f"{store}?run=one"))
    file.write([begun(1)])
    file.close()
    with closing(Copy(f"{store}?run=one")) as copy:
        (call,) = copy.look().calls
        assert (call.status, call.details) == ("CANCELLED", "the recording ended")
        file = RunFile(StoreUrl.of(f"{store}?run=one"))
        file.write([EndEntry(1, "OK", "after all")])
        wait_until(lambda: copy.look().calls[0].status == "OK")
        file.close()


def test_a_run_that_is_deleted_is_told(store, wait_until, monkeypatch):
    monkeypatch.setattr(following, "POLL", 0.01)
    RunFile(StoreUrl.of(f"{store}?run=one")).close()
    with closing(Copy(f"{store}?run=one")) as copy:
        prune = ["recordings", "prune", "--keep", "0", "--store", store]
        assert CliRunner().invoke(main, prune).exit_code == 0
        with pytest.raises(StorageError, match="run=one is there no more: it was deleted"):
            wait_until(lambda: copy.look() is None)


def test_a_run_that_is_not_there_is_told(store):
    RunFile(StoreUrl.of(f"{store}?run=one")).close()
    with pytest.raises(StorageError, match="has no run 'onee', did you mean one"):
        RunFollower(StoreUrl.of(f"{store}?run=onee"), Recording())


# On the command line


def test_events_follow_a_run_until_interrupted(store, start_command):
    url = f"{store}?run=one"
    with (
        ToggleServer(record=url) as toggle,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
    ):
        send(client, "e1", "other")
        printing = start_command("events", url, "event_id:e*", "--json", "--follow")
        assert json.loads(printing.stdout.readline())["event"]["event_id"] == "e1"
        send(client, "another", "e2")
        assert json.loads(printing.stdout.readline())["event"]["event_id"] == "e2"
        printing.send_signal(signal.SIGINT)
        assert printing.stdout.read() == ""
        assert printing.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["FILE", "--follow"], "is a file: --follow needs a run of a store, postgresql://HOST"),
        (["URL", "--follow", "--export", "x.pb"], "--export writes what there is now: leave out"),
        (["URL", "--follow", "--limit", "3"], "--limit is of what there is now: leave out"),
        (["URL", "sorce:x", "--follow"], "did you mean source"),
    ],
)
def test_what_cannot_be_followed_is_told(store, tmp_path, arguments, said):
    RunFile(StoreUrl.of(f"{store}?run=one")).close()
    file = tmp_path / "run.ndjson"
    file.touch()
    places = {"FILE": str(file), "URL": f"{store}?run=one"}
    command = [TOGGLE_MOCK, "events", *(places.get(one, one) for one in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode
    assert said in " ".join(done.stderr.split())


def test_the_page_of_a_run_shows_what_comes(store, start_command, wait_until):
    url = f"{store}?run=one"
    with (
        ToggleServer(record=url) as toggle,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
    ):
        send(client, "e1")
        viewing = start_command("view", url, "--no-open")
        page = viewing.stdout.readline().split()[-1]

        def shown() -> list[str]:
            found = httpx.get(f"{page}api/v1/events", trust_env=False).json()["events"]
            return [one["event"]["event_id"] for one in found]

        assert shown() == ["e1"]
        send(client, "e2")
        wait_until(lambda: shown() == ["e1", "e2"])
