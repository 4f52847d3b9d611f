"""Without any fixture: a server for the class, and one for each test of asyncio."""

import tempfile
import unittest

from rodent_events import EventBus, StoragePoolPayload
from toggle_mock import NotReceivedError, ToggleServer


class OneServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.toggle = cls.enterClassContext(ToggleServer(relay=True))

    def setUp(self):
        self.toggle.begin_test()
        self.addCleanup(self.toggle.end_test)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.bus = self.enterContext(
            EventBus(
                target=self.toggle.address,
                jwt=self.toggle.jwt(),
                events_dir=folder,
                batch_timeout=0.05,
            )
        )

    def test_each_test_sees_its_own(self):
        for pool in ("tank", "backup"):
            with self.subTest(pool=pool):
                self.toggle.clear()
                self.bus.emit(StoragePoolPayload(pool_name=pool))
                self.toggle.assert_received(f"pool_name:{pool}", count=1)
                self.toggle.assert_only(f"pool_name:{pool}")

    def test_nothing_is_there_of_others(self):
        self.assertEqual(list(self.toggle.events), [])

    def test_an_outage_is_one_of_this_test(self):
        self.toggle.faults.outage()
        self.bus.emit(StoragePoolPayload(pool_name="tank"))
        with self.assertRaisesRegex(NotReceivedError, "still waiting|no call arrived"):
            self.toggle.assert_received("pool_name:tank", timeout=0.05)


class AsyncTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.toggle = await self.enterAsyncContext(ToggleServer())
        self.bus = await self.enterAsyncContext(
            EventBus(
                target=self.toggle.address,
                jwt=self.toggle.jwt(),
                events_dir=self.enterContext(tempfile.TemporaryDirectory()),
                batch_timeout=0.05,
            )
        )

    async def test_it_is_waited_for(self):
        self.bus.emit(StoragePoolPayload(pool_name="tank"))
        (event,) = await self.toggle.aio.wait_for("payload:pool")
        self.assertEqual(event.payload.pool_name, "tank")
