"""A bus that is initialized before gunicorn forks its workers."""

import os
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
def gunicorn(tmp_path, toggle_server, free_port):
    (tmp_path / "prefork.py").write_text(APP)
    environment = {
        **os.environ,
        "RODENT_EVENTS_TARGET": toggle_server.address,
        "RODENT_EVENTS_JWT": toggle_server.jwt(),
        "RODENT_EVENTS_EVENTS_DIR": str(tmp_path / "events"),
    }
    command = [str(Path(sys.executable).parent / "gunicorn"), "--preload", "--workers", "3"]
    process = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{free_port}", "prefork:app"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    yield process, f"http://127.0.0.1:{free_port}/"
    process.kill()
    process.wait()


def test_prefork(gunicorn, toggle_server, wait_until):
    process, url = gunicorn

    def get() -> str | None:
        try:
            with urllib.request.urlopen(url) as response:
                return response.read().decode()
        except OSError:
            return None

    answers = [wait_until(get) for _ in range(30)]
    process.terminate()
    process.wait(30)
    sources = sorted(event.payload.pool_name for event in toggle_server.events)
    assert sources == sorted([*answers, "master"])
