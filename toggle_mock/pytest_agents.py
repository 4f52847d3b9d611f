"""What a miss tells of the agents in the process of the tests, whoever has made them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from rodent_events import EventBus
    from rodent_events.global_bus import GlobalBus
    from toggle_mock.assertions.elsewhere import Note
    from toggle_mock.toggle.toggle import Toggle

_named: WeakSet[EventBus] = WeakSet()
"""Those that are told of by the names of their fixtures."""


@contextmanager
def told_of(toggle: Toggle, name: str, bus: EventBus | GlobalBus) -> Iterator[None]:
    """A miss tells what became of the events of this bus, whatever its target."""
    from toggle_mock.assertions.elsewhere import agent

    def note() -> list[str]:
        return agent(name, bus.get_stats(), bus.health().as_dict())

    running: Any = getattr(bus, "running", bus)
    _named.add(running)
    with _told(toggle, note):
        yield


@contextmanager
def told_of_others(toggle: Toggle) -> Iterator[None]:
    """A miss tells of the buses of this process that report to a Toggle, unless they ended before.

    And of what was emitted to none, since nobody has initialized it.
    """
    ended = WeakSet(bus for bus in _all_buses() if not bus.get_stats()["initialized"])

    def note() -> list[str]:
        return [*_others(toggle, ended), *_early()]

    with _told(toggle, note):
        yield


@contextmanager
def _told(toggle: Toggle, note: Note) -> Iterator[None]:
    """A miss tells this too."""
    toggle.notes.append(note)
    try:
        yield
    finally:
        toggle.notes.remove(note)


def _others(toggle: Toggle, ended: WeakSet[EventBus]) -> Iterator[str]:
    from toggle_mock.assertions.elsewhere import agent

    for bus in _all_buses():
        target = bus.config.target
        if bus in ended or bus in _named or target is None:
            continue
        if _port(target) == _port(toggle.address):
            yield from agent("a bus of this process", bus.get_stats(), bus.health().as_dict())
        elif not toggle.calls:
            yield f"a bus of this process reports to {target}, not to {toggle.address}"


def _port(address: str) -> str:
    """What tells servers of one machine apart, whatever that is called."""
    return address.rpartition(":")[2]


def _early() -> Iterator[str]:
    known = _loaded("rodent_events.global_bus", "GLOBAL_BUS")
    if known is not None and known.early_events:
        yield (
            f"rodent_events: {known.early_events} emitted before initialize(), which nobody has "
            "called: use the fixture rodent_events_bus"
        )


def _all_buses() -> list[EventBus]:
    listed = _loaded("rodent_events.bus", "all_buses")
    return listed() if listed else []


def _loaded(module: str, name: str) -> Any:
    """Something of a module; None if nobody has imported that."""
    return getattr(sys.modules.get(module), name, None)
