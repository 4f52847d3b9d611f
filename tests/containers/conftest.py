"""Tests of the image and of containers: with an engine, and the image, which make image builds."""

import docker
import pytest
from support.containers import require_containers
from support.waiting import wait_until


@pytest.fixture(scope="session", autouse=True)
def _needed():
    require_containers()


@pytest.fixture(scope="session")
def engine(_needed):
    """The Docker engine."""
    engine = docker.from_env()
    yield engine
    engine.close()


@pytest.fixture(name="wait_until")
def _wait_until():
    return wait_until
