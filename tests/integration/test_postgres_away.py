"""A server of PostgreSQL that is killed: what is recorded meanwhile waits, and arrives once."""

import logging
import signal

import pytest
from support.run_files import begun, caught_up, deaf_to_commits

from rodent_events import EventBatch, EventClient
from toggle_mock import ToggleServer, load
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import CallEntry, ClearEntry, EndEntry
from toggle_mock.recording.postgres.run import RunFile
from toggle_mock.recording.postgres.url import StoreUrl

pytestmark = pytest.mark.slow


@pytest.fixture
def store(postgres):
    """The URL of a database that is empty; its server runs afterwards."""
    yield postgres.new_database()
    postgres.start()  # unless it runs


def send(client: EventClient, *names: str) -> list[str]:
    """A batch of an event for each name; how they are answered."""
    return [
        client.send_batch(EventBatch(batch_id=one, events=[{"event_id": one}])).status.name
        for one in names
    ]


def ids(url: str) -> list[str]:
    return [event.event_id for event in load(url).events]


def test_a_killed_server_costs_nothing(postgres, store, wait_until, caplog):
    caplog.set_level(logging.INFO)
    url = f"{store}?run=one"
    with (
        ToggleServer(record=url) as toggle,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
    ):
        assert send(client, "e1", "e2") == ["OK"] * 2
        postgres.kill(signal.SIGKILL)
        assert send(client, "e3", "e4") == ["OK"] * 2
        assert toggle.unready is None
        assert caplog.text.count("is away: what is recorded waits for it, up to 64 MB") == 1
        postgres.start()
        wait_until(lambda: "is back" in caplog.text)
        assert send(client, "e5") == ["OK"]
        assert ids(url) == ["e1", "e2", "e3", "e4", "e5"]
    again = load(url)
    assert [call.status for call in again.calls] == ["OK"] * 5
    assert [call.number for call in again.calls] == [1, 2, 3, 4, 5]
    assert postgres.password not in caplog.text


def test_beyond_the_limit_it_is_told_how_many_are_missing(postgres, store, wait_until, caplog):
    url = f"{store}?run=one&buffer_mb=1"
    with (
        ToggleServer(record=url) as toggle,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
    ):
        assert send(client, "e1") == ["OK"]
        postgres.kill(signal.SIGKILL)
        large = EventBatch(
            batch_id="large", events=[{"event_id": "large", "source": "x" * 900_000}]
        )
        assert client.send_batch(large).status.name == "OK"
        assert client.send_batch(large).status.name == "UNAVAILABLE"
        assert "entries wait already: more than buffer_mb=1 has room for" in toggle.unready
        assert send(client, "never") == ["UNAVAILABLE"]
        caplog.set_level(logging.INFO)
        postgres.start()
        wait_until(lambda: "is back" in caplog.text)
    kept = load(url)
    assert [event.event_id for event in kept.events] == ["e1", "large"]
    # The call that was about to be answered, and was refused then, is told to have ended twice.
    missing = 1 + sum(1 for _ in toggle.recording.snapshot().entries())
    asked = "SELECT count(*) FROM toggle_mock.entries"
    missing -= postgres.ask(asked, store.rpartition("/")[2])[0][0]
    assert f"lacks {missing} entries: it could be written to no more" in caplog.text


def test_what_waits_at_the_end_is_told(postgres, store, caplog, monkeypatch):
    monkeypatch.setattr("toggle_mock.recording.postgres.run.LAST_TRIES", 0.0)
    file = RunFile(StoreUrl.of(f"{store}?run=one"))
    postgres.kill(signal.SIGKILL)
    file.write([CallEntry(1, "Connect", "p", 1.0, (), {}), EndEntry(1, "OK", "")])
    file.close()
    assert "run=one lacks 2 entries that waited for it" in caplog.text


def test_what_waits_at_the_end_is_tried_still(postgres, store, in_background):
    url = f"{store}?run=one"
    file = RunFile(StoreUrl.of(url))
    postgres.kill(signal.SIGKILL)
    file.write([CallEntry(1, "Connect", "p", 1.0, (), {})])
    closing = in_background(file.close)
    postgres.start()
    closing.result()
    assert len(load(url).calls) == 1


def test_what_the_server_has_already_is_not_written_again(postgres, store, wait_until, monkeypatch):
    """The connection breaks after the commit, and before the client hears of it."""
    url = f"{store}?run=one"
    file = RunFile(StoreUrl.of(url))
    with deaf_to_commits(monkeypatch):
        file.write([begun(1), begun(2)])
    assert file.retry_in
    file.write([begun(3)])
    caught_up(file, wait_until)
    file.close()
    assert [call.number for call in load(url).calls] == [1, 2, 3]


def test_a_clear_that_waits_counts(postgres, store, wait_until):
    url = f"{store}?run=one"
    file = RunFile(StoreUrl.of(url))
    file.write([begun(1)])
    postgres.end_connections(store)
    file.write([begun(2), ClearEntry(), begun(3)])
    caught_up(file, wait_until)
    file.close()
    assert [call.number for call in load(url).calls] == [3]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE toggle_mock.runs SET place = 7", "it has 7; record to another run"),
        ("UPDATE toggle_mock.runs SET place = 0", "it has 0; record to another run"),
        ("DELETE FROM toggle_mock.runs", "it has 0; record to another run"),
    ],
)
def test_a_run_that_is_another_one_meanwhile_is_told(postgres, store, wait_until, change, problem):
    file = RunFile(StoreUrl.of(f"{store}?run=one"))
    file.write([begun(1)])
    postgres.ask(change, store.rpartition("/")[2])
    postgres.end_connections(store)
    file.write([begun(2)])
    with pytest.raises(StorageError, match=f"not as it was left, with entry 1 as its .* {problem}"):
        caught_up(file, wait_until)
    file.close()


def test_what_the_server_refuses_ends_the_recording(postgres, store, caplog):
    with (
        ToggleServer(record=f"{store}?run=one") as toggle,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
    ):
        assert send(client, "e1") == ["OK"]
        limit = "ALTER TABLE toggle_mock.runs ADD CHECK (calls < 2)"
        postgres.ask(limit, store.rpartition("/")[2])
        assert send(client, "e2", "e3") == ["UNAVAILABLE"] * 2
        assert "violates check constraint" in toggle.unready
    assert "s3cret" not in caplog.text
    assert ids(f"{store}?run=one") == ["e1"]
