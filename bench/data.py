"""The event that is measured: a storage transfer with three entries of metadata."""

from __future__ import annotations

import time

from rodent_events import Event, StorageTransferPayload
from rodent_events.ids import new_id
from rodent_events.pb.events.event_messages_pb2 import StorageEvent
from toggle_mock.tokens.tokens import Tokens

JWT = Tokens().issue()
"""A token that the mock takes."""

LEVEL, CATEGORY, SOURCE = 1, 2, "rodent.zfs-transfer-manager"

PAYLOAD = StorageTransferPayload(
    source="tank/home@auto-2026-11-24",
    destination="backup/home",
    size_bytes=10_000_000_000,
    transferred_bytes=1_000_000_000,
    progress_percent=10,
    operation=2,
)


def metadata(count: int) -> list[dict[str, str]]:
    """Of so many events; each has an id of its own."""
    return [
        {"component": "zfs-transfer", "action": "progress", "transfer_id": new_id()}
        for _ in range(count)
    ]


def by_protobuf(entries: dict[str, str]) -> bytes:
    """The event, built and serialized by protobuf alone."""
    return Event(
        event_id=new_id(),
        level=LEVEL,
        category=CATEGORY,
        source=SOURCE,
        timestamp=time.time_ns() // 1_000_000,
        metadata=entries,
        storage_event=StorageEvent(transfer_event=PAYLOAD),
    ).SerializeToString()


EVENT_BYTES = len(by_protobuf(metadata(1)[0]))
