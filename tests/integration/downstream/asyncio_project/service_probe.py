"""Asks services whether they are well, all at once, and reports what each said."""

import asyncio
from collections.abc import Awaitable, Callable

from rodent_events import EVENT_LEVEL_ERROR, EVENT_LEVEL_INFO, EventBus, ServiceStatusPayload

Probe = Callable[[], Awaitable[str]]


async def probe_all(bus: EventBus, probes: dict[str, Probe], timeout: float) -> None:
    async with asyncio.TaskGroup() as group:
        for name, probe in probes.items():
            group.create_task(_probe(bus, name, probe, timeout))


async def _probe(bus: EventBus, name: str, probe: Probe, timeout: float) -> None:
    try:
        async with asyncio.timeout(timeout):
            status = await probe()
        level = EVENT_LEVEL_INFO
    except TimeoutError:
        status, level = "no answer", EVENT_LEVEL_ERROR
    bus.emit_service_status(level, ServiceStatusPayload(service_name=name, status=status))
