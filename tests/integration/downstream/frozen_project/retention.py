"""Deletes snapshots that are older than their keep time."""

from datetime import UTC, datetime, timedelta

from rodent_events import EVENT_LEVEL_INFO, StorageSnapshotPayload

KEEP = timedelta(days=30)


def prune(snapshots, bus):
    """Report each snapshot that is due; returns their names."""
    now = datetime.now(UTC)
    due = [name for name, taken in snapshots.items() if now - taken > KEEP]
    for name in due:
        payload = StorageSnapshotPayload(snapshot_name=name)
        bus.emit_storage_snapshot(EVENT_LEVEL_INFO, payload, {"pruned_at": now.isoformat()})
    return due
