"""Views that emit by the process-wide bus: Django's client, its live server, its async client."""

import urllib.request

import pytest
from django.test import TestCase


@pytest.fixture(autouse=True)
def bus(rodent_events_bus):
    return rodent_events_bus


class ScrubTest(TestCase):
    @pytest.fixture(autouse=True)
    def take(self, toggle_server):
        self.toggle = toggle_server

    def test_a_scrub_is_reported(self):
        assert self.client.get("/scrub/tank").status_code == 202
        self.toggle.assert_received("pool_name:tank metadata.action:scrub", count=1)

    def test_only_its_own(self):
        assert self.client.post("/scrub/backup").status_code == 202
        self.toggle.assert_received("metadata.by:POST", count=1)
        self.toggle.assert_only("pool_name:backup")

    async def test_in_asyncio(self):
        assert (await self.async_client.get("/scrub/tank")).status_code == 202
        await self.toggle.aio.assert_received("pool_name:tank", count=1)


def test_of_a_live_server(live_server, toggle_server):
    with urllib.request.urlopen(f"{live_server.url}/scrub/live") as answer:
        assert answer.status == 202
    toggle_server.assert_received("pool_name:live", count=1)
