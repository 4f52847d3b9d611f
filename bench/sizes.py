"""How many bytes an event of each payload type takes, against the same as JSON.

What is measured is one published revision, so that runs can be compared when the schema changes.
"""

from __future__ import annotations

import statistics
from functools import cache

from google.protobuf import json_format
from hypothesis import HealthCheck, Phase, given, settings

from bench.suite import Sample
from rodent_events import Event
from toggle_mock.schema import load_schema
from toggle_mock.strategies import events

REVISION = "2025-09-17"
EXAMPLES = 100


@cache
def sizes() -> dict[str, tuple[float, float]]:
    """The median bytes of a realistic event as protobuf and as JSON, by payload type."""
    found = {}
    for name, place in load_schema(REVISION).payload_types.items():
        pairs: list[tuple[int, int]] = []

        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(events(schema=REVISION, types=[name], realistic=True))
        def weigh(event: Event) -> None:
            text = json_format.MessageToJson(event, indent=None, preserving_proto_field_name=True)
            pairs.append((event.ByteSize(), len(text.encode())))  # noqa: B023 (called at once)

        weigh()
        found[place.name] = tuple(statistics.median(one) for one in zip(*pairs, strict=True))
    return found


def worst() -> Sample:
    """The payload type that saves least."""
    return Sample(*max(sizes().values(), key=lambda pair: pair[0] / pair[1]))


def table() -> str:
    lines = ["| payload type | bytes | as JSON | ratio |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {ours:.0f} | {json:.0f} | {ours / json:.2f} |"
        for name, (ours, json) in sizes().items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
