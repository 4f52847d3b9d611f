"""Two recordings side by side: how many events of each kind are in either."""

from __future__ import annotations

from collections import Counter

from rodent_events.payload_types import snake_case
from toggle_mock.http_api.bodies.recording import Comparison, Difference
from toggle_mock.http_api.pauses import with_pauses
from toggle_mock.recording.records import Kind, category_name, level_name
from toggle_mock.toggle.toggle import LocalToggle


def compared(here: LocalToggle, there: LocalToggle) -> Comparison:
    """How many events of each kind two have, those that differ first."""
    one, other = _kinds(here), _kinds(there)
    kinds = sorted(one.keys() | other.keys(), key=lambda kind: (one[kind] == other[kind], kind))
    return Comparison([_difference(kind, one[kind], other[kind]) for kind in kinds])


def _kinds(toggle: LocalToggle) -> Counter[Kind]:
    counts: Counter[Kind] = Counter()
    for batch in with_pauses(toggle.batches):
        kinds = batch.kinds
        for which, count in Counter(kinds.of_events).items():
            counts[kinds.distinct[which]] += count
    return counts


def _difference(kind: Kind, here: int, there: int) -> Difference:
    payload = snake_case(kind.payload_type.removesuffix("Payload"))
    return Difference(level_name(kind.level), category_name(kind.category), payload, here, there)
