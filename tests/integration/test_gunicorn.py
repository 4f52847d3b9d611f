"""A bus that is initialized before gunicorn forks its workers."""

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

APP = """
import os
import rodent_events
from rodent_events import StoragePoolPayload

rodent_events.initialize(batch_timeout=3600)
rodent_events.emit(StoragePoolPayload(pool_name="master"))

def app(environ, start_response):
    rodent_events.emit(StoragePoolPayload(pool_name=str(os.getpid())))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""


@pytest.fixture
def gunicorn(tmp_path, toggle_server):
    (tmp_path / "prefork.py").write_text(APP)
    environment = {
        **os.environ,
        "RODENT_EVENTS_TARGET": toggle_server.address,
        "RODENT_EVENTS_JWT": toggle_server.jwt(),
        "RODENT_EVENTS_EVENTS_DIR": str(tmp_path / "events"),
    }
    command = [str(Path(sys.executable).parent / "gunicorn"), "--preload", "--workers", "3"]
    # It gets a socket that listens already: requests wait in it until the workers are there.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = subprocess.Popen(
            [*command, "--bind", f"fd://{listening.fileno()}", "prefork:app"],
            cwd=tmp_path,
            env=environment,
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
        yield process, f"http://127.0.0.1:{listening.getsockname()[1]}/"
        process.kill()
        process.wait()


def test_workers_and_master_deliver_each_event_once(gunicorn, toggle_server):
    process, url = gunicorn
    answers = []
    for _ in range(30):
        with urllib.request.urlopen(url, timeout=60) as response:
            answers.append(response.read().decode())
    process.terminate()
    process.wait(60)
    sources = sorted(event.payload.pool_name for event in toggle_server.events)
    assert sources == sorted([*answers, "master"])
