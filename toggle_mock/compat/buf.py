"""The same rules by buf itself, for those who ask for it; nothing else needs it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import (
    EnumValueDescriptorProto,
    FieldDescriptorProto,
)

from toggle_mock.compat.report import Category
from toggle_mock.compat.schemas.marks import ByLine, elements_by_line, marked
from toggle_mock.errors import SchemaError
from toggle_mock.schema import Schema

_VIOLATIONS_FOUND = 100

# A field's or value's number comes first of what buf quotes; other numbers are in brackets.
_NUMBER = re.compile(r'"(-?\d+)"')


@dataclass(frozen=True)
class BufViolation:
    """One line of ``buf breaking``."""

    rule: str
    text: str
    owner: str
    """Full name of the message, enum, rpc or file that it is about; empty if buf does not say."""
    number: int
    """The number of the field or value that it is about; 0 if it is the whole."""
    element: str
    """Full name of what it is about; of what holds it, if it is gone."""


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
            path.write_bytes(marked(schema.files).SerializeToString())
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
    files = {file.name: elements_by_line(file) for file in new.files.file}
    lines = (json.loads(line) for line in done.stdout.splitlines())
    found: dict[object, BufViolation] = {}
    for one in (_violation(line, files) for line in lines):
        # Of an enum's number with several names, buf says the same of each name.
        found.setdefault((one.rule, one.text, one.owner, one.number), one)
    return list(found.values())


def _violation(line: Mapping[str, Any], files: Mapping[str, ByLine]) -> BufViolation:
    rule, text = line["type"], line["message"]
    owner, element = _place(files.get(line.get("path", ""), []), line.get("start_line", 0))
    number = _NUMBER.search(text)
    return BufViolation(rule, text, owner, int(number[1]) if number else 0, element)


def _place(elements: ByLine, line: int) -> tuple[str, str]:
    """Full names of the owner of what stands on a line, and of itself."""
    if not elements or not line:
        return "", ""
    name, element = elements[line - 1]
    if isinstance(element, FieldDescriptorProto):
        return element.extendee.removeprefix(".") or name.rpartition(".")[0], name
    if isinstance(element, EnumValueDescriptorProto):
        return name.rpartition(".")[0], name
    return name, name
