"""Several processes in one folder: each has its own files, and takes over what the dead leave."""

import errno
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.delivery import assert_balanced, emit, ids, on_disk, saved

from rodent_events import EventBatch, EventBuffer, EventBus, SpoolError, schedule
from rodent_events.disk.files import FolderLockedError, lock_folder
from rodent_events.worker import Flush

DYING = """
import os, sys
from rodent_events import EventBus, StorageTransferPayload
folder, target, count, how = sys.argv[1:]
bus = EventBus(events_dir=folder, target=target, jwt="a.b.c", batch_size=10, spool_mode="journal")
bus.start()
for number in range(int(count)):
    print(bus.emit(StorageTransferPayload(size_bytes=number)), flush=True)
if how == "lingers":
    sys.stdin.read()
os._exit(1)
"""


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(schedule, "LOOK_PAUSE", 0.05)


@pytest.fixture
def folder(settings):
    return settings["events_dir"]


@pytest.fixture
def make_buffer(folder):
    made = []

    def make(**settings):
        made.append(EventBuffer(events_dir=folder, **settings))
        made[-1].open()
        return made[-1]

    yield make
    for buffer in made:
        buffer.close()


@pytest.fixture
def dies(folder):
    """Have a process leave events in the folder, and die; their ids are returned."""

    def run(target: str, count: int = 25) -> list[str]:
        program = [sys.executable, "-c", DYING, str(folder), target, str(count), "dies"]
        return subprocess.run(
            program, stdout=subprocess.PIPE, text=True, check=False
        ).stdout.split()

    return run


def leave(folder, name, count=1):
    """A folder of a process that has ended; the ids of the events in it are returned."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder.with_name(f"{folder.name}-made")  # beside it: nobody takes half of it
    made.mkdir()
    for number in range(count):
        batch = EventBatch(batch_id=f"{name}/{number}")
        batch.events.add(event_id=f"{name}/{number}")
        (made / f"{number:04}.pb").write_bytes(batch.SerializeToString())
    made.rename(folder / name)
    return [f"{name}/{number}" for number in range(count)]


def once(batches):
    """The ids of what has arrived; a batch whose answer did not come back is sent once more."""
    return ids({batch.batch_id: batch for batch in batches}.values())


def files(folder):
    """The names of all files that are no lock."""
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock"
    )


def test_each_has_a_folder_of_its_own_and_leaves_none(scripted_toggle, settings, folder):
    with EventBus(target=scripted_toggle.address, **settings) as first:
        with EventBus(target=scripted_toggle.address, **settings) as second:
            assert len(list(folder.glob("process-*"))) == 1
            sent = emit(first, 30) + emit(second, 30)
            assert first.flush()
            assert second.flush()
        assert [path.name for path in folder.iterdir()] == [".lock"]
    assert sorted(ids(scripted_toggle.batches)) == sorted(sent)


def test_what_a_neighbour_leaves_that_dies_is_sent_while_one_runs(
    scripted_toggle, settings, folder, dies, wait_until
):
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        left = dies(scripted_toggle.address)
        wait_until(lambda: set(left) <= set(ids(scripted_toggle.batches)))
        wait_until(lambda: not list(folder.glob("process-*")))
        wait_until(lambda: assert_balanced(bus)["waiting"] == 0)
    assert once(scripted_toggle.batches) == left


def test_so_is_what_the_first_leaves_that_had_the_folder_itself(
    scripted_toggle, settings, folder, wait_until
):
    program = [sys.executable, "-c", DYING, str(folder), scripted_toggle.address, "25", "lingers"]
    first = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    left = [first.stdout.readline().strip() for _ in range(25)]
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert list(folder.glob("process-*"))
        first.communicate()
        wait_until(lambda: set(left) <= set(ids(scripted_toggle.batches)))
        wait_until(lambda: assert_balanced(bus)["waiting"] == 0)
    assert once(scripted_toggle.batches) == left
    assert files(folder) == []


def test_a_batch_that_is_in_flight_meanwhile_is_acknowledged_in_its_own_file(make_buffer, folder):
    buffer = make_buffer(batch_size=2)
    emitted = [buffer.append(frame) for frame in _frames(["a", "b", "c", "d"])]
    buffer.spill()
    assert all(emitted)
    assert [event.event_id for event in _events(buffer.next_batch())] == ["a", "b"]
    left = leave(folder, "process-9-9", 3)
    buffer.look_around()
    buffer.acknowledge()
    arrived = []
    while batch := buffer.next_batch():
        arrived += [event.event_id for event in _events(batch)]
        buffer.acknowledge()
    assert arrived == [*left, "c", "d"]
    assert buffer.next_batch() is None
    assert buffer.stats()["recovered"] == 3
    assert files(folder) == []


def _frames(names):
    batch = EventBatch()
    for name in names:
        batch.events.add(event_id=name)
        yield EventBatch(events=batch.events[-1:]).SerializeToString()


def _events(batch):
    return EventBatch.FromString(batch.data).events


def test_one_takes_what_is_left_and_no_other(scripted_toggle, settings, folder, wait_until):
    address = scripted_toggle.address
    buses = [EventBus(target=address, **settings) for _ in range(4)]
    with buses[0], buses[1], buses[2], buses[3]:
        left = [
            event_id for number in range(50) for event_id in leave(folder, f"process-0-{number}")
        ]
        wait_until(lambda: len(ids(scripted_toggle.batches)) >= 50)
        wait_until(lambda: files(folder) == [])
        assert len(list(folder.glob("process-*"))) == 3
        assert sum(bus.get_stats()["recovered"] for bus in buses) == 50
    assert sorted(ids(scripted_toggle.batches)) == sorted(left)


SHORTLY = """
import os, sys
from rodent_events import EventBus, StorageTransferPayload, schedule
schedule.LOOK_PAUSE = 0.05
folder, target = sys.argv[1:]
with EventBus(events_dir=folder, target=target, jwt="a.b.c", spool_mode="journal") as bus:
    for _ in range(20):
        if os.fork() == 0:
            bus.emit(StorageTransferPayload())
            os._exit(0)
        os.wait()
    sys.stdin.read()
"""


def test_children_that_live_shortly_leave_no_folders(scripted_toggle, folder, wait_until):
    program = [sys.executable, "-c", SHORTLY, str(folder), scripted_toggle.address]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as parent:
        wait_until(lambda: len(set(once(scripted_toggle.batches))) == 20)
        wait_until(lambda: [path.name for path in folder.iterdir()] == [".lock"])
        parent.communicate()
    assert parent.returncode == 0


def test_nothing_is_taken_over_beyond_the_limits(make_buffer, folder):
    buffer = make_buffer(spool_max_files=2, overflow="drop_newest")
    buffer.append(*_frames(["own"]))
    buffer.spill()
    left = leave(folder, "process-9-9", 2)
    buffer.look_around()
    assert buffer.stats()["recovered"] == 0
    assert on_disk(folder / "process-9-9") == left
    buffer.next_batch()
    buffer.acknowledge()
    assert buffer.next_batch() is None
    buffer.look_around()
    assert buffer.stats()["recovered"] == 2


def test_what_is_kept_for_people_goes_to_the_folder_itself(make_buffer, folder):
    leave(folder, "process-9-9")
    (folder / "process-9-9" / "quarantine").mkdir()
    (folder / "process-9-9" / "quarantine" / "b1.txt").write_text("REJECTED")
    (folder / "process-9-9" / "1.damaged").write_bytes(b"x")
    (folder / "process-9-9" / "2.pb.tmp").write_bytes(b"half")
    make_buffer()
    assert files(folder) == ["0000.pb", "1.damaged", "b1.txt"]
    assert (folder / "quarantine" / "b1.txt").read_text() == "REJECTED"
    assert (folder / "1.damaged").read_bytes() == b"x"


def test_one_that_reports_elsewhere_waits_for_its_end(
    scripted_toggle, make_scripted_toggle, settings, folder, caplog, wait_until
):
    other = make_scripted_toggle()
    with EventBus(target=other.address, **settings, spill_after=0.01) as theirs:
        with pytest.raises(
            SpoolError, match=f"is used by a process that reports to {other.address}"
        ):
            EventBus(target=scripted_toggle.address, **settings, require_disk=True).start()
        with EventBus(target=scripted_toggle.address, **settings) as ours:
            assert f"is used by a process that reports to {other.address}" in caplog.text
            sent = emit(ours, 50)
            assert ours.flush()
            assert theirs.shutdown()
            wait_until(lambda: (folder / ".lock").read_text() == scripted_toggle.address)
    assert ids(scripted_toggle.batches) == sent
    assert other.batches == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told(number, make_buffer, folder, monkeypatch, caplog):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(SpoolError, match=r"has no locks .*: set events_dir to a folder"):
        make_buffer(require_disk=True)
    make_buffer()
    assert "has no locks" in caplog.text


def test_a_lock_that_is_given_up_can_be_had(folder):
    folder.mkdir(parents=True)
    for _ in range(2):
        os.close(lock_folder(folder, "127.0.0.1:1"))
    assert (folder / ".lock").read_text() == "127.0.0.1:1"


def test_what_is_found_beside_it_at_the_start_is_sent_in_order(make_buffer, folder):
    left = leave(folder, "process-1-1", 3)
    leave(folder, "fork-7", 0)
    make_buffer()
    assert on_disk(folder) == left
    assert not list(folder.glob("*-*"))


def test_many_starts_and_ends_at_a_time_lose_nothing(scripted_toggle, settings, folder):
    def live(_):
        with EventBus(target=scripted_toggle.address, **settings) as bus:
            return emit(bus, 20)

    with ThreadPoolExecutor(8) as threads:
        sent = [event_id for some in threads.map(live, range(40)) for event_id in some]
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert bus.flush()
    assert sorted(ids(scripted_toggle.batches)) == sorted(sent)
    assert files(folder) == []
    assert [path.name for path in folder.iterdir()] == [".lock"]


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_a_folder_that_somebody_removes_is_made_and_locked_again(
    mode, free_port, settings, folder, wait_until, caplog
):
    settings |= {"target": f"127.0.0.1:{free_port}", "spool_mode": mode, "spill_after": 0.01}
    with EventBus(**settings) as bus:
        emit(bus, 20)
        wait_until(lambda: len(saved(folder)) == 20)
        shutil.rmtree(folder, ignore_errors=True)  # something may be written meanwhile
        lock = folder / ".lock"  # its content comes once it is held
        wait_until(lambda: lock.exists() and lock.read_text() == settings["target"])
        with pytest.raises(FolderLockedError):
            lock_folder(folder)
        assert "was removed by somebody" in caplog.text
        sent = emit(bus, 20)
        wait_until(lambda: set(sent) <= set(saved(folder)))
        assert_balanced(bus)
    assert [name for name in on_disk(folder) if name in sent] == sent


def test_a_flush_waits_for_what_was_there_and_not_for_what_is_taken_over(
    scripted_toggle, settings, folder, make_buffer
):
    buffer = make_buffer(batch_size=10)
    for frame in _frames(map(str, range(10))):
        buffer.append(frame)
    flush = Flush(buffer)
    leave(folder, "process-9-9", 20)
    buffer.look_around()
    for _ in range(20):
        buffer.next_batch()
        buffer.acknowledge()
        assert not flush.check(), "only a neighbour's are delivered"
    buffer.next_batch()
    buffer.acknowledge()
    assert flush.check()
    assert flush.wait(0)


def test_what_one_leaves_that_died_as_it_took_over_keeps_its_note(make_buffer, folder):
    left = leave(folder, "process-9-9", 1)
    batch = EventBatch(batch_id="b")
    for name in "abcd":
        batch.events.add(event_id=name)
    path = folder / "process-9-9" / "0001.pb"
    path.write_bytes(batch.SerializeToString())
    first = make_buffer(batch_size=2)
    sent = []
    for _ in range(2):
        sent += [event.event_id for event in _events(first.next_batch())]
        first.acknowledge()
    first.abandon()  # it dies; and, as it had moved a note and not the file yet:
    (folder / "process-8-8").mkdir()
    next(folder.glob("0001*.pb")).rename(folder / "process-8-8" / "0001.pb")
    second = make_buffer(batch_size=2)
    while found := second.next_batch():
        sent += [event.event_id for event in _events(found)]
        second.acknowledge()
    assert sorted(sent) == sorted([*left, *"abcd"])


def test_a_neighbour_s_folders_and_links_go_too(make_buffer, folder):
    leave(folder, "process-9-9", 0)
    inner = folder / "process-9-9" / "quarantine" / "inner"
    inner.mkdir(parents=True)
    (inner / "b.txt").write_text("kept")
    (folder / "process-9-9" / "link").symlink_to(folder)
    make_buffer()
    assert not (folder / "process-9-9").exists()
    assert (folder / "quarantine" / "inner" / "b.txt").read_text() == "kept"


def test_what_one_took_over_that_died_amid_it_stays_together(make_buffer, folder, monkeypatch):
    make_buffer()
    second = make_buffer()
    left = leave(folder, "process-9-9", 6)
    replace, moves = Path.replace, []

    def die(path, target):
        moves.append(path)
        if len(moves) == 3:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        second.look_around()
    monkeypatch.undo()
    second.abandon()
    (dead,) = folder.glob("process-*")
    assert len(list(dead.glob("*.pb"))) == 2
    third = make_buffer()
    third.look_around()
    arrived = []
    while found := third.next_batch():
        arrived += [event.event_id for event in _events(found)]
        third.acknowledge()
    assert arrived == left
    third.close()
    assert [path.name for path in folder.iterdir()] == [".lock"]


def test_a_file_with_a_batch_in_flight_is_not_dropped_for_room(make_buffer, folder):
    buffer = make_buffer(batch_size=2, spool_max_files=4, overflow="drop_oldest")
    for names in ("ab", "cd"):
        for frame in _frames(names):
            buffer.append(frame)
        buffer.spill()
    assert [event.event_id for event in _events(buffer.next_batch())] == ["a", "b"]
    left = leave(folder, "process-9-9")
    buffer.look_around()
    for frame in _frames("ef"):
        buffer.append(frame)
    buffer.spill()
    assert buffer.stats()["dropped"] == 2
    buffer.acknowledge()
    arrived = []
    while found := buffer.next_batch():
        arrived += [event.event_id for event in _events(found)]
        buffer.acknowledge()
    assert arrived == [*left, "e", "f"]
    assert files(folder) == []
