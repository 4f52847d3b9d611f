import pytest


@pytest.fixture
def event_bus_options(event_bus_options):
    """The company's, and one more."""
    return event_bus_options | {"batch_size": 2}
