"""A folder that cannot be used: the agent starts all the same, and uses it once it can."""

import os
import subprocess
import sys

import pytest
from support.delivery import assert_balanced, emit, ids, on_disk, saved

from rodent_events import EventBus, SpoolError, schedule

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


@pytest.fixture
def blocked(settings):
    """A file where the folder should be."""
    path = settings["events_dir"]
    path.touch()
    return path


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_events_are_delivered_from_memory(blocked, scripted_toggle, settings, mode, caplog):
    with EventBus(target=scripted_toggle.address, **settings, spool_mode=mode) as bus:
        sent = emit(bus, 500)
        assert bus.flush()
        assert assert_balanced(bus)["delivered"] == 500
    assert ids(scripted_toggle.batches) == sent
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(told) <= 2, told  # at the start, and that nothing can be saved meanwhile
    assert f"cannot use {blocked} for events: [Errno 17] File exists" in told[0]
    assert "up to 20000 events are kept in memory alone: set events_dir to a folder" in told[0]


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_they_are_brought_to_disk_once_it_can_be_used(
    blocked, free_port, settings, mode, monkeypatch, wait_until
):
    monkeypatch.setattr(schedule, "PROBE_PAUSE", 0.01)
    settings |= {"spill_after": 0.01, "spool_mode": mode}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 50)
        blocked.unlink()
        wait_until(blocked.is_dir)
        sent += emit(bus, 50)
        wait_until(lambda: len(set(saved(blocked))) == 100)
        assert assert_balanced(bus)["dropped"] == 0
    assert on_disk(blocked) == sent


def test_they_are_so_at_the_end_at_the_latest(blocked, free_port, settings):
    bus = EventBus(target=f"127.0.0.1:{free_port}", **settings).start()
    sent = emit(bus, 50)
    blocked.unlink()
    bus.shutdown(2)
    assert on_disk(blocked) == sent


def test_what_could_not_be_brought_to_disk_at_the_end_is_told(
    blocked, free_port, settings, caplog, wait_until
):
    bus = EventBus(target=f"127.0.0.1:{free_port}", **settings).start()
    emit(bus, 50)
    assert not bus.shutdown(0.5)
    # On a busy machine the worker comes to it when shutdown waits no more.
    wait_until(lambda: "50 events could not be brought to disk" in caplog.text)
    assert assert_balanced(bus)["dropped_by_reason"]["not_saved"] == {"INFO STORAGE": 50}


def test_a_start_that_requires_disk_fails(blocked, free_port, settings):
    with pytest.raises(SpoolError, match=f"cannot use {blocked} for events"):
        EventBus(target=f"127.0.0.1:{free_port}", **settings, require_disk=True).start()


OTHER_USER = """
import os, sys
from rodent_events import EventBus, StorageTransferPayload
with EventBus(target=sys.argv[1], jwt="a.b.c", events_dir=sys.argv[2]) as bus:
    if os.fork() == 0:
        os.setuid(54321)
        bus.emit(StorageTransferPayload())
        print(bus.flush(), flush=True)
        os._exit(0)
    os.wait()
"""


@only_root
def test_a_child_of_another_user_delivers_from_memory(scripted_toggle, settings):
    program = [sys.executable, "-c", OTHER_USER, scripted_toggle.address, settings["events_dir"]]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert "Permission denied" in done.stderr


HOMELESS = """
import os, sys
import rodent_events, rodent_events.worker, rodent_events.client  # may not be readable later
os.environ.pop("HOME", None)
os.setuid(54321)
rodent_events.initialize(target=sys.argv[1], jwt="a.b.c")
rodent_events.emit(rodent_events.StorageTransferPayload())
print(rodent_events.flush())
"""


@only_root
def test_an_agent_of_a_user_that_nobody_knows_runs(scripted_toggle):
    program = [sys.executable, "-c", HOMELESS, scripted_toggle.address]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert "cannot use /var/lib/rodent/events for events" in done.stderr
