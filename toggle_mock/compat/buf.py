"""The same rules by buf itself, for those who ask for it; nothing else needs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from toggle_mock.compat.report import Category
from toggle_mock.errors import SchemaError
from toggle_mock.schema import Schema

_VIOLATIONS_FOUND = 100


@dataclass(frozen=True)
class BufViolation:
    """One line of ``buf breaking``."""

    rule: str
    text: str


def find_buf() -> str:
    """The command: beside Python, where the extra ``schema`` installs it, or on the PATH.

    Raises:
        SchemaError: It is not installed.
    """
    beside = Path(sys.executable).parent / "buf"
    command = str(beside) if beside.exists() else shutil.which("buf")
    if command is None:
        raise SchemaError(
            "buf is not installed: pip install buf-bin, or the extra, rodent-events[schema]; "
            "without buf=True, or --buf, our own reading of its rules is checked"
        )
    return command


def buf_version(command: str) -> str:
    """Its version, such as ``1.75.0``."""
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    return (done.stdout or done.stderr).strip()


def buf_violations(
    command: str, old: Schema, new: Schema, category: Category
) -> list[BufViolation]:
    """What ``buf breaking`` says.

    Raises:
        SchemaError: buf cannot compare the two.
    """
    config = {"version": "v2", "breaking": {"use": [category]}}
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("new.binpb", "old.binpb")]
        for path, schema in zip(paths, (new, old), strict=True):
            path.write_bytes(schema.files.SerializeToString())
        done = subprocess.run(
            [
                command,
                "breaking",
                str(paths[0]),
                f"--against={paths[1]}",
                "--error-format=json",
                f"--config={json.dumps(config)}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode not in {0, _VIOLATIONS_FOUND}:
        raise SchemaError(f"buf cannot compare {old.name} with {new.name}: {done.stderr.strip()}")
    lines = (json.loads(line) for line in done.stdout.splitlines())
    return [BufViolation(line["type"], line["message"]) for line in lines]
