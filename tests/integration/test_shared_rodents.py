"""Rodents of servers that share a run: asked, listed and waited for at each, wherever they are."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count

import grpc
import pytest
from support.postgres import database_of
from support.raw_rodent import RawRodent

from toggle_mock import (
    NoReplyError,
    NotConnectedError,
    RemoteToggle,
    SimulatedRodent,
    ToggleServer,
)
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import CallEntry, EndEntry, StreamEntry
from toggle_mock.recording.postgres.letters import RunLetters
from toggle_mock.recording.postgres.migrations import LETTERS_LOCK
from toggle_mock.recording.postgres.shared_run import SharedRunFile
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.tokens.tokens import Tokens

pytestmark = pytest.mark.slow

Code = grpc.StatusCode
NAMES = (f"r{number}" for number in count(1))


@pytest.fixture(scope="module")
def url(postgres):
    return f"{postgres.new_database()}?run=one"


@pytest.fixture(scope="module")
def pair(url):
    """Two servers that share a run."""
    with ExitStack() as ending:
        yield [ending.enter_context(shared(url)) for _ in range(2)]


def shared(url, **options) -> ToggleServer:
    tokens = Tokens(verify=False)
    return ToggleServer(record=url, record_shared=True, tokens=tokens, http_port=0, **options)


@pytest.fixture
def one(pair):
    """The server that is asked."""
    return pair[0]


@pytest.fixture
def other(pair):
    """The one that Rodents connect to."""
    return pair[1]


@pytest.fixture
def rid():
    """The id of a Rodent that no other test has."""
    return next(NAMES)


@pytest.fixture
def rodent(other, rid):
    with simulated(other, rid) as rodent:
        yield rodent


@pytest.fixture
def raw(other, rid):
    with connected(other, rid) as raw:
        yield raw


@pytest.fixture
def letters(postgres, url, wait_until):
    """Gives the letters that there are; at the end none is left."""

    def standing() -> list:
        return postgres.ask("SELECT name, taker FROM toggle_mock.letters", database_of(url))

    yield standing
    wait_until(lambda: not standing())


@pytest.fixture(name="soon_gone")
def _soon_gone(monkeypatch):
    """Servers that are silent are gone soon."""
    monkeypatch.setattr("toggle_mock.recording.postgres.hearing.POLL", 0.05)
    monkeypatch.setattr("toggle_mock.rodents.mail.GRACE", 0.1)


def simulated(toggle, rid: str) -> SimulatedRodent:
    return SimulatedRodent(toggle.address, toggle.jwt(rid=rid), pace=0.001)


@contextmanager
def connected(toggle, rid: str):
    """A Rodent that says what it is told to say, and is connected."""
    raw = RawRodent(toggle, rid)
    try:
        raw.stream.initial_metadata()
        yield raw
    finally:
        raw.close()


def write_late(monkeypatch) -> None:
    """What is recorded gets into the run a moment later from now on."""
    write = SharedRunFile.write

    def late(file, entries):
        threading.Event().wait(0.2)
        write(file, entries)

    monkeypatch.setattr(SharedRunFile, "write", late)


# Asked


@pytest.mark.usefixtures("letters")
def test_all_that_can_be_asked_gets_to_a_rodent_at_another_server(one, rid, rodent):
    seen = one.rodents[rid]
    assert seen.command("system.status").payload["status"] == "healthy"
    rodent.commands["zfs.pool.list"] = lambda payload: [payload["of"], "backup"]
    assert seen.command("zfs.pool.list", {"of": "tank"}).payload == ["tank", "backup"]
    assert seen.push_config("logging", {"level": "debug"}).success
    rodent.services["api"] = lambda request: (200, {"x": "y"}, request["path"].encode())
    answer = seen.http("GET", "/health", service="api")
    assert (answer.status_code, answer.headers, answer.body) == (200, {"x": "y"}, b"/health")
    replies = [seen.start_command("system.status") for _ in range(3)]
    assert all(reply.result(20).success for reply in replies)


@pytest.mark.usefixtures("letters")
def test_so_does_a_message_as_it_is(one, rid, raw):
    one.rodents[rid].send(b"\x0a\x01x")
    assert next(raw.stream).request_id == "x"


@pytest.mark.usefixtures("letters")
def test_a_stream_elsewhere_is_ended_with_a_status(one, other, rid, raw):
    seen = one.rodents[rid]
    seen.disconnect(Code.RESOURCE_EXHAUSTED, "enough")
    assert not seen.connected
    assert raw.stream.code() is Code.RESOURCE_EXHAUSTED
    assert raw.stream.details() == "enough"
    seen.wait_disconnected()
    for toggle in (one, other):
        assert [call.status for call in toggle.rodents[rid].calls] == ["RESOURCE_EXHAUSTED"]
        with pytest.raises(NotConnectedError, match="there is no stream to end"):
            toggle.rodents[rid].disconnect()


@pytest.mark.usefixtures("raw")
def test_it_is_open_no_more_before_its_end_is_written(one, rid, monkeypatch):
    seen = one.rodents[rid]
    assert seen.connected
    write_late(monkeypatch)
    seen.disconnect()
    assert not seen.connected


def test_so_are_those_at_each_server(one, other, rid):
    with connected(one, rid) as here, connected(other, rid) as there:
        seen = one.rodents[rid]
        assert len(seen.calls) == 2
        seen.disconnect(Code.ABORTED)
        assert (here.stream.code(), there.stream.code()) == (Code.ABORTED, Code.ABORTED)


@pytest.mark.parametrize("comes_to", [0, 1])
def test_one_that_connects_later_is_asked_then(
    pair, rid, letters, in_background, comes_to, wait_until
):
    seen = pair[0].rodents[rid]
    asking = in_background(seen.command, "system.status", timeout=60)
    wait_until(letters)
    with simulated(pair[comes_to], rid):
        assert asking.result().success
    assert seen.sub == "org-1"


@pytest.mark.usefixtures("letters")
def test_a_stream_that_ends_before_the_answer_is_told(one, rid, raw):
    reply = one.rodents[rid].start_command("slow")
    assert next(raw.stream).command.command_type == "slow"
    raw.send(None)
    with pytest.raises(NotConnectedError, match=f"the stream of rodent {rid} ended: OK"):
        reply.result(20)


@pytest.mark.usefixtures("letters")
def test_a_late_reply_is_kept_as_such_where_it_has_come(one, other, rid, raw, wait_until):
    with pytest.raises(NoReplyError, match=rf"rodent {rid} did not answer command c within 0\.5 s"):
        one.rodents[rid].command("c", timeout=0.5)
    late = next(raw.stream)

    def is_unexpected() -> bool:
        raw.answer(late)  # until the server has heard that it is waited for no more
        return bool(other.rodents[rid].unexpected_messages)

    wait_until(is_unexpected)
    assert late.request_id in other.rodents[rid].unexpected_messages[0].reason


def test_a_rodent_that_is_connected_nowhere_is_told(one, rid):
    with pytest.raises(NotConnectedError, match=r"after 0\.1 s, at any server of the run"):
        one.rodents[rid].command("c", timeout=0.1)
    with pytest.raises(NotConnectedError, match="after 0 s, at any server of the run"):
        one.rodents[rid].send(b"", timeout=0)
    assert rid not in one.rodents


@pytest.mark.usefixtures("rodent")
def test_without_a_time_one_that_is_connected_elsewhere_is_asked(one, rid):
    one.rodents[rid].wait_connected()
    assert one.rodents[rid].start_command("system.status", timeout=0).result(20).success


@pytest.mark.usefixtures("letters")
def test_what_many_ask_at_once_gets_there_once(pair, rid, rodent):
    rodent.commands["echo"] = lambda payload: payload
    with ThreadPoolExecutor(8) as threads:
        replies = threads.map(
            lambda number: pair[number % 2].rodents[rid].command("echo", number, timeout=60),
            range(40),
        )
        assert [reply.payload for reply in replies] == list(range(40))
    sent = [message for message in pair[0].rodents[rid].history if message.sent]
    assert len(sent) == 40


@pytest.mark.usefixtures("letters")
def test_of_several_servers_with_a_stream_one_alone_takes_a_letter(pair, url, rid, wait_until):
    with ExitStack() as ending:
        for toggle in pair:
            ending.enter_context(connected(toggle, rid))
        asking = ending.enter_context(shared(url))
        for _ in range(20):
            asking.rodents[rid].send(b"")
        wait_until(lambda: len(asking.rodents[rid].history) >= 20)
        assert len(asking.rodents[rid].history) == 20


def test_connections_that_are_lost_lose_and_repeat_nothing(
    postgres, url, one, rid, raw, letters, wait_until
):
    seen = one.rodents[rid]
    for _ in range(3):
        reply = seen.start_command("c", timeout=60)
        request = next(raw.stream)
        postgres.end_connections(url)
        raw.answer(request)
        assert reply.result(60).success
        wait_until(lambda: not letters())
        postgres.end_connections(url)  # the next letter is written over one of these
    raw.send(None)
    assert list(raw.stream) == []


@pytest.mark.usefixtures("letters")
def test_a_rodent_that_moves_is_asked_where_it_is(one, other, rid):
    seen = one.rodents[rid]
    for toggle in (other, one, other):
        with connected(toggle, rid) as raw:
            reply = seen.start_command("c", timeout=60)
            raw.answer(next(raw.stream))
            assert reply.result(60).success
            raw.send(None)
            seen.wait_disconnected(60)
    assert len(seen.calls) == 3


def test_one_that_is_connected_here_is_asked_without_the_store(other, rid, rodent, monkeypatch):
    def not_here(*_, **__):
        raise AssertionError("nothing is to be asked of the store")

    seen = other.rodents[rid]
    seen.wait_connected()
    for each in ("write", "take", "answer", "withdraw"):
        monkeypatch.setattr(RunLetters, each, not_here)
    monkeypatch.setattr("toggle_mock.recording.postgres.sharing.RunCopy.catch_up", not_here)
    assert seen.command("system.status").success
    assert seen.push_config("logging").success
    seen.disconnect(Code.UNAVAILABLE)
    assert rodent.rid == rid


# Read


def test_once_a_rodent_is_accepted_each_server_knows(one, other, rid, monkeypatch):
    write_late(monkeypatch)
    with connected(other, rid):
        assert one.rodents[rid].connected


@pytest.mark.usefixtures("rodent")
def test_each_server_knows_the_same_of_a_rodent(one, other, rid, wait_until):
    one.rodents[rid].wait_connected()
    assert one.rodents[rid].command("system.status").success
    here, there = one.rodents[rid], other.rodents[rid]
    assert (here.sub, here.connected) == (there.sub, there.connected) == ("org-1", True)
    assert [call.number for call in here.calls] == [call.number for call in there.calls]
    assert [message.sent for message in here.history] == [True, False]
    assert [message.raw for message in here.history] == [message.raw for message in there.history]
    for toggle in (one, other):
        assert rid in toggle.rodents
        assert rid in [rodent.rid for rodent in toggle.rodents.connected]
        assert rid not in toggle.session(rid="somebody else").rodents
    there.disconnect(Code.UNAVAILABLE)
    wait_until(lambda: len(here.calls) == 2)


def test_it_is_waited_for_at_each(one, other, rid, in_background):
    session = one.session(rid=rid)
    waiting = [
        in_background(one.rodents[rid].wait_connected, 60),
        in_background(session.rodents.wait_connected, 1, 60),
    ]
    with connected(other, rid):
        for each in waiting:
            each.result()
        away = in_background(one.rodents[rid].wait_disconnected, 60)
        with pytest.raises(TimeoutError, match=f"rodent {rid} is still connected after 0.01 s"):
            one.rodents[rid].wait_disconnected(0.01)
    away.result()
    assert not one.rodents[rid].connected
    with pytest.raises(NotConnectedError, match="for 1 connected"):
        session.rodents.wait_connected(timeout=0.01)
    with pytest.raises(NotConnectedError, match="is not connected"):
        one.rodents[rid].wait_connected(0.01)


def test_only_what_has_become_a_stream_counts(one, other, rid):
    with other.faults.hanging(method="Connect"), ExitStack() as ending:
        raw = RawRodent(other, rid)
        ending.callback(raw.close)
        one.session(rid=rid).wait_for_call("Connect", timeout=60)
        for toggle in (one, other):
            assert not toggle.rodents[rid].connected
            assert rid not in toggle.rodents


@pytest.mark.usefixtures("raw")
def test_clearing_the_run_leaves_a_rodent_connected(one, other, rid):
    other.clear()
    for toggle in (one, other):
        assert toggle.rodents[rid].connected
        assert rid in toggle.rodents
        assert not toggle.calls


@pytest.mark.usefixtures("soon_gone")
def test_a_server_that_has_lost_its_connections_and_is_idle_is_not_gone(postgres, wait_until):
    url = f"{postgres.new_database()}?run=one"
    held = f"SELECT objid FROM pg_locks WHERE classid = {LETTERS_LOCK}"
    with shared(url) as one, shared(url) as other, connected(other, "r1"):
        assert one.rodents["r1"].connected
        postgres.end_connections(url)
        wait_until(lambda: len(postgres.ask(held, database_of(url))) == 2)
        wait_until(lambda: one.rodents["r1"].connected)
        with pytest.raises(TimeoutError):
            one.rodents["r1"].wait_disconnected(0.5)


@pytest.mark.usefixtures("soon_gone")
def test_what_a_server_that_is_gone_was_amid_is_open_no_more(postgres, wait_until):
    url = f"{postgres.new_database()}?run=one"
    with shared(url) as toggle:
        file = SharedRunFile(StoreUrl.of(url), lambda *_: None)
        for number, rid in enumerate(["stays", "ends"], 1):
            claims = {"rid": rid, "sub": "org-1"}
            file.write([CallEntry(-number, "Connect", "p", 1.0, (), claims)])
        file.write([StreamEntry(-1, 0), StreamEntry(-2, 0), EndEntry(-2, "OK", "")])
        seen = toggle.rodents["stays"]
        assert seen.connected
        assert [one.rid for one in toggle.rodents.connected] == ["stays"]
        postgres.end_connections(url)  # to which this one does not come back
        file.close()
        wait_until(lambda: not seen.connected)
        seen.wait_disconnected()
        assert sorted(toggle.rodents) == ["ends", "stays"]
        with pytest.raises(NotConnectedError, match="there is no stream to end"):
            seen.disconnect()
    with shared(url) as toggle:
        assert "stays" in toggle.rodents
        assert not toggle.rodents["stays"].connected


# Without the store


def test_while_the_store_is_away_those_that_are_here_are_asked(
    one, other, rid, in_background, monkeypatch
):
    def away(*_):
        raise StorageError("the store is away")

    monkeypatch.setattr(RunLetters, "write", away)
    asking = in_background(one.rodents[rid].command, "system.status", timeout=60)
    sending = in_background(one.rodents[rid].send, b"\x0a\x01x", timeout=60)
    with simulated(one, rid):
        assert asking.result().success
        sending.result()
    elsewhere = f"{rid}-elsewhere"
    with connected(other, elsewhere):
        one.rodents[elsewhere].wait_connected()
        with pytest.raises(NotConnectedError, match="cannot be asked: the store is away"):
            one.rodents[elsewhere].command("c", timeout=0.1)
        with pytest.raises(NotConnectedError, match="cannot be asked: the store is away"):
            one.rodents[elsewhere].disconnect()


# Over HTTP


@pytest.mark.usefixtures("rodent")
def test_over_http_each_server_lists_and_asks_the_same(pair, rid):
    pair[0].rodents[rid].wait_connected()
    known = []
    for toggle in pair:
        with RemoteToggle(f"http://{toggle.http_address}", whole=True) as remote:
            seen = remote.rodents[rid]
            assert rid in remote.rodents
            assert seen.connected
            assert seen.command("system.status").success
            assert seen.start_command("system.status").result(20).success
            assert seen.push_config("logging", {"level": "debug"}).success
            known.append([call.number for call in seen.calls])
    assert known[0] == known[1]
    with RemoteToggle(f"http://{pair[0].http_address}", whole=True) as remote:
        remote.rodents[rid].disconnect(Code.UNAVAILABLE)
