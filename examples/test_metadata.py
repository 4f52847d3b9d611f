"""Metadata of a block, and a function that sees each event before it is emitted."""

import rodent_events as events
from rodent_events import EventBus, StoragePoolPayload, StorageTransferPayload


def test_all_events_of_a_transfer_have_its_id(event_bus, toggle_server):
    with events.metadata(transfer_id="7f3a"):
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        event_bus.emit(StorageTransferPayload(source="tank@a"), metadata={"part": "1"})
    assert event_bus.flush()
    toggle_server.assert_received("payload:pool metadata.transfer_id:7f3a")
    toggle_server.assert_received("payload:transfer metadata.transfer_id:7f3a metadata.part:1")


def without_tests(event):
    """Marks each event; holds back those of a pool for tests."""
    if event.storage_event.pool_event.pool_name == "test":
        return None
    event.metadata["site"] = "north"
    return event


def test_a_function_changes_events_and_holds_them_back(toggle_server, tmp_path):
    settings = {"target": toggle_server.address, "jwt": toggle_server.jwt()}
    with EventBus(**settings, events_dir=tmp_path, before_emit=without_tests) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        bus.emit(StoragePoolPayload(pool_name="test"))
        assert bus.flush()
        assert bus.get_stats()["dropped_by_reason"] == {"before_emit": {"INFO STORAGE": 1}}
    toggle_server.assert_received("pool_name:tank metadata.site:north")
    toggle_server.assert_not_received("pool_name:test")
