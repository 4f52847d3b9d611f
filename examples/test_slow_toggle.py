"""A Toggle that is slow by chance, and in each run the same."""

from rodent_events import StoragePoolPayload
from toggle_mock import delay, normal, percentiles, uniform


def test_a_slow_toggle_costs_time_only(event_bus, toggle_server):
    toggle_server.on_send_events.always(delay(normal(0.02, 0.005)), seed=7)
    toggle_server.on_connect.rates({delay(uniform(1, 2)): 0.1}, seed=7)  # each tenth stream
    with toggle_server.faults.latency(percentiles({50: 0.001, 95: 0.01, 99: 0.05}), seed=7):
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        toggle_server.assert_received("payload:pool", timeout=30)
