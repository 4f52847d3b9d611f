"""A server of the package's own, with an agent of its own."""

import pytest

from toggle_mock import ToggleServer


@pytest.fixture(scope="package")
def toggle():
    with ToggleServer(relay=True) as server:
        yield server


@pytest.fixture(scope="package")
def agent(toggle, start_agent, tmp_path_factory):
    with start_agent(toggle.across_tests, tmp_path_factory.mktemp("events")) as report:
        yield report


@pytest.fixture(autouse=True)
def anew(toggle):
    toggle.begin_test()
    yield
    toggle.end_test()
