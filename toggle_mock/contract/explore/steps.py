"""A schedule as data: what an agent is given to do, what Toggle answers, what happens to both.

::

    settings: {RODENT_EVENTS_SPOOL_MODE: journal}
    steps:
      - emit: 5
      - answer: UNAVAILABLE       # to the next call
      - answer: lose_answer       # to the one after the next
        after: 1
      - outage: begin
      - flush: 0.1
      - outage: end
      - restart: SIGKILL
        amid: accepted
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

import msgspec
from msgspec import Meta

from toggle_mock.errors import ContractError, FaultSpecError
from toggle_mock.faults.outcome_data import STATUSES
from toggle_mock.faults.record import Count, Record, refuse_unknown
from toggle_mock.wording import did_you_mean, one_of
from toggle_mock.yaml_files import YamlFile, parse_yaml, read_yaml

OTHER_ANSWERS: Mapping[str, str] = {
    "lose_answer": "is accepted, and its answer is lost: the caller gets UNAVAILABLE",
    "reject": "is answered with success=false",
    "late": "is accepted, and answered after the caller has given up",
    "hang": "is not accepted, and not answered until the caller gives up",
    "slow": "is answered a moment later",
    "reset": "is not accepted, and its connection is reset in the middle",
    "reset_accepted": "is accepted, and its connection is reset before the answer",
}
"""What Toggle may do besides answering with a status, and what that means for a call."""

ANSWERS = (*(name for name in STATUSES if name != "OK"), *OTHER_ANSWERS)
"""What Toggle may answer a call."""

Payload = Literal["StoragePoolPayload", "StorageTransferPayload", "SystemConfigChangePayload"]

PAYLOADS: Mapping[Payload, Callable[[str], Mapping[str, Any]]] = {
    "StoragePoolPayload": lambda text: {"poolName": text},
    "StorageTransferPayload": lambda text: {"source": text, "sizeBytes": "9007199254740993"},
    "SystemConfigChangePayload": lambda text: {"configSection": text},
}
"""What is emitted, by its type: the fields, in protobuf's JSON, that carry a text."""

Edge = Literal["begin", "end"]
Few = Annotated[int, Meta(ge=0, le=1000)]
Some = Annotated[int, Meta(ge=1, le=100_000)]
Wait = Annotated[float, Meta(ge=0, le=60)]


class Step(Record, frozen=True, kw_only=True):
    """Something that is done, or happens."""

    kind: ClassVar[str]
    """The key that tells the kind."""

    @property
    def sentence(self) -> str:
        """What it is, in a sentence."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What it is counted under."""
        return self.kind

    def data(self) -> dict[str, Any]:
        """The object that describes it, with its kind first."""
        rest = {key: value for key, value in self.dump().items() if key != self.kind}
        return {self.kind: getattr(self, self.kind), **rest}


class Emit(Step, frozen=True, kw_only=True):
    """Events are emitted, one after the other, each with a mark of its own."""

    kind: ClassVar[str] = "emit"
    emit: Some
    payload: Payload = "StoragePoolPayload"
    size: Count = 0
    """Characters of text in each."""
    poison: bool = False
    """Whether Toggle refuses each batch in which the last of them is, with INVALID_ARGUMENT."""

    @property
    def sentence(self) -> str:
        """See :attr:`Step.sentence`."""
        size = f" with {self.size} characters of text" if self.size else ""
        which = ", the last of which" if self.emit > 1 else ", which"
        poison = f"{which} Toggle refuses for good" if self.poison else ""
        events = f"{self.emit} {self.payload}" if self.emit > 1 else f"a {self.payload}"
        return f"It emits {events}{size}{poison}."

    @property
    def name(self) -> str:
        """See :attr:`Step.name`."""
        return "emit poison" if self.poison else "emit"


class Flush(Step, frozen=True, kw_only=True):
    """It is told to flush, and has so many seconds."""

    kind: ClassVar[str] = "flush"
    flush: Wait = 0.2

    @property
    def sentence(self) -> str:
        """See :attr:`Step.sentence`."""
        return f"It flushes, {self.flush:g} s at the most."


class Answer(Step, frozen=True, kw_only=True):
    """What becomes of the next SendEvents, or of a later one."""

    kind: ClassVar[str] = "answer"
    answer: Annotated[str, Meta(extra_json_schema={"enum": list(ANSWERS)})]
    after: Few = 0
    """So many calls are answered as usual before it."""
    calls: Annotated[int, Meta(ge=1, le=1000)] = 1
    """So many calls, one after the other, have this answer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            one_of("answer", self.answer, ANSWERS)
        except ValueError as error:
            raise FaultSpecError(str(error), "answer") from None

    @property
    def sentence(self) -> str:
        """See :attr:`Step.sentence`."""
        later = f", after {self.after} more," if self.after else ""
        each = (
            f"Each of the next {self.calls} SendEvents" if self.calls > 1 else "The next SendEvents"
        )
        return f"{each}{later} {OTHER_ANSWERS.get(self.answer, f'ends with {self.answer}')}."

    @property
    def name(self) -> str:
        """See :attr:`Step.name`."""
        return self.answer


class Limit(Step, frozen=True, kw_only=True):
    """From now on Toggle takes no request of more bytes; 0 is as usual."""

    kind: ClassVar[str] = "limit"
    limit: Count

    @property
    def sentence(self) -> str:
        """See :attr:`Step.sentence`."""
        if not self.limit:
            return "Toggle takes requests of any size again."
        return f"Toggle takes no request of more than {self.limit} bytes."


class Token(Step, frozen=True, kw_only=True):
    """The token expires that the agent has; a new one is in its file."""

    kind: ClassVar[str] = "token"
    token: Literal["expired"] = "expired"  # noqa: S105 - no password

    @property
    def sentence(self) -> str:
        """See :attr:`Step.sentence`."""
        return "Its token expires, and a new one is in its file."


class Outage(Step, frozen=True, kw_only=True):
    """Toggle is gone: connections end, and new ones are refused."""

    kind: ClassVar[str] = "outage"
    outage: Edge

    @property
    def sentence(self) -> str:
        """See :attr:`Step.sentence`."""
        return "Toggle is gone." if self.outage == "begin" else "Toggle is back."


class Refuse(Step, frozen=True, kw_only=True):
    """New connections are refused; old ones go on."""

    kind: ClassVar[str] = "refuse"
    refuse: Edge

    @property
    def sentence(self) -> str:
        """See :attr:`Step.sentence`."""
        again = "" if self.refuse == "begin" else " no more"
        return f"New connections are refused{again}."


class Restart(Step, frozen=True, kw_only=True):
    """It ends by a signal, and is started again."""

    kind: ClassVar[str] = "restart"
    restart: Literal["SIGTERM", "SIGKILL"]
    amid: Literal["refused", "accepted"] | None = None
    """Amid a call that is never answered, and whether Toggle has accepted its batch."""
    settings: dict[str, str] | None = None
    """Its environment from then on, besides what it is always told; None for the same."""

    @property
    def sentence(self) -> str:
        """See :attr:`Step.sentence`."""
        has = {"refused": "has not accepted", "accepted": "has accepted"}
        amid = f" amid a call that Toggle {has[self.amid]}" if self.amid else ""
        others = f" with {told(self.settings)}" if self.settings is not None else ""
        return f"It is ended by {self.restart}{amid}, and started again{others}."

    @property
    def name(self) -> str:
        """See :attr:`Step.name`."""
        return f"{self.restart} amid a call" if self.amid else self.restart


STEPS: Mapping[str, type[Step]] = {
    step.kind: step for step in (Emit, Flush, Answer, Limit, Token, Outage, Refuse, Restart)
}
"""The kinds of steps, by their keys."""


def told(settings: Mapping[str, str]) -> str:
    """Settings, in words."""
    return ", ".join(f"{name}={value}" for name, value in settings.items()) or "its own settings"


@dataclass(frozen=True)
class Schedule:
    """Steps, one after the other; then all heals, and all must be well."""

    steps: tuple[Step, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    """The agent's environment at its first start, besides what it is always told."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """A schedule of data.

        Raises:
            FaultSpecError: It is none; the text has what is wrong, and where.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("steps"), list | tuple):
            raise FaultSpecError("a schedule has a list of steps")
        refuse_unknown(data, ["settings", "steps"])
        steps = tuple(_step(number, entry) for number, entry in enumerate(data["steps"], 1))
        return cls(steps, _settings(data.get("settings", {})))

    def dump(self) -> dict[str, Any]:
        """Its data; the inverse of :meth:`read`."""
        return {"settings": dict(self.settings), "steps": [step.data() for step in self.steps]}

    @property
    def besides_emits(self) -> int:
        """The number of steps that are no emits."""
        return sum(not isinstance(step, Emit) for step in self.steps)


def _settings(data: Any) -> Mapping[str, str]:
    try:
        return msgspec.convert(data, dict[str, str])
    except msgspec.ValidationError:
        raise FaultSpecError(f"settings are text by text, got {data!r}", "settings") from None


def _step(number: int, entry: Any) -> Step:
    kinds = [kind for kind in STEPS if isinstance(entry, Mapping) and kind in entry]
    if not kinds:
        near = did_you_mean(entry, STEPS) if isinstance(entry, Mapping) else ""
        raise FaultSpecError(
            f"step {number}: {entry!r} is none: give one of {', '.join(STEPS)}{near}"
        )
    try:
        return STEPS[kinds[0]].read(entry)
    except FaultSpecError as error:
        raise FaultSpecError(f"step {number}: {error}", error.key) from None


def read_schedule(path: Path) -> Schedule:
    """The schedule in a file of YAML, or of JSON, which is YAML too.

    Raises:
        ContractError: It is none.
        OSError: It cannot be read.
    """
    return _schedule_in(read_yaml(path, ContractError))


def parse_schedule(text: str) -> Schedule:
    """The schedule that a text of YAML or JSON says.

    Raises:
        ContractError: It says none.
    """
    return _schedule_in(parse_yaml(text, "the schedule", ContractError))


def _schedule_in(file: YamlFile) -> Schedule:
    try:
        return Schedule.read(file.data)
    except FaultSpecError as error:
        where = file.where(key=error.key) if error.key else file.name
        raise ContractError(f"{where}: {error}") from None


def dump_schedule(schedule: Schedule) -> str:
    """A schedule as YAML; the inverse of :func:`parse_schedule`."""
    import yaml  # noqa: PLC0415 - only who writes one needs its library

    lines = [f"settings: {_flow(yaml, schedule.settings)}"] if schedule.settings else []
    lines += ["steps:", *(f"  - {_flow(yaml, step.data())}" for step in schedule.steps)]
    return "\n".join(lines) + "\n"


def _flow(yaml: Any, data: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(data), default_flow_style=True, sort_keys=False, width=10_000)
    return text.strip()


assert set(PAYLOADS) == set(get_args(Payload))
