"""Several servers that share a run have their faults and sessions in common."""

import math
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
import httpx
import pytest
from support.postgres import database_of

from rodent_events import EventBatch, EventClient
from toggle_mock import (
    NoRelayError,
    RemoteToggle,
    SimulatedRodent,
    StorageError,
    ToggleServer,
    hang,
)
from toggle_mock.recording.board import BoardChanges, BoardState
from toggle_mock.recording.postgres import board
from toggle_mock.recording.postgres.migrations import BOARD_LOCK
from toggle_mock.recording.scope import Scope
from toggle_mock.tokens.tokens import Tokens

pytestmark = pytest.mark.slow

OK, ABORTED, UNAVAILABLE = (
    grpc.StatusCode.OK,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNAVAILABLE,
)


@pytest.fixture
def url(postgres):
    """The URL of a run in a database that is empty."""
    return f"{postgres.new_database()}?run=one"


@pytest.fixture
def ending():
    with ExitStack() as ending:
        yield ending


@pytest.fixture
def serve_one(url, ending):
    """Starts a server that shares the run."""

    def start(**options) -> Served:
        return Served(url, ending, **options)

    return start


@pytest.fixture
def pair(serve_one):
    return [serve_one() for _ in range(2)]


@pytest.fixture
def http_pair(serve_one):
    """Two with HTTP."""
    return [serve_one(http_port=0) for _ in range(2)]


class Served:
    """A server that shares a run, and a client of it."""

    def __init__(self, url: str, ending: ExitStack, **options) -> None:
        tokens = Tokens(verify=False)
        self.toggle = ending.enter_context(
            ToggleServer(record=url, record_shared=True, tokens=tokens, **options)
        )
        self._ending = ending
        self._clients: dict[str, EventClient] = {}

    def call(self, rid: str = "rodent-1", sub: str = "org-1") -> str:
        """The status of a batch that a Rodent sends here."""
        if rid not in self._clients:
            jwt = self.toggle.jwt(rid=rid, sub=sub)
            client = EventClient(target=self.toggle.address, jwt=jwt)
            self._clients[rid] = self._ending.enter_context(client)
        return self._clients[rid].send_batch(EventBatch(events=[{}])).status.name

    @property
    def api(self) -> httpx.Client:
        base = f"http://{self.toggle.http_address}/api/v1"
        return self._ending.enter_context(httpx.Client(base_url=base, timeout=60))


def test_a_fault_is_in_force_at_each_once_it_was_asked_for_and_healed_likewise(pair):
    one, other = pair
    for _ in range(5):
        fault = one.toggle.faults.failing(ABORTED)
        assert (one.call(), other.call()) == ("ABORTED", "ABORTED")
        assert other.toggle.faults.in_force == [fault.spec]
        fault.heal()
        assert (one.call(), other.call()) == ("OK", "OK")
        assert other.toggle.faults.in_force == []
    with other.toggle.on_send_events.always(ABORTED, rid="r2"):
        assert (one.call("r2"), one.call()) == ("ABORTED", "OK")


def test_outcomes_are_counted_over_all_however_many_call_at_once(pair):
    outcomes = [ABORTED, OK] * 5
    fault = pair[0].toggle.on_send_events.returns(outcomes)
    pair[0].call()
    pair[1].call()
    assert [one.toggle.faults.in_force for one in pair] == [[fault.spec]] * 2
    assert fault.remaining == 8
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda number: pair[number % 2].call(), range(20)))
    assert sorted(found) == ["ABORTED"] * 4 + ["OK"] * 16
    assert fault.remaining == 0
    assert pair[1].toggle.faults.in_force == []


def test_a_call_that_waits_for_its_turn_holds_up_no_other(pair, in_background, monkeypatch):
    one, other = pair
    entered, let_on = threading.Event(), threading.Event()
    claim = board.StoredBoard.claim

    def slow(*arguments) -> int | None:
        entered.set()
        let_on.wait(30)
        return claim(*arguments)

    monkeypatch.setattr(board.StoredBoard, "claim", slow)
    one.toggle.on_send_events.returns([ABORTED], rid="r2")
    waiting = in_background(other.call, "r2")
    assert entered.wait(30)
    assert other.call() == "OK"
    let_on.set()
    assert waiting.result() == "ABORTED"


def test_who_is_held_at_one_goes_on_as_it_is_healed_at_another(pair, in_background, wait_until):
    one, other = pair
    fault = one.toggle.on_send_events.returns([hang()])
    waiting = in_background(other.call)
    wait_until(lambda: fault.remaining == 0)
    one.toggle.faults.heal()
    assert waiting.result() == "UNAVAILABLE"


def test_faults_of_connections_are_at_each_and_those_over_at_once_happen_once(
    serve_one, ending, wait_until
):
    servers = [serve_one(relay=True) for _ in range(2)]
    sessions = []
    for number, one in enumerate(servers):
        sessions.append(one.toggle.session(rid=f"r{number}"))
        jwt = sessions[-1].jwt()
        rodent = SimulatedRodent(one.toggle.address, jwt, profile="guarantees", pace=0.02)
        ending.enter_context(rodent)
        one.toggle.rodents[f"r{number}"].wait_connected(timeout=30)
    strikes = [servers[0].toggle.faults.reset, servers[1].toggle.faults.restart]
    for strike in strikes:
        strike()
        for number, one in enumerate(servers):
            wait_until(lambda number=number: under_way(sessions[number]) == 1)
            one.toggle.rodents[f"r{number}"].wait_connected(timeout=30)
    for session in sessions:
        assert len(session.wait_for_call("Connect", status="CANCELLED", count=2)) == 2
    with servers[0].toggle.faults.outage():
        assert [one.toggle.serving for one in servers] == [False, False]
    assert [one.toggle.serving for one in servers] == [True, True]
    assert servers[1].call() == "OK"


def under_way(session) -> int:
    """How many streams of a session's Rodents there are."""
    return [(call.method, call.status) for call in session.calls].count(("Connect", None))


def test_a_server_without_a_relay_says_what_it_cannot_do(serve_one, caplog):
    able, unable = serve_one(relay=True), serve_one()
    with pytest.raises(NoRelayError):
        unable.toggle.faults.latency(1)
    with able.toggle.faults.latency(0.01):
        assert len(unable.toggle.faults.in_force) == 0
        assert len(able.toggle.faults.in_force) == 1
    assert caplog.text.count("a fault that was asked for at another server is not in force") == 1


def test_who_comes_later_has_what_holds_and_who_comes_after_all_begins_clean(
    url, postgres, pair, serve_one
):
    one, other = pair
    one.toggle.faults.failing(ABORTED)
    late = serve_one()
    assert late.call() == "ABORTED"
    one.toggle.stop()
    other.toggle.stop()
    assert late.call() == "ABORTED"  # which does not go with who asked for it
    other.toggle.start()
    assert other.toggle.faults.in_force
    for each in (other, late):
        each.toggle.stop()
    assert postgres.ask("SELECT * FROM toggle_mock.writers", database_of(url)) == []
    assert serve_one().call() == "OK"


def test_a_test_that_begins_at_one_heals_all(pair):
    one, other = pair
    other.toggle.faults.failing(ABORTED)
    assert other.call() == "ABORTED"
    one.toggle.begin_test()
    assert other.call() == "OK"
    assert len(one.toggle.calls) == 1


def test_over_http_it_is_the_same_whichever_is_asked(http_pair):
    one, other = http_pair
    api, there = one.api, other.api
    body = {"method": "SendEvents", "returns": ["ABORTED"] * 3}
    fault = api.post("/faults", json=body).json()["fault"]
    assert other.call() == "ABORTED"
    told = there.get("/faults").json()
    assert told == api.get("/faults").json()
    assert told["faults"][fault]["remaining"] == 2
    assert len(told["in_force"]) == 1
    assert there.delete(f"/faults/{fault}").is_success
    assert (one.call(), other.call()) == ("OK", "OK")
    assert api.delete(f"/faults/{fault}").status_code == 404
    assert there.delete("/faults/none").status_code == 404
    by_python = one.toggle.faults.failing(ABORTED)
    (found,) = there.get("/faults").json()["faults"]
    assert there.delete(f"/faults/{found}").is_success
    assert one.call() == "OK"
    by_python.heal()


def test_a_session_can_be_used_at_each(http_pair):
    one, other = http_pair
    api, there = one.api, other.api
    opened = api.post("/sessions", json={"sub": "org-7"}).json()
    mine = {"session": opened["session"]}
    body = {"method": "SendEvents", "always": "ABORTED"}
    fault = there.post("/faults", json=body, params=mine).json()["fault"]
    assert (one.call("r7", "org-7"), other.call("r7", "org-7")) == ("ABORTED", "ABORTED")
    assert (one.call(), other.call()) == ("OK", "OK")
    assert api.get("/faults", params=mine).json()["faults"][fault]["session"] == mine["session"]
    assert len(api.get("/calls", params=mine).json()["calls"]) == 2
    names = [each["session"] for each in there.get("/sessions").json()["sessions"]]
    assert names == [mine["session"]]
    assert there.delete(f"/sessions/{mine['session']}").is_success
    assert (one.call("r7"), other.call("r7")) == ("OK", "OK")
    assert api.get("/calls", params=mine).status_code == 404
    assert api.delete(f"/sessions/{mine['session']}").status_code == 404


def test_a_session_that_is_not_heard_of_ends_everywhere_and_once(http_pair, wait_until, caplog):
    one, other = http_pair
    apis = [one.api, other.api]
    opened = apis[0].post("/sessions", json={"sub": "org-7", "lease": 2.0}).json()
    mine = {"session": opened["session"]}
    body = {"method": "SendEvents", "always": "ABORTED"}
    apis[1].post("/faults", json=body, params=mine)
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        for api in apis:
            assert api.post(f"/sessions/{mine['session']}/renew").is_success
            threading.Event().wait(0.1)
    assert other.call("r7", "org-7") == "ABORTED"
    wait_until(lambda: other.call("r7", "org-7") == "OK")
    assert one.call("r7", "org-7") == "OK"
    assert apis[0].get("/faults", params=mine).status_code == 404
    assert caplog.text.count("the client of the session of sub org-7 is gone") == 1


def test_sessions_elsewhere_see_the_calls_at_all_and_go_on_without_the_server(serve_one, ending):
    one, other = (serve_one(http_port=0, relay=True) for _ in range(2))
    remote = ending.enter_context(RemoteToggle(f"http://{one.toggle.http_address}", sub="org-7"))
    with remote.on_send_events.returns([ABORTED]) as fault:
        assert other.call("r7", "org-7") == "ABORTED"
        assert fault.remaining == 0
    assert one.call("r7", "org-7") == "OK"
    assert [call.status for call in remote.calls] == ["ABORTED", "OK"]
    with pytest.raises(NoRelayError):
        remote.faults.reset()  # its port is everybody's
    for ask in (one.toggle.session, remote.session):
        with pytest.raises(ValueError, match="own_port is a port of one server, and this one sha"):
            ask(own_port=True)


def test_a_server_that_stops_takes_no_session_with_it(http_pair):
    one, other = http_pair
    opened = one.api.post("/sessions", json={"sub": "org-7"}).json()
    mine = {"session": opened["session"]}
    one.api.post("/faults", json={"method": "SendEvents", "always": "ABORTED"}, params=mine)
    one.toggle.stop()
    assert other.call("r7", "org-7") == "ABORTED"
    one.toggle.start()
    assert one.api.get("/faults", params=mine).json()["in_force"]
    assert other.api.delete(f"/sessions/{mine['session']}").is_success
    assert one.api.get("/faults", params=mine).status_code == 404


def test_python_s_sessions_heal_their_own_everywhere(pair):
    one, other = pair
    with one.toggle.session(sub="org-7") as session:
        session.faults.failing(ABORTED)
        other.toggle.faults.failing(UNAVAILABLE, rid="r8")
        assert (other.call("r7", "org-7"), other.call("r8")) == ("ABORTED", "UNAVAILABLE")
    assert (other.call("r7"), one.call("r8")) == ("OK", "UNAVAILABLE")


def test_a_session_that_ends_takes_its_faults_with_it_also_if_its_server_dies_then(pair):
    one, other = pair
    common, scope = one.toggle.shared_faults.board, Scope(sub="org-7")
    common.open_session("s", scope, math.inf)
    one.toggle.session_named("s", scope).faults.failing(ABORTED)
    assert other.call("r7", "org-7") == "ABORTED"
    common.end_session("s")
    assert other.call("r7", "org-7") == "OK"


def test_connections_that_are_lost_are_come_back_from(pair, postgres, url, wait_until):
    one, other = pair
    fault = one.toggle.on_send_events.returns([ABORTED] * 3)
    assert other.call() == "ABORTED"
    postgres.end_connections(url)
    assert other.call() == "ABORTED"
    postgres.end_connections(url)
    assert fault.remaining == 1
    fault.heal()
    wait_until(lambda: other.call() == "OK")
    one.toggle.faults.failing(ABORTED)
    wait_until(lambda: other.call() == "ABORTED")


def test_servers_that_have_nothing_to_do_are_known_to_be_there_after_that(
    url, postgres, pair, serve_one, wait_until
):
    pair[0].toggle.faults.failing(ABORTED)
    asked = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = {BOARD_LOCK}"

    def connections() -> set[tuple]:
        return set(postgres.ask(asked, database_of(url)))

    before = connections()
    postgres.end_connections(url)
    wait_until(lambda: len(connections() - before) == len(before) == 2)
    assert serve_one().call() == "ABORTED"  # who comes finds others, whose faults stay


def test_while_the_store_is_away_each_goes_on_by_itself(pair, postgres, wait_until):
    one, other = pair
    counted = one.toggle.on_send_events.returns([ABORTED] * 3, rid="counted")
    one.toggle.faults.failing(ABORTED, rid="r2")
    assert one.call("counted") == "ABORTED"
    assert counted.remaining == 2
    other.toggle.faults.in_force  # noqa: B018 - the others' turns are known from here on
    postgres.kill(signal.SIGKILL)
    try:
        assert [other.call("counted") for _ in range(3)] == ["ABORTED", "ABORTED", "OK"]
        assert [one.call("counted") for _ in range(3)] == ["ABORTED", "ABORTED", "OK"]
        assert other.call("r2") == "ABORTED"
        with pytest.raises(StorageError, match="cannot be used"):
            one.toggle.faults.heal()
    finally:
        postgres.start()
    wait_until(lambda: can_heal(one.toggle))
    wait_until(lambda: other.call("r2") == "OK")


def can_heal(toggle) -> bool:
    try:
        toggle.faults.heal()
    except StorageError:
        return False
    return True


def test_a_server_that_hangs_is_waited_for_a_while(pair, monkeypatch, caplog):
    one, other = pair
    monkeypatch.setattr(board, "PATIENCE", 0.2)
    entered, let_on = threading.Event(), threading.Event()

    def hold(_state: BoardState, changed: BoardChanges) -> None:
        if changed.begun:
            entered.set()
            let_on.wait(30)

    end = other.toggle.shared_faults.board.follow(hold)
    try:
        with one.toggle.faults.failing(ABORTED):
            assert entered.wait(30)
            assert "1 have not after 0.2 s" in caplog.text
            assert one.call() == "ABORTED"
            let_on.set()
    finally:
        let_on.set()
        end()


def test_what_is_asked_of_a_server_that_does_not_run_is_refused(url):
    toggle = ToggleServer(record=url, record_shared=True)
    toggle.faults.heal()
    assert toggle.faults.in_force == []
    with pytest.raises(RuntimeError, match="those of servers that run: start it first"):
        toggle.faults.outage()


def test_what_is_asked_of_a_run_that_was_deleted_is_told(pair, postgres, url):
    postgres.ask("DELETE FROM toggle_mock.runs", database_of(url))
    with pytest.raises(StorageError, match="is there no more: it was deleted"):
        pair[0].toggle.faults.failing(ABORTED)
