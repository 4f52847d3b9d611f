"""What the mock brings calls past the proxy; an agent of the project's own is told to."""

import subprocess
import sys

import pytest

from rodent_events import EventBus, StoragePoolPayload
from toggle_mock import RemoteToggle

AGENT = """
import sys, rodent_events
from rodent_events import StoragePoolPayload

target, jwt, folder = sys.argv[1:]
rodent_events.initialize(target=target, jwt=jwt, events_dir=folder, use_proxy=False)
rodent_events.emit(StoragePoolPayload(pool_name="tank"))
assert rodent_events.shutdown(timeout=20)
"""


def test_a_bus(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.wait_for("pool_name:tank")


def test_a_rodent(rodent, toggle_server):
    assert toggle_server.rodents["rodent-1"].command("system.status").success


def test_a_process(toggle_server, tmp_path):
    settings = [toggle_server.address, toggle_server.jwt(), tmp_path]
    subprocess.run([sys.executable, "-c", AGENT, *settings], check=True)
    toggle_server.assert_only("pool_name:tank", count=1)


@pytest.mark.toggle(http_port=0)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_elsewhere(toggle_server, tmp_path, host):
    port = toggle_server.http_address.rpartition(":")[2]
    with (
        RemoteToggle(f"http://{host}:{port}") as remote,
        EventBus(
            target=remote.address, jwt=remote.jwt(), events_dir=tmp_path, use_proxy=False
        ) as bus,
    ):
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(timeout=20)
        remote.wait_for("pool_name:tank")
