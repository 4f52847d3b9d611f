"""Time is frozen in each way that teams do it."""

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime

import grpc
import pytest
import time_machine
from freezegun import freeze_time
from retention import prune

from rodent_events import EventBus, StorageSnapshotPayload
from toggle_mock import NotReceivedError, ToggleServer, delay

SNAPSHOTS = {"tank@old": datetime(2001, 1, 1, tzinfo=UTC)}
PAST, FUTURE = datetime(2001, 6, 1, tzinfo=UTC), datetime(2041, 6, 1, tzinfo=UTC)


@contextmanager
def freezegun(moment):
    with freeze_time(moment):
        yield


@contextmanager
def ticking_freezegun(moment):
    with freeze_time(moment, tick=True):
        yield


@contextmanager
def standing_time_machine(moment):
    with time_machine.travel(moment, tick=False):
        yield


@contextmanager
def ticking_time_machine(moment):
    with time_machine.travel(moment):
        yield


freezes = pytest.mark.parametrize(
    "freeze", [freezegun, ticking_freezegun, standing_time_machine, ticking_time_machine]
)
moments = pytest.mark.parametrize("moment", [PAST, FUTURE], ids=["past", "future"])


@freezes
@moments
def test_fixtures_from_outside(freeze, moment, event_bus, toggle_server):
    with freeze(moment):
        assert prune(SNAPSHOTS, event_bus) == ["tank@old"]
        (event,) = toggle_server.wait_for(StorageSnapshotPayload(snapshot_name="tank@old"))
        assert event.timestamp // 1000 == moment.timestamp()
        assert event_bus.flush(timeout=10)


@pytest.fixture
def frozen(request):
    freeze, moment = request.param
    with freeze(moment):
        yield moment


@pytest.mark.parametrize(
    "frozen",
    [(freezegun, PAST), (freezegun, FUTURE), (standing_time_machine, PAST)],
    indirect=True,
)
def test_fixtures_from_inside(frozen, event_bus, toggle_server):
    prune(SNAPSHOTS, event_bus)
    (event,) = toggle_server.wait_for(StorageSnapshotPayload(snapshot_name="tank@old"))
    assert event.timestamp // 1000 == frozen.timestamp()


@freezes
@moments
def test_waiting_ends(freeze, moment, event_bus, toggle_server):
    with freeze(moment):
        with pytest.raises(NotReceivedError):
            toggle_server.wait_for(StorageSnapshotPayload(), timeout=0.05)
        toggle_server.assert_not_received(StorageSnapshotPayload(), within=0.05)
        with pytest.raises(NotReceivedError):
            toggle_server.wait_for_call("SendEvents", timeout=0.05)


@freezes
@moments
def test_all_of_it_begins_and_ends_within(freeze, moment, tmp_path):
    with (
        freeze(moment),
        ToggleServer(relay=True, http_port=0) as toggle,
        EventBus(
            target=toggle.address,
            jwt=toggle.jwt,
            events_dir=tmp_path,
            batch_timeout=0.05,
            retry_backoff_base=0.05,
        ) as bus,
    ):
        toggle.faults.script("SendEvents").returns([grpc.StatusCode.UNAVAILABLE, delay(0.05)])
        for _ in range(2):
            prune(SNAPSHOTS, bus)
            assert bus.flush(timeout=20)
        toggle.wait_for(StorageSnapshotPayload(snapshot_name="tank@old"), count=2)


@freezes
@moments
def test_a_call_that_hangs_ends(freeze, moment, tmp_path, make_toggle_server):
    toggle = make_toggle_server(relay=True)
    settings = {"batch_timeout": 0.05, "send_timeout": 0.3, "retry_backoff_base": 0.01}
    with (
        freeze(moment),
        EventBus(target=toggle.address, jwt=toggle.jwt, events_dir=tmp_path, **settings) as bus,
    ):
        with toggle.faults.hanging():
            prune(SNAPSHOTS, bus)
            toggle.wait_for_call("SendEvents", count=2, timeout=20)
            assert not bus.flush(timeout=0.05)
        assert bus.flush(timeout=20)


@freezes
def test_a_token_expires_as_the_test_has_it(freeze, tmp_path, toggle_server):
    asked = []

    def token():
        asked.append(toggle_server.jwt(expires_in=60))
        return asked[-1]

    with EventBus(
        target=toggle_server.address, jwt=token, events_dir=tmp_path, batch_timeout=0.05
    ) as bus:
        with freeze(PAST):
            prune(SNAPSHOTS, bus)
            assert bus.flush(timeout=20)
            assert len(asked) == 1
        with freeze(datetime(2001, 6, 1, 0, 2, tzinfo=UTC)):
            prune(SNAPSHOTS, bus)
            assert bus.flush(timeout=20)
            assert len(asked) == 2


@freezes
@moments
def test_rodents_live_within(freeze, moment, toggle_server, rodent):
    with freeze(moment):
        assert toggle_server.rodents["rodent-1"].command("system.status", timeout=20).success
        rodent.emit(StorageSnapshotPayload(snapshot_name="tank@new"))
        rodent.flush(timeout=20)


@freezes
def test_a_token_provider_of_asyncio_waits_as_usual(freeze, tmp_path, toggle_server):
    async def token():
        await asyncio.sleep(0.01)
        return toggle_server.jwt()

    with (
        freeze(PAST),
        EventBus(target=toggle_server.address, jwt=token, events_dir=tmp_path) as bus,
    ):
        prune(SNAPSHOTS, bus)
        assert bus.flush(timeout=10)
