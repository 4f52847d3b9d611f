"""Assert what arrived, and what did not: a test for each question."""

import pytest
from hypothesis import HealthCheck, given, settings

from rodent_events import (
    EVENT_LEVEL_ERROR,
    NetworkInterfacePayload,
    ServiceStatusPayload,
    StoragePoolPayload,
    StorageSnapshotPayload,
)
from toggle_mock import ge, lose_answer, lt, regex, where
from toggle_mock.strategies import payloads


def test_nothing_is_sent(event_bus, toggle_server):
    # … the code under test, which is not to emit …
    assert event_bus.flush()
    toggle_server.assert_not_received(lambda _: True)
    assert event_bus.get_stats()["emitted"] == 0


def test_exactly_three(event_bus, toggle_server):
    for pool in ("tank", "backup", "fast"):
        event_bus.emit(StoragePoolPayload(pool_name=pool))
    toggle_server.assert_received("payload:pool", count=3)


def test_nothing_else(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    assert event_bus.flush()
    toggle_server.assert_only("pool_name:tank", count=1, no_refusals=True)


def test_order(event_bus, toggle_server):
    for state in ("starting", "running", "stopped"):
        event_bus.emit(ServiceStatusPayload(service_name="smbd", status=state))
    assert event_bus.flush()
    toggle_server.assert_in_order("status:starting", "status:running", "status:stopped")


def test_values_and_ranges(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank-1", size_bytes=2**30))
    toggle_server.wait_for("pool_name:tank-* size_bytes:>=1000 size_bytes:<2000000000")
    toggle_server.wait_for(where(pool_name=regex(r"^tank-\d$"), size_bytes=ge(2**30)))
    toggle_server.assert_not_received(where(size_bytes=lt(2**30)))


def test_one_field_of_the_event(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank", size_bytes=2**30))
    (event,) = toggle_server.wait_for(StoragePoolPayload)
    assert event.payload.size_bytes == 2**30
    assert (event.level, event.category, event.source) == ("INFO", "STORAGE", "zfs-pool-manager")


def test_waiting(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    event_bus.emit(StorageSnapshotPayload(dataset_name="tank/home"))
    toggle_server.wait_for("category:STORAGE", count=2, timeout=10)


def test_none_comes_late(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.wait_for("payload:pool")
    toggle_server.assert_not_received("level:ERROR", within=0.2)


def test_metadata(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank"), metadata={"action": "scrub", "by": "cron"})
    toggle_server.wait_for("metadata.action:scrub -metadata.dry_run:*")
    toggle_server.wait_for(where(metadata={"action": "scrub", "by": regex("^(cron|user)$")}))
    (event,) = toggle_server.events
    assert event.metadata == {"action": "scrub", "by": "cron"}


@pytest.fixture
def event_bus_options():
    return {"batch_size": 2, "retry_backoff_base": 0.01}


def test_batches(event_bus, event_bus_options, toggle_server):
    for number in range(5):
        event_bus.emit(StoragePoolPayload(pool_name=f"tank-{number}"))
    assert event_bus.flush()
    assert sum(len(batch.events) for batch in toggle_server.batches) == 5
    most = event_bus_options["batch_size"]
    assert all(len(batch.events) <= most for batch in toggle_server.batches)
    assert len({batch.batch_id for batch in toggle_server.batches}) == len(toggle_server.batches)


def test_retries(event_bus, toggle_server):
    toggle_server.on_send_events.returns([lose_answer()])
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    assert event_bus.flush(timeout=30)
    toggle_server.wait_for_call("SendEvents", status="UNAVAILABLE", count=1)
    first, again = toggle_server.batches
    assert (again.batch_id, again.raw) == (first.batch_id, first.raw)
    assert toggle_server.duplicates == [again]


def test_a_golden_file(event_bus, toggle_server):
    event_bus.emit(StorageSnapshotPayload(dataset_name="tank/home", size_bytes=4096))
    toggle_server.assert_snapshot("snapshot", "payload:snapshot", ignore=["size_bytes"])


@pytest.mark.parametrize(
    "payload",
    [
        StoragePoolPayload(pool_name="tank"),
        StorageSnapshotPayload(dataset_name="tank/home"),
        NetworkInterfacePayload(interface_name="eth0"),
    ],
    ids=lambda payload: type(payload).__name__,
)
def test_each_type(event_bus, toggle_server, payload):
    event_bus.emit(payload, level=EVENT_LEVEL_ERROR)
    toggle_server.assert_received(payload, count=1)
    toggle_server.assert_only("level:ERROR")


NO_HURRY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(suppress_health_check=NO_HURRY, deadline=None, max_examples=20)
@given(payload=payloads(realistic=True))
def test_any_payload(event_bus, toggle_server, payload):
    toggle_server.clear()
    accepted = event_bus.emit(payload)  # None of category USAGE, which is not enabled
    assert event_bus.flush()
    assert [event.payload for event in toggle_server.events] == ([payload] if accepted else [])
