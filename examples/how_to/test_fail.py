"""Let Toggle and the network fail on command: a test for each question."""

import grpc
import pytest

from rodent_events import EventBus, HealthState, StoragePoolPayload
from toggle_mock import delay, fail, lose_answer, normal, reject

QUICK = {"retry_backoff_base": 0.01, "retry_backoff_max": 0.05}


@pytest.fixture
def event_bus_options():
    return QUICK


def test_toggle_is_away(event_bus, toggle_server):
    with toggle_server.faults.outage():
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        toggle_server.assert_not_received("payload:pool", within=0.1)
    toggle_server.assert_received("payload:pool", count=1, timeout=30)


def test_unavailable_at_first(event_bus, toggle_server):
    script = toggle_server.on_send_events.returns([grpc.StatusCode.UNAVAILABLE] * 2)
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.assert_received("payload:pool", count=1, timeout=30)
    assert script.remaining == 0


def test_overloaded(event_bus, toggle_server):
    refusal = fail(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down", retry_after=0.3)
    toggle_server.on_send_events.returns([refusal])
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.wait_for("payload:pool", timeout=30)
    first, second = toggle_server.calls
    assert second.arrived - first.ended > 0.25


def test_slow_answers(event_bus, toggle_server):
    toggle_server.on_send_events.always(delay(normal(0.05, 0.01)), seed=7)
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.assert_received("payload:pool", timeout=30)


def test_slow_network(event_bus, toggle_server):
    with toggle_server.faults.latency(0.02, jitter=0.01, seed=7):
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        toggle_server.assert_received("payload:pool", timeout=30)


def test_no_answer_at_all(toggle_server, tmp_path):
    address, token = toggle_server.address, toggle_server.jwt()
    with EventBus(QUICK, target=address, jwt=token, send_timeout=0.2, events_dir=tmp_path) as bus:
        with toggle_server.faults.hanging():
            bus.emit(StoragePoolPayload(pool_name="tank"))
            assert not bus.flush(timeout=0.4)
        toggle_server.assert_received("payload:pool", timeout=30)


@pytest.mark.toggle(tls=True)
def test_expired_certificate(event_bus, toggle_server):
    two_days = 2 * 24 * 3600
    with toggle_server.faults.clock(-two_days):  # its certificate is valid for a day
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        assert not event_bus.flush(timeout=2)
        assert "certificate" in event_bus.health().last_error
    toggle_server.assert_received("payload:pool", timeout=30)


def test_expired_token(toggle_server, tmp_path):
    tokens = iter([toggle_server.jwt(expires_in=-60), toggle_server.jwt()])
    with EventBus(
        QUICK, target=toggle_server.address, jwt=lambda: next(tokens), events_dir=tmp_path
    ) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(timeout=30)
    assert [call.status for call in toggle_server.calls] == ["UNAUTHENTICATED", "OK"]


def test_refused_token(event_bus, toggle_server):
    toggle_server.tokens.revoke(rid="rodent-1")
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.wait_for_call("SendEvents", status="UNAUTHENTICATED", count=2)
    toggle_server.tokens.restore(rid="rodent-1")
    toggle_server.assert_received("payload:pool", timeout=30)


def test_refused_node(event_bus, toggle_server):
    with toggle_server.faults.failing(grpc.StatusCode.PERMISSION_DENIED):
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        toggle_server.wait_for_call("SendEvents", status="PERMISSION_DENIED")
        assert not event_bus.flush(timeout=1)
        assert event_bus.health().state is HealthState.FAILING
    assert event_bus.flush(timeout=30)


def test_lost_answer(event_bus, toggle_server):
    toggle_server.on_send_events.returns([lose_answer()])
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    assert event_bus.flush(timeout=30)
    first, again = toggle_server.batches
    assert first.batch_id == again.batch_id
    assert again.duplicate


def test_success_false(event_bus, toggle_server):
    toggle_server.on_send_events.returns([reject("no room")])
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    event_bus.flush(timeout=30)
    assert event_bus.get_stats()["quarantined"] == 1


def test_one_bad_event(event_bus, toggle_server):
    with toggle_server.faults.failing(grpc.StatusCode.INVALID_ARGUMENT, matching="pool_name:bad"):
        for name in ("a", "bad", "b"):
            event_bus.emit(StoragePoolPayload(pool_name=name))
        event_bus.flush(timeout=30)
    toggle_server.assert_in_order("pool_name:a", "pool_name:b")
    assert event_bus.get_stats()["quarantined"] == 1


def test_too_large(event_bus, toggle_server):
    with toggle_server.faults.message_limit(500):
        for number in range(20):
            event_bus.emit(StoragePoolPayload(pool_name=f"tank-{number}"))
        assert event_bus.flush(timeout=30)
    toggle_server.assert_received("payload:pool", count=20)


def test_half_open(toggle_server, tmp_path):
    address, token = toggle_server.address, toggle_server.jwt()
    with EventBus(QUICK, target=address, jwt=token, send_timeout=0.3, events_dir=tmp_path) as bus:
        bus.emit(StoragePoolPayload(pool_name="before"))
        assert bus.flush(timeout=30)
        with toggle_server.faults.half_open():
            bus.emit(StoragePoolPayload(pool_name="after"))
            assert bus.flush(timeout=30)  # by a new connection
    toggle_server.assert_received("pool_name:after")


def test_cut_connection(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="before"))
    assert event_bus.flush(timeout=30)
    toggle_server.faults.reset()
    event_bus.emit(StoragePoolPayload(pool_name="after"))
    toggle_server.assert_received("pool_name:after", timeout=30)


@pytest.mark.parametrize(
    ("forget", "remembered"), [(False, ["before", "after"]), (True, ["after"])]
)
def test_restart(event_bus, toggle_server, forget, remembered):
    event_bus.emit(StoragePoolPayload(pool_name="before"))
    assert event_bus.flush(timeout=30)
    toggle_server.faults.restart(forget=forget)
    event_bus.emit(StoragePoolPayload(pool_name="after"))
    toggle_server.wait_for("pool_name:after", timeout=30)
    assert [event.payload.pool_name for event in toggle_server.events] == remembered


def test_by_chance(event_bus, toggle_server):
    toggle_server.on_send_events.rates({grpc.StatusCode.UNAVAILABLE: 0.3}, seed=7)
    for number in range(10):
        event_bus.emit(StoragePoolPayload(pool_name=f"tank-{number}"))
        event_bus.flush(timeout=30)
    toggle_server.assert_received("payload:pool", count=10, timeout=30)


def test_full_disk_and_memory(toggle_server, tmp_path):
    small = {"buffer_size": 100, "flush_threshold": 90, "batch_size": 10, "spool_max_files": 1}
    told = []
    with EventBus(
        small | QUICK,
        target=toggle_server.address,
        jwt=toggle_server.jwt(),
        events_dir=tmp_path,
        on_drop=told.append,
    ) as bus:
        with toggle_server.faults.outage():
            for number in range(1000):
                bus.emit(StoragePoolPayload(pool_name=f"tank-{number}"))
        assert bus.flush(timeout=30)
        stats = bus.get_stats()
    assert stats["emitted"] == stats["delivered"] + stats["dropped"] == 1000
    assert stats["dropped"] > 0
    assert sum(drop.count for drop in told) == stats["dropped"]
