"""Tests that share one server see only their own Rodents, also when they run in parallel."""

import pytest

from rodent_events import EventBus, EventConfig, StoragePoolPayload


@pytest.mark.parametrize("name", ["tank", "backup", "fast"])
def test_alone(toggle_server, tmp_path, name):
    session = toggle_server.session()
    config = EventConfig(target=session.address, jwt=session.jwt(), events_dir=tmp_path)
    with EventBus(config) as bus:
        bus.emit(StoragePoolPayload(pool_name=name))
        assert bus.flush(timeout=30)
    session.assert_only(f"pool_name:{name}", count=1)
