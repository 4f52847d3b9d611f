"""What is emitted, what has arrived, what is on disk, and whether nothing is missing."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from rodent_events import EventBatch, EventBuffer, EventBus, StorageTransferPayload
from rodent_events.disk.format import read_sections


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


def saved(folder: Path) -> list[str]:
    """The ids of the events in a spool folder that somebody is writing to, as far as they go."""
    found = []
    for path in sorted(folder.glob("*.pb")):
        with suppress(FileNotFoundError):  # it was delivered, or taken over
            content = path.read_bytes()
            reading = read_sections(content)
            end = reading.open_ends[-1] if reading.open_ends else reading.open_start
            found += ids([EventBatch.FromString(content[:end])])
    return found


def assert_balanced(holder: EventBus | EventBuffer | ModuleType) -> dict:
    """Assert that each event is in one place; the statistics are returned."""
    stats = holder.stats() if isinstance(holder, EventBuffer) else holder.get_stats()
    parts = ("delivered", "waiting", "filtered", "dropped", "quarantined")
    assert stats["emitted"] + stats["recovered"] == sum(stats[part] for part in parts), stats
    assert all(stats[part] >= 0 for part in parts), stats
    return stats
