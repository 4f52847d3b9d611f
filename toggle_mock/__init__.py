"""A recording mock Toggle: a gRPC server for tests, for continuous integration, for a desk.

What is public is in ``__all__`` here, and in that of ``toggle_mock.faults``,
``toggle_mock.strategies``, ``toggle_mock.compat``, ``toggle_mock.contract`` and
``toggle_mock.locust``; anything else may change at any time. The names are loaded when they are
first used: pytest imports this package in every run on a machine that has it, and must not pay for
what no test asks for.
"""

from typing import TYPE_CHECKING

from toggle_mock.extras import loaded

if TYPE_CHECKING:
    from toggle_mock.assertions.assertions import Assertions
    from toggle_mock.assertions.stored import find_stored
    from toggle_mock.assertions.view import RecordingView
    from toggle_mock.clients.answers import CommandRejectedError
    from toggle_mock.clients.fleet import Fleet, simulate_fleet
    from toggle_mock.clients.simulated_rodent import SimulatedRodent
    from toggle_mock.clients.upstream import Upstream
    from toggle_mock.errors import (
        CommandFailedError,
        ContractError,
        FaultSpecError,
        MissingExtraError,
        NoRelayError,
        NoReplyError,
        NotConnectedError,
        NotReceivedError,
        QueryError,
        RemoteError,
        SchemaError,
        SnapshotError,
        StorageError,
        ToggleMockError,
        TokenRefusedError,
        UnexpectedEventError,
        UnknownIdError,
    )
    from toggle_mock.faults.distributions import Distribution, normal, percentiles, uniform
    from toggle_mock.faults.outcomes import (
        Outcome,
        cut,
        delay,
        duplicate,
        fail,
        half_closed,
        hang,
        lose_answer,
        read_slowly,
        reject,
        reorder,
    )
    from toggle_mock.http_api.client import RemoteToggle
    from toggle_mock.matching import Matcher, where
    from toggle_mock.matching.wanted import ge, glob, gt, le, lt, regex
    from toggle_mock.recording.files import load, save
    from toggle_mock.recording.recorder import Recording
    from toggle_mock.recording.records import (
        RecordedBatch,
        RecordedCall,
        RecordedEvent,
        RecordedMessage,
    )
    from toggle_mock.recording.refusals import Refusal
    from toggle_mock.rodents.rodent import Rodent
    from toggle_mock.rodents.stream import HttpReply, Reply
    from toggle_mock.schema import Schema, load_schema
    from toggle_mock.server.server import ToggleServer
    from toggle_mock.toggle.session import Session
    from toggle_mock.toggle.toggle import Toggle
    from toggle_mock.tokens.certificates import Authority
    from toggle_mock.tokens.tokens import Tokens

__all__ = [
    "Assertions",
    "Authority",
    "CommandFailedError",
    "CommandRejectedError",
    "ContractError",
    "Distribution",
    "FaultSpecError",
    "Fleet",
    "HttpReply",
    "Matcher",
    "MissingExtraError",
    "NoRelayError",
    "NoReplyError",
    "NotConnectedError",
    "NotReceivedError",
    "Outcome",
    "QueryError",
    "RecordedBatch",
    "RecordedCall",
    "RecordedEvent",
    "RecordedMessage",
    "Recording",
    "RecordingView",
    "Refusal",
    "RemoteError",
    "RemoteToggle",
    "Reply",
    "Rodent",
    "Schema",
    "SchemaError",
    "Session",
    "SimulatedRodent",
    "SnapshotError",
    "StorageError",
    "Toggle",
    "ToggleMockError",
    "ToggleServer",
    "TokenRefusedError",
    "Tokens",
    "UnexpectedEventError",
    "UnknownIdError",
    "Upstream",
    "cut",
    "delay",
    "duplicate",
    "fail",
    "find_stored",
    "ge",
    "glob",
    "gt",
    "half_closed",
    "hang",
    "le",
    "load",
    "load_schema",
    "lose_answer",
    "lt",
    "normal",
    "percentiles",
    "read_slowly",
    "regex",
    "reject",
    "reorder",
    "save",
    "simulate_fleet",
    "uniform",
    "where",
]

_HOMES = {
    "assertions.assertions": ("Assertions",),
    "assertions.stored": ("find_stored",),
    "assertions.view": ("RecordingView",),
    "clients.fleet": ("Fleet", "simulate_fleet"),
    "clients.simulated_rodent": ("SimulatedRodent",),
    "clients.answers": ("CommandRejectedError",),
    "clients.upstream": ("Upstream",),
    "errors": (
        "CommandFailedError",
        "ContractError",
        "FaultSpecError",
        "MissingExtraError",
        "NoRelayError",
        "NoReplyError",
        "NotConnectedError",
        "NotReceivedError",
        "QueryError",
        "RemoteError",
        "SchemaError",
        "SnapshotError",
        "StorageError",
        "ToggleMockError",
        "TokenRefusedError",
        "UnexpectedEventError",
        "UnknownIdError",
    ),
    "faults.distributions": ("Distribution", "normal", "percentiles", "uniform"),
    "faults.outcomes": (
        "Outcome",
        "cut",
        "delay",
        "duplicate",
        "fail",
        "half_closed",
        "hang",
        "lose_answer",
        "read_slowly",
        "reject",
        "reorder",
    ),
    "http_api.client": ("RemoteToggle",),
    "matching": ("Matcher", "where"),
    "matching.wanted": ("ge", "glob", "gt", "le", "lt", "regex"),
    "recording.files": ("load", "save"),
    "recording.recorder": ("Recording",),
    "recording.records": ("RecordedBatch", "RecordedCall", "RecordedEvent", "RecordedMessage"),
    "recording.refusals": ("Refusal",),
    "rodents.rodent": ("Rodent",),
    "rodents.stream": ("HttpReply", "Reply"),
    "schema": ("Schema", "load_schema"),
    "server.server": ("ToggleServer",),
    "toggle.session": ("Session",),
    "toggle.toggle": ("Toggle",),
    "tokens.certificates": ("Authority",),
    "tokens.tokens": ("Tokens",),
}


def __getattr__(name: str) -> object:
    return loaded(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return __all__
