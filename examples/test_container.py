"""An agent's image tested with a mock in a container beside it, whatever language it is in."""

import pytest

from toggle_mock.container import RodentContainer


@pytest.fixture(scope="module")
def agent(toggle_container, agent_image):
    container = RodentContainer(agent_image).with_toggle(toggle_container, rid="node-1")
    container.with_command("-batch-timeout=50ms -redial=100ms").with_kwargs(stdin_open=True)
    with container as agent:
        yield agent


def test_it_reports_its_start(agent, toggle_container):
    toggle_container.get_toggle().wait_for("rid:node-1 payload:startup", timeout=30)


def test_it_comes_back_after_an_outage(agent, toggle_container):
    toggle = toggle_container.get_toggle()
    with toggle.faults.outage():
        toggle.rodents["node-1"].wait_disconnected(timeout=30)
    toggle.rodents["node-1"].wait_connected(timeout=30)
