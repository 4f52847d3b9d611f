"""A server of the module's own, with an agent of its own."""

import pytest

from toggle_mock import ToggleServer


@pytest.fixture(scope="module")
def toggle():
    with ToggleServer(relay=True) as server:
        yield server


@pytest.fixture(scope="module")
def agent(toggle, start_agent, tmp_path_factory):
    with start_agent(toggle.across_tests, tmp_path_factory.mktemp("events")) as report:
        yield report


@pytest.fixture(autouse=True)
def anew(toggle):
    toggle.begin_test()
    yield
    toggle.end_test()


@pytest.mark.parametrize("pool", ["tank", "backup"])
def test_each_test_has_its_own(agent, toggle, pool):
    agent(pool)
    toggle.assert_received(f"pool_name:{pool}", count=1)
    toggle.assert_only("payload:pool", count=1)


def test_connections_break_in_one_test_alone(agent, toggle):
    with toggle.faults.outage():
        agent("in-between")
        toggle.assert_not_received(within=0.05)
    toggle.assert_received("pool_name:in-between", timeout=20)
