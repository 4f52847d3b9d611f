"""What has waited in memory for ``spill_after`` is on disk, whatever end comes."""

import signal
import subprocess
import sys
import threading

import pytest
from support.delivery import assert_balanced, emit, ids, saved

from rodent_events import Event, EventBatchResponse, EventBuffer, EventBus
from rodent_events.config import SpoolMode

pytestmark = pytest.mark.slow

# Emits in bursts, and says how many events it has emitted before each pause.
AGENT = """
import sys, threading
import rodent_events
from rodent_events import StorageTransferPayload

target, folder = sys.argv[1:]
rodent_events.initialize(target=target, jwt="a.b.c", events_dir=folder, spill_after=0.1)
for burst in range(1_000):
    ids = [rodent_events.emit(StorageTransferPayload()) for _ in range(7)]
    print(*ids, flush=True)
    threading.Event().wait(0.02)
"""


@pytest.fixture
def quiet(settings):
    """Settings of a bus that sends nothing by itself for a long time, but saves soon."""
    return settings | {"batch_timeout": 3600, "spill_after": 0.05}


@pytest.fixture
def wait_saved(quiet, wait_until):
    """Waits until these events, and no others, are on disk."""

    def wait(sent):
        wait_until(lambda: saved(quiet["events_dir"]) == sent)

    return wait


def test_an_event_is_on_disk_though_nothing_notices_the_end(scripted_toggle, quiet, wait_saved):
    with EventBus(target=scripted_toggle.address, **quiet) as bus:
        sent = emit(bus, 5)
        wait_saved(sent)
        assert scripted_toggle.batches == []
        assert_balanced(bus)


def test_the_batch_that_hangs_is_on_disk_too(scripted_toggle, quiet, wait_saved):
    go_on = threading.Event()

    def hang(_request, _context):
        go_on.wait(60)
        return EventBatchResponse(success=True)

    scripted_toggle.script.append(hang)
    with EventBus(target=scripted_toggle.address, **quiet) as bus:
        sent = emit(bus, 230)
        wait_saved(sent)
        go_on.set()
        assert bus.flush(30)
        assert_balanced(bus)
    assert ids(scripted_toggle.batches) == sent


def test_what_is_saved_waits_for_its_batch_all_the_same(
    scripted_toggle, quiet, wait_until, wait_saved
):
    quiet |= {"batch_size": 10}
    with EventBus(target=scripted_toggle.address, **quiet) as bus:
        sent = emit(bus, 4)
        wait_saved(sent)
        sent += emit(bus, 4, 4)
        wait_saved(sent)
        assert scripted_toggle.batches == []
        sent += emit(bus, 2, 8)
        wait_until(lambda: ids(scripted_toggle.batches) == sent)
        assert_balanced(bus)


def test_what_comes_later_does_not_overtake_what_was_saved(scripted_toggle, quiet, wait_saved):
    quiet |= {"batch_size": 10}
    with EventBus(target=scripted_toggle.address, **quiet) as bus:
        sent = emit(bus, 3)
        wait_saved(sent)
        sent += emit(bus, 40, 3)
        assert bus.flush(30)
        assert_balanced(bus)
    assert ids(scripted_toggle.batches) == sent


def test_a_file_that_is_sent_is_gone(scripted_toggle, quiet, wait_until, wait_saved):
    with EventBus(target=scripted_toggle.address, **quiet) as bus:
        for start in (0, 5):
            sent = emit(bus, 5, start)
            wait_saved(sent)
            assert bus.flush(30)
            wait_until(lambda: not list(quiet["events_dir"].glob("*.pb")))


@pytest.mark.parametrize("mode", SpoolMode)
def test_a_start_sends_at_once_what_it_finds(scripted_toggle, quiet, mode, wait_until):
    quiet |= {"spool_mode": mode}
    sent = ["first", "second", "third"]
    with EventBuffer(**quiet) as buffer:
        for name in sent:
            buffer.add(Event(event_id=name))
    with EventBus(target=scripted_toggle.address, **quiet):
        wait_until(lambda: ids(scripted_toggle.batches) == sent)


def test_kill_9_loses_what_is_younger_and_nothing_else(make_scripted_toggle, settings):
    toggle = make_scripted_toggle()
    folder = settings["events_dir"]
    bursts: list[list[str]] = []
    for _round in range(3):
        agent = subprocess.Popen(
            [sys.executable, "-c", AGENT, toggle.address, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        own = [agent.stdout.readline().split() for _ in range(60)]
        # It has slept at least 20 ms in each burst: what is older than 40 of them is 800 ms old.
        agent.send_signal(signal.SIGKILL)
        agent.wait()
        agent.stdout.close()
        bursts += own[:20]
    with EventBus(target=toggle.address, **settings) as bus:
        assert bus.flush(30)
        assert_balanced(bus)
    arrived = ids({batch.batch_id: batch for batch in toggle.batches}.values())
    assert len(arrived) == len(set(arrived))
    assert {one for burst in bursts for one in burst} <= set(arrived)


def test_a_full_spool_keeps_events_in_memory_and_drops_none(
    make_scripted_toggle, free_port, quiet, wait_until, wait_saved, caplog
):
    quiet |= {"spool_max_files": 1, "batch_size": 10}
    with EventBus(target=f"127.0.0.1:{free_port}", **quiet) as bus:
        sent = emit(bus, 10)
        wait_saved(sent)
        sent += emit(bus, 30, 10)
        wait_until(lambda: "in memory alone" in caplog.text)
        stats = assert_balanced(bus)
        assert stats["dropped"] == 0
        toggle = make_scripted_toggle(free_port)
        assert bus.flush(30)
    assert ids(toggle.batches) == sent
    assert caplog.text.count("in memory alone") == 1
