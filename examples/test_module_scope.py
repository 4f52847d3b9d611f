"""A server of module scope, and an agent that is started once for all tests of the module."""

import pytest

from rodent_events import EventBus, StoragePoolPayload
from toggle_mock import ToggleServer


@pytest.fixture(scope="module")
def toggle_server():
    with ToggleServer(relay=True) as server:
        yield server


@pytest.fixture(scope="module")
def agent(toggle_server, tmp_path_factory):
    token = toggle_server.across_tests.jwt()  # of no test, and so of each
    folder = tmp_path_factory.mktemp("events")
    with EventBus(target=toggle_server.address, jwt=token, events_dir=folder) as bus:
        yield bus


@pytest.fixture(autouse=True)
def begin_anew(toggle_server):
    toggle_server.begin_test()
    yield
    toggle_server.end_test()


@pytest.mark.parametrize("pool", ["tank", "backup"])
def test_each_test_sees_its_own(agent, toggle_server, pool):
    agent.emit(StoragePoolPayload(pool_name=pool))
    assert agent.flush(timeout=10)
    toggle_server.assert_only(f"pool_name:{pool}", count=1)
