"""Fleets by Locust: its master and workers, its exit code, and what breaks on the way."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from support.commands import TOGGLE_MOCK

from toggle_mock import Tokens, reject
from toggle_mock.address import LOOPBACK
from toggle_mock.faults.tcp_relay import end_listening
from toggle_mock.locust.accounts import ACCEPTED
from toggle_mock.locust.door import Door
from toggle_mock.locust.fleet import LoadFleet
from toggle_mock.locust.settings import FleetSettings, RodentSettings

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "locustfile.py"
ON_A_BUSY_MACHINE = """
import locust.runners
locust.runners.HEARTBEAT_LIVENESS = 100
"""


class Load:
    """A run of Locust that lasts until it is told to end."""

    def __init__(self, command, folder, server) -> None:
        self._report = folder / "report.json"
        options = ["--observe", f"http://{server.http_address}", "--report", str(self._report)]
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *options], stderr=log, stdout=log, cwd=folder
            )

    def end(self) -> tuple[int, dict]:
        """End it as a service manager does; returns the exit code and the report."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(100)
        return code, json.loads(self._report.read_text())

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(60)


@pytest.fixture
def key(tmp_path):
    """A file with the secret that signs tokens."""
    file = tmp_path / "key"
    file.write_text("k" * 32)
    return str(file)


@pytest.fixture
def server(make_toggle_server, key):
    return make_toggle_server(http_port=0, tokens=Tokens(key=Path(key).read_bytes()))


@pytest.fixture
def start(tmp_path, server, key):
    loads = []

    def start(*command) -> Load:
        loads.append(Load([*command, "--jwt-key", key], tmp_path, server))
        return loads[-1]

    yield start
    for load in loads:
        load.kill()


@pytest.fixture
def short(start, server):
    """The short form, with options."""
    usual = ["--to", server.address, "--time", "3600", "--rate", "5", "--pace", "0.02"]
    return lambda *options: start(TOGGLE_MOCK, "load", *usual, *options)


def test_a_master_and_two_workers(start, server, free_port, tmp_path):
    (tmp_path / "locustfile.py").write_text(EXAMPLE.read_text() + ON_A_BUSY_MACHINE)
    locust = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        "locustfile.py",
        "--headless",
        "--processes",
        "2",
    ]
    ports = ["--master-bind-port", str(free_port), "--master-port", str(free_port)]
    users = ["--host", server.address, "--users", "200", "--spawn-rate", "200"]
    rodents = ["--rodent-profile", "guarantees", "--rodent-rate", "5", "--rodent-pace", "0.02"]
    load = start(*locust, *ports, *users, *rodents, "--csv", "stats")
    server.rodents.wait_connected(200, timeout=100)
    server.wait_for("metadata.load:*", count=500, timeout=100)
    code, report = load.end()
    assert code == 0, load.log
    assert report["faults"] == []
    assert report["emitted"] == report["accepted"] == report["arrived"] >= 500
    assert set(server.rodents) == {
        f"load-{worker}-{number}" for worker in range(2) for number in range(100)
    }
    assert report["latency"]["median"] <= report["latency"]["longest"]
    counted = (tmp_path / "stats_stats.csv").read_text()
    assert re.search(r"^grpc,SendEvents,\d+,0,", counted, re.MULTILINE), counted
    assert re.search(r"^event,StoragePool,\d+,0,", counted, re.MULTILINE), counted


def test_what_toggle_has_accepted_and_lost_is_told(short, server):
    load = short("--rodents", "5", "--settle", "1")
    server.wait_for("metadata.load:*", timeout=100)
    server.clear()
    code, report = load.end()
    assert code == 1
    assert report["lost"] >= 1
    assert report["faults"] == [f"{report['lost']} events lost that Toggle has accepted"]


def test_what_rodents_have_given_up_is_told(short, server):
    with server.on_send_events.always(reject()):
        load = short("--rodents", "5", "--profile", "published")
        server.wait_for_call("SendEvents", timeout=100)
        code, report = load.end()
    assert code == 1
    assert report["given_up"] >= 1
    assert report["lost"] == report["waiting"] == 0


def test_what_cannot_be_observed_is_told_before_anything_begins(server):
    options = ["load", "--to", server.address, "--observe", f"http://{server.address}"]
    done = subprocess.run([TOGGLE_MOCK, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "does not answer as a mock Toggle" in done.stderr


@pytest.fixture
def make_fleet(server, key):
    fleets = []

    def make(**settings) -> LoadFleet:
        fleets.append(LoadFleet(FleetSettings(server.address, jwt_key=key, **settings)))
        for number in range(10):
            fleets[-1].start(number, RodentSettings(rate=20.0, pace=0.005))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.end()


def connects(server) -> int:
    return len([call for call in server.calls if call.method == "Connect"])


@pytest.mark.parametrize("shape", ["storm", "outage", "deploy"])
def test_nothing_is_lost_as_connections_break(shape, make_fleet, server, wait_until):
    fleet = make_fleet(shape=shape, cycle=1.0)
    wait_until(lambda: connects(server) >= 30)  # each of the ten has come back
    account = fleet.settle(60)
    assert account.states.count(ACCEPTED) == len(account.states) > 0
    seen = {event.metadata["load_number"] for event in server.events if "load" in event.metadata}
    assert len(seen) == len(account.states)
    starts = {event.event_id for event in server.find("payload:startup")}  # some came again
    assert (len(starts) > 10) == (shape == "deploy")


def test_a_fleet_that_has_ended_listens_no_more(server, key):
    fleet = LoadFleet(FleetSettings(server.address, jwt_key=key, shape="storm"))
    fleet.end()
    host, _, port = fleet.address.rpartition(":")
    assert fleet.address != server.address
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


@pytest.mark.parametrize("steps", range(10))
async def test_who_connects_just_as_an_outage_begins_is_not_left_alone(steps):
    taken = []
    behind = await asyncio.start_server(lambda _reader, writer: taken.append(writer), LOOPBACK, 0)
    door = Door(*behind.sockets[0].getsockname())
    host, _, port = (await door.listen()).rpartition(":")
    with socket.create_connection((host, int(port))) as client:
        client.setblocking(False)
        for _ in range(steps):
            await asyncio.sleep(0)
        door.close()
        with suppress(ConnectionResetError):
            async with asyncio.timeout(30):
                while await asyncio.get_running_loop().sock_recv(client, 9):
                    pass
    await door.end()
    await end_listening(behind)
    for writer in taken:
        writer.transport.abort()
    await asyncio.sleep(0)


def test_a_rodent_without_a_token_is_told(make_fleet, tmp_path):
    (tmp_path / "tokens").write_text("")
    fleet = make_fleet(jwt_tokens=str(tmp_path / "tokens"))
    failures = [sample.failure for sample in fleet.take_samples()]
    assert len(failures) == 10
    assert "has 0 tokens for this worker" in failures[0]
