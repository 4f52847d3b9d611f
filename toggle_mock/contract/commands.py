"""The driver protocol, as an agent around ``rodent_events`` carries it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TextIO

from rodent_events import EventBus
from toggle_mock.wording import one_of

STOP_TIMEOUT = 5.0
"""Seconds for what waits when it ends by a signal or with its stdin."""


class Driven(Protocol):
    """An agent around ``rodent_events``."""

    @property
    def bus(self) -> EventBus:
        """What delivers its events."""

    def emit(self, payload: str, fields: Mapping[str, Any], **more: Any) -> int:
        """Emit what a command says; how many were accepted."""

    def stop(self, timeout: float) -> bool:
        """End in order, within so many seconds; whether all was delivered."""


class Driver:
    """Carries out commands, one after the other.

    Args:
        agent: Who does what they say.
    """

    def __init__(self, agent: Driven) -> None:
        self.stopped: bool = False
        self._agent = agent
        self._commands: Mapping[str, Callable[..., dict[str, Any]]] = {
            "emit": self._emit,
            "flush": self._flush,
            "shutdown": self._shutdown,
            "stats": self._stats,
        }

    def answer(self, line: str) -> dict[str, Any]:
        """Carry out a command; the answer says what is wrong with it, if something is."""
        number = None
        try:
            command = json.loads(line)
            number = command.pop("id", None)
            ((name, arguments),) = command.items()
            answer = self._commands[one_of("command", name, self._commands)](**arguments)
        except (ValueError, TypeError, AttributeError) as error:
            return {"id": number, "error": str(error)}
        return {"id": number, **answer}

    def stop(self) -> None:
        """End the agent in order, unless that was done."""
        if not self.stopped:
            self._shutdown(STOP_TIMEOUT)

    def _emit(self, **arguments: Any) -> dict[str, Any]:
        return {"accepted": self._agent.emit(**arguments)}

    def _flush(self, timeout: float) -> dict[str, Any]:
        return {"complete": self._agent.bus.flush(timeout)}

    def _shutdown(self, timeout: float) -> dict[str, Any]:
        self.stopped = True
        return {"complete": self._agent.stop(timeout)}

    def _stats(self) -> dict[str, Any]:
        return {"stats": self._agent.bus.get_stats()}


def serve(driver: Driver, lines: Iterable[str], answers: TextIO) -> None:
    """Carry out commands until there are no more, or one was to end."""

    def say(what: Mapping[str, Any]) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    say({"ready": True})
    for line in lines:
        say(driver.answer(line))
        if driver.stopped:
            return
