import grpc
import pytest
from pool_watch import PoolWatch

from rodent_events import EventBus, StoragePoolPayload
from toggle_mock import NotReceivedError, where


@pytest.fixture
def watch(toggle_server, toggle_jwt, tmp_path):
    with EventBus(
        target=toggle_server.address,
        jwt=toggle_jwt(rid="nas-1"),
        events_dir=tmp_path / "spool",
        batch_timeout=0.05,
        retry_backoff_base=0.01,
    ) as bus:
        yield PoolWatch(bus)


def test_a_pool_that_is_seen_first_is_reported(watch, toggle_server):
    watch.saw("tank", used=10, size=100)
    (event,) = toggle_server.wait_for(StoragePoolPayload(pool_name="tank"))
    assert event.rid == "nas-1"
    assert event.payload.used_bytes == 10
    assert event.metadata == {"action": "watch"}


def test_only_a_change_of_level_is_reported(watch, toggle_server):
    for used in (10, 11, 79, 80, 94, 95, 96):
        watch.saw("tank", used, size=100)
    toggle_server.wait_for(where(payload="pool"), count=3)
    toggle_server.assert_in_order("used_bytes:10", "used_bytes:80", "used_bytes:95 level:CRITICAL")
    toggle_server.assert_received("payload:pool", count=3)


def test_what_is_seen_in_an_outage_is_reported_after_it(watch, toggle_server):
    with toggle_server.faults.outage():
        watch.saw("tank", used=99, size=100)
        with pytest.raises(NotReceivedError):
            toggle_server.wait_for("pool_name:tank", timeout=0.1)
    toggle_server.wait_for("pool_name:tank level:CRITICAL", timeout=20)


def test_a_refused_call_is_made_again(watch, toggle_server):
    toggle_server.on_send_events.returns([grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.OK])
    watch.saw("tank", used=10, size=100)
    toggle_server.wait_for("pool_name:tank", timeout=20)
    assert [call.status for call in toggle_server.calls] == ["UNAVAILABLE", "OK"]


def test_with_the_fixture_of_a_whole_bus(event_bus, toggle_server):
    PoolWatch(event_bus).saw("backup", used=85, size=100)
    toggle_server.wait_for(where(pool_name="backup", level="WARN"))
    toggle_server.assert_only("payload:pool")
