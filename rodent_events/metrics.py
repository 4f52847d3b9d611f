"""The statistics of a bus for Prometheus and for OpenTelemetry, each by its own library.

Both read :meth:`EventBus.get_stats` (or ``rodent_events.get_stats``) when they are asked; nothing
is counted twice, and nothing runs meanwhile. The libraries are not installed with this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation
    from prometheus_client.core import Metric

Stats = Callable[[], Mapping[str, Any]]

# What only grows, and what goes up and down.
COUNTERS: Mapping[str, str] = {
    "emitted": "Events that were emitted.",
    "recovered": "Events of processes that have ended, found on disk.",
    "delivered": "Events that Toggle has acknowledged.",
    "filtered": "Events whose level or category is not enabled.",
    "quarantined": "Events that Toggle refused for good.",
}
GAUGES: Mapping[str, str] = {
    "waiting": "Events that wait, in memory, in flight and on disk.",
    "spooled": "Events that wait on disk.",
    "buffer_size": "Events in memory.",
}
DROPPED = "Events that were dropped."


class PrometheusCollector:
    """A collector for ``prometheus_client.REGISTRY.register``.

    Args:
        stats: Returns the statistics, such as ``bus.get_stats``.
        prefix: Precedes the names of all metrics.
    """

    def __init__(self, stats: Stats, prefix: str = "rodent_events") -> None:
        self._stats = stats
        self._prefix = prefix

    def collect(self) -> Iterator[Metric]:
        """The metrics at this moment; called by the registry."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        stats = self._stats()
        for name, text in COUNTERS.items():
            yield CounterMetricFamily(f"{self._prefix}_{name}", text, value=stats[name])
        for name, text in GAUGES.items():
            yield GaugeMetricFamily(f"{self._prefix}_{name}", text, value=stats[name])
        dropped = CounterMetricFamily(
            f"{self._prefix}_dropped", DROPPED, labels=["reason", "level", "category"]
        )
        for labels, count in _drops(stats):
            dropped.add_metric(list(labels.values()), count)
        yield dropped


def observe(meter: Meter, stats: Stats, prefix: str = "rodent_events") -> None:
    """Create OpenTelemetry's observable instruments for the statistics.

    Args:
        meter: Of OpenTelemetry's API.
        stats: Returns the statistics, such as ``bus.get_stats``.
        prefix: Precedes the names of all instruments.
    """
    for name, text in COUNTERS.items():
        meter.create_observable_counter(
            f"{prefix}.{name}", [_reader(stats, name)], unit="{event}", description=text
        )
    for name, text in GAUGES.items():
        meter.create_observable_gauge(
            f"{prefix}.{name}", [_reader(stats, name)], unit="{event}", description=text
        )

    def read_drops(_options: CallbackOptions) -> Iterable[Observation]:
        from opentelemetry.metrics import Observation

        return [Observation(count, labels) for labels, count in _drops(stats())]

    meter.create_observable_counter(
        f"{prefix}.dropped", [read_drops], unit="{event}", description=DROPPED
    )


def _reader(stats: Stats, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_options: CallbackOptions) -> Iterable[Observation]:
        from opentelemetry.metrics import Observation

        return [Observation(stats()[name])]

    return read


def _drops(stats: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], int]]:
    for reason, kinds in stats["dropped_by_reason"].items():
        for kind, count in kinds.items():
            level, _, category = kind.partition(" ")
            yield {"reason": reason, "level": level, "category": category}, count
