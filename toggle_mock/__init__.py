"""A recording mock Toggle: a gRPC server for tests, for continuous integration, for a desk.

The public names are loaded when they are first used: pytest imports this package in every run on a
machine that has it, and must not pay for what no test asks for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toggle_mock.errors import (
        CommandFailedError,
        NoReplyError,
        NotConnectedError,
        NotReceivedError,
        QueryError,
        UnexpectedEventError,
    )
    from toggle_mock.faults.outcomes import Outcome, cut, delay, fail, hang, lose_answer, reject
    from toggle_mock.matching.matchers import Matcher, where
    from toggle_mock.recording.records import (
        RecordedBatch,
        RecordedCall,
        RecordedEvent,
        RecordedMessage,
    )
    from toggle_mock.rodents.rodent import Rodent
    from toggle_mock.server.server import ToggleServer
    from toggle_mock.toggle.session import Session

__all__ = [
    "CommandFailedError",
    "Matcher",
    "NoReplyError",
    "NotConnectedError",
    "NotReceivedError",
    "Outcome",
    "QueryError",
    "RecordedBatch",
    "RecordedCall",
    "RecordedEvent",
    "RecordedMessage",
    "Rodent",
    "Session",
    "ToggleServer",
    "UnexpectedEventError",
    "cut",
    "delay",
    "fail",
    "hang",
    "lose_answer",
    "reject",
    "where",
]

_HOMES = {
    "errors": (
        "CommandFailedError",
        "NoReplyError",
        "NotConnectedError",
        "NotReceivedError",
        "QueryError",
        "UnexpectedEventError",
    ),
    "faults.outcomes": ("Outcome", "cut", "delay", "fail", "hang", "lose_answer", "reject"),
    "matching.matchers": ("Matcher", "where"),
    "recording.records": ("RecordedBatch", "RecordedCall", "RecordedEvent", "RecordedMessage"),
    "rodents.rodent": ("Rodent",),
    "server.server": ("ToggleServer",),
    "toggle.session": ("Session",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            try:
                return getattr(import_module(f"toggle_mock.{home}"), name)
            except ModuleNotFoundError as error:
                raise ImportError(
                    f"toggle_mock needs {error.name}: install the extra, rodent-events[testing]"
                ) from error
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
