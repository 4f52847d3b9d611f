"""A mock Toggle elsewhere, over HTTP."""

import time

import pytest

from rodent_events import EventClient
from rodent_events.retry_policy import Status
from toggle_mock import CommandFailedError, NoReplyError, NotConnectedError, ToggleServer
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.errors import RemoteError
from toggle_mock.http_api.client import RemoteToggle


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


@pytest.mark.parametrize(
    "fault", ["outage", "refuse", "half_open", "partition", "latency", "bandwidth", "slow_reads"]
)
def test_faults_of_the_connection(remote, fault):
    arguments = {"latency": (0.001,), "bandwidth": (1e6,), "slow_reads": (1e6,)}.get(fault, ())
    with getattr(remote.faults, fault)(*arguments) as made:
        made.heal()
    remote.faults.reset()
    remote.faults.restart()
    with EventClient(target=remote.address, jwt=remote.jwt()) as client:
        assert client.send_batch(b"").status is Status.OK


def test_an_outage_is_one(remote):
    with EventClient(target=remote.address, jwt=remote.jwt()) as client:
        with remote.faults.outage():
            assert client.send_batch(b"").status is Status.UNAVAILABLE
        while client.send_batch(b"").status is not Status.OK:
            pass


def test_rodents(remote):
    with SimulatedRodent(remote.address, remote.jwt(rid="r1"), pace=0.001) as rodent:
        seen = remote.rodents["r1"]
        assert seen.command("system.status")["payload"]["status"] == "ok"
        rodent.services["api"] = lambda request: (200, {}, request["body"])
        assert seen.http("PUT", "/", service="api", body=b"\x00").body == b"\x00"
        with pytest.raises(CommandFailedError, match="unknown service"):
            seen.http("PUT", "/", service="other")
        assert len(remote.rodents) == 1
        seen.disconnect()
        remote.wait_for_call("Connect", status="OK")
    with pytest.raises(NotConnectedError):
        remote.rodents["ghost"].command("x", timeout=0.01)


def test_a_rodent_that_does_not_answer(remote):
    import asyncio

    async def never(_payload):
        await asyncio.Event().wait()

    commands = {"never": never}
    token = remote.jwt(rid="r1")
    with (
        SimulatedRodent(remote.address, token, pace=0.001, commands=commands),
        pytest.raises(NoReplyError),
    ):
        remote.rodents["r1"].command("never", timeout=0.5)


def test_a_server_that_is_gone(elsewhere):
    with ToggleServer(http_port=0) as server:
        remote = RemoteToggle(f"http://{server.http_address}")
    with pytest.raises(RemoteError):
        _ = remote.calls
    remote._api.close()
