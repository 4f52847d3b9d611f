"""Fork, signals, and the ends of processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading

import pytest

from rodent_events import EventBatch, EventBus, StorageTransferPayload

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*fork:DeprecationWarning",  # that a process with threads forks is the very case
)


def emit(bus: EventBus, count: int, source: str = "parent") -> list[str]:
    return [bus.emit(StorageTransferPayload(source=source)) for _ in range(count)]


def ids(batches) -> list[str]:
    return [event.event_id for batch in batches for event in batch.events]


def in_child(function) -> int:
    """Run a function in a forked child; its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if function() else 1)
        except BaseException:  # noqa: BLE001 - whatever it is, this process must end here
            import traceback

            traceback.print_exc()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_the_child_of_a_running_bus_works(toggle_server, settings, mode):
    settings |= {"jwt": toggle_server.jwt(), "spool_mode": mode}
    with EventBus(target=toggle_server.address, **settings) as bus:
        emit(bus, 5)
        assert bus.flush()

        def child() -> bool:
            emit(bus, 7, "child")
            return bus.flush(20) and bus.shutdown(20) and bus.get_stats()["emitted"] == 7

        assert in_child(child) == 0
        emit(bus, 5)
        assert bus.flush()
        assert bus.get_stats()["emitted"] == 10
    sources = [event.payload.source for event in toggle_server.events]
    assert (sources.count("parent"), sources.count("child")) == (10, 7)
    event_ids = [event.event_id for event in toggle_server.events]
    assert len(set(event_ids)) == 17


def test_what_waits_at_the_fork_is_delivered_once_by_the_parent(
    make_scripted_toggle, free_port, settings
):
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 50)
        assert in_child(lambda: bus.get_stats()["waiting"] == 0 and bus.shutdown(5)) == 0
        toggle = make_scripted_toggle(free_port)
        assert bus.flush(30)
    assert ids(toggle.batches) == sent


def test_what_a_child_leaves_is_taken_over_at_the_next_start(
    make_scripted_toggle, free_port, settings
):
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:

        def child() -> bool:
            emit(bus, 9, "child")
            return bus.shutdown(2.0) is False

        assert in_child(child) == 0
    toggle = make_scripted_toggle()
    with EventBus(target=toggle.address, **settings) as bus:
        assert bus.flush()
        assert bus.get_stats()["recovered"] == 9
    assert len(ids(toggle.batches)) == 9
    assert [path.name for path in settings["events_dir"].iterdir()] == [".lock"]


def test_a_fork_amid_emits_and_sends(toggle_server, settings):
    settings |= {"jwt": toggle_server.jwt()}
    stop = threading.Event()
    with EventBus(target=toggle_server.address, **settings) as bus:

        def emit_all_the_time() -> None:
            while not stop.wait(0.0005):
                emit(bus, 5)

        threads = [threading.Thread(target=emit_all_the_time) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(5):
                assert in_child(lambda: emit(bus, 20, "child") and bus.flush(20)) == 0
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert bus.flush(30)
        emitted = bus.get_stats()["emitted"]
    sources = [event.payload.source for event in toggle_server.events]
    assert (sources.count("parent"), sources.count("child")) == (emitted, 100)
    assert len({event.event_id for event in toggle_server.events}) == emitted + 100


def _emit_in_process(bus: EventBus) -> None:
    emit(bus, 3, "child")


def test_multiprocessing_fork(toggle_server, settings):
    settings |= {"jwt": toggle_server.jwt(), "batch_timeout": 3600}
    context = multiprocessing.get_context("fork")
    with EventBus(target=toggle_server.address, **settings) as bus:
        emit(bus, 1)
        children = [context.Process(target=_emit_in_process, args=(bus,)) for _ in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join(30)
        assert [child.exitcode for child in children] == [0, 0, 0]
    assert len(toggle_server.events) == 10


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


def test_multiprocessing_spawn(toggle_server, tmp_path):
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


def on_disk(folder) -> int:
    return len(ids(EventBatch.FromString(path.read_bytes()) for path in folder.glob("*.pb")))


def terminated(program: str, target: str, folder) -> tuple[int, str]:
    agent = subprocess.Popen(
        [sys.executable, "-c", program, target, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert agent.stdout.readline() == "emitted\n"
    agent.terminate()
    rest, _ = agent.communicate(timeout=40)
    return agent.returncode, rest


def test_sigterm_brings_all_to_disk_and_ends_the_process_by_the_signal(free_port, tmp_path):
    program = WAITING.format(before="")
    code, rest = terminated(program, f"127.0.0.1:{free_port}", tmp_path)
    assert (code, rest) == (-signal.SIGTERM, "cleaned up\n")
    assert on_disk(tmp_path) == 100


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


def test_a_child_of_multiprocessing_dies_of_the_signal_too(free_port, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", TERMINATED_CHILD, f"127.0.0.1:{free_port}", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"{-signal.SIGTERM}\n"
    (folder,) = tmp_path.glob("fork-*")
    assert on_disk(folder) == 1


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
    assert on_disk(tmp_path) == 100
