"""The examples that are programs; those that are tests are collected by pytest itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toggle_mock.cli.scenario import read_scenario

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "payloads"),
    [
        ("agent.py", ["SystemStartupPayload", "ServiceStatusPayload"]),
        ("on_trio.py", ["StoragePoolPayload"] * 6),
    ],
)
def test_an_agent_delivers_its_events(name, payloads, toggle_server, tmp_path):
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "TOGGLE": toggle_server.address,
        "TOGGLE_JWT": toggle_server.jwt(),
    }
    agent = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert agent.stdout.startswith("delivered")
    assert [event.payload_type for event in toggle_server.events] == payloads


def test_an_application_of_wsgi_reports(toggle_server, tmp_path):
    serving = "from wsgi import app; app({}, lambda status, headers: None)"
    environment = {
        "HOME": str(tmp_path),
        "RODENT_EVENTS_TARGET": toggle_server.address,
        "RODENT_EVENTS_JWT": toggle_server.jwt(),
        "RODENT_EVENTS_USE_PROXY": "false",
    }
    command = [sys.executable, "-c", serving]
    subprocess.run(command, env=environment, cwd=EXAMPLES / "how_to", check=True, timeout=60)
    toggle_server.assert_only("payload:pool", count=1)


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="curl and jq are not installed"
)
def test_the_script_with_curl_finds_that_all_holds():
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["sh", str(EXAMPLES / "with_curl.sh")],
        env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith('{"ok":true}{"ok":true}true\n')


def test_the_scenario_is_one():
    assert len(read_scenario(EXAMPLES / "scenario.yml")) == 5
