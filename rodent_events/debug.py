"""What a report of a bug needs, as text: versions, settings without secrets, health, files."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from google.protobuf.internal import api_implementation

from rodent_events.config import EventConfig
from rodent_events.disk.files import FolderLockedError
from rodent_events.disk.folder import SUFFIX, all_folders, check_unused

_PACKAGES = ("rodent-events", "grpcio", "protobuf", "pyyaml")

# Settings whose value is a secret, or a function that is told by its name alone.
_SECRET = {"jwt"}


def debug_info(config: EventConfig, stats: Mapping[str, Any]) -> str:
    """All that can be told of a bus and its process.

    Args:
        config: The settings of the bus.
        stats: As :meth:`EventBus.get_stats` returns them.
    """
    counts = dict(stats)
    health = counts.pop("health")
    return _text(
        {
            "versions": _versions(),
            "process": _process(),
            "settings": _settings(config),
            "health": (f"{key}: {_shown(value)}" for key, value in health.items()),
            "events": (f"{key}: {value}" for key, value in counts.items()),
            "files": _files(config),
        }
    )


def settings_info(config: EventConfig) -> str:
    """All that can be told where no bus runs."""
    return _text({"versions": _versions(), "settings": _settings(config), "files": _files(config)})


def _text(sections: dict[str, Iterator[str]]) -> str:
    return "\n".join(
        line for title, lines in sections.items() for line in (f"{title}:", *_indented(lines))
    )


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _versions() -> Iterator[str]:
    for package in _PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} is not installed as a package"
    yield f"protobuf's implementation {api_implementation.Type()}"
    yield f"Python {platform.python_version()} on {platform.platform()}"


def _process() -> Iterator[str]:
    yield f"pid {os.getpid()}"
    yield f"threads {', '.join(sorted(thread.name for thread in threading.enumerate()))}"


def _settings(config: EventConfig) -> Iterator[str]:
    """Those that are not as they would be by default."""
    defaults = EventConfig(profile=config.profile)
    for setting in fields(config):
        value = getattr(config, setting.name)
        if setting.name in _SECRET and value is not None:
            yield f"{setting.name}: {'a function' if callable(value) else 'set'}"
        elif value != getattr(defaults, setting.name) or setting.name == "events_dir":
            yield f"{setting.name}: {_listed(value)}"


def _listed(value: object) -> object:
    return ", ".join(sorted(value)) if isinstance(value, frozenset) else value


def _shown(value: object) -> object:
    if isinstance(value, float):  # all of them are times
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(value))
    return value


def _files(config: EventConfig) -> Iterator[str]:
    for folder in all_folders(config.events_dir):
        try:
            files = [path for path in folder.iterdir() if path.suffix == SUFFIX]
            size = sum(path.stat().st_size for path in files)
            yield f"{folder}: {len(files)} files, {size} bytes, {_use(folder)}"
        except OSError as error:
            yield f"{folder}: {error}"


def _use(folder: Path) -> str:
    try:
        check_unused(folder)
    except FolderLockedError:
        return "in use"
    return "not in use"
