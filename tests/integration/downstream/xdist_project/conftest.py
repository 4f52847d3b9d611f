"""One server for all processes: it runs in the one that starts the others."""

import pytest

from toggle_mock import RemoteToggle, ToggleServer

SERVER = pytest.StashKey[ToggleServer]()


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        server = ToggleServer(http_port=0)
        config.add_cleanup(server.stop)
        config.stash[SERVER] = server.start()


def pytest_configure_node(node):
    node.workerinput["toggle"] = f"http://{node.config.stash[SERVER].http_address}"


def pytest_terminal_summary(terminalreporter, config):
    organizations = {call.sub for call in config.stash[SERVER].calls}
    terminalreporter.line(f"one server has heard of {len(organizations)} organizations")


@pytest.fixture(scope="session")
def toggle(request):
    with RemoteToggle(request.config.workerinput["toggle"]) as remote:
        yield remote


@pytest.fixture
def session(toggle):
    with toggle.session() as session:
        yield session
