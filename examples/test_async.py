"""The same from asyncio: nothing here blocks the event loop."""

import asyncio

from rodent_events import EventBus, StoragePoolPayload
from toggle_mock import ToggleServer


async def test_a_pool_is_reported(tmp_path):
    async with ToggleServer() as toggle:
        settings = {"target": toggle.address, "jwt": toggle.jwt(), "events_dir": tmp_path}
        async with EventBus(**settings) as bus:
            arrival = asyncio.create_task(toggle.aio.wait_for(StoragePoolPayload(pool_name="tank")))
            bus.emit(StoragePoolPayload(pool_name="tank", size_bytes=2**40))
            assert await bus.flush_async()
            (event,) = await arrival
            assert event.payload.size_bytes == 2**40
