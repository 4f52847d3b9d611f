"""A real file system that fills up, or is read-only."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from support.delivery import assert_balanced, emit, ids, on_disk, saved

from rodent_events import EventBus, SpoolError

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path):
    """A tmpfs of 1 MB; remount it through the function that is returned beside it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs needs root, and a system that permits it")

    def remount(options: str) -> None:
        command = ["mount", "-o", f"remount,{options}", str(folder)]
        subprocess.run(command, check=True)

    yield folder, remount
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_a_disk_that_fills_up_costs_only_what_is_counted_as_dropped(
    small_disk, make_scripted_toggle, free_port, settings, mode, monkeypatch
):
    folder, _ = small_disk
    monkeypatch.setattr("rodent_events.disk.store.JOURNAL_PAUSE", 0.05)
    settings |= {"events_dir": folder / "events", "buffer_size": 2_000, "flush_threshold": 500}
    settings |= {"spool_mode": mode, "max_file_size": 200_000, "max_batch_bytes": 100_000}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 10_000, size=400)  # 5 MB
        stats = assert_balanced(bus)
        assert stats["dropped"] > 0
        assert stats["buffer_size"] <= 2_000
        toggle = make_scripted_toggle(free_port)
        assert bus.flush(60)
        after = emit(bus, 100, size=400)
        assert bus.flush(60)
        stats = assert_balanced(bus)
    arrived = ids(toggle.batches)
    assert len(arrived) == len(set(arrived)) == stats["delivered"]
    assert stats["delivered"] + stats["dropped"] == 10_100
    in_order = iter(sent + after)
    assert all(event_id in in_order for event_id in arrived), "order"
    assert arrived[-100:] == after
    assert list(Path(folder / "events").glob("*.pb*")) == []


def test_a_disk_that_is_read_only_at_the_start_is_used_once_it_can_be(
    small_disk, free_port, settings, wait_until, caplog
):
    folder, remount = small_disk
    settings |= {"target": f"127.0.0.1:{free_port}", "events_dir": folder / "events"}
    remount("ro")
    with pytest.raises(SpoolError, match="Read-only file system"):
        EventBus(**settings, require_disk=True).start()
    with EventBus(**settings, spill_after=0.01) as bus:
        assert "Read-only file system" in caplog.text
        sent = emit(bus, 50)
        remount("rw")
        wait_until(lambda: len(saved(folder / "events")) == 50)
        assert assert_balanced(bus)["dropped"] == 0
    assert on_disk(folder / "events") == sent


def fill(folder: Path) -> None:
    """Leave no room on a disk."""
    with suppress(OSError), (folder / "other").open("wb", buffering=0) as other:
        while True:
            other.write(bytes(4096))


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_what_a_full_disk_holds_is_delivered_at_the_start(
    small_disk, scripted_toggle, settings, mode
):
    folder, _ = small_disk
    settings |= {"events_dir": folder / "events", "spool_mode": mode}
    with EventBus(target="127.0.0.1:9", **settings) as bus:
        sent = emit(bus, 250)
    fill(folder)
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent += emit(bus, 50)
        assert bus.flush()
    assert ids(scripted_toggle.batches) == sent


def test_a_disk_without_inodes_costs_nothing(small_disk, scripted_toggle, settings):
    folder, remount = small_disk
    remount("nr_inodes=2")  # one is the folder's
    (folder / "the last one").touch()
    with EventBus(
        target=scripted_toggle.address, **settings | {"events_dir": folder / "events"}
    ) as bus:
        sent = emit(bus, 50)
        assert bus.flush()
    assert ids(scripted_toggle.batches) == sent


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_a_disk_that_becomes_read_only_costs_nothing(small_disk, scripted_toggle, settings, mode):
    folder, remount = small_disk
    settings |= {"events_dir": folder / "events", "spool_mode": mode}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 50, size=400)
        assert bus.flush()
        if mode == "journal":
            bus._buffer._store.complete()  # a file that is open for writing keeps the disk writable
        remount("ro")
        sent += emit(bus, 50, size=400)
        assert bus.flush()
        remount("rw")
        stats = assert_balanced(bus)
    assert stats["delivered"] == 100
    assert ids(scripted_toggle.batches) == sent


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_a_folder_that_is_deleted_while_running(
    make_scripted_toggle, free_port, settings, mode, tmp_path
):
    import shutil

    folder = settings["events_dir"]
    settings |= {"spool_mode": mode, "flush_threshold": 100, "buffer_size": 1_000}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        emit(bus, 900, size=400)
        shutil.rmtree(folder, ignore_errors=True)  # the bus may write to it meanwhile
        after = emit(bus, 50, size=400)
        toggle = make_scripted_toggle(free_port)
        bus.flush(30)
        stats = assert_balanced(bus)
    assert stats["delivered"] + stats["dropped"] == 950
    assert set(stats["dropped_by_reason"]) <= {"spool_unreadable"}
    assert ids(toggle.batches)[-50:] == after or stats["dropped"] > 0
