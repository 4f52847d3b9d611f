"""Strategies: drawing a message, against a hand-written ``st.builds`` of it."""

from __future__ import annotations

from google.protobuf.struct_pb2 import Struct
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.emitting import seconds
from bench.suite import Sample
from rodent_events import StorageTransferPayload
from toggle_mock.strategies import from_message
from toggle_mock.strategies.scalars import INT32, INT64, TEXT, integers

EXAMPLES = 1_000

BY_HAND = st.builds(
    StorageTransferPayload,
    source=TEXT,
    destination=TEXT,
    size_bytes=integers(INT64),
    transferred_bytes=integers(INT64),
    progress_percent=integers(INT32),
    operation=st.sampled_from(range(6)),
)


def _draw(strategy: st.SearchStrategy[object], examples: int = EXAMPLES) -> float:
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(_message: object) -> None:
        pass

    return seconds(run) / examples * 1e6


def draw() -> Sample:
    """Microseconds a message."""
    return Sample(_draw(from_message(StorageTransferPayload)), _draw(BY_HAND))


def recursion() -> Sample:
    """A message that contains itself, against a flat one."""
    return Sample(
        _draw(from_message(Struct), 200), _draw(from_message(StorageTransferPayload), 200)
    )
