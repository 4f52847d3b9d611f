"""Fleets by Locust: its master and workers, its exit code, and what breaks on the way."""

import asyncio
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
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


IN_CI = bool(os.environ.get("CI"))
RODENTS, SECONDS = (2_000, 30) if IN_CI else (200, 1)
"""How many, and for how long, once each has connected."""
PACE, CYCLE = (0.3, 80) if IN_CI else (0.02, 6)
"""A storm comes in the middle of each cycle, and Rodents come back so many times 30 s later.

Who finds no time is asked again, the sooner the smaller the pace: a busy machine would get busier.
"""
RATE = 100
"""Events a second of all: two cores are to have time for what else runs on them."""
FILES = RODENTS + 500
LOOK = 0.5
"""Seconds between two looks at all calls, which take time from the mock beside them."""


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
        code = self._process.wait(600)
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
    tokens = Tokens(key=Path(key).read_bytes())
    return make_toggle_server(http_port=0, tokens=tokens, relay=False)


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


@pytest.fixture
def open_files():
    """Room for as many connections as there are Rodents, in this process, which is the mock's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.fail(
            f"{RODENTS} Rodents need {FILES} open files, and {hard} are allowed: ulimit -Hn"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connects_of_each(server) -> Counter[str]:
    return Counter(call.rid for call in server.calls if call.method == "Connect")


def latest(server) -> float:
    """When the event was emitted that came last, in seconds since the epoch."""
    return server.events[-1].message.timestamp / 1000


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("open_files")
def test_a_master_and_two_workers_in_a_storm(start, server, free_port, tmp_path, wait_until):
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
    users = ["--host", server.address, "--users", str(RODENTS), "--spawn-rate", "100"]
    rodents = ["--rodent-profile", "guarantees", "--rodent-rate", str(RATE / RODENTS)]
    storm = ["--rodent-pace", str(PACE), "--shape", "storm", "--cycle", str(CYCLE)]
    load = start(*locust, *ports, *users, *rodents, *storm, "--settle", "300", "--csv", "stats")
    wait_until(lambda: len(connects_of_each(server)) == RODENTS, 300, LOOK)
    end = time.time() + SECONDS
    wait_until(lambda: [*connects_of_each(server).values()].count(1) == 0, 300, LOOK)
    wait_until(lambda: latest(server) > end, 300, LOOK)
    code, report = load.end()
    assert code == 0, load.log
    assert report["faults"] == []
    assert report["emitted"] == report["accepted"] == report["arrived"] >= RODENTS / 10
    assert set(server.rodents) == {
        f"load-{worker}-{number}" for worker in range(2) for number in range(RODENTS // 2)
    }
    assert report["latency"]["median"] <= report["latency"]["longest"]
    counted = (tmp_path / "stats_stats.csv").read_text()
    assert re.search(r"^grpc,SendEvents,\d+,", counted, re.MULTILINE), counted
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
