"""Reports each pool whose level of filling has changed."""

from rodent_events import (
    EVENT_LEVEL_CRITICAL,
    EVENT_LEVEL_INFO,
    EVENT_LEVEL_WARN,
    EventBus,
    StoragePoolPayload,
)

THRESHOLDS = [(0.95, EVENT_LEVEL_CRITICAL), (0.80, EVENT_LEVEL_WARN), (0.0, EVENT_LEVEL_INFO)]


class PoolWatch:
    def __init__(self, bus: EventBus) -> None:
        self.bus = bus
        self.known: dict[str, int] = {}

    def saw(self, name: str, used: int, size: int) -> None:
        level = next(level for share, level in THRESHOLDS if used / size >= share)
        if self.known.get(name) == level:
            return
        self.known[name] = level
        payload = StoragePoolPayload(pool_name=name, size_bytes=size, used_bytes=used)
        self.bus.emit_storage_pool(level, payload, {"action": "watch"})
