"""Run an agent: a test for each question."""

import json
import logging
import multiprocessing
import sys
from subprocess import run

import grpc
import pytest
from prometheus_client import CollectorRegistry, generate_latest

import rodent_events
from rodent_events import EVENT_LEVEL_ERROR, EventBus, HealthState, StoragePoolPayload
from rodent_events.integrations.log import EventsHandler
from rodent_events.metrics import PrometheusCollector


@pytest.fixture
def settings(toggle_server, tmp_path):
    return {"target": toggle_server.address, "jwt": toggle_server.jwt(), "events_dir": tmp_path}


def test_what_lies_on_disk(settings, toggle_server):
    with toggle_server.faults.outage(), EventBus(**settings) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        bus.shutdown(timeout=0.5)
    folder = str(settings["events_dir"])
    command = [sys.executable, "-m", "rodent_events", "--events-dir", folder, "cat"]
    lines = run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert json.loads(lines[0])["storage_event"]["pool_event"] == {"pool_name": "tank"}


def test_it_goes_on_after_a_restart(settings, toggle_server):
    with toggle_server.faults.outage(), EventBus(**settings) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert not bus.shutdown(timeout=0.5)  # it is on disk now
    with EventBus(**settings) as bus:
        assert bus.flush(timeout=30)
        assert bus.get_stats()["recovered"] == 1
    toggle_server.assert_received("pool_name:tank", count=1)


def test_an_orderly_end(settings):
    rodent_events.initialize(**settings)
    rodent_events.emit(StoragePoolPayload(pool_name="tank"))
    all_delivered = rodent_events.shutdown(timeout=10)
    assert all_delivered, rodent_events.get_stats()


def test_nothing_was_lost(settings):
    with EventBus(**settings) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(timeout=30)
        stats, health = bus.get_stats(), bus.health()
    assert stats["dropped"] == stats["quarantined"] == 0, stats["dropped_by_reason"]
    assert stats["emitted"] == stats["delivered"] == 1
    assert health.state is HealthState.OK


def test_it_is_told_of_drops(settings):
    drops = []
    limit = {"storage_pool": {"per_second": 0.001, "burst": 1}}
    with EventBus(**settings, rate_limits=limit, on_drop=drops.append) as bus:
        for number in range(3):
            bus.emit(StoragePoolPayload(pool_name=f"tank-{number}"))
        assert bus.flush(timeout=30)
    assert sum(drop.count for drop in drops if drop.reason == "rate_limited") == 2


def mask(event):
    """Pools for tests are nobody's business; others lose their devices' names."""
    pool = event.storage_event.pool_event
    if pool.pool_name.startswith("test-"):
        return None
    del pool.devices[:]
    return event


def test_events_are_changed_or_dropped(settings, toggle_server):
    with EventBus(**settings, before_emit=mask) as bus:
        bus.emit(StoragePoolPayload(pool_name="test-1"))
        bus.emit(StoragePoolPayload(pool_name="tank", devices=["/dev/sda"]))
        assert bus.flush(timeout=30)
    toggle_server.assert_only(StoragePoolPayload, count=1)
    assert not toggle_server.events[0].payload.devices


def test_filters(settings, toggle_server):
    with EventBus(**settings, enabled_levels=["ERROR", "CRITICAL"]) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        bus.emit(StoragePoolPayload(pool_name="tank"), level=EVENT_LEVEL_ERROR)
        assert bus.flush(timeout=30)
        assert bus.get_stats()["filtered_by_kind"] == {"INFO STORAGE": 1}
    toggle_server.assert_only("level:ERROR", count=1)


def test_a_new_token(settings, toggle_server):
    file = settings["events_dir"] / "token"
    file.write_text(settings.pop("jwt"))
    with EventBus(**settings, jwt_file=file) as bus:
        bus.emit(StoragePoolPayload(pool_name="before"))
        assert bus.flush(timeout=30)
        file.write_text(toggle_server.jwt(rid="renamed"))
        bus.emit(StoragePoolPayload(pool_name="after"))
        assert bus.flush(timeout=30)
    toggle_server.assert_received("rid:renamed pool_name:after")


def test_health(settings, toggle_server):
    with EventBus(**settings) as bus:
        with toggle_server.faults.failing(grpc.StatusCode.PERMISSION_DENIED):
            bus.emit(StoragePoolPayload(pool_name="tank"))
            bus.flush(timeout=1)
            health = bus.health()
        assert bus.flush(timeout=30)
        assert bus.health().state is HealthState.OK
    assert health.state is HealthState.FAILING
    assert health.remedy == "have Toggle permit this node to send events"


def test_metrics(settings):
    registry = CollectorRegistry()
    with EventBus(**settings) as bus:
        registry.register(PrometheusCollector(bus.get_stats))
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(timeout=30)
        page = generate_latest(registry).decode()
    assert "rodent_events_delivered_total 1.0" in page
    assert 'rodent_events_health{state="ok"} 1.0' in page


def work(number, settings):
    rodent_events.initialize(**settings)
    rodent_events.emit(StoragePoolPayload(pool_name=f"tank-{number}"))


def test_processes(settings, toggle_server):
    spawn = multiprocessing.get_context("spawn")
    children = [spawn.Process(target=work, args=(number, settings)) for number in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    toggle_server.assert_received("payload:pool", count=2)


async def test_on_asyncio(settings, toggle_server):
    async with EventBus(**settings) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert await bus.flush_async(10)
    toggle_server.assert_received("pool_name:tank")


def test_records_of_the_log(event_bus, toggle_server):
    handler = EventsHandler(bus=event_bus)  # without it, the process-wide bus
    logging.getLogger("pools").addHandler(handler)
    logging.getLogger("pools").error("nearly full", extra={"pool": "tank"})
    logging.getLogger("pools").removeHandler(handler)
    toggle_server.wait_for("payload:status level:ERROR source:pools metadata.pool:tank")
