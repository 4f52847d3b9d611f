"""The functions of the package, as methods of an object of its own."""

import atexit

import pytest

from rodent_events import AlreadyInitializedError, NotInitializedError, StoragePoolPayload
from rodent_events.global_bus import GlobalBus

POOL = StoragePoolPayload(pool_name="tank")


@pytest.fixture
def bus():
    bus = GlobalBus()
    yield bus
    bus.shutdown(0.1)
    atexit.unregister(bus._report_early_events)


def names(toggle) -> list[str]:
    return [e.storage_event.pool_event.pool_name for batch in toggle.batches for e in batch.events]


def emit(bus: GlobalBus, *pools: str) -> None:
    for name in pools:
        bus.emit(StoragePoolPayload(pool_name=name))


def test_before_it_runs_events_wait(bus):
    assert not bus.is_initialized()
    emit(bus, "early")
    assert bus.get_stats()["waiting"] == 1
    with pytest.raises(NotInitializedError, match=r"does not run: call initialize\(\) first"):
        bus.flush()
    assert bus.shutdown()


def test_what_waited_is_delivered_first(bus, scripted_toggle, settings):
    emit(bus, "early")
    bus.initialize(target=scripted_toggle.address, **settings)
    assert bus.is_initialized()
    emit(bus, "late")
    assert bus.flush(30)
    assert names(scripted_toggle) == ["early", "late"]
    assert bus.get_stats()["delivered"] == 2


def test_it_runs_once_at_a_time(bus, scripted_toggle, settings):
    bus.initialize(target=scripted_toggle.address, **settings)
    with pytest.raises(AlreadyInitializedError, match=r"runs: call shutdown\(\) first"):
        bus.initialize(target=scripted_toggle.address, **settings)


def test_after_it_has_ended_events_wait_for_the_next(bus, scripted_toggle, settings):
    bus.initialize(target=scripted_toggle.address, **settings)
    emit(bus, "first")
    assert bus.shutdown(30)
    assert not bus.is_initialized()
    emit(bus, "between")
    assert bus.get_stats()["delivered"] == 1
    bus.initialize(target=scripted_toggle.address, **settings)
    assert bus.flush(30)
    assert names(scripted_toggle) == ["first", "between"]


def test_a_second_shutdown_goes_on_with_what_the_first_has_left(bus, free_port, settings):
    bus.initialize(target=f"127.0.0.1:{free_port}", **settings)
    emit(bus, "kept")
    assert not bus.shutdown(1)
    assert not bus.shutdown(1)


async def test_a_flush_takes_no_longer_than_it_may(bus, free_port, settings):
    bus.initialize(target=f"127.0.0.1:{free_port}", **settings)
    emit(bus, "kept")
    assert not bus.flush(0.01)
    assert not await bus.flush_async(0.01)


@pytest.mark.parametrize("given", ["5", True])
def test_a_timeout_is_a_number(bus, given):
    with pytest.raises(TypeError):
        bus.shutdown(given)
