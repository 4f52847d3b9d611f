"""The statistics of a bus for Prometheus and for OpenTelemetry, each by its own library.

Both read :meth:`EventBus.get_stats` (or ``rodent_events.get_stats``) when they are asked; nothing
is counted twice, and nothing runs meanwhile. The libraries are not installed with this package.

For OpenTelemetry, what its semantic conventions for SDK metrics name has that name: an event is its
log record, and a bus is both processor and exporter. All else has a name of ours, which is the same
for Prometheus.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

from rodent_events.health_record import HealthState
from rodent_events.ledger import DropReason

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation
    from prometheus_client.core import Metric

__all__ = ["PrometheusCollector", "observe"]

Stats = Callable[[], Mapping[str, Any]]

COMPONENT_TYPE = "rodent_events.EventBus"

_Points: TypeAlias = "Iterable[tuple[Mapping[str, str], float]]"


class _Kind(Enum):
    COUNTER = "only grows"
    SUM = "goes up and down; those of several processes may be added"
    GAUGE = "goes up and down; to add them up says nothing"


_Read: TypeAlias = "Callable[[Mapping[str, Any]], _Points]"


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    """With dots, and without the prefix of ours."""
    kind: _Kind
    text: str
    read: _Read
    """The points in the statistics: labels, and a value."""
    unit: str = "{event}"
    """By UCUM."""


def _value(key: str) -> _Read:
    return lambda stats: [({}, stats[key])]


def _health_value(key: str) -> _Read:
    return lambda stats: [({}, stats["health"][key])]


def _seconds_since(key: str) -> _Read:
    """Seconds that have passed since a time that is None if there is none; then 0."""

    def read(stats: Mapping[str, Any]) -> _Points:
        since = stats["health"][key]
        return [({}, 0.0 if since is None else max(0.0, time.time() - since))]

    return read


def _states(stats: Mapping[str, Any]) -> _Points:
    now = stats["health"]["state"]
    return [({"state": state.value}, int(state == now)) for state in HealthState]


def _drops(stats: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, str], int]]:
    for reason, kinds in stats["dropped_by_reason"].items():
        for kind, number in kinds.items():
            level, _, category = kind.partition(" ")
            yield {"reason": reason, "level": level, "category": category}, number


# What OpenTelemetry's conventions call the reasons; others have their own name.
_ERROR_TYPES = {
    DropReason.OVERFLOW.value: "queue_full",
    DropReason.SHUTDOWN.value: "already_shutdown",
}
_REFUSED_BY_TOGGLE = DropReason.QUARANTINE_FAILED.value


def _dropped(stats: Mapping[str, Any]) -> dict[str, int]:
    return {reason: sum(kinds.values()) for reason, kinds in stats["dropped_by_reason"].items()}


def _exported(stats: Mapping[str, Any]) -> _Points:
    refused = stats["quarantined"] + _dropped(stats).get(_REFUSED_BY_TOGGLE, 0)
    yield {}, stats["delivered"]
    if refused:
        yield {"error.type": "rejected"}, refused


def _processed(stats: Mapping[str, Any]) -> _Points:
    # What was sent in vain may go back to wait, so it counts when it has left for good.
    yield {}, sum(value for _, value in _exported(stats))
    for reason, number in _dropped(stats).items():
        if reason != _REFUSED_BY_TOGGLE:
            yield {"error.type": _ERROR_TYPES.get(reason, reason)}, number


_COUNTER, _SUM, _GAUGE = _Kind

_EMITTED = "Events that were emitted.", _value("emitted")
_IN_MEMORY = "Events in memory.", _value("buffer_size")
_ROOM = "Events in memory at the most.", _value("max_buffer_size")
_IN_FLIGHT = "Events in the batch in flight.", _value("pending_events")
_DELIVERED = "Events that Toggle has acknowledged.", _value("delivered")
_QUARANTINED = "Events that Toggle refused for good.", _value("quarantined")
_RECOVERED = "Events of processes that have ended, found on disk.", _value("recovered")
_FILTERED = "Events whose level or category is not enabled.", _value("filtered")
_WAITING = "Events that wait, in memory, in flight and on disk.", _value("waiting")
_SPOOLED = "Events that wait on disk.", _value("spooled")
_FAILING = "Seconds for which the state has not been ok.", _seconds_since("failing_since")
_OLDEST = "Seconds since the oldest event that waits was emitted.", _seconds_since("oldest_waiting")
_BYTES = "Bytes of the files with what waits.", _health_value("disk_bytes")
_FILES = "Files with what waits.", _health_value("disk_files")
_SETTLED = "Events that have left for good: Toggle has answered, or they were dropped.", _processed
_ANSWERED = "Events that Toggle has acknowledged, or refused for good.", _exported

# The same for both but for the dots.
_OURS = (
    _Metric("recovered", _COUNTER, *_RECOVERED),
    _Metric("filtered", _COUNTER, *_FILTERED),
    _Metric("dropped", _COUNTER, "Events that were dropped.", _drops),
    _Metric("waiting", _SUM, *_WAITING),
    _Metric("spooled", _SUM, *_SPOOLED),
    _Metric("health", _GAUGE, "1 for the state of the bus, 0 for all others.", _states, "1"),
    _Metric("failing.duration", _GAUGE, *_FAILING, "s"),
    _Metric("oldest_waiting.age", _GAUGE, *_OLDEST, "s"),
    _Metric("disk.usage", _SUM, *_BYTES, "By"),
    _Metric("disk.files", _SUM, *_FILES, "{file}"),
)
_OF_PROMETHEUS = (
    _Metric("emitted", _COUNTER, *_EMITTED),
    _Metric("delivered", _COUNTER, *_DELIVERED),
    _Metric("quarantined", _COUNTER, *_QUARANTINED),
    _Metric("buffer_size", _SUM, *_IN_MEMORY),
    _Metric("max_buffer_size", _SUM, *_ROOM),
    _Metric("pending_events", _SUM, *_IN_FLIGHT),
)
_RECORDS = "{log_record}"
_OF_OPENTELEMETRY = (
    _Metric("otel.sdk.log.created", _COUNTER, *_EMITTED, _RECORDS),
    _Metric("otel.sdk.processor.log.queue.size", _SUM, *_IN_MEMORY, _RECORDS),
    _Metric("otel.sdk.processor.log.queue.capacity", _SUM, *_ROOM, _RECORDS),
    _Metric("otel.sdk.processor.log.processed", _COUNTER, *_SETTLED, _RECORDS),
    _Metric("otel.sdk.exporter.log.inflight", _SUM, *_IN_FLIGHT, _RECORDS),
    _Metric("otel.sdk.exporter.log.exported", _COUNTER, *_ANSWERED, _RECORDS),
)


# For Prometheus

_PROMETHEUS_UNITS = {"s": "_seconds", "By": "_bytes"}


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
        for metric in (*_OF_PROMETHEUS, *_OURS):
            counts = metric.kind is _COUNTER
            unit = _PROMETHEUS_UNITS.get(metric.unit, "")
            name = f"{self._prefix}_{metric.name.replace('.', '_')}{unit}"
            family = (CounterMetricFamily if counts else GaugeMetricFamily)(name, metric.text)
            for labels, value in metric.read(stats):
                family.add_sample(f"{name}_total" if counts else name, dict(labels), value)
            yield family


# For OpenTelemetry

# The conventions have attributes of the component for these.
_OF_COMPONENTS = ("otel.sdk.processor.", "otel.sdk.exporter.")

_instances = count()


def observe(
    meter: Meter,
    stats: Stats,
    prefix: str = "rodent_events",
    *,
    component_name: str | None = None,
) -> None:
    """Create OpenTelemetry's observable instruments for the statistics.

    Args:
        meter: Of OpenTelemetry's API; one for each bus, if there are several.
        stats: Returns the statistics, such as ``bus.get_stats``.
        prefix: Precedes the names of the instruments that no convention of OpenTelemetry's names.
        component_name: ``otel.component.name`` of these; ``rodent_events.EventBus/0`` and so on,
            unless it is given.
    """
    component = {
        "otel.component.name": component_name or f"{COMPONENT_TYPE}/{next(_instances)}",
        "otel.component.type": COMPONENT_TYPE,
    }
    creators: Mapping[_Kind, Callable[..., object]] = {
        _COUNTER: meter.create_observable_counter,
        _SUM: meter.create_observable_up_down_counter,
        _GAUGE: meter.create_observable_gauge,
    }
    for metric in (*_OF_OPENTELEMETRY, *_OURS):
        is_ours = not metric.name.startswith("otel.")
        attributes = component if metric.name.startswith(_OF_COMPONENTS) else {}
        creators[metric.kind](
            f"{prefix}.{metric.name}" if is_ours else metric.name,
            [_callback(metric, stats, attributes)],
            unit=metric.unit,
            description=metric.text,
        )


def _callback(
    metric: _Metric, stats: Stats, component: Mapping[str, str]
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_options: CallbackOptions) -> Iterable[Observation]:
        from opentelemetry.metrics import Observation

        return [Observation(value, {**component, **own}) for own, value in metric.read(stats())]

    return read
