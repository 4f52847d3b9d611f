"""The 26 ways in which the Go pipeline loses, repeats or reorders events, one test each.

Numbers and titles are those of the list that the project keeps of them.
"""

import logging
import os
import subprocess
import sys
import threading

import grpc
import pytest
from support.delivery import assert_balanced, emit, ids, on_disk

import rodent_events
from rodent_events import (
    EVENT_LEVEL_DEBUG,
    ConfigError,
    EventBatch,
    EventBatchResponse,
    EventBus,
    StorageTransferPayload,
    UsageQuotaPayload,
)

pytestmark = pytest.mark.slow

Code = grpc.StatusCode
OK = EventBatchResponse(success=True)


@pytest.fixture
def hang():
    """An outcome of a call: no answer before the test ends."""
    release = threading.Event()

    def answer(_request, _context):
        release.wait(60)
        return OK

    yield answer
    release.set()


def test_01_a_batch_that_failed_three_times_is_kept(make_scripted_toggle, free_port, settings):
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 250)
        assert bus.flush(0.5) is False
        assert assert_balanced(bus)["dropped"] == 0
        toggle = make_scripted_toggle(free_port)
        assert bus.flush(30)
    assert ids(toggle.batches) == sent


def test_02_spill_files_are_read_back(make_scripted_toggle, free_port, settings):
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 30)
        bus.shutdown(1)
    assert on_disk(settings["events_dir"]) == sent
    toggle = make_scripted_toggle()
    with EventBus(target=toggle.address, **settings) as bus:
        assert bus.flush()
    assert ids(toggle.batches) == sent


def test_03_a_flush_threshold_below_batch_size_is_refused():
    with pytest.raises(ConfigError, match="batch_size is 100 by profile default, more than flush"):
        EventBus(flush_threshold=10, batch_size=100)


def test_04_a_burst_against_a_healthy_or_hung_toggle_overflows_nothing(
    scripted_toggle, settings, hang
):
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 5_000)
        assert bus.flush(60)
        scripted_toggle.script = [hang]
        sent += emit(bus, 25_000)
        assert assert_balanced(bus)["dropped"] == 0
        bus.shutdown(2)
    answered = ids(scripted_toggle.batches)[:5_000]
    assert answered + on_disk(settings["events_dir"]) == sent


def test_05_shutdown_with_toggle_down_keeps_what_is_buffered(free_port, settings):
    bus = EventBus(target=f"127.0.0.1:{free_port}", **settings).start()
    sent = emit(bus, 500)
    assert bus.shutdown(5) is False
    assert on_disk(settings["events_dir"]) == sent


def test_06_sigterm_amid_a_send_loses_nothing(scripted_toggle, tmp_path, hang):
    scripted_toggle.script = [hang] * 10
    program = """
import sys, threading, rodent_events
rodent_events.initialize(target=sys.argv[1], jwt="a.b.c", events_dir=sys.argv[2])
for _ in range(150):
    print(rodent_events.emit(rodent_events.StorageTransferPayload()), flush=True)
while True:
    threading.Event().wait(0.1)
"""
    agent = subprocess.Popen(
        [sys.executable, "-c", program, scripted_toggle.address, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    sent = [agent.stdout.readline().strip() for _ in range(150)]
    agent.terminate()
    agent.wait(30)
    agent.stdout.close()
    assert on_disk(tmp_path) == sent


def test_07_shutdown_races_with_emit(scripted_toggle, settings):
    bus = EventBus(target=scripted_toggle.address, **settings).start()
    accepted = [[] for _ in range(4)]

    def emit_until_refused(mine):
        while (event_id := bus.emit(StorageTransferPayload())) is not None:
            mine.append(event_id)

    threads = [threading.Thread(target=emit_until_refused, args=(mine,)) for mine in accepted]
    for thread in threads:
        thread.start()
    bus.shutdown(5)
    for thread in threads:
        thread.join()
    arrived = ids(scripted_toggle.batches) + on_disk(settings["events_dir"])
    assert sorted(arrived) == sorted(event_id for mine in accepted for event_id in mine)


def test_08_events_from_before_the_start_are_kept(scripted_toggle, settings):
    sent = emit(rodent_events, 10)
    rodent_events.initialize(target=scripted_toggle.address, **settings)
    try:
        sent += emit(rodent_events, 5, 10)
        assert rodent_events.flush()
    finally:
        rodent_events.shutdown()
    assert ids(scripted_toggle.batches) == sent


def test_09_success_false_does_not_count_as_sent(scripted_toggle, settings):
    scripted_toggle.script = [EventBatchResponse(success=False, message="no")]
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 3)
        assert bus.flush() is False
        stats = assert_balanced(bus)
    assert (stats["delivered"], stats["quarantined"]) == (0, 3)


def test_10_unauthenticated_asks_for_a_new_token(scripted_toggle, settings):
    tokens = iter(["a.a.a", "b.b.b"])
    scripted_toggle.script = [Code.UNAUTHENTICATED]
    settings |= {"jwt": lambda: next(tokens), "retry_backoff_base": 60.0}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 3)
        assert bus.flush(5)
    assert ids(scripted_toggle.batches[1:]) == sent
    assert scripted_toggle.metadata[1]["authorization"] == "Bearer b.b.b"


def test_11_a_batch_over_the_servers_limit_is_split(scripted_toggle, settings):
    settings |= {"max_batch_bytes": 15_000_000, "batch_timeout": 3600}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 100, size=60_000)
        assert bus.flush()
    assert ids(scripted_toggle.batches) == sent


def test_12_one_bad_event_spares_its_99_neighbours(scripted_toggle, settings):
    accepted = []

    def judge(request, context):
        batch = EventBatch.FromString(request)
        if any(event.metadata["n"] == "42" for event in batch.events):
            context.abort(Code.INVALID_ARGUMENT, "42 is bad")
        accepted.append(batch)
        return OK

    scripted_toggle.script = [judge] * 50
    with EventBus(target=scripted_toggle.address, **settings | {"batch_timeout": 3600}) as bus:
        sent = emit(bus, 100)
        assert bus.flush() is False
        assert assert_balanced(bus)["quarantined"] == 1
    assert ids(accepted) == sent[:42] + sent[43:]


def test_13_filtered_events_are_counted(tmp_path):
    bus = EventBus(events_dir=tmp_path)
    bus.emit(StorageTransferPayload(), level=EVENT_LEVEL_DEBUG)
    bus.emit(UsageQuotaPayload())
    assert assert_balanced(bus)["filtered_by_kind"] == {"DEBUG STORAGE": 1, "INFO USAGE": 1}


def test_14_drops_are_counted_and_logged_as_drops(free_port, settings, caplog, wait_until):
    settings |= {"buffer_size": 100, "flush_threshold": 100, "spool_max_bytes": 20_000}
    settings |= {"max_file_size": 15_000, "max_batch_bytes": 10_000, "retry_backoff_base": 60.0}
    seen = []
    with EventBus(target=f"127.0.0.1:{free_port}", on_drop=seen.append, **settings) as bus:
        emit(bus, 2_000)
        wait_until(lambda: sum(drop.count for drop in seen) == assert_balanced(bus)["dropped"] > 0)
        reasons = bus.get_stats()["dropped_by_reason"]
        assert reasons == {"overflow": {"INFO STORAGE": sum(drop.count for drop in seen)}}
        bus.shutdown(1)
    assert {(drop.reason, drop.level, drop.category) for drop in seen} == {
        ("overflow", "INFO", "STORAGE")
    }
    logged = [record for record in caplog.records if "events were dropped" in record.message]
    assert 1 <= len(logged) <= 2  # at a bounded rate, and at the end
    assert logged[0].levelno == logging.ERROR


def test_15_a_crash_while_spilling_leaves_no_truncated_file(free_port, settings, tmp_path):
    program = """
import os, sys
from rodent_events import EventBus, StorageTransferPayload
real_write = os.write
def write(descriptor, data):
    if len(data) > 1000:
        real_write(descriptor, data[:len(data) // 2])
        os._exit(9)
    return real_write(descriptor, data)
os.write = write
bus = EventBus(target=sys.argv[1], jwt="a.b.c", events_dir=sys.argv[2]).start()
for _ in range(100):
    bus.emit(StorageTransferPayload())
bus.shutdown(1)
"""
    arguments = [f"127.0.0.1:{free_port}", str(tmp_path / "events")]
    crashed = subprocess.run([sys.executable, "-c", program, *arguments], check=False)
    assert crashed.returncode == 9
    assert list((tmp_path / "events").glob("*.pb")) == []
    with EventBus(target=arguments[0], **settings) as bus:
        assert assert_balanced(bus)["recovered"] == 0
        bus.shutdown(1)


def test_16_what_cannot_be_encoded_never_reaches_the_buffer(tmp_path):
    bus = EventBus(events_dir=tmp_path)
    with pytest.raises(ValueError, match="UTF-8"):
        bus.emit(StorageTransferPayload(), metadata={"k": "\ud800"})
    sent = emit(bus, 5)
    bus.shutdown()
    assert on_disk(tmp_path) == sent


def test_17_a_full_disk_leaves_no_partial_files_and_memory_bounded(
    free_port, settings, monkeypatch, wait_until
):
    real_write = os.write

    def write(descriptor, data):
        if len(data) > 200:
            return real_write(descriptor, data[:100])
        if len(data) > 60:
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data)

    settings |= {"buffer_size": 100, "flush_threshold": 50, "batch_size": 10}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        monkeypatch.setattr(os, "write", write)
        emit(bus, 3_000)
        stats = assert_balanced(bus)
        assert stats["buffer_size"] <= 100
        assert stats["dropped"] > 0
        wait_until(lambda: not list(settings["events_dir"].glob("*.pb*")))  # between two attempts
        monkeypatch.undo()
        bus.shutdown(2)
    assert len(on_disk(settings["events_dir"])) == assert_balanced(bus)["waiting"] > 0


def test_18_files_are_limited_and_private(free_port, settings):
    settings |= {"max_batch_bytes": 2_000, "max_file_size": 4_000, "spool_max_bytes": 20_000}
    settings |= {"spool_max_files": 4, "batch_size": 10, "retry_backoff_base": 60.0}
    settings |= {"flush_threshold": 50, "buffer_size": 1_000}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        emit(bus, 3_000)
        bus.shutdown(1)
        assert_balanced(bus)
    paths = list(settings["events_dir"].glob("*.pb"))
    assert len(paths) <= 5  # the batch in flight is the oldest, and may need a file of its own
    assert all(path.stat().st_size <= 4_000 for path in paths)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)


def test_19_a_spill_does_not_hold_emitters_up(free_port, settings, monkeypatch):
    spilling, proceed = threading.Event(), threading.Event()
    real_write = os.write

    def write(descriptor, data):
        if len(data) > 1_000:
            spilling.set()
            proceed.wait(30)
        return real_write(descriptor, data)

    settings |= {"buffer_size": 1_000, "flush_threshold": 500, "retry_backoff_base": 60.0}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        monkeypatch.setattr(os, "write", write)
        emit(bus, 700)
        assert spilling.wait(20)
        emit(bus, 300)  # returns, although the write hangs
        assert assert_balanced(bus)["emitted"] == 1_000
        proceed.set()
        bus.shutdown(2)
    assert assert_balanced(bus)["dropped"] == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        {"buffer_size": -1},
        {"batch_timeout": 0},
        {"flush_threshold": 10**6},
        {"profile": "?"},
        {"x": 1},
    ],
)
def test_20_nonsense_settings_are_refused(nonsense):
    with pytest.raises(ConfigError):
        EventBus(**nonsense)


def test_21_a_retried_batch_is_not_overtaken(scripted_toggle, settings):
    scripted_toggle.script = [Code.UNAVAILABLE] * 5
    with EventBus(target=scripted_toggle.address, **settings | {"batch_size": 10}) as bus:
        sent = emit(bus, 100)
        assert bus.flush()
    assert list(dict.fromkeys(ids(scripted_toggle.batches))) == sent


def test_22_ids_order_events_within_a_millisecond(tmp_path):
    sent = emit(EventBus(events_dir=tmp_path), 1_000)
    assert sent == sorted(sent)
    assert len(set(sent)) == 1_000


def test_23_a_spilled_batch_keeps_its_id(make_scripted_toggle, settings):
    first = make_scripted_toggle()
    first.script = [Code.UNAVAILABLE] * 1_000
    with EventBus(target=first.address, **settings) as bus:
        emit(bus, 5)
        bus.flush(0.3)
        bus.shutdown(1)
    second = make_scripted_toggle()
    with EventBus(target=second.address, **settings) as bus:
        assert bus.flush()
    assert {batch.batch_id for batch in first.batches} == {second.batches[0].batch_id}


def test_24_a_batch_is_never_cut_anew(make_scripted_toggle, settings):
    first = make_scripted_toggle()
    first.script = [Code.UNAVAILABLE] * 1_000
    with EventBus(target=first.address, **settings | {"batch_size": 10}) as bus:
        emit(bus, 35)
        bus.flush(0.3)
        bus.shutdown(1)
    second = make_scripted_toggle()
    with EventBus(target=second.address, **settings | {"batch_size": 7}) as bus:
        assert bus.flush()
    assert second.requests[0] == first.requests[0]


def test_25_two_instances_do_not_share_files(scripted_toggle, settings):
    buses = [EventBus(target=scripted_toggle.address, **settings) for _ in range(2)]
    with buses[0], buses[1]:
        sent = [event_id for bus in buses for event_id in emit(bus, 500)]
        assert all(bus.flush() for bus in buses)
    assert sorted(ids(scripted_toggle.batches)) == sorted(sent)


def test_26_shutdown_has_a_deadline(scripted_toggle, settings, hang):
    scripted_toggle.script = [hang] * 1_000
    bus = EventBus(target=scripted_toggle.address, **settings).start()
    sent = emit(bus, 18_000)
    ended = threading.Event()
    ending = threading.Thread(target=lambda: (bus.shutdown(2), ended.set()))
    ending.start()
    assert ended.wait(10)
    bus.shutdown()  # if the machine is slow, the disk has not everything yet
    assert on_disk(settings["events_dir"]) == sent
