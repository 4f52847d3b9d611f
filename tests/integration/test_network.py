"""What becomes of the connection of a bus that runs: cut, slow, swallowing all, leading nowhere."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from support.delivery import assert_balanced, emit, ids

from rodent_events import EventBatch, EventBus, EventClient, HealthState, client
from rodent_events.retry_policy import Status
from toggle_mock import hang

Code = grpc.StatusCode


@pytest.fixture
def make_bus(toggle_server, settings):
    """Starts a bus that reports to the mock by way of its relay; one event has arrived."""
    started = []

    def make(**more) -> EventBus:
        own = {"target": toggle_server.address, "jwt": toggle_server.jwt()}
        bus = EventBus(**settings | own | more).start()
        started.append(bus)
        emit(bus, 1)
        assert bus.flush(30)
        toggle_server.clear()
        return bus

    yield make
    for bus in started:
        toggle_server.faults.heal()
        bus.shutdown(30)


def arrived(toggle) -> list[str]:
    return [event.event_id for event in toggle.events]


def test_a_connection_that_leads_nowhere_is_left_after_one_try(toggle_server, make_bus):
    """As after a suspended laptop, or behind a router that has forgotten the connection."""
    bus = make_bus(send_timeout=0.5)
    with toggle_server.faults.half_open():
        sent = emit(bus, 5)
        assert bus.flush(30)
    assert arrived(toggle_server) == sent


def test_nor_does_a_connection_that_has_never_answered_hold_it_long(toggle_server, settings):
    own = {"target": toggle_server.address, "jwt": toggle_server.jwt(), "send_timeout": 0.5}
    hung = toggle_server.on_send_events.returns([hang()])
    with EventBus(**settings | own) as bus:
        sent = emit(bus, 5)
        toggle_server.wait_for_call("SendEvents", timeout=30)
        with toggle_server.faults.half_open():
            assert bus.flush(30)
    assert hung.remaining == 0
    assert arrived(toggle_server) == sent


def test_a_connection_that_leads_nowhere_is_noticed_by_pings(toggle_server, make_bus, monkeypatch):
    quick = {"grpc.keepalive_time_ms": 1_000, "grpc.http2.ping_timeout_ms": 500}
    usual = dict(client.CHANNEL_OPTIONS)
    assert sum(usual[name] for name in quick) == 60_000
    options = list((usual | quick).items())
    monkeypatch.setattr(client, "CHANNEL_OPTIONS", options)
    bus = make_bus(send_timeout=600)
    with toggle_server.faults.half_open():
        sent = emit(bus, 5)
        assert bus.flush(60)
    # On a busy machine a ping may be late whose connection is well, and then the batch comes twice.
    assert list(dict.fromkeys(arrived(toggle_server))) == sent


def test_a_connection_that_is_cut_amid_a_call_repeats_the_batch_as_it_was(toggle_server, make_bus):
    bus = make_bus()
    toggle_server.on_send_events.returns([hang(accepted=True)])
    sent = emit(bus, 5)
    toggle_server.wait_for_call("SendEvents", timeout=30)
    toggle_server.faults.reset()
    assert bus.flush(30)
    assert arrived(toggle_server) == sent + sent
    first, second = toggle_server.batches
    assert first.batch_id == second.batch_id
    assert assert_balanced(bus)["delivered"] == 1 + len(sent)


def test_a_network_that_swallows_all_costs_time_only(toggle_server, make_bus, wait_until):
    bus = make_bus(send_timeout=0.3)
    with toggle_server.faults.partition():
        sent = emit(bus, 5)
        wait_until(lambda: bus.health().state is HealthState.FAILING)
        assert "DEADLINE_EXCEEDED" in bus.health().last_error
    assert bus.flush(30)
    assert list(dict.fromkeys(arrived(toggle_server))) == sent


def test_a_slow_network_repeats_nothing(toggle_server, make_bus):
    bus = make_bus(batch_size=10)
    with toggle_server.faults.latency(0.05, jitter=0.02):
        sent = emit(bus, 50)
        assert bus.flush(60)
    assert arrived(toggle_server) == sent


@pytest.mark.parametrize(
    "refusal",
    [
        Code.RESOURCE_EXHAUSTED,
        Code.UNAVAILABLE,
        Code.PERMISSION_DENIED,
        Code.UNAUTHENTICATED,
        Code.UNIMPLEMENTED,
    ],
)
def test_toggle_refuses_for_a_while(refusal, scripted_toggle, settings):
    scripted_toggle.script = 6 * [refusal]
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 5)
        while not bus.flush(30):
            assert bus.health().state is HealthState.FAILING
        assert assert_balanced(bus)["delivered"] == len(sent)
    assert ids(scripted_toggle.batches) == 7 * sent
    assert len({batch.batch_id for batch in scripted_toggle.batches}) == 1


def test_threads_that_share_a_client_are_not_in_each_other_s_way(toggle_server):
    """A call that takes too long has the next one open a new channel, and close the old one."""
    own = {"target": toggle_server.address, "jwt": toggle_server.jwt()}
    with EventClient(**own, send_timeout=0.3) as one:
        assert one.send_batch(EventBatch(batch_id="first")).status is Status.OK
        toggle_server.on_send_events.returns([hang()] * 8)
        with ThreadPoolExecutor(4) as pool:
            batches = [EventBatch(batch_id=str(number)) for number in range(24)]
            statuses = Counter(outcome.status for outcome in pool.map(one.send_batch, batches))
    assert statuses[Status.DEADLINE_EXCEEDED] >= 8
    assert statuses.keys() == {Status.DEADLINE_EXCEEDED, Status.OK}
