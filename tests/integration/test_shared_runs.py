"""Several servers that share a run: each adds what it takes up, and has what all have."""

import json
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import grpc
import httpx
import pytest
from support.postgres import database_of
from support.raw_rodent import RawRodent
from support.run_files import begun, caught_up, deaf_to_commits

from rodent_events import (
    EventBatch,
    EventBus,
    EventClient,
    StoragePoolPayload,
    StorageTransferPayload,
)
from rodent_events.clock import monotonic
from toggle_mock import RemoteToggle, SimulatedRodent, ToggleServer, find_stored, load
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import AcceptEntry, CallEntry, ClearEntry, EndEntry, MessageEntry
from toggle_mock.recording.postgres.board import PATIENCE
from toggle_mock.recording.postgres.following import RunFollower
from toggle_mock.recording.postgres.run import RunFile
from toggle_mock.recording.postgres.shared_run import SharedRunFile
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.tokens.tokens import Tokens

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "postgres.md"


@pytest.fixture
def url(postgres):
    """The URL of a run in a database that is empty."""
    return f"{postgres.new_database()}?run=one"


@pytest.fixture
def pair(url):
    """Two servers that share a run, each with a client."""
    with ExitStack() as ending:
        yield [Served(url, ending) for _ in range(2)]


@pytest.fixture(name="often_polled")
def _often_polled(monkeypatch):
    monkeypatch.setattr("toggle_mock.recording.postgres.following.POLL", 0.01)


class Served:
    """A server that shares a run, and a client of it."""

    def __init__(self, url: str, ending: ExitStack, **options) -> None:
        tokens = Tokens(verify=False)
        self.toggle = ending.enter_context(
            ToggleServer(record=url, record_shared=True, tokens=tokens, **options)
        )
        jwt = self.toggle.jwt()
        self.client = ending.enter_context(EventClient(target=self.toggle.address, jwt=jwt))

    def send(self, *names: str) -> None:
        for one in names:
            sent = self.client.send_batch(EventBatch(batch_id=one, events=[{"event_id": one}]))
            assert sent.status.name == "OK"

    @property
    def ids(self) -> list[str]:
        return [event.event_id for event in self.toggle.events]


def summary(recording) -> list:
    return [
        [call.number, call.method, call.status, [(one.raw, one.sent) for one in call.messages]]
        for call in recording.calls
    ]


def test_whichever_is_asked_has_what_all_have_taken_up_in_one_order(pair, url):
    one, other = pair
    sent = []
    for number in range(5):
        one.send(f"one-{number}")
        other.send(f"other-{number}")
        sent += [f"one-{number}", f"other-{number}"]
        # Without waiting: what was acknowledged is there.
        assert one.ids == sent
        assert other.ids == sent
    assert summary(one.toggle) == summary(other.toggle) == summary(load(url))
    numbers = [call.number for call in one.toggle.calls]
    assert len(set(numbers)) == 10
    assert numbers == sorted(numbers)


def test_who_waits_at_one_is_woken_by_what_comes_to_another(pair, in_background):
    one, other = pair
    waiting = in_background(lambda: one.toggle.wait_for("event_id:late", timeout=60))
    other.send("late")
    (event,) = waiting.result()
    assert event.event_id == "late"
    assert other.toggle.wait_for_call("SendEvents", status="OK")


def test_both_have_over_http_what_all_have(url):
    with ExitStack() as ending:
        one, other = (Served(url, ending, http_port=0) for _ in range(2))
        remotes = [
            ending.enter_context(RemoteToggle(f"http://{each.toggle.http_address}", whole=True))
            for each in (one, other)
        ]
        sent = [f"e{number}" for number in range(10)]
        for number, name in enumerate(sent, 1):
            (one, other)[number % 2].send(name)
            for remote in remotes:
                assert ids(remote) == sent[:number]
        with SimulatedRodent(other.toggle.address, other.toggle.jwt(rid="r7")):
            other.toggle.rodents["r7"].wait_connected()
            (known,) = remotes[1].rodents["r7"].calls
            (connect,) = remotes[0].wait_for_call("Connect")
            assert (known.number, known.rid) == (connect.number, "r7")


def test_a_server_that_comes_later_has_all_of_before_and_one_that_comes_back_too(pair, url):
    one, other = pair
    one.send("e1")
    with ExitStack() as ending:
        third = Served(url, ending)
        assert third.ids == ["e1"]
        third.send("e2")
    one.toggle.stop()
    other.send("e3")
    with one.toggle:
        assert one.ids == ["e1", "e2", "e3"]
        assert [call.status for call in one.toggle.calls] == ["OK"] * 3
    assert summary(load(url)) == summary(other.toggle)


def test_what_is_cleared_at_one_is_gone_at_all(pair, url, in_background):
    one, other = pair
    one.send("before")
    with other.toggle.faults.hanging() as hanging:
        lost = in_background(other.client.send_batch, EventBatch(batch_id="h", events=[{}]))
        one.toggle.wait_for_call("SendEvents", count=2)
        one.toggle.clear()
        assert one.toggle.recording.calls == []  # also for who does not ask whether more has come
        assert one.ids == other.ids == []
        assert other.toggle.calls == []
        hanging.heal()
        lost.result()
    other.send("after")
    assert one.ids == other.ids == ["after"]
    assert [call.status for call in one.toggle.calls] == ["OK"]
    assert summary(load(url)) == summary(one.toggle)
    assert [event.event_id for event in find_stored(url)] == ["after"]


def test_a_batch_of_a_call_that_was_cleared_meanwhile_counts_for_nothing(postgres, url):
    one, other = (SharedRunFile(StoreUrl.of(url), lambda *_: None) for _ in range(2))
    raw = EventBatch(batch_id="b", events=[{"event_id": "e"}]).SerializeToString()
    one.write([CallEntry(-1, "SendEvents", "p", 1.0, (), {}), MessageEntry(-1, False, 1.0, raw)])
    other.write([ClearEntry()])
    one.write([AcceptEntry(-1), EndEntry(-1, "OK", "")])
    one.write([CallEntry(-2, "SendEvents", "p", 1.0, (), {}), MessageEntry(-2, False, 1.0, raw)])
    one.write([AcceptEntry(6), EndEntry(6, "OK", "")])  # its number is known by then
    for file in (one, other):
        file.close()
    (counts,) = postgres.ask("SELECT calls, events FROM toggle_mock.runs", database_of(url))
    assert counts == (1, 1)
    assert postgres.ask("SELECT call FROM toggle_mock.events", database_of(url)) == [(6,)]
    asked = "SELECT place FROM toggle_mock.entries ORDER BY place"
    assert postgres.ask(asked, database_of(url)) == [(place,) for place in range(3, 10)]
    assert [(call.number, call.status) for call in load(url).calls] == [(6, "OK")]


def test_so_does_one_of_a_call_that_was_cleared_in_the_same_commit(postgres, url):
    file = SharedRunFile(StoreUrl.of(url), lambda *_: None)
    raw = EventBatch(batch_id="b", events=[{"event_id": "e"}]).SerializeToString()
    call = [CallEntry(-1, "SendEvents", "p", 1.0, (), {}), MessageEntry(-1, False, 1.0, raw)]
    file.write([*call, ClearEntry(), AcceptEntry(-1), EndEntry(-1, "OK", "")])
    file.close()
    assert postgres.ask("SELECT call FROM toggle_mock.events", database_of(url)) == []
    assert find_stored(url) == []
    assert load(url).calls == []


def test_once_clear_returns_the_copy_is_empty_however_late_it_is(pair, monkeypatch):
    one, _ = pair
    read = RunFollower.read

    def late(follower):
        threading.Event().wait(0.3)
        yield from read(follower)

    monkeypatch.setattr(RunFollower, "read", late)
    one.send("a")
    assert one.ids == ["a"]
    one.toggle.clear()
    assert one.toggle.recording.calls == []


def test_kinds_of_events_are_told_apart_whoever_had_them_first(pair, url):
    kinds = {"pool": StoragePoolPayload(), "transfer": StorageTransferPayload()}
    with ExitStack() as ending:
        one, other = (
            ending.enter_context(
                EventBus(target=each.toggle.address, jwt=each.toggle.jwt(), events_dir=None)
            )
            for each in pair
        )
        for bus, name in [(one, "pool"), (other, "transfer"), (other, "pool"), (one, "transfer")]:
            bus.emit(kinds[name])
            assert bus.flush(30)
    for name in kinds:
        assert len(find_stored(url, f"payload:{name}")) == 2


def test_connections_that_are_lost_lose_and_repeat_nothing(pair, postgres, url, wait_until):
    one, other = pair
    sent = 0
    for number in range(3):
        one.send(f"one-{number}")
        postgres.end_connections(url)
        other.send(f"other-{number}")
        one.send(f"again-{number}")
        sent += 3
    wait_until(lambda: len(one.ids) == len(other.ids) == sent)
    assert one.ids == other.ids
    assert len(set(one.ids)) == sent
    assert summary(one.toggle) == summary(other.toggle) == summary(load(url))


def test_a_store_that_is_away_is_waited_for(pair, postgres, url, wait_until):
    one, other = pair
    one.send("e1")
    postgres.kill(signal.SIGKILL)
    try:
        one.send("e2")
        other.send("e3")
        assert one.toggle.unready is None
    finally:
        postgres.start()
    wait_until(lambda: sorted(one.ids) == ["e1", "e2", "e3"])
    wait_until(lambda: one.ids == other.ids)
    assert summary(load(url)) == summary(one.toggle)


@pytest.mark.usefixtures("often_polled")
def test_a_run_that_is_deleted_is_told(pair, postgres, url, wait_until, caplog):
    one, _ = pair
    one.send("e1")
    postgres.ask("DELETE FROM toggle_mock.runs", database_of(url))
    wait_until(lambda: one.toggle.unready)
    assert one.toggle.unready.endswith("is followed no more: " + gone(url))
    assert one.client.send_batch(EventBatch(batch_id="b")).status.name == "UNAVAILABLE"
    assert "is followed no more" in caplog.text
    assert one.ids == ["e1"]


def gone(url: str) -> str:
    """What is said of a run that was deleted."""
    return f"{StoreUrl.of(url)} is there no more: it was deleted"


def test_what_the_store_has_already_is_not_written_again(postgres, url, wait_until, monkeypatch):
    """The connection breaks after the commit, and before the client hears of it."""
    numbers: dict[int, int] = {}
    file = SharedRunFile(StoreUrl.of(url), numbers.__setitem__)
    other = SharedRunFile(StoreUrl.of(url), lambda *_: None)
    with deaf_to_commits(monkeypatch):
        file.write([begun(-1), begun(-2)])
    assert file.retry_in
    assert numbers == {}
    other.write([begun(-1)])
    caught_up(file, wait_until)
    assert numbers == {-1: 1, -2: 2}
    file.write([EndEntry(-2, "OK", ""), begun(-3), EndEntry(1, "ABORTED", "")])
    for one in (file, other):
        one.close()
    recorded = [(call.number, call.status) for call in load(url).calls]
    assert recorded == [(1, "ABORTED"), (2, "OK"), (3, "CANCELLED"), (5, "CANCELLED")]
    assert postgres.ask("SELECT * FROM toggle_mock.writers", database_of(url)) == []


def test_places_are_without_gaps_however_many_write(postgres, url):
    def write(writer: int) -> None:
        file = SharedRunFile(StoreUrl.of(url), lambda *_: None)
        for number in range(1, 31):
            file.write([begun(-number), EndEntry(-number, "OK", str(writer))])
        file.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    asked = "SELECT place, call, entry FROM toggle_mock.entries ORDER BY place"
    found = postgres.ask(asked, database_of(url))
    assert [place for place, _, _ in found] == list(range(1, 241))
    pairs = zip(found[::2], found[1::2], strict=True)
    assert all(first[1] == first[0] == second[1] for first, second in pairs)


def test_a_schema_that_one_is_given_counts_for_all(url):
    with ExitStack() as ending:
        one = Served(url, ending)
        assert one.toggle.schema is None
        other = Served(url, ending, schema="2025-12-09")
        assert one.toggle.calls == []
        assert one.toggle.schema is not None
        assert one.toggle.schema == other.toggle.schema
        Served(url, ending, schema="2025-12-09")
    assert load(url).schema is not None


def test_who_shares_and_who_does_not_keep_out_of_each_other_s_way(url, pair):
    with pytest.raises(StorageError, match="run=one is in use by another server"):
        ToggleServer(record=url).start()
    alone = f"{url}-alone"
    file = RunFile(StoreUrl.of(alone))
    with pytest.raises(StorageError, match="is in use by a server that does not share it: have th"):
        ToggleServer(record=alone, record_shared=True).start()
    file.close()
    with ToggleServer(record=alone, record_shared=True):
        pass
    assert pair[0].ids == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "record is not given, and is to be shared: give a run of a store by its name"),
        ({"record": "run.sqlite"}, "record is run.sqlite, and is to be shared"),
        ({"record": "postgresql://u:s3cret@h/d"}, r"record is postgresql://u@h/d, and is to be sh"),
        ({"record": "postgresql://h/d?run=r", "schema": "auto"}, "each server would find out for"),
    ],
)
def test_what_cannot_be_shared_is_told(options, said):
    with pytest.raises(ValueError, match=said):
        ToggleServer(record_shared=True, **options)


# Processes behind one address


def test_processes_behind_one_address_lose_nothing_that_was_acknowledged(
    url, proxy, serve, tmp_path, wait_until
):
    arguments = ["--record", url, "--record-shared", "--http", "0", "--quiet", "--json"]
    started = [
        serve(*arguments, "--ready-file", str(tmp_path / f"ready-{number}")) for number in range(2)
    ]
    addresses = [wait_until(lambda one=one: ready(one)) for one in started]
    target = proxy("nginx", **as_documented([one["listening"] for one in addresses]))
    with ExitStack() as ending:
        one, other = (
            ending.enter_context(RemoteToggle(each["http"], whole=True)) for each in addresses
        )
        acknowledged: list[str] = []
        client = ending.enter_context(EventClient(target=target, jwt=one.jwt()))

        def send(count: int) -> None:
            for _ in range(count):
                name = f"e{len(acknowledged)}"
                batch = EventBatch(batch_id=name, events=[{"event_id": name}])
                wait_until(partial(is_acknowledged, client, batch))
                acknowledged.append(name)

        send(20)
        assert ids(one) == ids(other) == acknowledged
        share_a_session(addresses, client)
        raw = RawRodent(SimpleNamespace(address=target, jwt=one.jwt), "r9")
        ending.callback(raw.close)
        for each in (one, other):
            reply = each.rodents["r9"].start_command("c", timeout=60)
            raw.answer(next(said for said in raw.stream if said.command.command_type == "c"))
            assert reply.result(60).success
            assert list(each.rodents) == ["r9"]
        started[0].kill()
        begun = monotonic()
        with other.faults.failing(grpc.StatusCode.ABORTED):  # who was killed is not waited for
            assert monotonic() - begun < PATIENCE
            wait_until(lambda: status(client) == "ABORTED")
        send(20)
        assert list(dict.fromkeys(ids(other))) == acknowledged
    peers = {call.peer for call in load(url).calls}
    assert len(peers) > 1


def share_a_session(addresses: list[dict], client: EventClient) -> None:
    """Have a session that is opened at one server be one of both, and its faults as well."""
    one, other = (f"{each['http']}/api/v1" for each in addresses)
    opened = httpx.post(f"{one}/sessions", json={"sub": "org-1"}).json()
    mine = {"session": opened["session"]}
    body = {"method": "SendEvents", "returns": ["ABORTED"] * 7}
    fault = httpx.post(f"{other}/faults", params=mine, json=body).json()["fault"]
    found = [status(client) for _ in range(20)]
    assert found == ["ABORTED"] * 7 + ["OK"] * 13
    for each in (one, other):
        told = httpx.get(f"{each}/faults", params=mine).json()
        assert (told["faults"][fault]["remaining"], told["in_force"]) == (0, [])
        failed = {"status": "ABORTED", **mine}
        assert len(httpx.get(f"{each}/calls", params=failed).json()["calls"]) == 7
    assert httpx.delete(f"{other}/sessions/{mine['session']}").is_success
    assert httpx.get(f"{one}/faults", params=mine).status_code == 404


def status(client: EventClient) -> str:
    """How a batch without events fares."""
    return client.send_batch(EventBatch()).status.name


def is_acknowledged(client: EventClient, batch: EventBatch) -> bool:
    return client.send_batch(batch).status.name == "OK"


def as_documented(servers: list[str]) -> dict[str, str]:
    """What docs/postgres.md has nginx do, with other servers."""
    (page,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    upstream, location = re.fullmatch(
        r"(upstream toggles {\n).*?}\nserver {.*location / {(.*?)}\n}\n", page, re.DOTALL
    ).groups()
    return {"http": upstream + "".join(f"server {one};" for one in servers) + "}", "what": location}


def ready(process) -> dict:
    return json.loads(process.stdout.readline())


def ids(toggle) -> list[str]:
    return [event.event_id for event in toggle.events]
