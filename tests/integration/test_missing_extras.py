"""What is said where a library is missing that an extra brings."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.distributions import brought_by, linked

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

LOAD = "import sys; sys.argv[1:] = 'load --to 127.0.0.1:9'.split()"
CHECK = "import sys; sys.argv[1:] = 'schema check 2025-09-17 2025-10-03'.split()"

# What is installed, what is tried with it, and what that needs.
GATES = [
    ("rodent-events", "from toggle_mock import ToggleServer", "testing"),
    ("rodent-events", "from toggle_mock.__main__ import main; main()", "serve"),
    ("rodent-events[testing]", "from toggle_mock import RemoteToggle", "serve"),
    (
        "rodent-events[testing]",
        "from toggle_mock import ToggleServer; ToggleServer(http_port=0).start()",
        "serve",
    ),
    (
        "rodent-events[testing]",
        "from toggle_mock import ToggleServer; ToggleServer(tls=True).start()",
        "tls",
    ),
    (
        "rodent-events[testing]",
        "from toggle_mock import ToggleServer; ToggleServer().authority",
        "tls",
    ),
    (
        "rodent-events[testing]",
        "from toggle_mock import Tokens; Tokens(algorithm='ES256')",
        "tls",
    ),
    ("rodent-events[testing]", "from toggle_mock.strategies import from_message", "strategies"),
    ("rodent-events[testing]", "from toggle_mock.compat import check", "strategies"),
    (
        "rodent-events[testing]",
        "from toggle_mock import ToggleServer; ToggleServer(record='postgresql://h/d').start()",
        "postgres",
    ),
    ("rodent-events[testing]", "from toggle_mock import load; load('postgresql:///d')", "postgres"),
    ("rodent-events[serve]", "from toggle_mock.container import ToggleContainer", "container"),
    ("rodent-events[serve]", "from toggle_mock.locust import RodentUser", "load"),
    (
        "rodent-events[serve]",
        f"{LOAD}; from toggle_mock.__main__ import main; main()",
        "load",
    ),
    (
        "rodent-events[serve]",
        f"from toggle_mock.__main__ import main; {CHECK}; main()",
        "strategies",
    ),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Makes a folder that has no more than a requirement brings, and this project."""

    def make(requirement: str) -> Path:
        folder = tmp_path_factory.mktemp("packages")
        linked(brought_by([requirement]).values(), folder)
        for package in ("rodent_events", "toggle_mock"):
            (folder / package).symlink_to(ROOT / package)
        return folder

    made: dict[str, Path] = {}
    return lambda requirement: (
        made.get(requirement) or made.setdefault(requirement, make(requirement))
    )


@pytest.mark.parametrize(("installed", "code", "needed"), GATES)
def test_what_is_missing_is_told_with_the_command_that_installs_it(
    packages, installed, code, needed
):
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(packages(installed))},
        capture_output=True,
        text=True,
        check=False,
    )
    said = f"is not installed, which this needs: pip install 'rodent-events[{needed}]'"
    explained = "\nRE-316: toggle-mock explain RE-316\n"
    assert done.stderr.endswith(said + explained), done.stderr
    assert done.returncode == 1
