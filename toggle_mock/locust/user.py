"""A Rodent as a user of Locust."""

from __future__ import annotations

from typing import Any, ClassVar

from google.protobuf.message import Message
from locust import User, events

from rodent_events import EVENT_LEVEL_INFO
from rodent_events.payload_types import schema_of
from toggle_mock.clients.profiles import Profile
from toggle_mock.locust.options import add_options
from toggle_mock.locust.run import begin, run_of
from toggle_mock.locust.settings import Emit, RodentSettings, Start

_FOREVER = 1e6
"""Seconds."""


class RodentUser(User):
    """A Rodent of a load by Locust: subclass it in a locustfile.

    It registers, connects, keeps its stream, answers commands and emits by itself; tasks of a
    subclass may have it emit more. All its calls, its answers and its events are requests of
    Locust: ``grpc`` by the name of the call, ``command`` by that of the command, and ``event`` by
    that of the payload, whose time is from the emission until Toggle has taken it.

    ``host`` is Toggle's address, ``host:port``.
    """

    abstract = True
    tasks: list[Any]

    profile: ClassVar[Profile] = "guarantees"
    """Which faults it has, see :class:`toggle_mock.SimulatedRodent`."""
    rate: ClassVar[float] = 1.0
    """Events a second that it emits, at random, on average."""
    pace: ClassVar[float] = 1.0
    """By what its pauses are multiplied."""

    def __init_subclass__(cls) -> None:
        """Have a task in any case, as Locust wants one."""
        super().__init_subclass__()
        cls.tasks = [task for task in cls.tasks if task is not _nothing] or [_nothing]

    def wait_time(self: Any, /) -> float:  # so that between(1, 2) of Locust may take its place
        """Seconds between its tasks; without any it only waits."""
        return _FOREVER if self.tasks == [_nothing] else 0.0

    def on_start(self) -> None:
        """Begin to register; does not wait."""
        run = run_of(self.environment)
        self._fleet, options = run.fleet, run.options
        self._number = self._fleet.number()
        given = {
            "profile": options.rodent_profile,
            "rate": options.rodent_rate,
            "pace": options.rodent_pace,
        }
        own: dict[str, Any] = {"profile": self.profile, "rate": self.rate, "pace": self.pace}
        own |= {name: value for name, value in given.items() if value is not None}
        self._fleet.tell(Start(self._number, RodentSettings(**own)))

    def on_stop(self) -> None:
        """Be gone, and wait for that."""
        self._fleet.stop_rodent(self._number)

    def emit(self, payload: Message, *, level: int = EVENT_LEVEL_INFO) -> None:
        """Emit an event; when the run is about to end, nothing is emitted any more.

        Args:
            payload: Any payload message.
            level: An EventLevel.
        """
        name = schema_of(payload).full_name
        self._fleet.tell(Emit(self._number, name, payload.SerializeToString(), level))


def _nothing(_user: RodentUser) -> None:
    """What a Rodent does as a task that has none."""


_events: Any = events  # which has no types
_events.init_command_line_parser.add_listener(add_options)
_events.init.add_listener(begin)
