"""A recording mock Toggle: a gRPC server for tests, for continuous integration, for a desk.

The public names are loaded when they are first used: pytest imports this package in every run on a
machine that has it, and must not pay for what no test asks for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toggle_mock.recording import (
        NotReceivedError,
        RecordedBatch,
        RecordedCall,
        RecordedEvent,
    )
    from toggle_mock.server import ToggleServer

__all__ = [
    "NotReceivedError",
    "RecordedBatch",
    "RecordedCall",
    "RecordedEvent",
    "ToggleServer",
]

_HOMES = {
    "NotReceivedError": "toggle_mock.recording",
    "RecordedBatch": "toggle_mock.recording",
    "RecordedCall": "toggle_mock.recording",
    "RecordedEvent": "toggle_mock.recording",
    "ToggleServer": "toggle_mock.server",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"toggle_mock needs {error.name}: install the extra, rodent-events[testing]"
        ) from error
