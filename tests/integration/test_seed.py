"""The seed document's code samples and integration tests, in Python."""

import os
import time

import pytest
import yaml

import rodent_events as events
from rodent_events import (
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_INFO,
    AlreadyInitializedError,
    ConfigError,
    EventBatch,
    EventClient,
    NetworkConnectionPayload,
    NotInitializedError,
    ServiceStatusPayload,
    StoragePoolPayload,
    StorageTransferPayload,
    SystemStartupPayload,
    SystemUserPayload,
)
from rodent_events.retry_policy import Outcome, Status


@pytest.fixture
def event_system(toggle_server, tmp_path):
    """The global event system, reporting to the mock."""
    events.initialize(
        target=toggle_server.address, jwt=toggle_server.jwt(), events_dir=tmp_path / "events"
    )
    yield
    events.shutdown()


def test_what_the_seed_emits_by_type_arrives(event_system, toggle_server):
    events.emit_system_startup(
        SystemStartupPayload(
            boot_time_seconds=int(time.time()),
            services_started=["rodent-controller"],
            operation=SystemStartupPayload.SYSTEM_STARTUP_OPERATION_REGISTERED,
        ),
        {"component": "toggle-registration", "action": "registered"},
    )
    events.emit_storage_transfer(
        EVENT_LEVEL_INFO,
        StorageTransferPayload(
            source="tank/test@snap1",
            destination="backup/test",
            size_bytes=1024 * 1024,
            operation=StorageTransferPayload.STORAGE_TRANSFER_OPERATION_STARTED,
        ),
        {"component": "zfs-transfer", "action": "start", "transfer_id": "t1"},
    )
    events.emit_service_status(
        EVENT_LEVEL_INFO,
        ServiceStatusPayload(
            service_name="rodent-controller",
            status="running",
            pid=os.getpid(),
            operation=ServiceStatusPayload.SERVICE_STATUS_OPERATION_STARTED,
        ),
        {"component": "service-manager", "action": "start", "service": "rodent-controller"},
    )
    events.emit_system_user(
        EVENT_LEVEL_INFO,
        SystemUserPayload(
            username="ada",
            display_name="Ada Lovelace",
            groups=["engineers"],
            operation=SystemUserPayload.SYSTEM_USER_OPERATION_CREATED,
        ),
        {"component": "system-user-manager", "action": "create", "user": "ada"},
    )
    assert events.flush()
    assert [event.payload_type for event in toggle_server.events] == [
        "SystemStartupPayload",
        "StorageTransferPayload",
        "ServiceStatusPayload",
        "SystemUserPayload",
    ]
    assert [event.source for event in toggle_server.events] == [
        "system",
        "rodent.zfs-transfer-manager",
        "service-manager",
        "system-user-manager",
    ]


def test_the_network_connection_of_the_seeds_section_on_adding_events(event_system, toggle_server):
    payload = NetworkConnectionPayload(
        source_ip="192.168.1.100",
        destination_ip="192.168.1.1",
        source_port=12345,
        protocol="tcp",
        operation=NetworkConnectionPayload.NETWORK_CONNECTION_OPERATION_FAILED,
    )
    events.emit_network_connection(
        EVENT_LEVEL_ERROR,
        payload,
        {"component": "netmage", "action": "connect", "interface": "eth0"},
    )
    (event,) = toggle_server.wait_for(payload, timeout=30) if events.flush() else ()
    assert (event.level, event.category, event.source) == ("ERROR", "NETWORK", "network-manager")


def test_a_client_by_itself_sends_a_batch(toggle_server):
    batch = EventBatch(batch_id="b1", batch_timestamp=1)
    batch.events.add(
        event_id="e1", level=EVENT_LEVEL_INFO
    ).storage_event.transfer_event.source = "s"
    with EventClient(target=toggle_server.address, jwt=toggle_server.jwt()) as client:
        assert client.send_batch(batch) == Outcome(Status.OK, "1 events recorded")
    assert toggle_server.batches[0].message == batch


def test_a_client_without_a_usable_token_is_unauthenticated(toggle_server):
    with EventClient(target=toggle_server.address, jwt="no-jwt") as client:
        outcome = client.send_batch(EventBatch())
    assert outcome.status is Status.UNAUTHENTICATED
    with EventClient(target=toggle_server.address, jwt=lambda: "") as client:
        assert client.send_batch(b"").status is Status.UNAUTHENTICATED
        with pytest.raises(TypeError, match="a Batch, an EventBatch or bytes, got str 'x'"):
            client.send_batch("x")


def test_the_global_bus_tells_whether_it_runs_and_what_it_holds(event_system):
    assert events.is_initialized()
    stats = events.get_stats()
    assert stats["initialized"]
    assert {"buffer_size", "pending_events"} <= stats.keys()
    events.shutdown()
    assert not events.is_initialized()
    assert events.get_stats()["is_shutdown"]


def test_events_from_before_initialize_arrive_and_it_initializes_once(toggle_server, tmp_path):
    assert not events.is_initialized()
    with pytest.raises(NotInitializedError, match="call initialize"):
        events.flush()
    events.emit_system_startup(SystemStartupPayload(boot_time_seconds=7))
    events.initialize(
        target=toggle_server.address, jwt=toggle_server.jwt(), events_dir=tmp_path / "events"
    )
    with pytest.raises(AlreadyInitializedError, match=r"call shutdown\(\) first"):
        events.initialize(target=toggle_server.address, jwt=toggle_server.jwt())
    events.emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload(pool_name="tank"))
    assert events.shutdown() is True
    assert [event.payload_type for event in toggle_server.events] == [
        "SystemStartupPayload",
        "StoragePoolPayload",
    ]


def test_an_initialization_that_fails_leaves_events_waiting(toggle_server, tmp_path):
    events.emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload(pool_name="early"))
    with pytest.raises(ConfigError):
        events.initialize(target="nowhere", jwt="a.b.c")
    with pytest.raises(ConfigError, match="target is not set"):
        events.initialize({}, jwt="a.b.c")
    assert not events.is_initialized()
    events.initialize(target=toggle_server.address, jwt=toggle_server.jwt(), events_dir=tmp_path)
    assert events.shutdown() is True
    assert [event.payload.pool_name for event in toggle_server.events] == ["early"]


def test_early_events_meet_the_filters_of_the_settings(toggle_server, tmp_path):
    events.emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload())
    events.emit_storage_pool(EVENT_LEVEL_ERROR, StoragePoolPayload())
    options = {"target": toggle_server.address, "jwt": toggle_server.jwt()}
    events.initialize(profile="minimal", events_dir=tmp_path, **options)
    assert events.shutdown() is True
    assert [event.level for event in toggle_server.events] == ["ERROR"]
    stats = events.get_stats()
    assert (stats["emitted"], stats["filtered"], stats["delivered"]) == (2, 1, 1)


def test_the_settings_of_rodent_yml_count(toggle_server, tmp_path):
    path = tmp_path / "rodent.yml"
    section = {
        "profile": "default",
        "buffer_size": 20000,
        "flush_threshold": 18000,
        "batch_size": 100,
        "batch_timeout": 30,
        "eventsDir": str(tmp_path / "events"),
        "target": f"http://{toggle_server.address}",
    }
    path.write_text(yaml.safe_dump({"events": section}))
    events.initialize(path, jwt=toggle_server.jwt())
    events.emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload())
    assert events.shutdown() is True
    assert len(toggle_server.events) == 1


def test_shutdown_says_the_same_again(tmp_path, free_port):
    events.initialize(target=f"127.0.0.1:{free_port}", jwt="a.b.c", events_dir=tmp_path)
    events.emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload())
    assert events.shutdown(timeout=1.0) is False
    assert events.shutdown(timeout=1.0) is False


async def test_a_flush_in_asyncio_waits_for_delivery(event_system, toggle_server):
    events.emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload())
    assert await events.flush_async()


def test_a_spool_file_is_an_event_batch(tmp_path, free_port):
    events.initialize(target=f"127.0.0.1:{free_port}", jwt="a.b.c", events_dir=tmp_path)
    events.emit_storage_transfer(
        EVENT_LEVEL_INFO, StorageTransferPayload(source="tank/test@snap"), {"component": "test"}
    )
    assert events.shutdown(timeout=1.0) is False
    (path,) = tmp_path.glob("*.pb")
    batch = EventBatch.FromString(path.read_bytes())
    for event in batch.events:
        match event.WhichOneof("event_payload"):
            case "storage_event":
                assert event.storage_event.transfer_event.source == "tank/test@snap"
            case other:
                pytest.fail(other)
    assert len(batch.events) == 1
