"""With fixtures, which a TestCase takes by one of its own, as pytest has it."""

import unittest

import pytest

from rodent_events import StoragePoolPayload


class FixturesTest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def take(self, toggle_server, event_bus):
        self.toggle, self.bus = toggle_server, event_bus

    def test_one(self):
        self.bus.emit(StoragePoolPayload(pool_name="one"))
        self.toggle.assert_received("pool_name:one", count=1)

    @pytest.mark.toggle(deduplicate=True)
    def test_a_server_with_options(self):
        assert self.toggle.recording.deduplicate
        self.bus.emit(StoragePoolPayload(pool_name="two"))
        self.toggle.assert_received("pool_name:two", count=1)
        self.toggle.assert_only("pool_name:two")


class AsyncFixturesTest(unittest.IsolatedAsyncioTestCase):
    @pytest.fixture(autouse=True)
    def take(self, toggle_server, event_bus):
        self.toggle, self.bus = toggle_server, event_bus

    async def test_it_is_waited_for(self):
        self.bus.emit(StoragePoolPayload(pool_name="tank"))
        await self.toggle.aio.wait_for("pool_name:tank")
        assert await self.bus.flush_async(10)
