"""An agent on Trio: emit from any task; what waits, waits in a thread."""

import os

import trio

import rodent_events
from rodent_events import StoragePoolPayload


async def watch(pool):
    for _ in range(3):
        rodent_events.emit(StoragePoolPayload(pool_name=pool))
        await trio.sleep(0.01)


async def main():
    rodent_events.initialize(target=os.environ["TOGGLE"], jwt=os.environ["TOGGLE_JWT"])
    async with trio.open_nursery() as nursery:
        for pool in ("tank", "backup"):
            nursery.start_soon(watch, pool)
    print("delivered" if await trio.to_thread.run_sync(rodent_events.shutdown, 10) else "kept")


trio.run(main)
