"""The statistics through Prometheus' and OpenTelemetry's own libraries."""

import time
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.semconv._incubating.metrics import otel_metrics as conventions
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from rodent_events import EVENT_LEVEL_DEBUG, EventBus, StoragePoolPayload, StorageTransferPayload
from rodent_events.ledger import DropReason
from rodent_events.metrics import PrometheusCollector, observe

OF_OPENTELEMETRY = {
    "otel.sdk.log.created": conventions.create_otel_sdk_log_created,
    "otel.sdk.processor.log.queue.size": conventions.create_otel_sdk_processor_log_queue_size,
    "otel.sdk.processor.log.queue.capacity": (
        conventions.create_otel_sdk_processor_log_queue_capacity
    ),
    "otel.sdk.processor.log.processed": conventions.create_otel_sdk_processor_log_processed,
    "otel.sdk.exporter.log.inflight": conventions.create_otel_sdk_exporter_log_inflight,
    "otel.sdk.exporter.log.exported": conventions.create_otel_sdk_exporter_log_exported,
}
OURS = {
    "recovered",
    "filtered",
    "dropped",
    "waiting",
    "spooled",
    "health",
    "failing.duration",
    "oldest_waiting.age",
    "disk.usage",
    "disk.files",
}


@pytest.fixture
def bus(tmp_path):
    """Five events waiting; four dropped, for two reasons; one filtered."""
    bus = EventBus(
        events_dir=tmp_path,
        buffer_size=5,
        flush_threshold=5,
        batch_size=5,
        rate_limits={"storage_transfer": 1},
    )
    for _ in range(7):
        bus.emit(StoragePoolPayload())
    bus.emit(StorageTransferPayload())
    bus.emit(StorageTransferPayload())
    bus.emit(StoragePoolPayload(), level=EVENT_LEVEL_DEBUG)
    return bus


@pytest.fixture
def later(bus):
    """As the statistics may be after hours, with something of everything."""
    stats = bus.get_stats()
    stats["dropped_by_reason"] = {
        reason.value: {"INFO STORAGE": number, "ERROR SYSTEM": 1}
        for number, reason in enumerate(DropReason, 1)
    }
    stats["dropped"] = sum(sum(kinds.values()) for kinds in stats["dropped_by_reason"].values())
    stats |= {"delivered": 1000, "quarantined": 3, "waiting": 50, "spooled": 40, "recovered": 7}
    settled = ("delivered", "waiting", "filtered", "dropped", "quarantined")
    stats["emitted"] = sum(stats[key] for key in settled) - stats["recovered"]
    now = time.time()
    stats["health"] |= {"state": "degraded", "failing_since": now - 60, "oldest_waiting": now - 900}
    stats["health"] |= {"disk_bytes": 12_345, "disk_files": 6}
    return stats


def by_prometheus(stats, **settings):
    """Value by name and labels."""
    registry = CollectorRegistry()
    registry.register(PrometheusCollector(stats, **settings))
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def by_opentelemetry(stats, **settings):
    """The metrics by name."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    observe(provider.get_meter("test"), stats, **settings)
    (resource,) = reader.get_metrics_data().resource_metrics
    provider.shutdown()
    return {metric.name: metric for metric in resource.scope_metrics[0].metrics}


def values(metric, *, without="otel.component."):
    """Value by attributes."""
    return {
        tuple(v for k, v in sorted(point.attributes.items()) if not k.startswith(without)): (
            point.value
        )
        for point in metric.data.data_points
    }


def test_prometheus_shows_the_statistics(bus):
    registry = CollectorRegistry()
    registry.register(PrometheusCollector(bus.get_stats))
    text = generate_latest(registry).decode()
    for line in (
        "rodent_events_emitted_total 10.0",
        "rodent_events_filtered_total 1.0",
        "rodent_events_waiting 5.0",
        "rodent_events_max_buffer_size 5.0",
        "rodent_events_pending_events 0.0",
        'rodent_events_dropped_total{category="STORAGE",level="INFO",reason="overflow"} 3.0',
        'rodent_events_dropped_total{category="STORAGE",level="INFO",reason="rate_limited"} 1.0',
        'rodent_events_health{state="ok"} 0.0',
        'rodent_events_health{state="failing"} 1.0',
        "# TYPE rodent_events_emitted_total counter",
        "# TYPE rodent_events_health gauge",
    ):
        assert line in text.splitlines()


def test_prometheus_shows_health(later):
    found = by_prometheus(lambda: later, prefix="agent")
    assert found["agent_health", "degraded"] == 1
    assert found["agent_health", "ok"] == found["agent_health", "failing"] == 0
    assert found["agent_failing_duration_seconds",] == pytest.approx(60, abs=20)
    assert found["agent_oldest_waiting_age_seconds",] == pytest.approx(900, abs=20)
    assert found["agent_disk_usage_bytes",] == 12_345
    assert found["agent_disk_files",] == 6


def test_where_all_is_well_there_is_nothing_to_wait_for(later):
    later["health"] |= {"state": "ok", "failing_since": None, "oldest_waiting": None}
    found = by_prometheus(lambda: later)
    assert found["rodent_events_health", "ok"] == 1
    assert found["rodent_events_failing_duration_seconds",] == 0
    assert found["rodent_events_oldest_waiting_age_seconds",] == 0


def test_a_clock_that_was_set_back_makes_nothing_negative(later):
    later["health"] |= {"failing_since": time.time() + 3600}
    assert by_prometheus(lambda: later)["rodent_events_failing_duration_seconds",] == 0


def test_opentelemetry_shows_the_statistics(bus):
    found = by_opentelemetry(bus.get_stats)
    assert found.keys() == {*OF_OPENTELEMETRY, *(f"rodent_events.{name}" for name in OURS)}
    assert all(metric.description for metric in found.values())
    assert values(found["otel.sdk.log.created"]) == {(): 10}
    assert values(found["otel.sdk.processor.log.queue.size"]) == {(): 5}
    assert values(found["otel.sdk.processor.log.queue.capacity"]) == {(): 5}
    assert values(found["otel.sdk.processor.log.processed"]) == {
        (): 0,
        ("queue_full",): 3,
        ("rate_limited",): 1,
    }
    assert values(found["otel.sdk.exporter.log.inflight"]) == {(): 0}
    assert values(found["otel.sdk.exporter.log.exported"]) == {(): 0}
    assert values(found["rodent_events.filtered"]) == {(): 1}
    assert values(found["rodent_events.dropped"]) == {
        ("STORAGE", "INFO", "overflow"): 3,
        ("STORAGE", "INFO", "rate_limited"): 1,
    }
    assert values(found["rodent_events.health"]) == {("failing",): 1, ("ok",): 0, ("degraded",): 0}


@pytest.mark.parametrize("name", OF_OPENTELEMETRY)
def test_what_opentelemetry_names_is_as_its_conventions_say(name, bus):
    made = {}
    meter = SimpleNamespace(
        create_counter=lambda **given: made.update(given, grows=True),
        create_up_down_counter=lambda **given: made.update(given, grows=False),
    )
    OF_OPENTELEMETRY[name](meter)
    metric = by_opentelemetry(bus.get_stats)[name]
    assert metric.name == made["name"]
    assert metric.unit == made["unit"]
    assert metric.data.is_monotonic is made["grows"]


def test_failures_have_the_types_that_the_conventions_name(later):
    found = by_opentelemetry(lambda: later)
    # Toggle refused three, which are in quarantine, and others that could not be set aside.
    refused = 3 + sum(later["dropped_by_reason"]["quarantine_failed"].values())
    assert values(found["otel.sdk.exporter.log.exported"]) == {(): 1000, ("rejected",): refused}
    processed = values(found["otel.sdk.processor.log.processed"])
    assert processed.pop(()) == 1000 + refused
    assert processed.keys() == {
        ("queue_full",),
        ("already_shutdown",),
        ("before_emit",),
        ("rate_limited",),
        ("recovered_overflow",),
        ("not_saved",),
        ("spool_unreadable",),
    }


def test_what_came_in_is_what_went_out_and_what_waits(later):
    found = {
        name: sum(values(metric).values())
        for name, metric in by_opentelemetry(lambda: later).items()
    }
    came = found["otel.sdk.log.created"] + found["rodent_events.recovered"]
    went = found["otel.sdk.processor.log.processed"] + found["rodent_events.filtered"]
    assert came == went + found["rodent_events.waiting"]


def test_opentelemetry_shows_health(later):
    found = by_opentelemetry(lambda: later, prefix="agent")
    assert values(found["agent.health"]) == {("ok",): 0, ("degraded",): 1, ("failing",): 0}
    assert values(found["agent.failing.duration"])[()] == pytest.approx(60, abs=20)
    assert values(found["agent.oldest_waiting.age"])[()] == pytest.approx(900, abs=20)
    assert values(found["agent.disk.usage"]) == {(): 12_345}
    assert values(found["agent.disk.files"]) == {(): 6}
    units = {name: found[f"agent.{name}"].unit for name in ("disk.usage", "failing.duration")}
    assert units == {"disk.usage": "By", "failing.duration": "s"}


def test_components_can_be_told_from_each_other(bus):
    def name_and_type(**settings):
        metric = by_opentelemetry(bus.get_stats, **settings)["otel.sdk.exporter.log.exported"]
        (point,) = metric.data.data_points
        return point.attributes["otel.component.name"], point.attributes["otel.component.type"]

    kind = "rodent_events.EventBus"
    assert name_and_type(component_name="audit") == ("audit", kind)
    first, second = (name_and_type()[0] for _ in range(2))
    assert first != second
    assert first.rpartition("/")[0] == second.rpartition("/")[0] == kind


def test_the_conventions_say_which_have_a_component(bus):
    with_component = {
        name
        for name, metric in by_opentelemetry(bus.get_stats).items()
        for point in metric.data.data_points
        if "otel.component.name" in point.attributes
    }
    assert with_component == OF_OPENTELEMETRY.keys() - {"otel.sdk.log.created"}
