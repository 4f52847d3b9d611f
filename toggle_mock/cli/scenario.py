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
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click
import msgspec

from rodent_events import clock
from toggle_mock.codes import logger
from toggle_mock.errors import FaultSpecError, NoReplyError, NotConnectedError
from toggle_mock.faults import spec
from toggle_mock.faults.record import Record, Seconds, components_of, refuse_unknown
from toggle_mock.toggle.toggle import LocalToggle
from toggle_mock.yaml_files import YamlFile, parse_yaml, read_yaml


class Times(Record, frozen=True, kw_only=True):
    """When a step is done, and for how long."""

    at: Seconds = 0.0
    """Seconds from the start."""
    duration: Seconds | None = msgspec.field(name="for", default=None)
    """Seconds until it is healed; None for good."""


class Command(Record, frozen=True, kw_only=True):
    """A command to a Rodent."""

    rodent: str
    """Its rid."""
    type: str
    payload: Any = None
    """JSON."""
    target: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            json.dumps(self.payload)
        except TypeError as error:
            raise FaultSpecError(f"the payload of a command is JSON: {error}") from None


@dataclass(frozen=True)
class Step:
    """One line of a scenario."""

    at: float
    """Seconds from the start."""
    duration: float | None
    """Seconds until it is healed; None for good."""
    action: spec.FaultSpec | Command


def read_scenario(path: Path) -> list[Step]:
    """Read a scenario, in the order of its steps' times.

    Raises:
        FaultSpecError: It is none.
        OSError: It cannot be read.
    """
    file = read_yaml(path, FaultSpecError)
    if not isinstance(file.data, dict) or not isinstance(file.data.get("steps"), list):
        raise FaultSpecError(f"{path} is no scenario: it needs a list of steps")
    with _at_its_line(file):
        refuse_unknown(file.data, ["steps"])
    steps = [_step_in(file, number) for number in range(len(file.data["steps"]))]
    return sorted(steps, key=lambda step: step.at)


def _step_in(file: YamlFile, number: int) -> Step:
    with _at_its_line(file, "steps", number):
        return _step(file.data["steps"][number])


@contextmanager
def _at_its_line(file: YamlFile, *way: str | int) -> Iterator[None]:
    """A mistake is told with the line that it is in."""
    try:
        yield
    except FaultSpecError as error:
        where = file.where(*way, key=error.key)
        raise FaultSpecError(f"{where}: {error}", error.key) from None


if TYPE_CHECKING:
    _ParamType = click.ParamType[Step]
else:
    _ParamType = click.ParamType  # older ones of click take no parameter


class StepType(_ParamType):
    """An option that is one step, in YAML on one line, such as ``{latency: {seconds: 0.2}}``."""

    name = "step"
    envvar_list_splitter: ClassVar[str] = "\n"
    takes_mappings = True
    """Whether a file of options may give it as a mapping."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Step:
        """The step; a file of options may have it as YAML already.

        Raises:
            BadParameter: It is none.
        """
        if isinstance(value, Step):
            return value
        try:
            if isinstance(value, str):
                value = parse_yaml(value, repr(value), FaultSpecError).data
            return _step(value)
        except FaultSpecError as error:
            self.fail(str(error), param, ctx)


def needs_relay(steps: list[Step]) -> bool:
    """Whether a step has a fault that needs a relay."""
    return any(
        isinstance(step.action, spec.FaultSpec) and step.action.needs_relay for step in steps
    )


class Scenario:
    """Runs steps against a server, on a thread of its own.

    Args:
        toggle: A running server.
        steps: What is to happen.
    """

    def __init__(self, toggle: LocalToggle, steps: list[Step]) -> None:
        self._toggle = toggle
        self._due: list[tuple[float, Callable[[], None]]] = []
        for step in steps:
            self._due.append((step.at, partial(self._begin, step)))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toggle-scenario", daemon=True)

    def start(self) -> None:
        """Begin; the steps of second 0 are done when this returns."""
        self._start = clock.monotonic()
        self._do_what_is_due()
        self._thread.start()

    def stop(self) -> None:
        """Do no further step."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while self._due:
            pause = self._due[0][0] - (clock.monotonic() - self._start)
            if self._stopped.wait(max(0.0, pause)):
                return
            self._do_what_is_due()

    def _do_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= clock.monotonic() - self._start:
            _, action = self._due.pop(0)
            try:
                action()
            except Exception:
                logger.exception("a step of the scenario failed; the others go on")

    def _begin(self, step: Step) -> None:
        if isinstance(step.action, Command):
            logger.info("scenario, second %g: %s", step.at, step.action.dump())
            self._command(step.action)
            return
        logger.info("scenario, second %g: %s", step.at, spec.dump(step.action))
        fault = self._toggle.faults.add(step.action)
        if step.duration is not None:
            self._due.append((step.at + step.duration, fault.heal))
            self._due.sort(key=lambda due: due[0])

    def _command(self, command: Command) -> None:
        rodent = self._toggle.rodents[command.rodent]
        try:
            rodent.start_command(command.type, command.payload, target=command.target, timeout=0.0)
        except (NotConnectedError, NoReplyError) as error:
            logger.warning("scenario: %s", error)


def _step(entry: Any) -> Step:
    if not isinstance(entry, dict):
        raise FaultSpecError(f"a step is an object, got {entry!r}")
    # Beside an outcome, 'at' is the index of a call.
    keys = {"for"} if "outcome" in entry else {"at", "for"}
    times = Times.read({key: value for key, value in entry.items() if key in keys})
    action = {key: value for key, value in entry.items() if key not in keys}
    done = _command_from(action) if "command" in action else spec.parse(action)
    return Step(times.at, times.duration, done)


def _command_from(action: Mapping[str, Any]) -> Command:
    refuse_unknown(action, ["command"])
    command = action["command"]
    if not isinstance(command, dict) or not {"rodent", "type"} <= command.keys():
        raise FaultSpecError(f"a command has a rodent and a type, got {command!r}")
    return Command.read(command)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario."""
    fault, components = spec.schema_components()
    (_, command), records = components_of([Times, Command], ref_template="#/$defs/{name}")
    times = records.pop("Times")["properties"]
    steps = [
        *(_with_times(_resolved(one, components), times) for one in fault["anyOf"]),
        _with_times(spec.object_of("command", command), times),
    ]
    of_calls = {kind.__name__ for kind in spec.CALL_FAULTS.values()}
    rest = {name: one for name, one in components.items() if name not in of_calls}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of toggle-mock: faults and commands at times",
        "type": "object",
        "properties": {"steps": {"type": "array", "items": {"anyOf": steps}}},
        "required": ["steps"],
        "additionalProperties": False,
        "$defs": rest | records,
    }


def _resolved(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "").rpartition("/")[2]
    return components[reference] if reference else schema


def _with_times(schema: Mapping[str, Any], times: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object that has a step's times too, unless their keys are its own."""
    return {**schema, "properties": {**times, **schema["properties"]}}
