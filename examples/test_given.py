"""Inputs that Hypothesis draws, each of which begins with nothing recorded."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rodent_events import StoragePoolPayload


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(size=st.integers(0, 2**63 - 1))
def test_a_size_arrives_as_it_is(event_bus, toggle_server, size):
    toggle_server.clear()
    event_bus.emit(StoragePoolPayload(pool_name="tank", size_bytes=size))
    (event,) = toggle_server.assert_received("payload:pool", count=1)
    assert event.payload.size_bytes == size
