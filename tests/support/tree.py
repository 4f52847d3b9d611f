"""A copy of the whole tree, to be changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def copied(to: Path) -> Path:
    """What git knows of the tree, with the tools of this one."""
    if not (ROOT / ".venv-proto" / ".ready").exists():
        reason = "the generators are missing: make .venv-proto/.ready"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    names = [name for name in known_files(ROOT) if (ROOT / name).is_file()]
    for name in names:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)
    # What is unchanged need not be checked, nor compiled, again.
    compiled = {f"{Path(name).parent}/__pycache__" for name in names if name.endswith(".py")}
    for folder in (".mypy_cache", *compiled):
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, to / folder)
    (to / ".venv").symlink_to(sys.prefix)
    (to / ".venv-proto").symlink_to(ROOT / ".venv-proto")
    return to


def known_files(root: Path) -> list[str]:
    """The files that git knows, and those that it would take up."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listed, cwd=root, check=True, capture_output=True, text=True)
    return [name for name in done.stdout.split("\0") if name]


def changed_files(root: Path) -> set[str]:
    """The files of a copy that are not what they are here, or are not here."""
    kept_out = {".git", ".venv", ".venv-proto", "build"}
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] not in kept_out
    }
    known = {name for name in found if "__pycache__" not in name and "cache/" not in name}
    return {
        name
        for name in known
        if not (ROOT / name).exists() or (root / name).read_bytes() != (ROOT / name).read_bytes()
    }


def run(root: Path, *command: str) -> None:
    """Run a command in a copy, whose packages come before those that are installed."""
    # The number of examples is the business of the run that this is a part of.
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    environment |= {"PYTHONPATH": str(root)}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-10_000:]}{done.stderr}"


def make(root: Path, *targets: str) -> None:
    """Run make in a copy: what is installed is that of this tree, and as old as it may be."""
    run(root, "make", *targets, "--old-file=.venv/.ready", "--old-file=.venv-proto/.ready")
