"""An agent of the whole run, seen by each test alone."""

import grpc
import pytest


@pytest.mark.parametrize("pool", ["tank", "backup", "fast"])
def test_each_test_has_what_it_asked_for(agent, toggle_server, pool):
    agent(pool)
    toggle_server.wait_for(f"rid:agent-1 pool_name:{pool}")
    toggle_server.assert_only("payload:pool", count=1)


def test_an_outage_ends_with_its_test(agent, toggle_server):
    toggle_server.on_send_events.always(grpc.StatusCode.UNAVAILABLE)
    agent("late")
    toggle_server.wait_for_call("SendEvents", status="UNAVAILABLE")
    toggle_server.heal()
    toggle_server.assert_received("pool_name:late", timeout=20)


@pytest.fixture(scope="class")
def first(agent):
    """Reported once for all tests of a class."""
    agent("of-the-class")


@pytest.mark.usefixtures("first")
class TestOfAClass:
    @pytest.mark.parametrize("number", [1, 2])
    def test_each_test_has_its_own(self, agent, toggle_server, number):
        agent(f"number-{number}")
        toggle_server.assert_received(f"pool_name:number-{number}", count=1)


TRIES = []


@pytest.mark.flaky(reruns=2)
def test_a_test_that_is_run_again_begins_anew(agent, toggle_server):
    TRIES.append(len(TRIES))
    agent(f"try-{TRIES[-1]}")
    toggle_server.wait_for(f"pool_name:try-{TRIES[-1]}")
    toggle_server.assert_only("payload:pool", count=1)
    assert len(TRIES) == 3
