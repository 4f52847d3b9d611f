"""The rules of import-linter hold, and each of them bites."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
]

# For each contract a module and an import that it forbids.
SABOTAGES = {
    "The arrows of toggle_mock run down": (
        "toggle_mock/matching/values.py",
        "from toggle_mock.server.server import ToggleServer",
    ),
    "The agent knows no mock": (
        "rodent_events/ledger.py",
        "import toggle_mock.errors",
    ),
    "Of the agent, the mock takes what is on the wire and on disk, not the pipeline": (
        "toggle_mock/recording/records.py",
        "from rodent_events.bus import EventBus",
    ),
    "The arrows of rodent_events run down": (
        "rodent_events/config.py",
        "from rodent_events.worker import Worker",
    ),
    "The arrows among the files of the disk run down": (
        "rodent_events/disk/files.py",
        "from rodent_events.disk.journal import Journal",
    ),
    "Whether messages are understood is found out before it is worded": (
        "toggle_mock/compat/messages/diff.py",
        "from toggle_mock.compat.findings import rule_findings",
    ),
    "A case knows a rig, and who runs it knows neither": (
        "toggle_mock/contract/runner.py",
        "from toggle_mock.contract.rodent.rig import RodentRig",
    ),
    "Who judges a schedule knows nothing of who plays it": (
        "toggle_mock/contract/explore/oracle.py",
        "from toggle_mock.contract.explore.player import Player",
    ),
    "Locust knows the fleet by its process, and who compares knows neither": (
        "toggle_mock/locust/comparison.py",
        "from toggle_mock.locust.fleet import LoadFleet",
    ),
    "No circle anywhere": (
        "toggle_mock/recording/text.py",
        "from toggle_mock.cli.events import events",
    ),
}


@pytest.fixture
def tree(tmp_path):
    """A copy of both packages and of the rules."""
    for package in ("rodent_events", "toggle_mock"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken_contracts(folder: Path) -> list[str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [name for name in CONTRACTS if f"{name} BROKEN" in " ".join(done.stdout.split())]
    assert bool(broken) is (done.returncode != 0), done.stdout + done.stderr
    return broken


def test_the_rules_hold(tree):
    assert broken_contracts(tree) == []


def test_each_rule_has_a_sabotage():
    assert list(SABOTAGES) == CONTRACTS


@pytest.mark.parametrize("name", SABOTAGES)
def test_each_rule_bites(tree, name):
    path, planted = SABOTAGES[name]
    module = tree / path
    module.write_text(f"{module.read_text()}\n{planted}\n")
    assert name in broken_contracts(tree)
