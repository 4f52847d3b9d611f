"""Where the snapshots of a test are, and which of them it has asked for.

pytest loads this in every run, so it needs nothing but the standard library.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

UPDATE = "--toggle-snapshot-update"
"""The option of pytest that has snapshots written."""

FOLDER = "__snapshots__"
SUFFIX = ".txtpb"

_LONGEST_NAME = 100
"""Characters of a file's name, of 255 that there may be."""


@dataclass
class TestSnapshots:
    """The snapshots of a test."""

    __test__ = False  # for pytest: it is none, whatever its name

    folder: Path
    root: Path
    """What paths are shown relative to."""
    update: bool = False
    """Whether they are written."""
    used: set[Path] = field(default_factory=set)
    written: set[Path] = field(default_factory=set)
    """Those that are not written again by the same test, but compared."""

    def named(self, name: str) -> StoredSnapshot:
        """One of them.

        Raises:
            TypeError: The name is no text.
            ValueError: It is empty.
        """
        if not isinstance(name, str):
            raise TypeError(f"the name of a snapshot is {name!r}: give text")
        if not name:
            raise ValueError("the name of a snapshot is empty: give text")
        path = self.folder / f"{file_name(name)}{SUFFIX}"
        self.used.add(path)
        return StoredSnapshot(self, name, path)


@dataclass(frozen=True)
class StoredSnapshot:
    """One snapshot of a test, in its file if it is stored."""

    test: TestSnapshots
    name: str
    path: Path

    @property
    def shown_path(self) -> str:
        """The path as one reads it in a failure."""
        if self.path.is_relative_to(self.test.root):
            return str(self.path.relative_to(self.test.root))
        return str(self.path)

    @property
    def is_to_be_written(self) -> bool:
        """Whether what arrives is right by definition."""
        return self.test.update and self.path not in self.test.written

    def read(self) -> str | None:
        """Its text; None if there is none."""
        try:
            return self.path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def write(self, text: str) -> None:
        """Store it, whole or not at all, as others may read it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        temporary.write_text(text, "utf-8", newline="\n")
        temporary.replace(self.path)


class _Current:
    """Which test runs in this process, if one does."""

    test: TestSnapshots | None = None


@contextmanager
def during(test: TestSnapshots | None) -> Iterator[TestSnapshots | None]:
    """Have a test's snapshots be those that are asked for; None for none."""
    before, _Current.test = _Current.test, test
    try:
        yield test
    finally:
        _Current.test = before


def snapshot(name: str) -> StoredSnapshot:
    """A snapshot of the test that runs.

    Raises:
        RuntimeError: None runs, or pytest does so without the plugin.
        TypeError: The name is no text.
        ValueError: It is empty.
    """
    if _Current.test is None:
        raise RuntimeError(
            "a snapshot belongs to a test: assert_snapshot() needs pytest, with the plugin "
            "toggle_mock"
        )
    return _Current.test.named(name)


def file_name(text: str) -> str:
    """A name for a file or a folder, of what may be any text; other text has another name."""
    name = re.sub(r"[^\w.\[\]-]", "_", text, flags=re.ASCII)[:_LONGEST_NAME].lstrip(".")
    if name == text:
        return name
    return f"{name}-{sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"
