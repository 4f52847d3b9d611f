"""Wait for events, and assert what came and what did not."""

from rodent_events import StoragePoolPayload, StorageSnapshotPayload
from toggle_mock import glob, where


def test_a_scrub_is_reported_after_its_snapshot(event_bus, toggle_server):
    event_bus.emit(StorageSnapshotPayload(dataset_name="tank/home", size_bytes=0))
    event_bus.emit(StoragePoolPayload(pool_name="tank"), metadata={"action": "scrub"})

    # As text: the language is the same in tests, on the command line and over HTTP.
    toggle_server.wait_for("category:STORAGE payload:pool metadata.action:scrub -level:ERROR")
    # As objects, which combine; a zero is a value like any other.
    empty = where(payload="snapshot", size_bytes=0) & ~where(dataset_name=glob("tank/tmp/*"))
    toggle_server.assert_received(empty, count=1)

    toggle_server.assert_in_order("payload:snapshot", "payload:pool")
    toggle_server.assert_not_received("level:ERROR", within=0.1)
    toggle_server.assert_only("rid:rodent-1")
