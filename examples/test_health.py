"""What an agent says of itself while Toggle refuses its events, and afterwards."""

import grpc

from rodent_events import HealthState, StoragePoolPayload


def test_an_agent_says_what_is_wrong_and_what_helps(event_bus, toggle_server):
    with toggle_server.faults.failing(grpc.StatusCode.PERMISSION_DENIED):
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        assert not event_bus.flush(timeout=1)
        health = event_bus.health()
    assert health.state is HealthState.FAILING
    assert health.last_error.startswith("PERMISSION_DENIED")
    assert health.remedy == "have Toggle permit this node to send events"

    assert event_bus.flush(timeout=60)
    assert event_bus.health().state is HealthState.OK
