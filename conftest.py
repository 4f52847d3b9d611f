"""What all tests share: pytester for tests of the plugin, and Hypothesis' profiles."""

import os

import freezegun
import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

# Shared machines are slow at times; a deadline would only make tests flaky.
settings.register_profile(
    "ci", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", parent=settings.get_profile("ci"), max_examples=50)
# The same examples each time, so that what a mutant is judged by does not depend on luck.
settings.register_profile("mutation", parent=settings.get_profile("dev"), derandomize=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)

# It reads each attribute of each module, and one of testcontainers' connects to Docker's engine.
freezegun.configure(extend_ignore_list=["testcontainers"])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Skip what starts a container where none can be started; make test-containers fails then."""
    if "toggle_container" in item.fixturenames:
        from support.containers import require_containers

        require_containers()


@pytest.fixture(scope="session")
def agent_image():
    """An image of the Rodent in Go, for tests of containers and their example."""
    from support.containers import import_go_driver

    return import_go_driver("go-driver:test")
