import asyncio

import grpc
import pytest
from service_probe import probe_all

from rodent_events import EventBus
from toggle_mock import NotReceivedError, ToggleServer


@pytest.fixture
async def toggle():
    async with ToggleServer() as server:
        yield server


@pytest.fixture
async def bus(toggle, tmp_path):
    settings = {"target": toggle.address, "jwt": toggle.jwt(), "events_dir": tmp_path}
    async with EventBus(**settings, batch_timeout=0.05, retry_backoff_base=0.01) as bus:
        yield bus


async def answer():
    return "running"


async def no_answer():
    await asyncio.Event().wait()


async def test_all_services_are_reported(toggle, bus):
    waiting = asyncio.create_task(toggle.aio.wait_for("payload:service_status", count=2))
    await probe_all(bus, {"smb": answer, "nfs": answer}, timeout=5)
    assert {event.payload.service_name for event in await waiting} == {"smb", "nfs"}


async def test_a_service_that_does_not_answer_is_an_error(toggle, bus):
    await probe_all(bus, {"smb": answer, "nfs": no_answer}, timeout=0.05)
    await toggle.aio.wait_for('level:ERROR service_name:nfs status:"no answer"')
    await toggle.aio.assert_not_received("level:ERROR service_name:smb", within=0.05)


async def test_the_event_loop_goes_on_while_toggle_is_away(toggle, bus):
    toggle.on_send_events.returns([grpc.StatusCode.UNAVAILABLE])
    async with asyncio.TaskGroup() as group:
        arrival = group.create_task(toggle.aio.wait_for("service_name:smb", timeout=20))
        group.create_task(probe_all(bus, {"smb": answer}, timeout=5))
    assert len(arrival.result()) == 1
    assert await bus.flush_async(timeout=20)


async def test_what_does_not_come_is_told(toggle):
    with pytest.raises(NotReceivedError, match="service_name:smb"):
        await toggle.aio.wait_for("service_name:smb", timeout=0.01)


async def test_with_the_fixtures_of_the_plugin(toggle_server, event_bus):
    await probe_all(event_bus, {"smb": answer}, timeout=5)
    (event,) = await toggle_server.aio.wait_for("service_name:smb")
    assert event.payload.status == "running"
