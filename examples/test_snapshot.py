"""What arrives is compared with what is stored, instead of field by field."""

from rodent_events import StoragePoolPayload, StorageSnapshotPayload


def test_a_backup_reports_the_same_as_ever(event_bus, toggle_server):
    metadata = {"backup_id": "0198c0de-0000-7000-8000-000000000000"}
    event_bus.emit(StorageSnapshotPayload(dataset_name="tank/home"), metadata=metadata)
    event_bus.emit(StoragePoolPayload(pool_name="tank", size_bytes=2**40), metadata=metadata)

    toggle_server.assert_snapshot("backup", "category:STORAGE", ignore=["size_bytes"])
