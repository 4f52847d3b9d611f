"""Toggle under a name that is not known, moves, or has several addresses."""

import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
from support.delivery import ids

pytestmark = pytest.mark.slow

# Emits an event for each line that comes in.
AGENT = """
import logging, sys
from rodent_events import EventBus, StorageTransferPayload
logging.basicConfig(level=logging.DEBUG)
target, folder = sys.argv[1:]
with EventBus(target=target, jwt="a.b.c", events_dir=folder, batch_timeout=0.01) as bus:
    for line in sys.stdin:
        print(bus.emit(StorageTransferPayload()), flush=True)
"""
MOUNT = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"'


class Agent:
    """An agent for which ``toggle.test`` has the addresses that :meth:`point` gives it."""

    def __init__(self, port: int, tmp_path) -> None:
        self._hosts, resolver = tmp_path / "hosts", tmp_path / "resolv.conf"
        self._log = tmp_path / "log"
        self.point()
        resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        command = ["unshare", "--mount", "sh", "-c", MOUNT, "sh", self._hosts, resolver]
        command += [sys.executable, "-c", AGENT, f"toggle.test:{port}", tmp_path / "events"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def point(self, *addresses: str) -> None:
        lines = ["127.0.0.1 localhost", *(f"{address} toggle.test" for address in addresses)]
        self._hosts.write_text("\n".join(lines) + "\n")

    def emit(self) -> str:
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def end(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture
def agent(free_port, tmp_path):
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("a hosts file of one's own needs root, and a system that permits it")
    agent = Agent(free_port, tmp_path)
    yield agent
    agent.end()


def test_a_server_that_moves_is_found(agent, free_port, make_scripted_toggle, wait_until):
    old, new = (make_scripted_toggle(free_port, f"127.0.0.{n}") for n in (2, 3))
    agent.point("127.0.0.2")
    first = agent.emit()
    wait_until(lambda: ids(old.batches) == [first])
    agent.point("127.0.0.3")
    old.stop()
    second = agent.emit()
    wait_until(lambda: ids(new.batches) == [second])


def test_a_name_that_is_not_known_is_told_and_looked_up_again(
    agent, free_port, make_scripted_toggle, wait_until
):
    toggle = make_scripted_toggle(free_port, "127.0.0.2")
    event_id = agent.emit()
    told = f"the name in toggle.test:{free_port} is not known"
    wait_until(lambda: agent.log.count(told) >= 6)
    assert agent.log.count("WARNING:rodent_events:batch") == 1
    agent.point("127.0.0.2")
    wait_until(lambda: ids(toggle.batches) == [event_id])


def test_of_several_addresses_one_may_be_dead(agent, free_port, make_scripted_toggle, wait_until):
    toggle = make_scripted_toggle(free_port, "127.0.0.3")
    agent.point("127.0.0.2", "127.0.0.3")
    event_id = agent.emit()
    wait_until(lambda: ids(toggle.batches) == [event_id])


@pytest.fixture
def silent_address(free_port):
    """An address that answers nothing to those who want to connect."""
    with socket.socket() as listener, ExitStack() as connections:
        listener.bind(("127.0.0.2", free_port))
        listener.listen(0)
        for _ in range(2):  # more than the kernel keeps for who accepts none
            connection = connections.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.2", free_port))
        yield "127.0.0.2"


def test_of_several_addresses_one_may_be_silent(
    agent, free_port, silent_address, make_scripted_toggle, wait_until
):
    toggle = make_scripted_toggle(free_port, "127.0.0.3")
    agent.point(silent_address, "127.0.0.3")
    event_id = agent.emit()
    wait_until(lambda: ids(toggle.batches) == [event_id])


def test_ipv6_alone(agent, free_port, make_scripted_toggle, wait_until):
    toggle = make_scripted_toggle(free_port, "[::1]")
    agent.point("::1")
    event_id = agent.emit()
    wait_until(lambda: ids(toggle.batches) == [event_id])
