"""Agents whose wall clock is set, by years, while they run and between two runs."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import grpc
import pytest
from support.delivery import ids, saved

from rodent_events import EventBatchResponse
from rodent_events.batch import time_of

pytestmark = pytest.mark.slow

YEARS = 10 * 365 * 86_400

# Does what each line that comes in says, and answers with a line.
AGENT = """
import json, logging, sys, time
from rodent_events import EventBus, StorageTransferPayload
logging.basicConfig(level=logging.INFO)
def emit(count):
    return [bus.emit(StorageTransferPayload()) for _ in range(count)]
def timed(ask, timeout):
    start = time.clock_gettime(time.CLOCK_MONOTONIC)
    return ask(timeout), time.clock_gettime(time.CLOCK_MONOTONIC) - start
with EventBus(**json.loads(sys.argv[1])) as bus:
    for line in sys.stdin:
        print(json.dumps(eval(line)), flush=True)
"""


@pytest.fixture(scope="session")
def wallclock(tmp_path_factory):
    """The library that shifts a process's clock."""
    compiler = shutil.which("cc")
    if compiler is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("a C compiler is not installed")
    source = Path(__file__).parents[1] / "support/wallclock.c"
    library = tmp_path_factory.mktemp("wallclock") / "wallclock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


class Agent:
    """An agent in a process of its own, with a clock of its own."""

    def __init__(self, wallclock: Path, folder: Path, shift: int, settings: dict) -> None:
        self._shift = folder / "shift"
        self._log = folder / "log"
        self.set_clock(shift)
        environment = {"LD_PRELOAD": str(wallclock), "WALL": str(self._shift)}
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", AGENT, json.dumps(settings, default=str)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | environment,
            )

    def set_clock(self, shift: int) -> None:
        new = self._shift.with_suffix(".new")
        new.write_text(str(shift))
        new.replace(self._shift)

    def begin(self, expression: str) -> None:
        self._process.stdin.write(expression + "\n")
        self._process.stdin.flush()

    def answer(self):
        return json.loads(self._process.stdout.readline())

    def do(self, expression: str):
        self.begin(expression)
        return self.answer()

    def stop_and_go_on(self, until) -> None:
        """Let it have no time at all, until something holds."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            until()
        finally:
            self._process.send_signal(signal.SIGCONT)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture
def start_agent(wallclock, tmp_path, settings):
    """Starts an agent whose clock is shifted."""
    started = []

    def start(shift: int = 0, **more) -> Agent:
        started.append(Agent(wallclock, tmp_path, shift, settings | more))
        return started[-1]

    yield start
    for agent in started:
        agent.end()


@pytest.fixture
def hang():
    """An outcome of a call that does not answer."""
    over = threading.Event()

    def wait(_request, _context):
        over.wait(60)
        return EventBatchResponse(success=False)

    yield wait
    over.set()


@pytest.fixture
def wait_saved(settings, wait_until):
    """Waits until these events are on disk."""

    def wait(sent):
        wait_until(lambda: set(sent) <= set(saved(settings["events_dir"])))

    return wait


steps = pytest.mark.parametrize("step", [YEARS, -YEARS], ids=["forward", "back"])
modes = pytest.mark.parametrize("mode", ["spill", "journal"])


def test_the_clock_is_shifted_for_timestamps_and_ids(start_agent, scripted_toggle):
    agent = start_agent(YEARS, target=scripted_toggle.address)
    later = time.time() + YEARS
    assert agent.do("time.time()") == pytest.approx(later, abs=600)
    assert time_of(agent.do("emit(1)")[0]) / 1000 == pytest.approx(later, abs=600)
    agent.set_clock(-YEARS)
    assert agent.do("time.time()") == pytest.approx(later - 2 * YEARS, abs=600)


@steps
@modes
def test_a_clock_that_is_set_while_toggle_is_away(
    step, mode, start_agent, free_port, make_scripted_toggle, wait_saved
):
    agent = start_agent(target=f"127.0.0.1:{free_port}", spool_mode=mode, spill_after=0.05)
    sent = []
    for shift in (0, step, 0, -step):
        agent.set_clock(shift)
        sent += agent.do("emit(10)")
        wait_saved(sent)
    toggle = make_scripted_toggle(free_port)
    assert agent.do("bus.flush(30)")
    assert ids(toggle.batches) == sent
    assert all(one < next_ for one, next_ in pairwise(sent))


@steps
@modes
@pytest.mark.parametrize("ending", ["kill", "end"])
def test_a_clock_that_is_set_between_runs(
    step, mode, ending, start_agent, free_port, make_scripted_toggle, wait_until, wait_saved
):
    target = {"target": f"127.0.0.1:{free_port}", "spool_mode": mode, "spill_after": 0.05}
    sent = []
    for shift in (0, step, 0, -step):
        agent = start_agent(shift, **target)
        for _ in range(2):
            sent += agent.do("emit(10)")
            wait_saved(sent)
        getattr(agent, ending)()
    toggle = make_scripted_toggle(free_port)
    agent = start_agent(step, **target)
    wait_until(lambda: len(toggle.requests) >= 1)
    sent += agent.do("emit(10)")
    assert agent.do("bus.flush(30)")
    assert ids(toggle.batches) == sent


@steps
def test_timeouts_are_kept_though_the_clock_is_set_amid_them(
    step, start_agent, scripted_toggle, wait_until, hang
):
    scripted_toggle.script = [hang]
    agent = start_agent(target=scripted_toggle.address, send_timeout=3)
    sent = agent.do("emit(10)")
    agent.begin("timed(bus.flush, 1)")
    wait_until(lambda: scripted_toggle.requests)
    agent.set_clock(step)
    acknowledged, seconds = agent.answer()
    assert not acknowledged
    assert 1 <= seconds < 20
    assert agent.do("bus.flush(30)"), "the call that hangs ends, and is made again"
    assert ids(scripted_toggle.batches) == 2 * sent
    assert len({batch.batch_id for batch in scripted_toggle.batches}) == 1


@steps
def test_pauses_between_tries_are_kept_though_the_clock_is_set_amid_them(
    step, start_agent, scripted_toggle, wait_until
):
    scripted_toggle.script = 10 * [grpc.StatusCode.UNAVAILABLE]
    agent = start_agent(target=scripted_toggle.address)
    sent = agent.do("emit(10)")
    wait_until(lambda: scripted_toggle.requests)
    agent.set_clock(step)
    wait_until(lambda: len(scripted_toggle.requests) == 11)
    assert set(ids(scripted_toggle.batches)) == set(sent)
    wait_until(lambda: "Toggle takes events again, after" in agent.log)
    (seconds,) = re.findall(r"Toggle takes events again, after ([-\d.]+) s", agent.log)
    assert 0 <= float(seconds) < 60


@steps
def test_a_token_file_that_is_renewed_is_read_though_the_clock_is_set(
    step, start_agent, scripted_toggle, tmp_path
):
    file = tmp_path / "token"
    file.write_text("old.token.here")
    agent = start_agent(target=scripted_toggle.address, jwt=None, jwt_file=file)
    agent.do("emit(1)")
    assert agent.do("bus.flush(30)")
    agent.set_clock(step)
    file.write_text("new.token.here")
    agent.do("emit(1)")
    assert agent.do("bus.flush(30)")
    tokens = [call["authorization"] for call in scripted_toggle.metadata]
    assert tokens == ["Bearer old.token.here", "Bearer new.token.here"]


def test_an_agent_that_is_stopped_amid_a_call_goes_on(
    start_agent, scripted_toggle, wait_until, hang
):
    """As under Ctrl-Z, ``docker pause``, or in a machine that is moved: all its times are over."""
    scripted_toggle.script = [hang]
    agent = start_agent(target=scripted_toggle.address, send_timeout=0.5)
    sent = agent.do("emit(10)")
    wait_until(lambda: scripted_toggle.requests)
    over = time.monotonic() + 1
    agent.stop_and_go_on(lambda: wait_until(lambda: time.monotonic() > over))
    sent += agent.do("emit(10)")
    assert agent.do("bus.flush(30)")
    arrived = ids(scripted_toggle.batches)
    assert list(dict.fromkeys(arrived)) == sent
    first = scripted_toggle.requests[0]
    assert scripted_toggle.requests[1] == first, "repeated as it was"


def test_an_agent_that_is_stopped_amid_its_end_has_all_on_disk(
    start_agent, free_port, settings, wait_until
):
    """Time in which it was stopped is no time that its end has had."""
    memory = {"buffer_size": 200_000, "flush_threshold": 200_000, "spill_after": 3600}
    files = {"max_batch_bytes": 1_000_000, "max_file_size": 2_000_000}
    agent = start_agent(target=f"127.0.0.1:{free_port}", **memory, **files)
    count = agent.do("len(emit(60_000))")
    folder = settings["events_dir"]
    agent.begin("bus.shutdown(8)")  # many times as long as it takes
    wait_until(lambda: sum(path.stat().st_size for path in folder.glob("*.pb")) > 1_000_000)
    over = time.monotonic() + 9
    agent.stop_and_go_on(lambda: wait_until(lambda: time.monotonic() > over))
    agent.answer()
    agent.kill()
    assert len(saved(folder)) == count
