"""Fork, signals, and the ends of processes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.delivery import ids, on_disk

from rodent_events import EventBatch, EventBus

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parents[1] / "support" / "forking.py"


def start(program: str, settings: dict) -> subprocess.Popen:
    """Start a program that forks."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", PROGRAMS, program, json.dumps(settings, default=str)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(forking: subprocess.Popen) -> str:
    """Wait until it has succeeded; what it printed and nobody has read yet."""
    output, errors = forking.communicate("go on\n", timeout=100)
    assert forking.returncode == 0, errors
    assert "skipping fork() handlers" not in errors  # gRPC's, after which it may abort the child
    return output


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_the_child_of_a_running_bus_works(toggle_server, settings, mode):
    settings |= {"jwt": toggle_server.jwt(), "spool_mode": mode}
    finish(start("flush_in_child", settings | {"target": toggle_server.address}))
    sources = [event.payload.source for event in toggle_server.events]
    assert (sources.count("parent"), sources.count("child")) == (10, 7)
    event_ids = [event.event_id for event in toggle_server.events]
    assert len(set(event_ids)) == 17


def test_what_waits_at_the_fork_is_delivered_once_by_the_parent(
    make_scripted_toggle, free_port, settings
):
    settings |= {"target": f"127.0.0.1:{free_port}"}
    forking = start("fork_with_events_in_memory", settings)
    sent = json.loads(forking.stdout.readline())
    toggle = make_scripted_toggle(free_port)
    finish(forking)
    assert ids(toggle.batches) == sent


def test_a_flush_goes_on_over_forks(make_scripted_toggle, free_port, settings):
    settings |= {"target": f"127.0.0.1:{free_port}"}
    forking = start("fork_amid_a_flush", settings)
    sent = json.loads(forking.stdout.readline())
    toggle = make_scripted_toggle(free_port)
    finish(forking)
    with EventBus(**settings) as bus:  # takes over what the children have left, if nobody has yet
        assert bus.flush(30)
    delivered = ids(toggle.batches)
    assert [event_id for event_id in delivered if event_id in sent] == sent
    assert len(delivered) == len(set(delivered)) == 50 + 5 * 9


def test_what_a_child_leaves_is_taken_over_at_the_next_start(
    make_scripted_toggle, free_port, settings
):
    finish(start("leave_events_in_child", settings | {"target": f"127.0.0.1:{free_port}"}))
    toggle = make_scripted_toggle()
    with EventBus(target=toggle.address, **settings) as bus:
        assert bus.flush(30)
        assert bus.get_stats()["recovered"] == 9
    assert len(ids(toggle.batches)) == 9
    assert [path.name for path in settings["events_dir"].iterdir()] == [".lock"]


def test_a_fork_amid_emits_and_sends_loses_and_repeats_nothing(toggle_server, settings):
    settings |= {"target": toggle_server.address, "jwt": toggle_server.jwt()}
    emitted = int(finish(start("fork_amid_emits_and_sends", settings)))
    # A fork may cost a connection: what was under way on it is sent again, under the same batch id.
    once = [batch for batch in toggle_server.batches if not batch.duplicate]
    events = [event for batch in once for event in batch.events]
    sources = [event.payload.source for event in events]
    assert (sources.count("parent"), sources.count("child")) == (emitted, 100)
    assert len({event.event_id for event in events}) == emitted + 100


def test_children_of_multiprocessing_by_fork_deliver_their_events(toggle_server, settings):
    settings |= {"target": toggle_server.address, "jwt": toggle_server.jwt()}
    finish(start("fork_by_multiprocessing", settings | {"batch_timeout": 3600}))
    assert len(toggle_server.events) == 10


def test_the_bus_works_in_the_child_of_a_child_too(toggle_server, settings):
    settings |= {"target": toggle_server.address, "jwt": toggle_server.jwt()}
    finish(start("fork_twice_without_an_event_in_between", settings))
    assert len(toggle_server.events) == 7


INITIALIZED_IN_CHILDREN = """
import multiprocessing, sys
import rodent_events

def initialize(target, token, folder):
    rodent_events.initialize(target=target, jwt=token, events_dir=folder, batch_timeout=3600)

def emit(number):
    rodent_events.emit(rodent_events.StoragePoolPayload(pool_name=f"pool{number}"))

def work(*settings):
    initialize(*settings)
    emit(0)

if __name__ == "__main__":
    method, target, token, folder = sys.argv[1:]
    context = multiprocessing.get_context(method)
    child = context.Process(target=work, args=(target, token, folder + "/process"))
    child.start()
    child.join()
    with context.Pool(1, initialize, (target, token, folder + "/pool")) as pool:
        pool.map(emit, range(1, 4))
        pool.close()
        pool.join()
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_children_of_multiprocessing_that_initialize_deliver_their_events(
    toggle_server, tmp_path, method
):
    script = tmp_path / "initializing.py"
    script.write_text(INITIALIZED_IN_CHILDREN)
    program = [sys.executable, str(script), method, toggle_server.address, toggle_server.jwt()]
    subprocess.run([*program, str(tmp_path)], check=True, timeout=60)
    names = [event.payload.pool_name for event in toggle_server.events]
    assert sorted(names) == ["pool0", "pool1", "pool2", "pool3"]


SPAWNED = """
import multiprocessing, sys
import rodent_events
from rodent_events import StoragePoolPayload

def work(target, token, folder):
    rodent_events.initialize(target=target, jwt=token, events_dir=folder + "/child")
    rodent_events.emit(StoragePoolPayload(pool_name="child"))
    rodent_events.shutdown()

if __name__ == "__main__":
    target, token, folder = sys.argv[1:]
    rodent_events.initialize(target=target, jwt=token, events_dir=folder + "/parent")
    rodent_events.emit(StoragePoolPayload(pool_name="parent"))
    child = multiprocessing.get_context("spawn").Process(target=work, args=sys.argv[1:])
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""


def test_children_of_multiprocessing_by_spawn_deliver_their_events(toggle_server, tmp_path):
    script = tmp_path / "spawning.py"
    script.write_text(SPAWNED)
    program = [sys.executable, str(script), toggle_server.address, toggle_server.jwt()]
    subprocess.run([*program, str(tmp_path)], check=True, timeout=60)
    assert sorted(e.payload.pool_name for e in toggle_server.events) == ["child", "parent"]


WAITING = """
import signal, sys, threading, rodent_events
from rodent_events import StorageTransferPayload
{before}
rodent_events.initialize(target=sys.argv[1], jwt="a.b.c", events_dir=sys.argv[2])
for number in range(100):
    rodent_events.emit(StorageTransferPayload(size_bytes=number))
try:
    print("emitted", flush=True)
    while True:
        threading.Event().wait(0.1)  # a signal just before a wait is seen after it
finally:
    print("cleaned up", flush=True)
"""


def terminated(program: str, target: str, folder) -> tuple[int, str]:
    agent = subprocess.Popen(
        [sys.executable, "-c", program, target, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert agent.stdout.readline() == "emitted\n"
    agent.terminate()
    rest, _ = agent.communicate(timeout=40)
    return agent.returncode, rest


def test_sigterm_brings_all_to_disk_and_ends_the_process_with_its_status(free_port, tmp_path):
    program = WAITING.format(before="")
    code, rest = terminated(program, f"127.0.0.1:{free_port}", tmp_path)
    assert (code, rest) == (128 + signal.SIGTERM, "cleaned up\n")
    assert len(on_disk(tmp_path)) == 100


TERMINATED_CHILD = """
import multiprocessing, sys, threading, rodent_events

def work():
    rodent_events.emit(rodent_events.StorageTransferPayload())
    ready.set()
    while True:
        threading.Event().wait(0.1)

rodent_events.initialize(target=sys.argv[1], jwt="a.b.c", events_dir=sys.argv[2])
context = multiprocessing.get_context("fork")
ready = context.Event()
child = context.Process(target=work)
child.start()
ready.wait()
child.terminate()
child.join()
print(child.exitcode)
"""


def test_a_child_of_multiprocessing_ends_so_too(free_port, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", TERMINATED_CHILD, f"127.0.0.1:{free_port}", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"{128 + signal.SIGTERM}\n"
    (folder,) = tmp_path.glob("process-*")
    assert len(on_disk(folder)) == 1


def test_a_child_s_quarantine_is_taken_over_too(settings, scripted_toggle):
    folder = settings["events_dir"]
    for name in ("quarantine/a.pb", "fork-99999/quarantine/b.pb"):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    batch = EventBatch(batch_id="b1")
    batch.events.add(event_id="e1")
    (folder / "fork-99999" / "0.pb").write_bytes(batch.SerializeToString())
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert bus.flush()
    assert ids(scripted_toggle.batches) == ["e1"]
    assert {path.name for path in (folder / "quarantine").iterdir()} == {"a.pb", "b.pb"}
    assert not (folder / "fork-99999").exists()


def test_a_handler_of_the_program_s_own_is_left_alone(free_port, tmp_path):
    program = WAITING.format(before="signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))")
    code, _ = terminated(program, f"127.0.0.1:{free_port}", tmp_path)
    assert code == 7
    assert len(on_disk(tmp_path)) == 100
