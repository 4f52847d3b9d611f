import pytest
from celery.contrib.testing.worker import start_worker
from scrub_tasks import app, scrub

import rodent_events


def test_a_task_as_a_function(rodent_events_bus, toggle_server):
    assert scrub("tank") == "tank"
    toggle_server.wait_for("pool_name:tank metadata.action:scrub")
    toggle_server.assert_only("level:INFO", count=1)


def test_a_task_that_is_tried_again(rodent_events_bus, toggle_server):
    assert scrub.apply(["tank"], {"error_count": 1}).get() == "tank"
    toggle_server.wait_for("pool_name:tank", count=2)
    toggle_server.assert_in_order('level:ERROR metadata.error:"tank has 1 errors"', "level:INFO")


@pytest.fixture
def worker(toggle_server, tmp_path, monkeypatch):
    """A worker as it is in production, which begins the bus; its end is none of a process."""
    monkeypatch.setenv("RODENT_EVENTS_TARGET", toggle_server.address)
    monkeypatch.setenv("RODENT_EVENTS_JWT", toggle_server.jwt())
    monkeypatch.setenv("RODENT_EVENTS_EVENTS_DIR", str(tmp_path))
    monkeypatch.setenv("RODENT_EVENTS_BATCH_TIMEOUT", "0.05")
    with start_worker(app, perform_ping_check=False) as worker:
        yield worker
    rodent_events.shutdown()


def test_by_a_worker(worker, toggle_server):
    for number in range(3):
        scrub.delay(f"p{number}")
    toggle_server.wait_for("metadata.action:scrub", count=3, timeout=20)
