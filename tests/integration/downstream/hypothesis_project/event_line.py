"""An event as one line of ASCII, from which it can be read again."""

from base64 import b64decode, b64encode

from rodent_events import Event, EventLevel


def to_line(event: Event) -> str:
    level = EventLevel.Name(event.level).removeprefix("EVENT_LEVEL_")
    return f"{event.timestamp} {level} {b64encode(event.SerializeToString()).decode()}"


def from_line(line: str) -> Event:
    return Event.FromString(b64decode(line.split(" ")[2]))


def is_about_pool(event: Event, name: str) -> bool:
    return event.storage_event.pool_event.pool_name == name
