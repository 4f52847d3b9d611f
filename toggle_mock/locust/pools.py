"""The payloads that a fleet emits: made once, and drawn from at random while it runs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from google.protobuf.message import Message

from rodent_events.payload_types import payload_types, schema_of
from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.clients.sample_events import SampleEvent, sample_event
from toggle_mock.extras import extras
from toggle_mock.wording import one_of

_SIZE = 500
"""Payloads in the usual pool."""

_OF_EACH_TYPE = 5
"""Those that are drawn by Hypothesis, which takes milliseconds for each."""


def _usual(seed: int) -> list[SampleEvent]:
    draw = random.Random(seed)
    return [sample_event(draw) for _ in range(_SIZE)]


def _every_type(seed: int) -> list[SampleEvent]:
    with extras():
        from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415 - takes a second
        from hypothesis import seed as seeded  # noqa: PLC0415
        from hypothesis import strategies as st  # noqa: PLC0415

        from toggle_mock.strategies import payloads  # noqa: PLC0415

    names = sorted(place.name for place in payload_types(schema_of(Event())).values())
    drawn: list[SampleEvent] = []

    @seeded(seed)
    @settings(
        max_examples=_OF_EACH_TYPE,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*(payloads(types=[name], realistic=True) for name in names)))
    def draw(one_of_each: tuple[Message, ...]) -> None:
        drawn.extend(map(SampleEvent, one_of_each))

    draw()
    return drawn


MIXES: Final[Mapping[str, Callable[[int], list[SampleEvent]]]] = {
    "usual": _usual,
    "every-type": _every_type,
}
"""``usual`` is what a storage node reports most, ``every-type`` has all types of payloads, drawn by
the strategies of :mod:`toggle_mock.strategies` with realistic values."""


def pool_of(mix: str, seed: int) -> Sequence[SampleEvent]:
    """The payloads of a mix, with their levels and metadata; the same for the same seed.

    Raises:
        ValueError: There is no such mix.
        MissingExtraError: It needs Hypothesis, which is not installed.
    """
    one_of("mix", mix, MIXES)
    return MIXES[mix](seed)
