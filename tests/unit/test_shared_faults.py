"""Faults that several servers have in common, by a board without a store."""

import asyncio
import random

import grpc
import pytest
from support.boards import Common

from toggle_mock.errors import NoRelayError
from toggle_mock.faults.book import FaultBook
from toggle_mock.faults.connections import Network
from toggle_mock.faults.control import Faults
from toggle_mock.faults.outcomes import OK, UNAVAILABLE
from toggle_mock.faults.plans import Incoming
from toggle_mock.faults.shared import SharedFaults, SharedInjector
from toggle_mock.faults.spec import Outage
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.scope import Scope


class Host:
    """A server whose comings and goings are noted."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.is_up = True

    async def leave(self) -> None:
        self.is_up = False
        self.log.append("leave")

    async def come_back(self) -> None:
        self.is_up = True
        self.log.append("come back")

    def carry_out(self, work) -> None:
        asyncio.run(work())


class Server:
    """What of a server has to do with faults."""

    def __init__(self, common: Common) -> None:
        self.host, self.book = Host(), FaultBook()
        network = Network(self.host, None, lambda: self.host.log.append("forget"))
        self.shared = SharedFaults(common.join(), self.book, network)
        self.faults = self.narrowed()

    def narrowed(self, scope: Scope | None = None) -> Faults:
        return Faults(SharedInjector(self.shared, scope or Scope()))

    def call(self, rid: str = "r1", method: str = "SendEvents") -> grpc.StatusCode:
        claims = {"rid": rid, "sub": "o1"}
        outcome, _ = self.book.decide(Incoming(RecordedCall(method, "p", (), claims=claims), b""))
        return outcome.status


@pytest.fixture
def common():
    return Common()


@pytest.fixture
def servers(common):
    return [Server(common) for _ in range(3)]


def test_a_fault_is_in_force_at_each_and_healed_at_each(servers):
    one, other, third = servers
    fault = one.faults.failing(UNAVAILABLE, rid="r1")
    assert [server.call() for server in servers] == [UNAVAILABLE] * 3
    assert third.call("r2") is OK
    assert other.faults.in_force == [fault.spec]
    fault.heal()
    fault.heal()
    assert [server.call() for server in servers] == [OK] * 3
    assert other.faults.in_force == []
    one.faults.failing(UNAVAILABLE)
    third.faults.heal()
    assert other.call() is OK


def test_of_two_faults_the_older_one_decides_wherever_it_was_asked_for(servers):
    one, other, _ = servers
    one.faults.failing(grpc.StatusCode.ABORTED)
    other.faults.failing(UNAVAILABLE)
    assert [server.call() for server in servers] == [grpc.StatusCode.ABORTED] * 3


@pytest.mark.parametrize("seed", range(5))
def test_outcomes_that_are_counted_are_counted_over_all(servers, seed):
    one, other, _ = servers
    fault = one.faults.script("SendEvents").returns([UNAVAILABLE, OK, grpc.StatusCode.ABORTED])
    rest = one.faults.script("SendEvents").at(1, grpc.StatusCode.INTERNAL)
    chance = random.Random(seed)
    got = [chance.choice(servers).call() for _ in range(6)]
    assert got == [UNAVAILABLE, OK, grpc.StatusCode.ABORTED, OK, grpc.StatusCode.INTERNAL, OK]
    assert (fault.remaining, rest.remaining) == (0, 0)
    assert other.faults.in_force == []


def test_how_many_are_left_is_the_same_everywhere(servers):
    one, other, _ = servers
    fault = one.faults.script("SendEvents").returns([UNAVAILABLE] * 3)
    other.call()
    assert fault.remaining == 2
    ((_, there),) = servers[2].shared.asked_for().values()
    assert there.remaining == 2
    fault.heal()
    assert fault.remaining == 0


def test_calls_that_no_counted_fault_is_about_ask_nobody(servers, common):
    one, other, _ = servers
    one.faults.failing(UNAVAILABLE)
    assert not other.book.asks
    with one.faults.script("SendEvents").returns(UNAVAILABLE, rid="r2"):
        assert other.book.asks
        common.is_away = True  # whoever asks fails, or counts by itself
        assert other.call("r1") is UNAVAILABLE
        common.is_away = False
    assert not other.book.asks


def test_while_nobody_can_be_asked_each_counts_by_itself(servers, common):
    one, other, _ = servers
    one.faults.script("SendEvents").returns([UNAVAILABLE] * 2)
    assert one.call() is UNAVAILABLE
    common.is_away = True
    assert [other.call() for _ in range(3)] == [UNAVAILABLE, UNAVAILABLE, OK]
    common.is_away = False
    assert [one.call() for _ in range(2)] == [UNAVAILABLE, OK]


def test_what_is_over_at_once_happens_once_at_each_and_the_recording_is_forgotten_once(
    servers, common
):
    servers[1].faults.restart(forget=True)
    late = Server(common)
    late.shared.board.look()
    assert [server.host.log for server in (*servers, late)] == [
        ["leave", "come back"],
        ["leave", "forget", "come back"],
        ["leave", "come back"],
        [],
    ]
    assert common.faults == {}


def test_who_comes_later_takes_up_what_holds(servers, common):
    servers[0].faults.outage()
    late = Server(common)
    assert late.faults.in_force == [Outage()]
    assert not late.host.is_up
    late.faults.heal()
    assert all(server.host.is_up for server in (*servers, late))


def test_a_session_heals_its_own_everywhere(servers):
    one, other, _ = servers
    mine = one.narrowed(Scope(rid="r1"))
    mine.failing(UNAVAILABLE)
    other.faults.failing(grpc.StatusCode.ABORTED, rid="r2")
    assert [other.call("r1"), other.call("r2"), other.call("r3")] == [
        UNAVAILABLE,
        grpc.StatusCode.ABORTED,
        OK,
    ]
    with pytest.raises(ValueError, match="rid is 'r2': this session is of rodent r1"):
        mine.failing(UNAVAILABLE, rid="r2")
    mine.heal()
    assert [other.call("r1"), other.call("r2")] == [OK, grpc.StatusCode.ABORTED]


def test_what_cannot_be_is_refused_before_anybody_hears_of_it(servers, common):
    faults = servers[0].faults
    with pytest.raises(TypeError, match=r"a function such as .* so the servers that share"):
        faults.failing(lambda _call: UNAVAILABLE)
    with pytest.raises(NoRelayError, match="needs a relay"):
        faults.latency(1.0)
    with pytest.raises(NoRelayError):
        servers[0].narrowed(Scope(rid="r1")).outage()
    with pytest.raises(TypeError, match="is no fault"):
        faults.add("outage")
    assert common.faults == {}


def test_what_one_server_cannot_do_is_logged_there(servers, common, caplog):
    board = common.join()
    board.put_up({"latency": {"seconds": 1.0}}, Scope(), None, is_over_at_once=False)
    assert caplog.text.count("a fault that was asked for at another server is not in force") == 3
    assert "needs a relay" in caplog.text
    board.clear(None)
    with servers[0].faults.failing(UNAVAILABLE):
        assert servers[1].call() is UNAVAILABLE


def test_who_asks_is_told_what_fails_as_it_begins(servers, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise OSError("the port is taken")

    monkeypatch.setattr(servers[0].host, "carry_out", fail)
    with pytest.raises(OSError, match="the port is taken"):
        servers[0].faults.outage()
    assert not servers[1].host.is_up
    servers[1].faults.heal()
    assert servers[1].host.is_up
    assert "not in force here" not in caplog.text


def test_what_cannot_be_undone_is_logged(servers, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise OSError("the port is taken")

    servers[0].faults.outage()
    monkeypatch.setattr(servers[1].host, "carry_out", fail)
    servers[0].faults.heal()
    assert servers[0].host.is_up
    assert "a fault that was healed goes on here: {'outage': {}}" in caplog.text
