import asyncio

import pytest
from aiohttp.test_utils import TestClient, TestServer
from share_service import make_app

from rodent_events import EventConfig


@pytest.fixture
async def client(toggle_server, tmp_path):
    config = EventConfig(
        target=toggle_server.address,
        jwt=toggle_server.jwt(rid="nas-1"),
        events_dir=tmp_path,
        batch_timeout=0.05,
        retry_backoff_base=0.01,
    )
    async with TestClient(TestServer(make_app(config))) as client:
        yield client


async def test_a_start_is_reported(client, toggle_server):
    async with client.post("/services/smb/start") as response:
        answer = await response.json()
    (event,) = await toggle_server.aio.wait_for("rid:nas-1 service_name:smb")
    assert answer == {"event": event.event_id, "delivered": True}
    assert event.payload.status == "running"


async def test_many_at_once_are_reported_once_each(client, toggle_server):
    names = [f"service-{number}" for number in range(20)]
    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(client.post(f"/services/{name}/stop"))
        arrived = await toggle_server.aio.wait_for("payload:service_status", count=len(names))
    assert sorted(event.payload.service_name for event in arrived) == sorted(names)
    toggle_server.assert_only("status:stopped", count=len(names))


async def test_the_loop_goes_on_while_toggle_hangs(client, toggle_server):
    with toggle_server.faults.hanging():
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(client.post("/services/smb/start"))
            await toggle_server.aio.wait_for_call("SendEvents")
            async with client.get("/health") as response:
                assert (await response.json())["state"]
        assert (await slow.result().json())["delivered"] is False
    await toggle_server.aio.wait_for("service_name:smb", timeout=20)


async def test_what_is_unknown_is_reported_to_nobody(client, toggle_server):
    async with client.post("/services/smb/explode") as response:
        assert response.status == 404
    await toggle_server.aio.assert_not_received(within=0.1)
