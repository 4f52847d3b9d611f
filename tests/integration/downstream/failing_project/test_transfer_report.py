from rodent_events import EVENT_LEVEL_INFO, EventBus, StorageTransferPayload


def report(bus: EventBus, done: int, size: int) -> None:
    payload = StorageTransferPayload(
        source="tank/home@1", size_bytes=size, transferred_bytes=done, progress_percent=done
    )
    bus.emit_storage_transfer(EVENT_LEVEL_INFO, payload)


def test_progress_is_reported_in_percent(event_bus, toggle_server):
    report(event_bus, done=512, size=1024)
    assert event_bus.flush(timeout=20)
    toggle_server.wait_for(
        StorageTransferPayload(source="tank/home@1", progress_percent=50), timeout=0.1
    )
