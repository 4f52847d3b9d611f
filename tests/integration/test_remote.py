"""A mock Toggle elsewhere, over HTTP."""

import re
import threading
import time

import grpc
import httpx
import msgspec
import pytest

from rodent_events import EventClient
from rodent_events.retry_policy import Status
from toggle_mock import (
    NotConnectedError,
    ToggleServer,
    cut,
    delay,
    duplicate,
    half_closed,
    normal,
    percentiles,
    read_slowly,
    reorder,
    uniform,
)
from toggle_mock.assertions.elsewhere import OUT_OF_SCOPE
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.errors import (
    FaultSpecError,
    NoRelayError,
    NotReceivedError,
    QueryError,
    RemoteError,
    SchemaError,
    UnexpectedEventError,
    UnknownIdError,
)
from toggle_mock.http_api.bodies.base import Failure
from toggle_mock.http_api.client import RemoteToggle
from toggle_mock.http_api.errors import error_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def elsewhere():
    with ToggleServer(http_port=0, relay=True) as server:
        yield server


@pytest.fixture
def remote(elsewhere):
    with RemoteToggle(f"http://{elsewhere.http_address}") as remote:
        yield remote


@pytest.fixture
def client(remote):
    with EventClient(target=remote.address, jwt=remote.jwt(), send_timeout=20) as client:
        yield client


def failure(elsewhere, path, body) -> Failure:
    """What the server tells, where it does not do what was asked."""
    response = httpx.post(f"http://{elsewhere.http_address}/api/v1{path}", json=body)
    return msgspec.json.decode(response.content, type=Failure)


def test_what_is_recorded_there_is_seen_here_at_once(remote, client):
    for number in range(100):
        client.send_batch(b"\x1a\x01b")
        assert len(remote.calls) == number + 1
    assert [call.status for call in remote.calls] == ["OK"] * 100
    assert remote.calls[0].messages[0].at > time.time() - 60


def test_waiting_wakes_on_arrival(remote, client):
    import threading

    later = threading.Timer(0.1, lambda: client.send_batch(b""))
    later.start()
    assert len(remote.wait_for_call("SendEvents", timeout=30)) == 1
    later.join()


def test_others_are_not_seen(remote, elsewhere):
    with EventClient(target=elsewhere.address, jwt=elsewhere.jwt()) as client:
        client.send_batch(b"")
    assert remote.calls == []


def test_a_session_to_which_nobody_has_come_tells_who_has_come_to_others(remote, elsewhere, client):
    token = elsewhere.jwt(rid="node-7", sub="acme")
    with EventClient(target=elsewhere.address, jwt=token, send_timeout=20) as stranger:
        stranger.send_batch(b"")
    told = "the last call is a SendEvents of rid 'node-7', sub 'acme'"
    with pytest.raises(NotReceivedError, match=told) as missed:
        remote.assert_received("pool_name:tank")
    assert "nobody has called" not in str(missed.value)
    with (
        RemoteToggle(f"http://{elsewhere.http_address}", whole=True) as whole,
        pytest.raises(NotReceivedError) as missed,
    ):
        whole.assert_received("pool_name:none")
    assert OUT_OF_SCOPE not in str(missed.value)
    client.send_batch(b"")
    with pytest.raises(NotReceivedError) as missed:
        remote.assert_received("pool_name:tank")
    assert OUT_OF_SCOPE not in str(missed.value)


@pytest.mark.parametrize(
    ("fault", "arguments"),
    {
        **dict.fromkeys(["outage", "refuse", "half_open", "partition"], ()),
        "latency": (0.001,),
        "bandwidth": (1e6,),
        "slow_reads": (1e6,),
        "max_connection_age": (1,),
    }.items(),
)
def test_each_fault_of_the_connection_is_healed_there(remote, fault, arguments):
    with getattr(remote.faults, fault)(*arguments) as made:
        made.heal()
    remote.faults.reset()
    remote.faults.goaway(grace=0)
    remote.faults.restart()
    with EventClient(target=remote.address, jwt=remote.jwt()) as client:
        assert client.send_batch(b"").status is Status.OK


def test_what_is_of_streams_and_what_is_by_chance_is_asked_for_there_too(remote):
    outcomes = [half_closed(), duplicate(3), reorder(), read_slowly(1.5), cut(retry_after=2)]
    for outcome in [*outcomes, delay(percentiles({50: 0.1, 99.5: 1}))]:
        with remote.on_connect.always(outcome, seed=7, rid="r1"):
            pass
    remote.on_send_events.always(delay(normal(0, 0)), seed=7)
    remote.on_send_events.rates({delay(uniform(0, 0)): 0.5}, seed=7)
    with pytest.raises(FaultSpecError, match="of a stream"):
        remote.on_send_events.always(duplicate())
    with EventClient(target=remote.address, jwt=remote.jwt()) as client:
        assert client.send_batch(b"").status is Status.OK


def test_what_all_sessions_have_is_the_servers_to_spoil(remote, elsewhere):
    with pytest.raises(ValueError, match="ask the server for it, not a session"):
        remote.faults.restart(forget=True)
    with pytest.raises(ValueError, match="ask the server for it, not a session"):
        remote.faults.clock(60)
    url = f"http://{elsewhere.http_address}/api/v1/faults"
    assert httpx.post(url, json={"restart": {"forget": True}}).status_code == 200


def test_a_rodent_that_has_not_connected_is_waited_for_as_long_as_asked(remote):
    seen = remote.rodents["ghost"]
    with pytest.raises(NotConnectedError, match=r"0\.01 s"):
        seen.command("x", timeout=0.01)
    with pytest.raises(NotConnectedError, match=r"0\.02 s"):
        seen.push_config("log", {}, timeout=0.02)


def test_healing_here_heals_nothing_of_others(remote, elsewhere):
    url = f"http://{elsewhere.http_address}"
    with RemoteToggle(url) as other:
        for one in (remote, other):
            one.on_send_events.always(grpc.StatusCode.ABORTED)
        remote.faults.heal()
        expected = ((remote, Status.OK), (other, Status.ABORTED))
        for one, status in expected:
            with EventClient(target=one.address, jwt=one.jwt()) as client:
                assert client.send_batch(b"\x1a\x01b").status is status


def test_a_block_heals_what_was_asked_for_in_it(elsewhere):
    with RemoteToggle(f"http://{elsewhere.http_address}") as remote:
        jwt = remote.jwt()
        remote.on_send_events.always(grpc.StatusCode.ABORTED)
    with EventClient(target=elsewhere.address, jwt=jwt) as client:
        assert client.send_batch(b"\x1a\x01b").status is Status.OK


def test_what_was_cleared_here_is_still_there_for_others(remote, elsewhere, client):
    client.send_batch(b"\x1a\x01b")
    before = len(elsewhere.calls)
    assert len(remote.calls) == 1
    remote.begin_test()
    assert remote.calls == []
    assert len(elsewhere.calls) == before


@pytest.mark.parametrize("deduplicate", [False, True])
def test_a_batch_that_came_twice_counts_here_as_it_does_there(deduplicate):
    with (
        ToggleServer(http_port=0, deduplicate=deduplicate) as elsewhere,
        RemoteToggle(f"http://{elsewhere.http_address}") as remote,
        EventClient(target=remote.address, jwt=remote.jwt()) as client,
    ):
        for _ in range(2):
            client.send_batch(b"\x1a\x01b")
        assert len(remote.calls) == 2
        assert len(remote.batches) == len(elsewhere.batches) == 2 - deduplicate


@pytest.mark.parametrize(
    ("path", "body", "error", "text"),
    [
        (
            "/events/wait",
            {"query": "rid:nobody", "timeout": 0},
            NotReceivedError,
            "waited 0 s for 1 event",
        ),
        ("/events/wait", {"query": "("}, QueryError, "never closed"),
        ("/events/wait", {"count": "x"}, ValueError, "count is 'x': give a whole number"),
        ("/faults", [], TypeError, "the body is no object"),
        ("/faults", {"method": "Nope"}, FaultSpecError, "Nope"),
        ("/recording/feed/mark", {"feed": "x"}, UnknownIdError, "there is no feed 'x'"),
        ("/rodents/ghost/command", {"type": "x", "timeout": 0}, NotConnectedError, "ghost"),
        ("/nothing", {}, RemoteError, "Not Found"),
    ],
)
def test_an_error_there_is_the_same_here(elsewhere, path, body, error, text):
    with pytest.raises(error, match=re.escape(text)) as caught:
        raise error_of(failure(elsewhere, path, body))
    assert type(caught.value) is error


def test_an_unexpected_event_there_is_the_same_error_here(remote, elsewhere):
    with SimulatedRodent(remote.address, remote.jwt(rid="r1"), pace=0.001):
        remote.wait_for("payload:startup")
        with pytest.raises(UnexpectedEventError, match="expected no event that matches"):
            raise error_of(failure(elsewhere, "/events/verify", {"not_received": "rid:r1"}))


def test_a_fault_of_the_connection_needs_a_relay_there():
    with (
        ToggleServer(http_port=0) as server,
        RemoteToggle(f"http://{server.http_address}") as remote,
        pytest.raises(NoRelayError, match="needs a relay"),
    ):
        remote.faults.partition()


def test_a_schema_that_is_none_there_is_the_same_error_here(remote, monkeypatch):
    def refuse(**_):
        raise SchemaError("there is no such schema")

    monkeypatch.setattr("toggle_mock.http_api.handlers.tokens.TokenIssued", refuse)
    with pytest.raises(SchemaError, match="there is no such schema"):
        remote.jwt()


def test_a_server_that_is_gone_is_told(elsewhere):
    with ToggleServer(http_port=0) as server:
        remote = RemoteToggle(f"http://{server.http_address}")
    with pytest.raises(RemoteError):
        _ = remote.calls
    with pytest.raises(RemoteError):
        remote.close()


def test_a_server_that_is_gone_leaves_no_session_open():
    with ToggleServer(http_port=0) as server:
        remote = RemoteToggle(f"http://{server.http_address}")
        other = remote.session()
    with pytest.raises(RemoteError):
        remote.close()
    for one in (remote, other):
        with pytest.raises(RuntimeError, match="closed"):
            one.jwt()


def test_nothing_follows_the_server_once_it_is_closed(elsewhere):
    before = set(threading.enumerate())
    RemoteToggle(f"http://{elsewhere.http_address}").close()
    after = set(threading.enumerate()) - before
    assert [thread for thread in after if thread.name == "toggle-copy"] == []


def sent(toggle, **claims):
    with EventClient(target=toggle.address, jwt=toggle.jwt(**claims)) as client:
        client.send_batch(b"")


def test_a_session_there_sees_its_own_calls_alone(remote):
    with remote.session() as one, remote.session(rid="r2", sub="o2") as other:
        sent(one)
        sent(other)
        assert [len(toggle.calls) for toggle in (remote, one, other)] == [0, 1, 1]
        assert (other.calls[0].rid, other.calls[0].sub) == ("r2", "o2")


def test_sessions_there_end_with_the_one_that_was_asked_for_them(elsewhere):
    with RemoteToggle(f"http://{elsewhere.http_address}") as toggle:
        kept = toggle.session()
        ended = toggle.session()
        ended.close()
    for one in (kept, ended):
        with pytest.raises(RuntimeError, match="closed"):
            one.jwt()


def test_a_new_test_ends_the_sessions_of_the_one_before(remote):
    kept = remote.session()
    remote.begin_test()
    with pytest.raises(RuntimeError, match="closed"):
        kept.jwt()


def test_the_whole_of_a_server_is_no_session(elsewhere, remote, client):
    url = f"http://{elsewhere.http_address}"
    with RemoteToggle(url, whole=True, address="localhost:1") as whole:
        assert whole.address == "localhost:1"
        whole.clear()
        assert client.send_batch(b"\x1a\x02b1").status is Status.OK
        assert [batch.batch_id for batch in whole.batches] == ["b1"]
        with whole.faults.latency(0.001):  # of connections: a session would need a port of its own
            assert whole.faults.in_force
        with whole.on_send_events.always(grpc.StatusCode.ABORTED):
            assert client.send_batch(b"\x1a\x02b2").status is Status.ABORTED
        assert client.send_batch(b"\x1a\x02b2").status is Status.OK
        with whole.session() as part:
            assert part.address == "localhost:1"
            assert part.batches == []
    assert remote.batches


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"whole": True, "rid": "r1"}, "rid, sub and own_port are of a session"),
        ({"whole": True, "own_port": True}, "rid, sub and own_port are of a session"),
        ({"address": "localhost:1", "own_port": True}, "leave out own_port, or address"),
    ],
)
def test_what_a_remote_toggle_cannot_be(options, problem):
    with pytest.raises(ValueError, match=problem):
        RemoteToggle("http://127.0.0.1:1", **options)
