"""What is recorded and connected, for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from toggle_mock.toggle.toggle import LocalToggle


class ToggleCollector(Collector):
    """The numbers of one server."""

    def __init__(self, toggle: LocalToggle) -> None:
        self._toggle = toggle

    def collect(self) -> Iterator[Metric]:
        """The numbers as they are now."""
        recording = self._toggle.recording
        calls = GaugeMetricFamily(
            "toggle_mock_calls", "Recorded calls", labels=["method", "status"]
        )
        counts = Counter((call.method, call.status or "UNDER_WAY") for call in recording.calls)
        for labels, count in sorted(counts.items()):
            calls.add_metric(labels, count)
        yield calls
        refusals = GaugeMetricFamily(
            "toggle_mock_refusals", "Calls and connections turned away", labels=["kind"]
        )
        kinds = Counter(refusal.kind for refusal in recording.refusals)
        for kind, count in sorted(kinds.items()):
            refusals.add_metric([kind], count)
        yield refusals
        numbers = {
            "ready": ("Whether calls are answered", int(self._toggle.unready is None)),
            "batches": ("Recorded batches", len(recording.batches)),
            "duplicates": ("Batches whose id was recorded before", len(recording.duplicates)),
            "events": ("Recorded events", len(recording.events)),
            "recorded_bytes": ("Bytes of the recorded messages", recording.size),
            "evicted_calls": ("Calls evicted to keep the limits", recording.evicted),
            "connected_rodents": (
                "Rodents with an open stream",
                len(self._toggle.rodents.connected),
            ),
        }
        for name, (text, value) in numbers.items():
            yield GaugeMetricFamily(f"toggle_mock_{name}", text, value=value)


def exposition(toggle: LocalToggle) -> bytes:
    """The numbers in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ToggleCollector(toggle))
    return generate_latest(registry)
