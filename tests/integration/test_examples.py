"""The examples that are programs; those that are tests are collected by pytest itself."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_agent(toggle_server, tmp_path):
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "TOGGLE": toggle_server.address,
        "TOGGLE_JWT": toggle_server.jwt(),
    }
    agent = subprocess.run(
        [sys.executable, str(EXAMPLES / "agent.py")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert agent.stdout.startswith("delivered")
    assert [event.payload_type for event in toggle_server.events] == [
        "SystemStartupPayload",
        "ServiceStatusPayload",
    ]
