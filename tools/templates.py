"""The texts that tools/generate.py writes of payload types and files."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

HEADER = "# Generated from proto/ by tools/generate.py. Do not edit.\n"

INDENT = " " * 8

# rodent_events/emitters.py


def emitter(place: Any, comment: str, info_by_default: bool) -> str:
    """The source of one emit method."""
    level = "level: int = EVENT_LEVEL_INFO" if info_by_default else "level: int"
    arguments = [
        "self",
        *([] if info_by_default else [level]),
        f"payload: {place.name}",
        "metadata: Metadata = None",
        "*",
        "source: str | None = None",
        *([level] if info_by_default else []),
    ]
    summary = " ".join(comment.split()) or f"Emit a {place.name}."
    opening = textwrap.fill(f'"""{summary}', 100, initial_indent=INDENT, subsequent_indent=INDENT)
    return f'''
    def {place.emitter}(
{"".join(f"        {argument},{chr(10)}" for argument in arguments)}    ) -> str | None:
{opening}

        Category {place.category_name}, usual source ``{place.source}``. See :meth:`emit`.
        """
        if not isinstance(payload, {place.name}):
            raise wrong_payload("{place.emitter}", {place.name}, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)
'''


def emitters_module(places: list[Any], docs: Mapping[str, str], info_by_default: set[str]) -> str:
    """rodent_events/emitters.py."""
    names = sorted(place.name for place in places)
    imports = listed(["EVENT_LEVEL_INFO", *names])
    methods = "".join(
        emitter(place, docs.get(place.name, ""), place.name in info_by_default) for place in places
    )
    return f'''{HEADER}"""One typed emitter for each payload type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from google.protobuf.message import Message

from rodent_events.errors import wrong_payload
from rodent_events.pb.events.event_messages_pb2 import (
{imports})

Metadata = Mapping[str, str] | None


class Emitters(ABC):
    """The typed ``emit_*`` methods over one :meth:`emit`."""

    @abstractmethod
    def emit(
        self,
        payload: Message,
        *,
        level: int = EVENT_LEVEL_INFO,
        metadata: Metadata = None,
        source: str | None = None,
    ) -> str | None:
        """Emit a payload of any type.

        Args:
            payload: A payload message, of this schema or of any loaded revision.
            level: A number of EventLevel.
            metadata: Text by text; usual keys are component, action, and an id of the thing.
            source: The component that emits; the payload type's usual one if it is None.

        Returns:
            The event's id, a UUIDv7 as text; None if its level or its category is not enabled,
            ``rate_limits`` or ``before_emit`` keeps it back, or after shutdown.

        Raises:
            EventTypeError: The payload, the level, the metadata or the source has a wrong type.
            EventValueError: The level is unknown, or a text cannot be encoded as UTF-8.
        """
{methods}'''


# rodent_events/__init__.py

LIFECYCLE = [
    "debug_info",
    "emit",
    "flush",
    "flush_async",
    "get_stats",
    "health",
    "initialize",
    "is_initialized",
    "shutdown",
    "shutdown_async",
]
EXPORTED = {
    "rodent_events.buffer": ["EventBuffer"],
    "rodent_events.bus": ["EventBus"],
    "rodent_events.config": ["EventConfig", "Fsync", "Overflow", "SpoolMode"],
    "rodent_events.context": ["metadata"],
    "rodent_events.errors": [
        "AlreadyInitializedError",
        "ConfigError",
        "EventTypeError",
        "EventValueError",
        "NotInitializedError",
        "RodentEventsError",
        "SpoolError",
        "UnsupportedError",
    ],
    "rodent_events.global_bus": ["GLOBAL_BUS"],
    "rodent_events.health_record": ["Health", "HealthState"],
    "rodent_events.ledger": ["Drop"],
}


def names_defined(file: FileDescriptorProto) -> list[str]:
    """The messages, enums and values at the top of a file."""
    return [
        *(message.name for message in file.message_type),
        *(enum.name for enum in file.enum_type),
        *(value.name for enum in file.enum_type for value in enum.value),
    ]


def init_module(places: list[Any], files: FileDescriptorSet) -> str:
    """rodent_events/__init__.py."""
    modules = {
        f"rodent_events.pb.{file.name.removesuffix('.proto').replace('/', '.')}_pb2": names_defined(
            file
        )
        for file in sorted(files.file, key=lambda file: file.name)
    }
    functions = sorted(place.emitter for place in places)
    imported = {**EXPORTED, **modules}
    names = [name for group in imported.values() for name in group if name != "GLOBAL_BUS"]
    exported = sorted([*names, "EventClient", *functions, *LIFECYCLE], key=isort_key)
    imports = "".join(import_of(module, group) for module, group in imported.items())
    bindings = "".join(f"{name}: Final = GLOBAL_BUS.{name}\n" for name in [*LIFECYCLE, *functions])
    summary = "Structured events of a storage node: emitted, kept, and delivered to Toggle."
    return f'''{HEADER}"""{summary}"""

from typing import TYPE_CHECKING, Final

{imports}
if TYPE_CHECKING:
    from rodent_events.client import EventClient

__all__ = [
{listed([f'"{name}"' for name in exported])}]

{bindings}

def __getattr__(name: str) -> object:
    # It brings gRPC, which is loaded when it is asked for, or when a bus starts.
    if name == "EventClient":
        from rodent_events.client import EventClient

        return EventClient
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
'''


def import_of(module: str, names: list[str]) -> str:
    """An import statement as ruff formats it."""
    one_line = f"from {module} import {', '.join(sorted(names, key=isort_key))}\n"
    if len(one_line) <= 101:
        return one_line
    return f"from {module} import (\n{listed(sorted(names, key=isort_key))})\n"


def listed(items: list[str]) -> str:
    """One indented line for each item."""
    return "".join(f"    {item},\n" for item in items)


def isort_key(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


# docs/events.md


def payload_type_list(places: list[Any], levels: list[str], categories: list[str]) -> str:
    """The levels, the categories, and a table of the payload types."""
    rows = [
        f"| {place.category_name} | `{place.name}` | `{place.emitter}` | `{place.source}` |"
        for place in places
    ]
    lines = [
        f"- Levels: {', '.join(levels)}.",
        f"- Categories: {', '.join(categories)}.",
        "",
        "| category | payload | emitter | usual source |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines)
