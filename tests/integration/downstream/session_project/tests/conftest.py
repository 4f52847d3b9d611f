import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

AGENT = Path(__file__).parents[1] / "pool_agent.py"


@contextmanager
def running_agent(toggle, folder):
    """The agent, ready; a function that has it report a pool."""
    environment = os.environ | {
        "RODENT_EVENTS_TARGET": toggle.address,
        "RODENT_EVENTS_JWT": toggle.jwt(rid="agent-1"),
        "RODENT_EVENTS_EVENTS_DIR": str(folder),
        "RODENT_EVENTS_BATCH_TIMEOUT": "0.05",
        "RODENT_EVENTS_RETRY_BACKOFF_BASE": "0.01",
    }
    with subprocess.Popen(
        [sys.executable, AGENT],
        env=environment,
        text=True,
        bufsize=1,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:

        def says(word):
            assert process.stdout.readline() == f"{word}\n"

        def report(pool):
            process.stdin.write(f"{pool}\n")
            says("reported")

        says("ready")
        yield report
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.fixture(scope="session")
def agent(toggle_server_session, tmp_path_factory):
    with running_agent(toggle_server_session, tmp_path_factory.mktemp("events")) as report:
        yield report


@pytest.fixture(scope="session")
def start_agent():
    return running_agent
