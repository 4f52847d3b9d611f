"""What all tests of the company have: its settings, and a last word on each test."""

import pytest

from rodent_events import EventBus


def pytest_addoption(parser):
    parser.addoption("--site", default="lab", help="the site that agents report of")


@pytest.fixture
def event_bus_options(request):
    """Over the plugin's own; a package may go further in its conftest."""
    return {"enabled_categories": ["STORAGE", "SHARING"]}


@pytest.fixture
def toggle_server(request, toggle_server):
    """The plugin's own, which must hear of the site alone."""
    yield toggle_server
    site = request.config.getoption("--site")
    assert {event.metadata["site"] for event in toggle_server.events} <= {site}


@pytest.fixture
def agent(request, event_bus: EventBus):
    """Emits a payload with what the company has in each event."""
    site = request.config.getoption("--site")
    return lambda payload, **more: event_bus.emit(payload, metadata={"site": site, **more})
