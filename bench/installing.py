"""From an empty environment to the first green test, as somebody begins who tries it out."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from functools import cache
from pathlib import Path

from bench.emitting import seconds
from bench.suite import Sample

ROOT = Path(__file__).parents[1]
WHEELS = ROOT / "build" / "bench-wheels"

OURS = "rodent-events[testing]"
PEER = "pytest-httpserver"

PEERS_TEST = """
from urllib.request import urlopen

def test_first(httpserver):
    httpserver.expect_request("/pools").respond_with_json({"name": "tank"})
    assert b"tank" in urlopen(httpserver.url_for("/pools")).read()
    httpserver.check_assertions()
"""


@cache
def _wheels() -> Path:
    """All that both need, so that no network is measured."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(WHEELS)]
    subprocess.run([*pip, f"{ROOT}[testing]", PEER, "pytest"], check=True)
    return WHEELS


def _begun(requirement: str, test: str) -> float:
    """Seconds until a test of somebody who has nothing yet is green."""
    wheels = _wheels()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_first.py").write_text(test)
        programs = Path(folder, "venv", "bin")

        def begin() -> None:
            venv.create(programs.parent, with_pip=True)
            install = ["install", "--quiet", "--no-index", "--find-links", str(wheels)]
            subprocess.run([programs / "pip", *install, requirement, "pytest"], check=True)
            run = [programs / "pytest", "-q", "test_first.py"]
            subprocess.run(run, cwd=folder, check=True, stdout=subprocess.DEVNULL)

        return seconds(begin)


def first_test() -> Sample:
    ours = (ROOT / "examples" / "test_first.py").read_text()
    return Sample(_begun(OURS, ours), _begun(PEER, PEERS_TEST))
