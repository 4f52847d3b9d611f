"""Strategies: drawing a message, against a hand-written ``st.builds`` of it."""

from __future__ import annotations

from google.protobuf.struct_pb2 import Struct
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.emitting import processor_seconds
from bench.suite import Sample
from rodent_events import StorageTransferPayload
from toggle_mock.strategies import from_message
from toggle_mock.strategies.scalars import ScalarOptions, scalar

EXAMPLES = 1_000

_FIELDS = StorageTransferPayload.DESCRIPTOR.fields_by_name


def _values(name: str) -> st.SearchStrategy[object]:
    """Values with the edges of their type, which a hand-written strategy would have too."""
    return scalar(_FIELDS[name], ScalarOptions(allow_nan=True, unknown_enum_values=False))


BY_HAND = st.builds(
    StorageTransferPayload,
    source=_values("source"),
    destination=_values("destination"),
    size_bytes=_values("size_bytes"),
    transferred_bytes=_values("transferred_bytes"),
    progress_percent=_values("progress_percent"),
    operation=_values("operation"),
)


def _draw(strategy: st.SearchStrategy[object], examples: int = EXAMPLES) -> float:
    """Microseconds a message."""
    return draw_seconds(strategy, examples) * 1e6


def draw_seconds(strategy: st.SearchStrategy[object], examples: int) -> float:
    """Processor time of a message."""

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

    return processor_seconds(run) / examples


def draw() -> Sample:
    """Microseconds a message."""
    return Sample(_draw(from_message(StorageTransferPayload)), _draw(BY_HAND))


def recursion() -> Sample:
    """A message that contains itself, against a flat one."""
    return Sample(
        _draw(from_message(Struct), 200), _draw(from_message(StorageTransferPayload), 200)
    )
