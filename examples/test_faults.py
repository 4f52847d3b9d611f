"""Make Toggle fail at a chosen call, and see that nothing is lost."""

import grpc

from rodent_events import StoragePoolPayload
from toggle_mock import fail, lose_answer

UNAVAILABLE, OK = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.OK


def test_scripted_outcomes(event_bus, toggle_server):
    refusal = fail(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down", retry_after=0.1)
    toggle_server.on_send_events.returns([UNAVAILABLE, refusal, lose_answer(), OK])

    event_bus.emit(StoragePoolPayload(pool_name="tank"))

    assert event_bus.flush(timeout=30)
    first, second = toggle_server.batches  # the answer to the first was lost
    assert (second.batch_id, second.duplicate) == (first.batch_id, True)


def test_an_outage(event_bus, toggle_server):
    with toggle_server.faults.outage():
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        toggle_server.assert_not_received("payload:pool", within=0.2)
    toggle_server.assert_received("payload:pool", timeout=30)


def test_one_event_that_toggle_refuses(event_bus, toggle_server):
    with toggle_server.faults.failing(
        grpc.StatusCode.INVALID_ARGUMENT, matching="pool_name:poison"
    ):
        for name in ("a", "poison", "b"):
            event_bus.emit(StoragePoolPayload(pool_name=name))
        event_bus.flush(timeout=30)
    toggle_server.assert_in_order("pool_name:a", "pool_name:b")
    assert event_bus.get_stats()["quarantined"] == 1
