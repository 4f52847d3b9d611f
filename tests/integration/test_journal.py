"""The journal: what emit accepted is on disk before it returns."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import pytest
from support.delivery import assert_balanced, emit, ids, on_disk

from rodent_events import Event, EventBatch, EventBuffer, EventBus, StorageTransferPayload

FSYNC = ["never", "interval", "always"]


@pytest.fixture
def journal(settings):
    return settings | {"spool_mode": "journal", "batch_size": 10, "batch_timeout": 0.05}


@pytest.mark.parametrize("fsync", FSYNC)
def test_each_event_is_in_the_file_when_emit_returns(free_port, journal, fsync):
    folder = journal["events_dir"]
    with EventBus(target=f"127.0.0.1:{free_port}", fsync=fsync, **journal) as bus:
        sent = []
        for _ in range(25):
            sent += emit(bus, 1)
            assert on_disk(folder) == sent
        stats = assert_balanced(bus)
        assert stats["spooled"] + stats["pending_events"] == 25
        bus.shutdown(1)
    assert on_disk(folder) == sent


@pytest.mark.parametrize("fsync", FSYNC)
def test_all_is_delivered_in_order_and_nothing_is_left(scripted_toggle, journal, fsync):
    with EventBus(target=scripted_toggle.address, fsync=fsync, **journal) as bus:
        sent = emit(bus, 1234)
        assert bus.flush()
        stats = assert_balanced(bus)
    assert ids(scripted_toggle.batches) == sent
    assert (stats["delivered"], stats["waiting"]) == (1234, 0)
    assert list(journal["events_dir"].glob("*.pb")) == []


@pytest.mark.parametrize("fsync", FSYNC)
def test_a_partial_batch_goes_out_at_the_timeout(scripted_toggle, journal, fsync, wait_until):
    with EventBus(target=scripted_toggle.address, fsync=fsync, **journal) as bus:
        emit(bus, 3)
        wait_until(lambda: bus.get_stats()["delivered"] == 3)
        emit(bus, 4)
        wait_until(lambda: bus.get_stats()["delivered"] == 7)


def test_segments_rotate_and_are_deleted_as_they_are_delivered(scripted_toggle, journal):
    journal |= {"max_batch_bytes": 2_000, "max_file_size": 4_000}
    scripted_toggle.script = [grpc.StatusCode.UNAVAILABLE] * 5
    with EventBus(target=scripted_toggle.address, **journal) as bus:
        sent = emit(bus, 300)
        sizes = [path.stat().st_size for path in journal["events_dir"].glob("*.pb")]
        assert len(sizes) > 5
        assert max(sizes) <= 4_000 + 2_000
        assert bus.flush()
    assert list(dict.fromkeys(ids(scripted_toggle.batches))) == sent
    assert list(journal["events_dir"].glob("*.pb")) == []


def test_what_threads_emit_arrives_each_in_its_own_order(scripted_toggle, journal):
    with EventBus(target=scripted_toggle.address, **journal | {"batch_size": 100}) as bus:
        sent = [[] for _ in range(8)]
        threads = [
            threading.Thread(target=lambda mine=mine: mine.extend(emit(bus, 500))) for mine in sent
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert bus.flush(60)
        assert_balanced(bus)
    arrived = ids(scripted_toggle.batches)
    assert sorted(arrived) == sorted(event_id for mine in sent for event_id in mine)
    for mine in sent:
        of_this_thread = set(mine)
        assert [event_id for event_id in arrived if event_id in of_this_thread] == mine


AGENT = """
import sys, rodent_events
from rodent_events import EventBus, StorageTransferPayload
target, folder, fsync = sys.argv[1:]
bus = EventBus(target=target, jwt="a.b.c", events_dir=folder, spool_mode="journal", fsync=fsync,
               batch_size=10, batch_timeout=0.02, retry_backoff_base=0.01, max_file_size=20_000,
               max_batch_bytes=10_000).start()
while True:
    print(bus.emit(StorageTransferPayload(source="x" * 50)), flush=True)
"""


@pytest.mark.parametrize("fsync", FSYNC)
def test_kill_9_loses_nothing_and_repeats_only_under_the_same_batch_id(
    make_scripted_toggle, journal, fsync
):
    toggle = make_scripted_toggle()
    folder = journal["events_dir"]
    accepted: list[str] = []
    for _round in range(5):
        agent = subprocess.Popen(
            [sys.executable, "-c", AGENT, toggle.address, str(folder), fsync],
            stdout=subprocess.PIPE,
            text=True,
        )
        accepted.extend(agent.stdout.readline().strip() for _ in range(200))
        agent.send_signal(signal.SIGKILL)
        accepted += agent.stdout.read().split("\n")[:-1]
        agent.wait()
        agent.stdout.close()
    with EventBus(target=toggle.address, **journal) as bus:
        assert bus.flush(30)
        assert_balanced(bus)
    by_batch = {batch.batch_id: batch for batch in toggle.batches}
    delivered = ids(by_batch.values())
    assert len(delivered) == len(set(delivered))
    assert set(accepted) <= set(delivered)
    assert len(set(delivered) - set(accepted)) <= 5  # written, and killed before it was printed
    repeated = [batch for batch in toggle.batches if batch != by_batch[batch.batch_id]]
    assert repeated == []


@pytest.fixture
def syncs(monkeypatch):
    """The size of what was synced, one for each call."""
    sizes = []
    real_fsync = os.fsync

    def fsync(descriptor):
        size = os.fstat(descriptor).st_size
        threading.Event().wait(0.005)  # as a disk takes its time
        real_fsync(descriptor)
        sizes.append(size)

    monkeypatch.setattr(os, "fsync", fsync)
    return sizes


def journal_size(settings) -> int:
    (path,) = settings["events_dir"].glob("*.pb")
    return path.stat().st_size


def test_interval_syncs_all_that_came_in_one_call(free_port, journal, syncs, wait_until):
    journal |= {"batch_size": 1_000, "batch_timeout": 3_600, "fsync_interval": 0.2}
    with EventBus(target=f"127.0.0.1:{free_port}", fsync="interval", **journal) as bus:
        emit(bus, 3)
        wait_until(lambda: journal_size(journal) in syncs)
        few = len(syncs)
        emit(bus, 500)
        wait_until(lambda: journal_size(journal) in syncs)
        assert few <= len(syncs) <= few + 20
        bus.shutdown(1)


def test_always_shares_a_sync_among_threads(free_port, journal, syncs):
    with EventBus(target=f"127.0.0.1:{free_port}", fsync="always", **journal) as bus:
        threads = [threading.Thread(target=emit, args=(bus, 25)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal_size(journal) in syncs
        assert len(syncs) < 200
        bus.shutdown(1)


def test_never_syncs_nothing(free_port, journal, syncs):
    with EventBus(target=f"127.0.0.1:{free_port}", fsync="never", **journal) as bus:
        emit(bus, 100)
        bus.shutdown(1)
    assert syncs == []


@pytest.fixture
def failing_writes(monkeypatch):
    """A switch: while it is on, writes come out short and then fail with ENOSPC."""
    import errno

    switch = threading.Event()
    real_write = os.write

    def write(descriptor, data):
        if not switch.is_set() or len(data) < 20:
            return real_write(descriptor, data)
        if len(data) > 40:
            return real_write(descriptor, data[:30])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    return switch


def test_a_full_disk_sends_events_by_memory_and_keeps_their_order(
    scripted_toggle, journal, failing_writes, monkeypatch
):
    monkeypatch.setattr("rodent_events.disk.store.JOURNAL_PAUSE", 0.0)
    with EventBus(target=scripted_toggle.address, **journal) as bus:
        sent = emit(bus, 25)
        failing_writes.set()
        sent += emit(bus, 25)
        failing_writes.clear()
        sent += emit(bus, 25)
        assert bus.flush()
        sent += emit(bus, 25)
        assert bus.flush()
        stats = assert_balanced(bus)
    assert stats["delivered"] == 100
    assert ids(scripted_toggle.batches) == sent


def test_a_batch_that_could_not_be_closed_keeps_its_id_over_a_kill(tmp_path, failing_writes):
    settings = {"events_dir": tmp_path, "spool_mode": "journal", "batch_size": 10}
    first = EventBuffer(**settings)
    first.open()
    for number in range(3):
        first.add(Event(event_id=f"e{number}"))
    failing_writes.set()
    first.add(Event(event_id="in-memory", source="x" * 50))
    assert on_disk(tmp_path) == ["e0", "e1", "e2"]  # and nothing of what came out short
    batch = first.next_batch()
    assert batch.count == 3
    first.requeue()
    first.abandon()  # as a kill does
    failing_writes.clear()
    second = EventBuffer(**settings)
    second.open()
    again = second.next_batch()
    assert (again.id, again.frames) == (batch.id, batch.frames)
    second.requeue()
    second.close()


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "block"])
def test_memory_and_disk_are_limited(free_port, journal, overflow):
    journal |= {"max_batch_bytes": 2_000, "max_file_size": 4_000, "spool_max_bytes": 20_000}
    journal |= {"buffer_size": 100, "flush_threshold": 50, "overflow": overflow}
    journal |= {"overflow_timeout": 0.01, "retry_backoff_base": 60.0, "retry_backoff_max": 60.0}
    folder = journal["events_dir"]
    with EventBus(target=f"127.0.0.1:{free_port}", **journal) as bus:
        results = emit(bus, 500)
        stats = assert_balanced(bus)
        used = sum(path.stat().st_size for path in folder.glob("*.pb"))
        assert used <= 20_000 + 6_000
        assert stats["dropped"] > 0
        assert stats["dropped_by_reason"].keys() == {"overflow"}
        if overflow == "drop_oldest":
            assert None not in results
        else:
            assert results.count(None) == stats["dropped"]
        bus.shutdown(1)
        assert_balanced(bus)


# What goes wrong inside an append, a sync, or a rotation


def interrupting(real_write, at, raise_after):
    """os.write, which once is followed by an exception, as if from a signal handler."""
    calls = []

    def write(descriptor, data):
        if len(data) > 40:
            calls.append(len(data))
            if len(calls) == at:
                if raise_after:
                    real_write(descriptor, data)
                raise KeyboardInterrupt
        return real_write(descriptor, data)

    return write


@pytest.mark.parametrize("raise_after", [True, False])
@pytest.mark.parametrize("fsync", FSYNC)
def test_an_interrupt_amid_an_append_costs_nothing(
    scripted_toggle, journal, monkeypatch, fsync, raise_after
):
    journal |= {"batch_size": 100, "batch_timeout": 3600}
    with EventBus(target=scripted_toggle.address, fsync=fsync, **journal) as bus:
        before = emit(bus, 30)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", interrupting(os.write, 1, raise_after))
            with pytest.raises(KeyboardInterrupt):
                emit(bus, 1)
        after = emit(bus, 30)
        assert bus.flush(20)
        assert_balanced(bus)
    arrived = ids(scripted_toggle.batches)
    assert [event_id for event_id in arrived if event_id in {*before, *after}] == before + after
    assert len(arrived) == 60 + raise_after
    assert list(journal["events_dir"].glob("*.damaged")) == []


def test_emit_by_a_handler_amid_the_last_append_is_written(free_port, journal, monkeypatch):
    real_write, once = os.write, []
    with EventBus(target=f"127.0.0.1:{free_port}", **journal) as bus:

        def write(descriptor, data):
            if len(data) > 40 and not once:
                once.append(True)
                sent.append(bus.emit(StorageTransferPayload(source="handler")))
            return real_write(descriptor, data)

        sent: list[str] = []
        monkeypatch.setattr(os, "write", write)
        sent += emit(bus, 1)
        bus.shutdown(1)
        assert_balanced(bus)
    assert sorted(on_disk(journal["events_dir"])) == sorted(sent)


def test_emit_by_a_handler_amid_the_last_append_before_the_disk_is_full(tmp_path, monkeypatch):
    """What was written is not kept in memory too, and what was not comes behind it."""
    real_write, writes = os.write, []

    def write(descriptor, data):
        if len(data) < 40:
            return real_write(descriptor, data)
        writes.append(data)
        if len(writes) == 1:
            for name in ("handler", "handler again"):
                buffer.add(Event(event_id=name, source="x" * 50))
        if len(writes) == 3:
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data)

    with EventBuffer(events_dir=tmp_path, spool_mode="journal") as buffer:
        monkeypatch.setattr(os, "write", write)
        buffer.add(Event(event_id="program", source="x" * 50))
        assert buffer.stats()["emitted"] == buffer.waiting == 3
        arrived = []
        while (batch := buffer.next_batch()) is not None:
            arrived += ids([EventBatch.FromString(batch.data)])
            buffer.acknowledge()
    assert arrived == ["program", "handler", "handler again"]


def test_syncs_race_with_rotations(scripted_toggle, journal, monkeypatch):
    real_fsync = os.fsync

    def slow_fsync(descriptor):
        threading.Event().wait(0.0005)
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow_fsync)
    journal |= {"batch_size": 5, "max_batch_bytes": 1_500, "max_file_size": 1_500}
    with EventBus(target=scripted_toggle.address, fsync="interval", **journal) as bus:
        threads = [threading.Thread(target=emit, args=(bus, 400)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert bus.flush(60)
        stats = assert_balanced(bus)
    assert (stats["delivered"], stats["dropped"]) == (3_200, 0)


@pytest.mark.parametrize("fsync", ["interval", "always"])
@pytest.mark.parametrize("failing", [1, 10**9])
def test_a_sync_that_fails_neither_repeats_nor_stops_delivery(
    scripted_toggle, journal, monkeypatch, caplog, fsync, failing
):
    real_fsync, calls = os.fsync, []

    def fsync_or_not(descriptor):
        calls.append(descriptor)
        if 3 <= len(calls) < 3 + failing:
            raise OSError(5, "Input/output error")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_or_not)
    with EventBus(target=scripted_toggle.address, fsync=fsync, **journal) as bus:
        sent = emit(bus, 200)
        assert bus.flush(30)
        stats = assert_balanced(bus)
    assert ids(scripted_toggle.batches) == sent
    assert (stats["delivered"], stats["waiting"]) == (200, 0)
    assert caplog.text.count("cannot be") <= 3  # at a bounded rate


@pytest.mark.parametrize("deleted", [False, True])
def test_the_growing_file_cannot_be_read(scripted_toggle, journal, monkeypatch, deleted):
    from rodent_events.disk import segment

    real_read, failures = segment.read_at, [OSError(24, "Too many open files")]

    def read(path, offset, size):
        if failures:
            error = failures.pop()
            if deleted:
                path.unlink()
            else:
                raise error
        return real_read(path, offset, size)

    monkeypatch.setattr(segment, "read_at", read)
    monkeypatch.setattr("rodent_events.schedule.READ_PAUSE", 0.05)
    with EventBus(target=scripted_toggle.address, **journal) as bus:
        first = emit(bus, 10)
        assert bus.flush(10) is not deleted
        second = emit(bus, 100)
        assert bus.flush(10)
        assert_balanced(bus)
    assert ids(scripted_toggle.batches) == ([] if deleted else first) + second


def test_the_journal_waits_until_a_spill_is_over(
    make_scripted_toggle, free_port, journal, failing_writes, monkeypatch
):
    real_write = os.write
    monkeypatch.setattr("rodent_events.disk.store.JOURNAL_PAUSE", 0.0)

    def slow_write(descriptor, data):
        if len(data) > 500:
            threading.Event().wait(0.05)
        return real_write(descriptor, data)

    journal |= {"batch_size": 5, "flush_threshold": 20, "buffer_size": 1_000}
    with EventBus(target=f"127.0.0.1:{free_port}", **journal) as bus:
        sent = emit(bus, 10)
        failing_writes.set()
        sent += emit(bus, 15)
        failing_writes.clear()
        monkeypatch.setattr(os, "write", slow_write)
        for _ in range(100):
            sent += emit(bus, 5)
            threading.Event().wait(0.001)
        toggle = make_scripted_toggle(free_port)
        assert bus.flush(30)
        assert assert_balanced(bus)["dropped"] == 0
    assert list(dict.fromkeys(ids(toggle.batches))) == sent


def test_an_idle_journal_rests_whatever_came_before(scripted_toggle, free_port, journal):
    import time

    journal |= {"max_batch_bytes": 4_000, "max_file_size": 4_000, "spool_max_bytes": 20_000}
    with EventBus(target=f"127.0.0.1:{free_port}", **journal) as bus:
        emit(bus, 2_000)  # most of them are dropped
        bus.shutdown(1)
    with EventBus(target=scripted_toggle.address, fsync="interval", **journal) as bus:
        emit(bus, 50)
        assert bus.flush(30)
        began = time.process_time()
        threading.Event().wait(0.5)
        assert time.process_time() - began < 0.25
        assert bus.get_stats()["waiting"] == 0


def test_a_folder_that_cannot_be_synced_leaks_nothing(free_port, journal, monkeypatch):
    def fail(_folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("rodent_events.disk.journal.sync_folder", fail)
    monkeypatch.setattr("rodent_events.disk.store.JOURNAL_PAUSE", 0.0)
    buffer = EventBuffer(fsync="always", **journal | {"jwt": None})
    buffer.open()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        buffer.add(Event())
        buffer.memory.drain()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert list(journal["events_dir"].glob("*.pb")) == []
    buffer.close()


def frame(name):
    return EventBatch(events=[Event(event_id=name)]).SerializeToString()


def test_a_disk_that_takes_nothing_amid_a_slow_sync_holds_nobody_up(
    tmp_path, in_background, monkeypatch
):
    """Who syncs and who gives the journal up want two locks, in one order."""
    syncs, may_sync, failed = (threading.Event() for _ in range(3))
    sync = os.fsync

    def slow(descriptor):
        syncs.set()
        may_sync.wait()
        sync(descriptor)

    def full(_descriptor, _data):
        failed.set()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with EventBuffer(events_dir=tmp_path, spool_mode="journal", fsync="always") as buffer:
        buffer.append(frame("first"))
        monkeypatch.setattr("os.fsync", slow)
        appending = in_background(buffer.append, frame("second"))
        try:
            assert syncs.wait(20)
            buffer.memory.append(frame("third"))
            monkeypatch.setattr("os.write", full)
            saving = in_background(buffer.save)
            assert failed.wait(20)
            assert in_background(buffer.stats).result(20)["waiting"] == 3
        finally:
            may_sync.set()
        with pytest.raises(OSError, match="No space left"):
            saving.result(20)
        appending.result(20)
        monkeypatch.undo()
    assert len(on_disk(tmp_path)) == 3
