"""What is emitted, what has arrived, what is on disk, and whether nothing is missing."""

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from rodent_events import EventBatch, EventBuffer, EventBus, StorageTransferPayload


def emit(
    bus: EventBus | ModuleType, count: int, start: int = 0, *, size: int = 0
) -> list[str | None]:
    """Emit events that can be told from each other, of some size; their ids are returned."""
    return [
        bus.emit(StorageTransferPayload(source="x" * size), metadata={"n": str(number)})
        for number in range(start, start + count)
    ]


def ids(batches: Iterable[EventBatch]) -> list[str]:
    """The ids of the events in batches."""
    return [event.event_id for batch in batches for event in batch.events]


def spooled(folder: Path) -> list[EventBatch]:
    """What is in each file of a spool folder."""
    return [EventBatch.FromString(path.read_bytes()) for path in sorted(folder.glob("*.pb"))]


def on_disk(folder: Path) -> list[str]:
    """The ids of the events in a spool folder."""
    return ids(spooled(folder))


def assert_balanced(holder: EventBus | EventBuffer | ModuleType) -> dict:
    """Assert that each event is in one place; the statistics are returned."""
    stats = holder.stats() if isinstance(holder, EventBuffer) else holder.get_stats()
    parts = ("delivered", "waiting", "filtered", "dropped", "quarantined")
    assert stats["emitted"] + stats["recovered"] == sum(stats[part] for part in parts), stats
    assert all(stats[part] >= 0 for part in parts), stats
    return stats
