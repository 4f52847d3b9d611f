"""Set up tests and mocks: a test for each question."""

import datetime as dt
import subprocess
import sys
import unittest
from tempfile import TemporaryDirectory

import pytest
import trio
from freezegun import freeze_time

from rodent_events import EVENT_LEVEL_INFO, EventBus, StoragePoolPayload, emit_storage_pool
from toggle_mock import RemoteToggle, ToggleServer, Tokens


async def test_asyncio(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    (event,) = await toggle_server.aio.wait_for("payload:pool")
    assert event.payload.pool_name == "tank"


def test_trio(event_bus, toggle_server):
    async def main():
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        await toggle_server.aio.wait_for("payload:pool")

    trio.run(main)


class PoolTest(unittest.TestCase):
    def test_a_pool_is_reported(self):
        toggle = self.enterContext(ToggleServer())
        folder = self.enterContext(TemporaryDirectory())
        bus = self.enterContext(
            EventBus(target=toggle.address, jwt=toggle.jwt(), events_dir=folder)
        )
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(timeout=10)
        toggle.assert_received("pool_name:tank", count=1)


def test_functions_of_the_package(rodent_events_bus, toggle_server):
    emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload(pool_name="tank"))
    toggle_server.wait_for("pool_name:tank")


AGENT = """
import rodent_events
from rodent_events import StoragePoolPayload

rodent_events.initialize()
rodent_events.emit(StoragePoolPayload(pool_name="tank"))
"""


def test_an_agent_in_a_process_of_its_own(toggle_server, tmp_path):
    environment = {
        "RODENT_EVENTS_TARGET": toggle_server.address,
        "RODENT_EVENTS_JWT": toggle_server.jwt(rid="node-7"),
        "RODENT_EVENTS_EVENTS_DIR": str(tmp_path),
        "RODENT_EVENTS_USE_PROXY": "false",
    }
    subprocess.run([sys.executable, "-c", AGENT], env=environment, check=True)
    toggle_server.assert_received("rid:node-7 pool_name:tank", count=1)


def test_a_mock_elsewhere(make_toggle_server, tmp_path):
    server = make_toggle_server(http_port=0)  # toggle-mock serve --http PORT, in another process
    with (
        RemoteToggle(f"http://{server.http_address}") as toggle,
        EventBus(target=toggle.address, jwt=toggle.jwt(), events_dir=tmp_path) as bus,
    ):
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(timeout=10)
        toggle.assert_only("pool_name:tank", count=1)


def test_two_agents(toggle_server, tmp_path):
    for name in ("node-1", "node-2"):
        token = toggle_server.jwt(rid=name)
        with EventBus(target=toggle_server.address, jwt=token, events_dir=tmp_path / name) as bus:
            bus.emit(StoragePoolPayload(pool_name=f"pool of {name}"))
    toggle_server.assert_received('rid:node-1 pool_name:"pool of node-1"', count=1)
    toggle_server.assert_received("rid:node-2", count=1)


KEY = "a key that agents and the mock have in common"


@pytest.mark.toggle(tokens=Tokens(key=KEY))
def test_a_key_of_ones_own(toggle_server, tmp_path):
    token = Tokens(key=KEY).issue(rid="node-1", sub="org-1")
    with EventBus(target=toggle_server.address, jwt=token, events_dir=tmp_path) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(timeout=10)
    toggle_server.assert_received("rid:node-1 sub:org-1")


def test_tls(tls_toggle_server, toggle_ca_file, tmp_path):
    with EventBus(
        target=tls_toggle_server.address,
        jwt=tls_toggle_server.jwt(),
        tls_ca_file=toggle_ca_file,
        events_dir=tmp_path,
    ) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(timeout=10)


@pytest.mark.toggle(tls="mutual")
def test_mutual_tls(event_bus, toggle_server):  # event_bus has a certificate of its authority
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.assert_received("payload:pool")


def test_a_frozen_clock(event_bus, toggle_server):
    with freeze_time("2026-01-31T12:00:00Z"):
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
    (event,) = toggle_server.wait_for("after:2026-01-31T11:59Z before:2026-01-31T12:01Z")
    noon = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    assert event.timestamp == noon.timestamp() * 1000
