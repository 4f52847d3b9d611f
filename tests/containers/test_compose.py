"""The Compose recipe, played: a mock, an agent that reports to it, and tests that ask it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from toggle_mock import Tokens
from toggle_mock.container.toggle import IMAGE

RECIPE = Path(__file__).parents[2] / "ci/compose/compose.yaml"

TESTS = """
import os
from toggle_mock import RemoteToggle
with RemoteToggle(os.environ["TOGGLE_MOCK_URL"], whole=True) as toggle:
    toggle.wait_for("category:STORAGE", count=3, timeout=60)
    assert {event.rid for event in toggle.events} == {"node-7"}
"""

AGENT = """
import os, signal
from rodent_events import EventBus, StoragePoolPayload
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
target, token = os.environ["TOGGLE_ADDRESS"], os.environ["TOGGLE_JWT"]
with EventBus(target=target, jwt=token, events_dir="/tmp/events") as bus:
    for name in ("tank", "dozer", "data"):
        bus.emit(StoragePoolPayload(pool_name=name))
    signal.sigwait({signal.SIGTERM})
"""


@pytest.fixture
def project(tmp_path):
    """Runs docker-compose with the recipe, and with what stands in for an agent and for tests."""
    if not shutil.which("docker-compose"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("docker-compose is not installed")
    recipe = yaml.safe_load(RECIPE.read_text())
    recipe["services"]["toggle"]["ports"] = ["127.0.0.1::8025"]  # one that is free
    for service, script in {"agent": AGENT, "tests": TESTS}.items():
        recipe["services"][service] |= {"entrypoint": ["python", "-c", script]}
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(recipe))
    images = dict.fromkeys(("TOGGLE_IMAGE", "AGENT_IMAGE", "TESTS_IMAGE"), IMAGE)
    environment = os.environ | images | {"TOGGLE_JWT": Tokens().issue(rid="node-7")}

    def compose(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker-compose", "--project-name", tmp_path.name, *words],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    yield compose
    compose("down", "--volumes", "--timeout", "5")


def test_what_an_agent_emits_is_what_the_tests_find(project):
    ended = project("up", "--exit-code-from", "tests")
    assert ended.returncode == 0, ended.stdout
