"""Fixtures for pytest: a mock Toggle, and an event bus that reports to it.

The plugin is active wherever this distribution is installed. What needs the extra ``testing`` is
imported when a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rodent_events import EventBus
    from toggle_mock.server import ToggleServer

# A test should not have to wait for the 30 s of the default profile.
_BATCH_TIMEOUT = 0.05


@pytest.fixture(scope="session")
def toggle_server_options() -> dict[str, Any]:
    """Keyword arguments for the ToggleServer of ``toggle_server``; override it to change them."""
    return {}


@pytest.fixture(scope="session")
def _running_toggle_server(toggle_server_options: dict[str, Any]) -> Iterator[ToggleServer]:
    from toggle_mock import ToggleServer

    with ToggleServer(**{"relay": True} | toggle_server_options) as server:
        yield server


@pytest.fixture
def toggle_server(_running_toggle_server: ToggleServer) -> Iterator[ToggleServer]:
    """A running mock Toggle, the same for all tests of a process; nothing is recorded yet.

    Its faults are healed after the test, and what clients of earlier tests still send to it is not
    recorded.
    """
    _running_toggle_server.begin_test()
    yield _running_toggle_server
    _running_toggle_server.faults.heal()


@pytest.fixture
def make_toggle_server() -> Iterator[Callable[..., ToggleServer]]:
    """Makes and starts further mock Toggles, each with its options; they stop after the test."""
    from toggle_mock import ToggleServer

    with ExitStack() as stack:

        def make(**options: Any) -> ToggleServer:
            return stack.enter_context(ToggleServer(**options))

        yield make


@pytest.fixture
def event_bus_options() -> dict[str, Any]:
    """Settings for ``event_bus``, as for EventConfig; override it to change them."""
    return {}


@pytest.fixture
def event_bus(
    toggle_server: ToggleServer, tmp_path: Path, event_bus_options: dict[str, Any]
) -> Iterator[EventBus]:
    """A running EventBus that reports to ``toggle_server``, with a spool folder of its own."""
    from rodent_events import EventBus, EventConfig

    settings: dict[str, Any] = {
        "target": toggle_server.address,
        "jwt": toggle_server.jwt(),
        "events_dir": tmp_path / "events",
        "batch_timeout": _BATCH_TIMEOUT,
    }
    # Neither the developer's environment nor a rodent.yml has a say.
    with EventBus(EventConfig(**settings | event_bus_options)) as bus:
        yield bus
