"""A scenario: faults and commands at times, from a YAML file.

::

    steps:
      - method: SendEvents
        returns: [UNAVAILABLE, UNAVAILABLE, OK]
      - at: 10          # seconds from the start
        for: 5          # until it is healed; without it, for good
        outage: {}
      - at: 20
        command: {rodent: r1, type: system.status}
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from toggle_mock.errors import FaultSpecError, NoReplyError, NotConnectedError
from toggle_mock.faults.outcomes import number
from toggle_mock.faults.spec import apply_fault
from toggle_mock.server.server import ToggleServer

logger = logging.getLogger("toggle_mock")


@dataclass(frozen=True)
class Step:
    """One line of a scenario."""

    at: float
    """Seconds from the start."""
    duration: float | None
    """Seconds until it is healed; None for good."""
    action: Mapping[str, Any]
    """A fault, or ``{command: {rodent, type, payload, target}}``."""


def read_scenario(path: Path) -> list[Step]:
    """Read a scenario, in the order of its steps' times.

    Raises:
        FaultSpecError: It is none.
        OSError: It cannot be read.
    """
    import yaml

    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FaultSpecError(f"{path} is no YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("steps"), list):
        raise FaultSpecError(f"{path} is no scenario: it needs a list of steps")
    try:
        steps = [_step(entry) for entry in document["steps"]]
    except FaultSpecError as error:
        raise FaultSpecError(f"{path}: {error}") from None
    return sorted(steps, key=lambda step: step.at)


def needs_relay(steps: list[Step]) -> bool:
    """Whether a step breaks connections."""
    return any("method" not in step.action and "command" not in step.action for step in steps)


class Scenario:
    """Runs steps against a server, on a thread of its own.

    Args:
        toggle: A running server.
        steps: What is to happen.
    """

    def __init__(self, toggle: ToggleServer, steps: list[Step]) -> None:
        self._toggle = toggle
        self._due: list[tuple[float, Callable[[], None]]] = []
        for step in steps:
            self._due.append((step.at, partial(self._begin, step)))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toggle-scenario", daemon=True)

    def start(self) -> None:
        """Begin; the steps of second 0 are done when this returns."""
        self._start = time.monotonic()
        self._do_what_is_due()
        self._thread.start()

    def stop(self) -> None:
        """Do no further step."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while self._due:
            pause = self._due[0][0] - (time.monotonic() - self._start)
            if self._stopped.wait(max(0.0, pause)):
                return
            self._do_what_is_due()

    def _do_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic() - self._start:
            _, action = self._due.pop(0)
            try:
                action()
            except Exception:
                logger.exception("a step of the scenario failed; the others go on")

    def _begin(self, step: Step) -> None:
        logger.info("scenario, second %g: %s", step.at, dict(step.action))
        if "command" in step.action:
            self._command(step.action["command"])
            return
        fault = apply_fault(self._toggle, step.action)
        if step.duration is not None:
            self._due.append((step.at + step.duration, fault.heal))
            self._due.sort(key=lambda due: due[0])

    def _command(self, command: Mapping[str, Any]) -> None:
        rodent = self._toggle.rodents[str(command["rodent"])]
        try:
            rodent.start_command(
                str(command["type"]),
                command.get("payload"),
                target=str(command.get("target", "")),
                timeout=0.0,
            )
        except (NotConnectedError, NoReplyError) as error:
            logger.warning("scenario: %s", error)


def _step(entry: Any) -> Step:
    if not isinstance(entry, dict):
        raise FaultSpecError(f"a step is an object, got {entry!r}")
    action = dict(entry)
    # Beside an outcome, 'at' is the index of a call.
    at = 0.0 if "outcome" in action else _seconds("at", action.pop("at", 0))
    duration = action.pop("for", None)
    if "command" in action:
        _check_command(action["command"])
    else:
        # Tried on a server that does not run: what is wrong is told before the scenario begins.
        apply_fault(ToggleServer(relay=True), action).heal()
    return Step(at, None if duration is None else _seconds("for", duration), action)


def _check_command(command: Any) -> None:
    if not isinstance(command, dict) or not {"rodent", "type"} <= command.keys():
        raise FaultSpecError(f"a command has a rodent and a type, got {command!r}")
    try:
        json.dumps(command.get("payload"))
    except TypeError as error:
        raise FaultSpecError(f"the payload of a command is JSON: {error}") from None


def _seconds(name: str, value: Any) -> float:
    try:
        number(name, value, least=0.0)
    except ValueError as error:
        raise FaultSpecError(f"{error} (seconds)") from None
    return float(value)
