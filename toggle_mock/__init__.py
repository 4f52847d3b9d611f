"""A recording mock Toggle: a gRPC server for tests, for continuous integration, for a desk."""

from toggle_mock.recording import NotReceivedError, RecordedBatch, RecordedCall, RecordedEvent
from toggle_mock.server import ToggleServer

__all__ = [
    "NotReceivedError",
    "RecordedBatch",
    "RecordedCall",
    "RecordedEvent",
    "ToggleServer",
]
