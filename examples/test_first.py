"""A first test: what an agent emits, checked where it arrives."""

from rodent_events import EVENT_LEVEL_INFO, StorageTransferPayload


def test_a_transfer_is_reported(event_bus, toggle_server):
    payload = StorageTransferPayload(source="tank/test@snap1", destination="backup/test")
    event_bus.emit_storage_transfer(EVENT_LEVEL_INFO, payload, {"transfer_id": "t1"})

    (event,) = toggle_server.wait_for(StorageTransferPayload(source="tank/test@snap1"))
    assert event.metadata == {"transfer_id": "t1"}
