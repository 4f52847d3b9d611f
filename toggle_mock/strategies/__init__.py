"""Hypothesis strategies for the messages of any schema, and for events of Rodents.

Example::

    @given(from_message(StoragePoolPayload))
    def test_round_trip(payload):
        assert StoragePoolPayload.FromString(payload.SerializeToString()) == payload

The names are loaded when they are first used: Hypothesis imports this package in every process that
imports Hypothesis.
"""

from typing import TYPE_CHECKING

from toggle_mock.extras import loaded

if TYPE_CHECKING:
    from toggle_mock.strategies.messages import from_message
    from toggle_mock.strategies.rodent import batches, events, payloads
    from toggle_mock.strategies.services import Call, requests
    from toggle_mock.strategies.wire import corrupted, wire_encodings

__all__ = [
    "Call",
    "batches",
    "corrupted",
    "events",
    "from_message",
    "payloads",
    "requests",
    "wire_encodings",
]

_HOMES = {
    "messages": ("from_message",),
    "rodent": ("batches", "events", "payloads"),
    "services": ("Call", "requests"),
    "wire": ("corrupted", "wire_encodings"),
}


def __getattr__(name: str) -> object:
    return loaded(__name__, _HOMES, name)
