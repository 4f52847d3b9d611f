"""The command recordings: the runs of a store listed, shown, compared and deleted."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from rodent_events import EventBatch, EventClient, StoragePoolPayload
from toggle_mock import ToggleServer, load
from toggle_mock.cli.main import main
from toggle_mock.recording.postgres.migrations import MIGRATIONS


@pytest.fixture(scope="module")
def store(postgres):
    """A store with two runs, of a week ago, and a third that is being recorded."""
    url = postgres.new_database()
    for name, count in [("one", 1), ("two", 2)]:
        with ToggleServer(record=f"{url}?run={name}") as toggle:
            send(toggle, count)
    old = "UPDATE toggle_mock.runs SET written = written - interval '7 days'"
    postgres.ask(old, url.rpartition("/")[2])
    with ToggleServer(record=f"{url}?run=three") as toggle:
        send(toggle, 1)
        yield url


def send(toggle: ToggleServer, count: int) -> None:
    batch = EventBatch(batch_id="b", events=[{"event_id": "plain", "level": 1}])
    for number in range(count):
        event = batch.events.add(event_id=str(number), level=3, category=2)
        event.storage_event.pool_event.CopyFrom(StoragePoolPayload())
    with EventClient(target=toggle.address, jwt=toggle.jwt()) as client:
        assert client.send_batch(batch).status.name == "OK"


def ask(store: str, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["recordings", *arguments, "--store", store])
    assert done.exit_code == code, done.output
    assert "s3cret" not in done.output
    return done.output


def objects(store: str, *arguments: str, code: int = 0) -> list[dict]:
    lines = ask(store, *arguments, "--json", code=code).splitlines()
    return [json.loads(line) for line in lines]


def test_runs_are_listed(store):
    listed = objects(store, "list")
    assert [(one["name"], one["calls"], one["events"], one["in_use"]) for one in listed] == [
        ("one", 1, 2, False),
        ("two", 1, 3, False),
        ("three", 1, 2, True),
    ]
    assert all(one["bytes"] > 20 for one in listed)
    assert listed[2]["begun"] <= listed[2]["written"] <= datetime.now(UTC).timestamp()
    head, *rows = ask(store, "list").splitlines()
    assert head.split() == ["name", "begun", "written", "calls", "events", "bytes", "in", "use"]
    assert [row.split()[0] for row in rows] == ["one", "two", "three"]
    assert [row.endswith("yes") for row in rows] == [False, False, True]


def test_a_run_is_shown(store):
    assert objects(store, "show", "two") == [
        {"level": "INFO", "category": "UNSPECIFIED", "payload": "", "events": 1},
        {"level": "ERROR", "category": "STORAGE", "payload": "storage_pool", "events": 2},
    ]
    assert ask(store, "show", "two").splitlines() == [
        "level  category     payload       events",
        "INFO   UNSPECIFIED  (no payload)  1",
        "ERROR  STORAGE      storage_pool  2",
    ]
    assert "has no run 'tow', did you mean two?" in ask(store, "show", "tow", code=1)


def test_runs_are_compared(store):
    assert ask(store, "compare", "one", "two", code=1).splitlines() == [
        "level  category     payload       one  two",
        "ERROR  STORAGE      storage_pool  1    2",
        "INFO   UNSPECIFIED  (no payload)  1    1",
    ]
    same = objects(store, "compare", "one", "three")
    assert [(one["here"], one["there"]) for one in same] == [(1, 1), (1, 1)]


def test_what_is_wrong_with_an_option_is_told(store):
    assert "give a limit: --older-than, --keep or --max-size" in ask(store, "prune", code=2)
    assert "is no size" in ask(store, "prune", "--max-size", "much", code=2)
    assert "leave out ?run=" in ask(f"{store}?run=one", "list", code=2)


def test_runs_are_deleted(postgres):
    store = postgres.new_database()
    database = store.rpartition("/")[2]

    def names() -> list[str]:
        return [one["name"] for one in objects(store, "list")]

    def partitions() -> int:
        asked = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'toggle_mock.events'::regclass"
        return postgres.ask(asked, database)[0][0]

    assert ask(store, "migrate").endswith(f"is of version {len(MIGRATIONS)}.\n")
    for name in ("one", "two"):
        with ToggleServer(record=f"{store}?run={name}") as toggle:
            send(toggle, 1)
    postgres.ask(
        "UPDATE toggle_mock.runs SET written = written - interval '7 days' WHERE name = 'one'",
        database,
    )
    with ToggleServer(record=f"{store}?run=three") as toggle:
        shown = objects(store, "prune", "--older-than", "6d", "--dry-run")
        assert [one["name"] for one in shown] == ["one"]
        assert names() == ["one", "two", "three"]
        assert objects(store, "prune", "--older-than", "6d") == shown
        assert names() == ["two", "three"]
        assert len(load(f"{store}?run=two").events) == 2
        assert [one["name"] for one in objects(store, "prune", "--keep", "0")] == ["two"]
        assert names() == ["three"]
        assert partitions() == 1
        send(toggle, 1)
    assert postgres.ask("SELECT DISTINCT run FROM toggle_mock.events", database) == [(3,)]
    ask(store, "prune", "--max-size", "1")
    assert names() == []
    assert partitions() == 0
    with ToggleServer(record=f"{store}?run=one") as toggle:
        send(toggle, 1)
    assert len(load(f"{store}?run=one").events) == 2
