import pytest


@pytest.fixture(scope="session")
def toggle_server_options():
    """This agent speaks TLS."""
    return {"tls": True}
