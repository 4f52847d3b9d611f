"""A server of each class' own, with a bus of its own."""

import pytest

from rodent_events import EventBus, StoragePoolPayload
from toggle_mock import ToggleServer


@pytest.fixture(scope="class")
def toggle():
    with ToggleServer() as server:
        yield server


@pytest.fixture(scope="class")
def bus(toggle, tmp_path_factory):
    token, folder = toggle.across_tests.jwt(), tmp_path_factory.mktemp("events")
    with EventBus(target=toggle.address, jwt=token, events_dir=folder) as bus:
        yield bus


@pytest.fixture(autouse=True)
def anew(toggle):
    toggle.begin_test()
    yield
    toggle.end_test()


class TestEach:
    @pytest.mark.parametrize("pool", ["tank", "backup"])
    def test_has_its_own(self, bus, toggle, pool):
        bus.emit(StoragePoolPayload(pool_name=pool))
        assert bus.flush(timeout=20)
        toggle.assert_only(f"pool_name:{pool}", count=1)
