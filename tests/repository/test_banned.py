"""What ruff is told to ban, it finds, however it is imported."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
BANNED = sorted(RULES["flake8-tidy-imports"]["banned-api"])


@pytest.mark.parametrize("module", ["rodent_events/new.py", "toggle_mock/clients/new.py"])
def test_whatever_is_banned_is_found(module):
    by_attribute = [f"import {name.rpartition('.')[0]}\n{name}\n" for name in BANNED]
    by_name = ["from {0} import {2}\n".format(*name.rpartition(".")) for name in BANNED]
    for snippet in by_attribute + by_name:
        assert "TID251" in findings(module, snippet), snippet


def findings(module: str, source: str) -> str:
    command = [Path(sys.executable).with_name("ruff"), "check", "--select=TID251", "--no-cache"]
    done = subprocess.run(
        [*command, f"--stdin-filename={module}", "-"],
        input=source,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout
