"""No test leaves the process-wide bus running, or events that wait for it, to later tests."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pytest

if TYPE_CHECKING:
    from rodent_events import EventBus
    from rodent_events.global_bus import GlobalBus

INI = "toggle_leaked_bus"
POLICIES = {
    "fail": "end it, and fail the test",
    "clean": "end it",
    "ignore": "let it run",
}
"""What becomes of a bus that a test has left running, by the value of the setting."""

# Seconds for a bus that was left running: nobody waits for what it has.
_SHUTDOWN_TIMEOUT = 1.0

_LEFT = (
    "the test has left the process-wide bus running: whatever later tests emit would go to this "
    "test's Toggle. Use the fixture rodent_events_bus, or call rodent_events.shutdown() in a "
    f"fixture; {INI} = clean in the settings of pytest ends it without a word"
)


class GlobalBusGuard:
    """Looks after each test whether it has started the process-wide bus, and not ended it.

    A bus that was there before the test, or that a fixture of a wider scope has started, is none of
    its business.

    Args:
        policy: One of :data:`POLICIES`.
    """

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._before: EventBus | None = None
        self._wider: WeakSet[EventBus] = WeakSet()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Note a bus that a fixture for several tests has started."""
        __tracebackhide__ = True  # a failure of the fixture is none of this
        before = _running()
        try:
            return (yield)
        finally:
            bus = _running()
            if fixturedef.scope != "function" and bus is not None and bus is not before:
                self._wider.add(bus)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, None, None]:
        """Note the bus that is there before the test."""
        __tracebackhide__ = True
        self._before = _running()
        yield

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        """After all fixtures of the test have ended: see what it has left."""
        __tracebackhide__ = True
        try:
            yield
        finally:
            has_left = self._clean()
        if has_left and self._policy == "fail":
            pytest.fail(_LEFT, pytrace=False)

    def _clean(self) -> bool:
        """End a bus that the test has left; whether it has."""
        if self._policy == "ignore" or not (known := _global_bus()):
            return False
        known.forget_early_events()
        bus = known.running
        if bus is None or bus is self._before or bus in self._wider:
            return False
        known.shutdown(_SHUTDOWN_TIMEOUT)
        return True


def _global_bus() -> GlobalBus | None:
    """The process-wide bus, if anything has imported it."""
    module = sys.modules.get("rodent_events.global_bus")
    return getattr(module, "GLOBAL_BUS", None)


def _running() -> EventBus | None:
    known = _global_bus()
    return None if known is None else known.running
