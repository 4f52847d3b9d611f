"""A Rodent in Go in a container, a mock in another, and what goes wrong between them."""

import json
import os

import grpc
import pytest
from support.go_driver import QUICK
from testcontainers.core.exceptions import ContainerStartException

from toggle_mock import lose_answer
from toggle_mock.container import Connected, RodentContainer, ToggleContainer, new_network

# A connection that nobody has closed is given up after seconds, not after a minute.
IMPATIENT = QUICK | {"keepalive": "10s", "keepalive-timeout": "1s", "send-timeout": "2s"}


class GoContainer(RodentContainer):
    """The Rodent in Go, which takes commands as lines."""

    def __init__(self, image: str, **flags: str) -> None:
        super().__init__(image)
        flags = IMPATIENT | flags
        self.with_command([f"-{name}={value}" for name, value in flags.items()])
        self.with_kwargs(stdin_open=True)
        self._stdin = None

    def tell(self, **command) -> None:
        """Give it a command."""
        if self._stdin is None:
            wrapped = self.get_wrapped_container()
            self._stdin = wrapped.attach_socket(params={"stdin": 1, "stream": 1})
        line = json.dumps({"id": 1, **command})
        os.write(self._stdin.fileno(), f"{line}\n".encode())

    def stop(self, *arguments) -> None:
        """End it."""
        if self._stdin is not None:
            self._stdin._sock.close()  # with the file that there is of it
            self._stdin.close()
        super().stop(*arguments)

    def emit(self, *names: str) -> None:
        """Emit pools, one by one."""
        for name in names:
            self.tell(emit={"payload": "StoragePoolPayload", "fields": {"poolName": name}})


@pytest.fixture
def go_agent(toggle_container, agent_image, request):
    rid = request.node.name[:60]
    toggle_container.get_toggle().begin_test()
    with GoContainer(agent_image).with_toggle(toggle_container, rid=rid) as agent:
        yield agent


def pools(toggle) -> list[str]:
    return [event.payload.pool_name for event in toggle.find("payload:pool")]


def test_what_is_emitted_while_the_network_is_away_arrives_after_it(toggle_container, go_agent):
    toggle = toggle_container.get_toggle()
    go_agent.emit("p1", "p2")
    toggle.wait_for("pool_name:p2", timeout=90)
    with go_agent.disconnected():
        go_agent.emit("p3", "p4")
        toggle.assert_not_received("pool_name:p3", within=1)
    toggle.wait_for("pool_name:p4", timeout=90)
    go_agent.emit("p5")
    toggle.wait_for("pool_name:p5", timeout=90)
    assert pools(toggle) == ["p1", "p2", "p3", "p4", "p5"]
    toggle.rodents[go_agent.rid].wait_connected(timeout=90)


def test_what_is_emitted_in_an_outage_of_the_mock_arrives_after_it(toggle_container, go_agent):
    toggle = toggle_container.get_toggle()
    with toggle.faults.outage():
        go_agent.emit("p1", "p2")
        toggle.assert_not_received("pool_name:p1", within=0.5)
    toggle.wait_for("pool_name:p2", timeout=90)
    toggle.on_send_events.returns([grpc.StatusCode.UNAVAILABLE, lose_answer()])
    go_agent.emit("p3")
    toggle.wait_for("pool_name:p3", timeout=90)
    toggle.wait_for("pool_name:p3", count=2, timeout=90)  # its first answer was lost
    assert pools(toggle)[-2:] == ["p3", "p3"]


def test_over_tls_it_gets_the_root(agent_image):
    with new_network() as network:
        container = ToggleContainer().with_network(network).with_tls()
        with container as toggle, GoContainer(agent_image).with_toggle(container) as agent:
            agent.emit("tank")
            toggle.wait_for("pool_name:tank", timeout=90)


def test_one_that_does_not_connect_is_told_with_what_came_instead(toggle_container, agent_image):
    toggle = toggle_container.get_toggle()
    with toggle.on_register.always(grpc.StatusCode.PERMISSION_DENIED):
        agent = GoContainer(agent_image).with_toggle(toggle_container, rid="refused")
        agent.waiting_for(Connected(toggle, "refused").with_startup_timeout(2))
        with pytest.raises(
            TimeoutError, match="not within 2 s: Rodent refused is connected"
        ) as caught:
            agent.__enter__()
    assert "what has come:" in str(caught.value)
    assert any('{"ready":true}' in note for note in caught.value.__notes__)


def test_one_that_ends_is_told_at_once(toggle_container, agent_image):
    agent = GoContainer(agent_image, batch_size="none").with_toggle(toggle_container, rid="wrong")
    with pytest.raises(ContainerStartException, match="ended with 2, before Rodent wrong is"):
        agent.__enter__()
