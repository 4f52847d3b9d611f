"""What an operator sees of an agent that fares ill, and of its recovery."""

import errno
import logging
import os
import threading
import time

import grpc
import pytest
from support.delivery import emit, ids, on_disk

import rodent_events
from rodent_events import EventBus, HealthState, schedule


def told(caplog, level):
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def test_an_outage_is_told_once_and_its_end(
    free_port, make_scripted_toggle, settings, caplog, wait_until
):
    caplog.set_level(logging.INFO)
    start = time.time()
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        assert bus.health().state is HealthState.OK
        emit(bus, 50)
        assert not bus.flush(1)
        found = bus.health()
        assert found.state is HealthState.FAILING
        assert start <= found.failing_since <= found.last_error_at <= time.time()
        assert found.last_error.startswith("UNAVAILABLE: failed to connect to all addresses")
        assert "see that Toggle runs" in found.remedy
        assert start - 1 <= found.oldest_waiting <= time.time()
        assert found.disk_bytes > 0
        assert found.disk_files == 1
        assert bus.get_stats()["health"]["state"] == "failing"
        make_scripted_toggle(free_port)
        wait_until(lambda: bus.health().state is HealthState.OK)
        assert bus.flush()
        wait_until(lambda: bus.health().disk_files == 0)
        assert bus.health().oldest_waiting is None
        assert bus.health().disk_bytes == 0
    warnings = told(caplog, logging.WARNING)
    assert len([line for line in warnings if "UNAVAILABLE" in line]) == 1
    assert len([line for line in told(caplog, logging.INFO) if "takes events again" in line]) == 1


def test_each_kind_of_failure_is_told_once(scripted_toggle, settings, caplog):
    codes = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED] * 5
    scripted_toggle.script = list(codes)
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 1)
        assert bus.flush()
    assert len(told(caplog, logging.WARNING)) == 2


def test_a_token_provider_that_hangs_is_told_and_holds_nothing_up(
    scripted_toggle, settings, wait_until
):
    may_answer = threading.Event()
    settings |= {"jwt": lambda: may_answer.wait() and "a.b.c", "send_timeout": 0.05}
    bus = EventBus(target=scripted_toggle.address, **settings).start()
    sent = emit(bus, 50)
    assert not bus.flush(0.5)
    wait_until(lambda: bus.health().state is HealthState.FAILING)
    found = bus.health()
    assert found.last_error == "UNAUTHENTICATED: the token provider has not answered within 0.05 s"
    assert "jwt" in found.remedy
    start = time.monotonic()
    assert not bus.shutdown(0.5)
    assert time.monotonic() - start < 10
    may_answer.set()
    assert on_disk(settings["events_dir"]) == sent


def test_a_token_that_comes_late_is_taken(scripted_toggle, settings):
    may_answer = threading.Event()
    settings |= {"jwt": lambda: may_answer.wait() and "a.b.c", "send_timeout": 0.05}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 50)
        assert not bus.flush(0.5)
        may_answer.set()
        assert bus.flush()
    assert ids(scripted_toggle.batches) == sent


def test_a_disk_that_cannot_be_used_degrades_it(scripted_toggle, settings, wait_until):
    settings["events_dir"].touch()
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 5)
        assert bus.flush()
        found = bus.health()
        assert found.state is HealthState.DEGRADED
        assert "File exists" in found.last_error
        assert "a folder that this user can write to" in found.remedy
        settings["events_dir"].unlink()
        wait_until(lambda: bus.health().state is HealthState.OK)


def test_a_disk_that_is_full_degrades_it_until_it_takes_something(
    scripted_toggle, settings, wait_until, monkeypatch
):
    monkeypatch.setattr(schedule, "LOOK_PAUSE", 0.01)
    monkeypatch.setattr(schedule, "PROBE_PAUSE", 0.01)
    is_full = threading.Event()
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if is_full.is_set():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr("os.write", full)
    settings |= {"spill_after": 0.01, "batch_timeout": 60.0}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        is_full.set()
        emit(bus, 5)
        wait_until(lambda: bus.health().state is HealthState.DEGRADED)
        assert "No space left" in bus.health().last_error
        is_full.clear()
        wait_until(lambda: bus.health().state is HealthState.OK)


@pytest.mark.parametrize("ended", [False, True])
def test_a_bus_that_does_not_run_fails(scripted_toggle, settings, ended):
    bus = EventBus(target=scripted_toggle.address, **settings)
    if ended:
        bus.start().shutdown()
    assert bus.health().state is HealthState.FAILING
    assert bus.health().last_error == "the bus does not run"


def test_the_global_bus_tells_too(scripted_toggle, settings):
    assert rodent_events.health().state is HealthState.FAILING
    rodent_events.initialize(target=scripted_toggle.address, **settings)
    try:
        assert rodent_events.health().state is HealthState.OK
    finally:
        rodent_events.shutdown()
    assert rodent_events.health().state is HealthState.FAILING


def test_a_bus_that_has_ended_tells_of_what_it_left(free_port, settings):
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        emit(bus, 5)
    found = bus.health()
    assert (found.state, found.last_error) == (HealthState.FAILING, "the bus does not run")
    assert found.oldest_waiting is not None
    assert found.disk_files == 1
    assert found.disk_bytes > 0
