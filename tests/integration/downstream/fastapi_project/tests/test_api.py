import grpc
import httpx
import pytest
from pool_api.app import app, lifespan


def test_a_scrub_is_reported(client, toggle_server):
    assert client.post("/pools/tank/scrub").status_code == 202
    (event,) = toggle_server.wait_for("payload:pool metadata.action:scrub")
    assert event.payload.pool_name == "tank"


def test_so_is_a_snapshot_and_nothing_else(client, toggle_server):
    client.post("/snapshots/home?size=12")
    toggle_server.assert_received("payload:snapshot dataset_name:home size_bytes:12", count=1)
    toggle_server.assert_only("payload:snapshot")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_test_has_its_own(client, toggle_server, count):
    for number in range(count):
        client.post(f"/pools/p{number}/scrub")
    toggle_server.wait_for("payload:pool", count=count)
    toggle_server.assert_only("payload:pool", count=count)


def test_what_happens_in_an_outage_is_reported_after_it(client, toggle_server):
    with toggle_server.faults.outage():
        assert client.post("/pools/tank/scrub").status_code == 202
    toggle_server.assert_received("pool_name:tank", timeout=20)


def test_it_answers_also_when_toggle_refuses(client, toggle_server):
    toggle_server.on_send_events.always(grpc.StatusCode.PERMISSION_DENIED)
    assert client.post("/pools/tank/scrub").status_code == 202
    toggle_server.wait_for_call("SendEvents", status="PERMISSION_DENIED")


@pytest.mark.parametrize("pool", ["tank", "backup"])
async def test_from_asyncio(configured, toggle_server, pool):
    async with (
        lifespan(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client,
    ):
        await client.post(f"/pools/{pool}/scrub")
        (event,) = await toggle_server.aio.assert_received("payload:pool", count=1)
        assert event.payload.pool_name == pool
