"""Greenlets instead of threads: the bus has real ones, and no greenlet waits for Toggle."""

import os
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from support.delivery import ids

from rodent_events import EventBatchResponse
from rodent_events.latch import Latch

pytestmark = pytest.mark.slow

# Emits for each line that it is given, and counts what its greenlets do meanwhile.
AGENT = """
import sys
if sys.argv[1] == "first":
    import gevent.monkey; gevent.monkey.patch_all()
import os
import rodent_events
from rodent_events import StorageTransferPayload
if sys.argv[1] == "after the import":
    import gevent.monkey; gevent.monkey.patch_all()
{token}
rodent_events.initialize(batch_timeout=0.01, jwt=provider)
if sys.argv[1] == "after initialize":
    import gevent.monkey; gevent.monkey.patch_all()
import gevent
from gevent.fileobject import FileObject

def tick():
    file = os.open("ticks", os.O_WRONLY | os.O_CREAT)
    while True:
        os.write(file, b".")
        gevent.sleep(0.001)

def emit(count):
    for _ in range(count):
        print("emitted", rodent_events.emit(StorageTransferPayload()), flush=True)
        gevent.sleep(0)

def do(line):
    if line.startswith("emit"):
        gevent.joinall([gevent.spawn(emit, 10) for _ in range(3)], raise_error=True)
    elif line.startswith("flush"):
        print("flushed", rodent_events.flush(60), flush=True)

gevent.spawn(tick)
waiting = [gevent.spawn(do, line) for line in FileObject(sys.stdin, "r")]
gevent.joinall(waiting, raise_error=True)
print("all delivered", rodent_events.shutdown(60), flush=True)
"""
PATCHED = ["first", "after the import", "after initialize"]


class Agent:
    """A program with greenlets, which is told line by line what to do."""

    def __init__(
        self, folder, target: str, patched: str, token: str = 'provider = "a.b.c"'
    ) -> None:
        self._ticks = folder / "ticks"
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-c", AGENT.replace("{token}", token), patched],
            cwd=folder,
            env=os.environ
            | {"RODENT_EVENTS_TARGET": target, "RODENT_EVENTS_EVENTS_DIR": str(folder / "events")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        self.said.extend(iter(self._process.stdout.readline, ""))

    def tell(self, line: str) -> None:
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    @property
    def ticks(self) -> int:
        return self._ticks.stat().st_size if self._ticks.exists() else 0

    @property
    def emitted(self) -> list[str]:
        return [line.split()[1] for line in self.said if line.startswith("emitted")]

    def end(self) -> None:
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._reader.join(60)
        self._process.wait(60)
        self._process.stdout.close()
        assert self._process.returncode == 0

    def kill(self) -> None:
        self._process.kill()


@pytest.fixture
def start(tmp_path):
    agents = []

    def start(*arguments) -> Agent:
        agents.append(Agent(tmp_path, *arguments))
        return agents[-1]

    yield start
    for agent in agents:
        agent.kill()


@pytest.fixture
def goes_on(wait_until):
    """Whether the greenlets of an agent go on running."""

    def goes_on(agent: Agent) -> None:
        before = agent.ticks
        wait_until(lambda: agent.ticks > before + 20)

    return goes_on


@pytest.mark.parametrize("patched", PATCHED)
def test_greenlets_go_on_while_toggle_does_not_answer(
    patched, start, scripted_toggle, goes_on, wait_until
):
    may_answer = threading.Event()

    def answer(_request, _context) -> EventBatchResponse:
        may_answer.wait(60)
        return EventBatchResponse(success=True)

    scripted_toggle.script.append(answer)
    agent = start(scripted_toggle.address, patched)
    agent.tell("emit")
    wait_until(lambda: scripted_toggle.requests)
    goes_on(agent)
    agent.tell("flush")  # and while another greenlet waits for delivery
    agent.tell("emit")
    wait_until(lambda: len(agent.emitted) == 60)
    goes_on(agent)
    assert "flushed True\n" not in agent.said
    may_answer.set()
    wait_until(lambda: "flushed True\n" in agent.said)
    agent.end()
    assert agent.said[-1] == "all delivered True\n"
    assert sorted(ids(scripted_toggle.batches)) == sorted(agent.emitted)


@pytest.mark.parametrize("patched", PATCHED)
def test_greenlets_go_on_while_toggle_is_away(
    patched, start, free_port, make_scripted_toggle, goes_on, wait_until
):
    agent = start(f"127.0.0.1:{free_port}", patched)
    agent.tell("emit")
    wait_until(lambda: len(agent.emitted) == 30)
    agent.tell("flush")
    goes_on(agent)
    toggle = make_scripted_toggle(free_port)
    wait_until(lambda: "flushed True\n" in agent.said)
    agent.end()
    assert sorted(ids(toggle.batches)) == sorted(agent.emitted)


PROVIDED = {
    "a function": """
def provider():
    import time
    time.sleep(0.01)
    return "a.b.c"
""",
    "a function of asyncio": """
async def provider():
    import asyncio
    await asyncio.sleep(0.01)
    return "a.b.c"
""",
    "a text, beside gRPC's own support of gevent": """
provider = "a.b.c"
import grpc.experimental.gevent
grpc.experimental.gevent.init_gevent()
""",
}


@pytest.mark.parametrize("token", PROVIDED)
def test_a_token_comes_from(token, start, scripted_toggle, goes_on):
    agent = start(scripted_toggle.address, "first", PROVIDED[token])
    agent.tell("emit")
    goes_on(agent)
    agent.end()
    assert agent.said[-1] == "all delivered True\n"
    assert sorted(ids(scripted_toggle.batches)) == sorted(agent.emitted)


def in_new_thread(function, in_background):
    """A thread has a hub of its own; that of the tests stays without."""

    def run():
        import gevent

        try:
            return function(gevent)
        finally:
            gevent.get_hub().destroy()

    return in_background(run).result(60)


def test_a_greenlet_that_waits_lets_others_run(in_background):
    def wait(gevent):
        latch = Latch()
        waiting = [gevent.spawn(latch.wait, timeout) for timeout in (None, 60)]
        impatient = gevent.spawn(latch.wait, 0.001)
        impatient.join()
        gevent.spawn(latch.set)
        gevent.joinall(waiting)
        return [each.value for each in (*waiting, impatient)]

    assert in_new_thread(wait, in_background) == [True, True, False]


def test_the_hub_itself_waits_like_a_thread(in_background):
    def wait(gevent):
        latch, waited = Latch(), []
        hub = gevent.get_hub()
        hub.loop.run_callback(lambda: waited.append(latch.wait(0.001)))
        gevent.sleep(0.001)
        return waited

    assert in_new_thread(wait, in_background) == [False]


def test_eventlet_is_refused_when_the_bus_starts_and_not_before(tmp_path):
    program = """
import eventlet
eventlet.monkey_patch({})
import rodent_events
rodent_events.emit(rodent_events.StorageTransferPayload())
bus = rodent_events.EventBus(target="127.0.0.1:9", jwt="a.b.c", events_dir="unused")
for start in (bus.start, lambda: rodent_events.initialize(bus.config)):
    try:
        start()
    except rodent_events.UnsupportedError as error:
        print(error)
"""
    for what, count in (("", 2), ("thread=False", 0)):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program.replace("{}", what)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stdout.count("eventlet has replaced Python's threads") == count, done.stderr


MOCKS = """
{patch}
from toggle_mock import SimulatedRodent, ToggleServer, simulate_fleet
from rodent_events import UnsupportedError
toggle = ToggleServer(record="new.ndjson")
for start in (
    toggle.start,
    SimulatedRodent("127.0.0.1:9", toggle.jwt()).start,
    simulate_fleet("127.0.0.1:9", 1, jwt=lambda rid: toggle.jwt(rid=rid)).start,
):
    try:
        start()
    except UnsupportedError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("patch", "name"),
    [
        ("import gevent.monkey; gevent.monkey.patch_all()", "gevent"),
        ("import eventlet; eventlet.monkey_patch()", "eventlet"),
    ],
)
def test_a_mock_among_greenlets_is_refused_with_the_remedy(patch, name, tmp_path):
    done = run_python(MOCKS.format(patch=patch), tmp_path)
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done.stderr
    for line in lines:
        assert line.startswith(f"{name} has replaced Python's threads or its select")
        assert "`toggle-mock serve --http PORT`" in line
        assert "--toggle-address=http://127.0.0.1:PORT" in line
    assert list(tmp_path.iterdir()) == []


def test_a_mock_runs_where_gevent_has_left_threads_and_select_alone(tmp_path):
    program = """
import gevent.monkey; gevent.monkey.patch_all(thread=False, select=False)
from toggle_mock import SimulatedRodent, ToggleServer
with ToggleServer() as toggle, SimulatedRodent(toggle.address, toggle.jwt()) as rodent:
    print(len(toggle.wait_for_call("Register", status="OK")))
"""
    done = run_python(program, tmp_path)
    assert done.stdout == "1\n", done.stderr


def run_python(program, folder):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


PATCHED_TESTS = """
    import gevent
    import pytest
    from rodent_events import StoragePoolPayload

    def test_all_greenlets_get_what_they_wait_for(event_bus, toggle_server):
        wait = toggle_server.wait_for
        waiting = [gevent.spawn(wait, f"pool_name:p{number}") for number in range(20)]
        gevent.sleep(0)
        for number in range(20):
            event_bus.emit(StoragePoolPayload(pool_name=f"p{number}"))
        gevent.joinall(waiting, raise_error=True)
        toggle_server.assert_only("payload:pool", count=20)

    def test_what_does_not_come_is_told_in_time(toggle_server):
        other = gevent.spawn(gevent.sleep, 0.001)
        with pytest.raises(AssertionError, match="no call arrived"):
            toggle_server.wait_for("payload:pool", timeout=0.05)
        assert other.ready()
"""


def test_the_remedy_helps(pytester, make_toggle_server, monkeypatch):
    server = make_toggle_server(http_port=0)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest("import gevent.monkey; gevent.monkey.patch_all()")
    pytester.makepyfile(PATCHED_TESTS)
    options = ["-p", "toggle_mock.pytest_plugin", "-W", "ignore"]
    address = f"--toggle-address=http://{server.http_address}"
    run = pytester.runpytest_subprocess(*options, address, timeout=100)
    run.assert_outcomes(passed=2)
