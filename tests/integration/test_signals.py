"""A signal that ends an agent, at whatever moment: memory is on disk, and the end is in order."""

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from support.delivery import on_disk

pytestmark = pytest.mark.slow

AT_LINE = Path(__file__).parents[1] / "support" / "signal_at_line.py"


@pytest.mark.parametrize("count", [1, 2], ids=["one signal", "two signals"])
@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "block"])
def test_no_signal_comes_at_a_moment_that_loses(overflow, count, tmp_path):
    program = [sys.executable, str(AT_LINE), str(tmp_path), overflow, str(count), "8"]
    done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    agents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [agent for agent in agents if agent["lost"]] == []
    assert {agent["status"] for agent in agents if agent["was_awaited"]} <= {128 + signal.SIGTERM}
    # One that gets it amid its end may end as ever.
    statuses = {agent["status"] for agent in agents}
    assert {128 + signal.SIGTERM} <= statuses <= {0, 128 + signal.SIGTERM}


WATCHED = "import faulthandler, signal; faulthandler.register(signal.SIGUSR1)\n"


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """An agent that has printed "up"."""
    agent = subprocess.Popen(
        [sys.executable, "-c", WATCHED + program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert agent.stdout.readline() == "up\n"
    return agent


def finish(agent: subprocess.Popen[str]) -> tuple[str, str]:
    """What it printed, once it has ended; of one that does not, where its threads are."""
    with suppress(subprocess.TimeoutExpired):
        return agent.communicate(timeout=60)
    agent.send_signal(signal.SIGUSR1)
    with suppress(subprocess.TimeoutExpired):
        agent.communicate(timeout=5)
    agent.kill()
    _, log = agent.communicate()
    pytest.fail(f"the agent does not end:\n{log}")


EMITTING = """
import sys, threading, time
import rodent_events
from rodent_events import StorageTransferPayload
rodent_events.initialize(target="127.0.0.1:9", jwt="a.b.c", events_dir=sys.argv[1])
for number in range(50):
    rodent_events.emit(StorageTransferPayload(size_bytes=number))
print("up", flush=True)
"""
WAITS = {
    "sleep": "time.sleep(60)",
    "a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "an event": "threading.Event().wait()",
    "a thread": "t = threading.Thread(target=time.sleep, args=(9,)); t.start(); t.join()",
    "a loop": "import asyncio; asyncio.run(asyncio.sleep(60))",
    "a loop that never waits": "while True: number += 1",
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("wait", WAITS)
def test_whatever_the_main_thread_waits_for_it_ends(wait, number, tmp_path):
    agent = start(EMITTING + WAITS[wait], tmp_path)
    agent.send_signal(number)
    finish(agent)
    assert agent.returncode == 128 + number
    assert len(on_disk(tmp_path)) == 50


# What stands before the agent, and after it.
FALLING_ASLEEP = {
    "with a bus": ("", ""),
    "with two": (
        "",
        """
second = sys.argv[1] + "/second"
rodent_events.EventBus(target="127.0.0.1:9", jwt="a.b.c", events_dir=second).start()
""",
    ),
    "in a child": (
        "",
        """
if child := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
rodent_events.emit(StorageTransferPayload())
""",
    ),
    "with a default timeout": ("import socket; socket.setdefaulttimeout(0.001)", ""),
    "with gevent": ("import gevent.monkey; gevent.monkey.patch_all()", ""),
}
# No bytecode between the two: the signal is noted, and nobody looks before the sleep is over.
FALLS_ASLEEP = """
import ctypes, operator
from functools import partial
kill = partial(ctypes.CDLL(None).kill, os.getpid(), int(sys.argv[2]))
list(map(operator.call, [kill, partial(sleep, 600)]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("way", FALLING_ASLEEP)
def test_a_signal_over_which_the_main_thread_falls_asleep_wakes_it_up(way, number, tmp_path):
    before, after = FALLING_ASLEEP[way]
    program = ["import os", "from time import sleep", before, EMITTING, after, FALLS_ASLEEP]
    agent = start("\n".join(program), tmp_path, number)
    finish(agent)
    assert agent.returncode == 128 + number
    assert len(on_disk(tmp_path)) == 50


HELD_IN_A_CHILD = """
import os
from rodent_events import signals
if child := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with signals.held():
    os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_that_is_held_in_a_child_ends_it_afterwards(tmp_path):
    agent = start(EMITTING + HELD_IN_A_CHILD, tmp_path)
    finish(agent)
    assert agent.returncode == 128 + signal.SIGTERM


A_CHILD_UNKNOWN_TO_PYTHON = """
import ctypes, os, threading
from rodent_events import missed_signals
signal.signal(signal.SIGTERM, lambda *_: None)
noticed, mine, is_mine = [], threading.Event(), False
def note():
    noticed.append(is_mine)
    if is_mine: mine.set()
missed_signals.watch(signal.SIGTERM, note)
print("up", flush=True)
libc = ctypes.PyDLL(None)
if (child := libc.fork()) == 0:
    libc.kill(os.getpid(), signal.SIGTERM)
    os._exit(0)
os.waitpid(child, 0)
is_mine = True
os.kill(os.getpid(), signal.SIGTERM)
print(mine.wait(60), all(noticed))
"""


def test_what_a_child_gets_that_is_unknown_to_python_is_no_signal_of_its_parent():
    assert finish(start(A_CHILD_UNKNOWN_TO_PYTHON))[0] == "True True\n"


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    agent = start(ignoring + EMITTING + "time.sleep(60)", tmp_path)
    agent.send_signal(signal.SIGHUP)
    agent.terminate()
    finish(agent)
    assert agent.returncode == 128 + signal.SIGTERM


TWO_BUSES = """
import sys, time
import rodent_events
from rodent_events import EventBus, StorageTransferPayload
own = EventBus(target="127.0.0.1:9", jwt="a.b.c", events_dir=sys.argv[1] + "/own").start()
if sys.argv[2] == "both":
    rodent_events.initialize(target="127.0.0.1:9", jwt="a.b.c", events_dir=sys.argv[1] + "/global")
    rodent_events.emit(StorageTransferPayload())
own.emit(StorageTransferPayload())
print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("which", ["both", "own"])
def test_each_bus_is_saved_whoever_started_it(which, tmp_path):
    agent = start(TWO_BUSES, tmp_path, which)
    agent.terminate()
    finish(agent)
    assert len(on_disk(tmp_path / "own")) == 1
    assert len(on_disk(tmp_path / "global")) == (which == "both")


ORDERLY = """
import atexit, sys
atexit.register(print, "registered before", end=";")
import time
import rodent_events
rodent_events.initialize(target="127.0.0.1:9", jwt="a.b.c", events_dir=sys.argv[1])
atexit.register(print, "registered after", end=";")
print("up", flush=True)
try:
    time.sleep(60)
finally:
    print("finally", end=";")
"""


def test_the_end_runs_what_others_registered_and_flushes_what_they_printed(tmp_path):
    agent = start(ORDERLY, tmp_path)
    agent.terminate()
    printed, _ = finish(agent)
    assert printed == "finally;registered after;registered before;"


MUCH = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
import rodent_events
from rodent_events import StorageTransferPayload
rodent_events.initialize(
    target="127.0.0.1:9", jwt="a.b.c", events_dir=sys.argv[1], spill_after=3600,
    buffer_size=200_000, flush_threshold=199_000,
)
for number in range(100_000):
    rodent_events.emit(StorageTransferPayload(size_bytes=number))
print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("numbers", ["TERM TERM", "TERM INT", "INT TERM", "INT INT"])
def test_further_signals_change_nothing_while_memory_is_saved(numbers, tmp_path, wait_until):
    agent = start(MUCH, tmp_path)
    for name in numbers.split():
        agent.send_signal(getattr(signal, f"SIG{name}"))
        wait_until(lambda: agent.poll() is not None or any(tmp_path.glob("*.pb")))
    _, log = finish(agent)
    assert len(on_disk(tmp_path)) == 100_000, log


FULL = """
import sys, time
import rodent_events
from rodent_events import StorageTransferPayload
rodent_events.initialize(
    target="127.0.0.1:9", jwt="a.b.c", events_dir=sys.argv[1], spill_after=3600,
    overflow="drop_newest", spool_max_bytes=1_000, max_file_size=1_000, max_batch_bytes=1_000,
)
for number in range(500):
    rodent_events.emit(StorageTransferPayload(size_bytes=number))
print("up", flush=True)
time.sleep(60)
"""


def test_a_full_disk_does_not_keep_the_process_from_its_end(tmp_path):
    agent = start(FULL, tmp_path)
    agent.terminate()
    _, log = finish(agent)
    assert agent.returncode == 128 + signal.SIGTERM
    assert "events could not be brought to disk" in log


AROUND = """
import asyncio, sys
from rodent_events import EventBus, StorageTransferPayload

async def main():
    async with EventBus(
        target="127.0.0.1:9", jwt="a.b.c", events_dir=sys.argv[1], spill_after=3600
    ) as bus:
        for number in range(100):
            bus.emit(StorageTransferPayload(size_bytes=number))
        print("up", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_bus_of_async_with_is_saved_too(tmp_path):
    agent = start(AROUND, tmp_path)
    agent.terminate()
    _, log = finish(agent)
    assert agent.returncode == 128 + signal.SIGTERM, log
    assert len(on_disk(tmp_path)) == 100
