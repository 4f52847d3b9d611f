"""A spool that has reached its limits: what an end still saves, and what is told of the rest."""

import logging
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress

import pytest
from support.delivery import assert_balanced, emit, on_disk

from rodent_events import EventBus, SpoolError, signals, wire
from rodent_events.buffer import EventBuffer

pytestmark = pytest.mark.slow

NARROW = {
    "buffer_size": 100,
    "flush_threshold": 60,
    "batch_size": 20,
    "max_batch_bytes": 20_000,
    "max_file_size": 20_000,
    "spool_max_bytes": 240_000,
}


@pytest.fixture
def narrow(settings, free_port):
    return settings | NARROW | {"target": f"127.0.0.1:{free_port}", "overflow_timeout": 0.01}


@pytest.mark.parametrize("mode", ["spill", "journal"])
@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "block"])
def test_an_orderly_end_loses_nothing_that_emit_has_taken(narrow, mode, overflow):
    with EventBus(**narrow, spool_mode=mode, overflow=overflow) as bus:
        sent = [event_id for event_id in emit(bus, 2_000, size=50) if event_id]
        assert assert_balanced(bus)["dropped"] > 0
    dropped = assert_balanced(bus)["dropped"]
    assert sum(path.stat().st_size for path in narrow["events_dir"].glob("*.pb")) <= 240_000
    kept = on_disk(narrow["events_dir"])
    if overflow == "drop_oldest":
        assert len(kept) == 2_000 - dropped
        assert kept[-100:] == sent[-100:]
    else:
        assert (kept, dropped) == (sent, 2_000 - len(sent))


AGENT = """
import os, signal, sys, time
import rodent_events
from rodent_events import StorageTransferPayload
settings = {narrow}
rodent_events.initialize(
    target="127.0.0.1:9", jwt="a.b.c", events_dir=sys.argv[1], spill_after=3600,
    overflow=sys.argv[2], overflow_timeout=0.01, **settings,
)
taken = sum(
    bool(rodent_events.emit(StorageTransferPayload(source="x" * 50))) for _ in range(2000)
)
print(taken, rodent_events.get_stats()["dropped"], flush=True)
try:
    time.sleep(60)
finally:
    if sys.argv[3:]:
        os._exit(3)
""".replace("{narrow}", repr(NARROW))


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "block"])
def test_a_signal_finds_the_reserve(tmp_path, overflow):
    command = [sys.executable, "-c", AGENT, str(tmp_path), overflow]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        taken, dropped = map(int, agent.stdout.readline().split())
        agent.terminate()
        assert agent.wait(60) == 128 + signal.SIGTERM
    assert dropped > 0
    kept = len(on_disk(tmp_path))
    assert kept == taken or (overflow == "drop_oldest" and 0 < kept <= 2_000 - dropped)


def test_a_signal_brings_all_to_disk_before_the_program_ends_in_its_own_way(tmp_path):
    command = [sys.executable, "-c", AGENT, str(tmp_path), "drop_newest", "exits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        taken, dropped = map(int, agent.stdout.readline().split())
        agent.terminate()
        assert agent.wait(60) == 3
    assert dropped > 0
    assert len(on_disk(tmp_path)) == taken


def test_what_a_later_process_drops_of_an_earlier_one_is_told(narrow, caplog):
    told = []
    with EventBus(**narrow) as earlier:
        emit(earlier, 1_000, size=50)
    with EventBus(**narrow, on_drop=told.append) as later:
        emit(later, 2_000, size=50)
    stats = assert_balanced(later)
    reasons = stats["dropped_by_reason"]
    assert reasons["recovered_overflow"]["INFO STORAGE"] > 0
    assert reasons["overflow"]["INFO STORAGE"] > 0
    sums = Counter()
    for drop in told:
        sums[drop.reason] += drop.count
    assert sums == {reason: count["INFO STORAGE"] for reason, count in reasons.items()}
    assert "recovered_overflow" in caplog.text


def test_what_disk_does_not_take_at_the_end_is_counted(narrow, caplog, monkeypatch):
    def refuse(*_arguments, **_keywords):
        raise SpoolError("no disk today")

    told = []
    bus = EventBus(**narrow, on_drop=told.append).start()
    emit(bus, 50)
    monkeypatch.setattr(EventBuffer, "requeue", refuse)
    monkeypatch.setattr(EventBuffer, "spill", refuse)
    with caplog.at_level(logging.ERROR):
        assert bus.shutdown(3) is False
    assert "50 events could not be brought to disk: no disk today" in caplog.text
    stats = assert_balanced(bus)
    assert stats["waiting"] == 0
    assert stats["dropped_by_reason"] == {"not_saved": {"INFO STORAGE": 50}}
    assert [(drop.reason, drop.count) for drop in told] == [("not_saved", 50)]


def test_the_reserve_is_kept_for_the_end_though_a_signal_was_survived(narrow):
    """A program may catch the SystemExit, and go on."""
    with EventBuffer(**narrow, overflow="drop_newest") as buffer:
        frame = wire.delimited(1, b"\x0a\x24" + b"x" * 36)
        while buffer.append(frame):
            if buffer.memory.above_watermark:
                with suppress(SpoolError):
                    buffer.spill()
        buffer.save_for_end()
        used, _ = buffer.disk_use
        assert used > 216_000, "the reserve was used"
        assert buffer.append(frame)
        with pytest.raises(SpoolError):
            buffer.save()


def test_a_folder_that_vanishes_amid_the_end_is_told_of(narrow):
    bus = EventBus(**narrow, spool_mode="journal").start()
    emit(bus, 15)
    folder = narrow["events_dir"]
    shutil.rmtree(folder)
    folder.touch()
    assert bus.shutdown(60) is False
    assert assert_balanced(bus)["dropped_by_reason"] == {
        "spool_unreadable": {"UNSPECIFIED UNSPECIFIED": 15}
    }


def test_a_bus_that_could_not_save_is_no_burden_to_later_signals(narrow, monkeypatch):
    def refuse(*_arguments, **_keywords):
        raise SpoolError("no disk today")

    bus = EventBus(**narrow).start()
    emit(bus, 5)
    monkeypatch.setattr(EventBuffer, "close", refuse)
    assert bus.shutdown(0.5) is False
    assert id(bus) not in signals._running
