"""The statistics through Prometheus' and OpenTelemetry's own libraries."""

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry, generate_latest

from rodent_events import EVENT_LEVEL_DEBUG, EventBus, StoragePoolPayload
from rodent_events.metrics import PrometheusCollector, observe


@pytest.fixture
def bus(tmp_path):
    """Five events waiting, three dropped, one filtered."""
    bus = EventBus(events_dir=tmp_path, buffer_size=5, flush_threshold=5, batch_size=5)
    for _ in range(8):
        bus.emit(StoragePoolPayload())
    bus.emit(StoragePoolPayload(), level=EVENT_LEVEL_DEBUG)
    return bus


def test_prometheus_shows_the_statistics(bus):
    registry = CollectorRegistry()
    registry.register(PrometheusCollector(bus.get_stats))
    text = generate_latest(registry).decode()
    for line in (
        "rodent_events_emitted_total 9.0",
        "rodent_events_filtered_total 1.0",
        "rodent_events_waiting 5.0",
        'rodent_events_dropped_total{category="STORAGE",level="INFO",reason="overflow"} 3.0',
    ):
        assert line in text.splitlines()


def test_opentelemetry_shows_the_statistics(bus):
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    observe(provider.get_meter("test"), bus.get_stats)
    (resource,) = reader.get_metrics_data().resource_metrics
    found = {
        metric.name: [(point.value, dict(point.attributes)) for point in metric.data.data_points]
        for metric in resource.scope_metrics[0].metrics
    }
    provider.shutdown()
    assert {metric.unit for metric in resource.scope_metrics[0].metrics} == {"{event}"}
    assert all(metric.description for metric in resource.scope_metrics[0].metrics)
    assert found["rodent_events.emitted"] == [(9, {})]
    assert found["rodent_events.waiting"] == [(5, {})]
    assert found["rodent_events.dropped"] == [
        (3, {"reason": "overflow", "level": "INFO", "category": "STORAGE"})
    ]
