"""Folders that have no more than some of the distributions that are installed here."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "tools"))

from brought import OURS, PROJECT, brought_by

__all__ = ["OURS", "PROJECT", "brought_by", "linked"]


def linked(found: Iterable[Distribution], folder: Path) -> None:
    """Make a folder that has no more than these distributions, to be put on the path of Python."""
    for one in found:
        for place in {Path(*file.parts[:2]) for file in one.files or []}:
            top = place.parts[0]
            if top == ".." or top.endswith((".pth", "__pycache__")):
                continue
            home = Path(str(one.locate_file("")))
            is_namespace = (home / top).is_dir() and not any(
                (home / top / name).exists() for name in ("__init__.py", "METADATA")
            )
            link = folder / (place if is_namespace else top)
            link.parent.mkdir(exist_ok=True)
            if not link.exists():
                link.symlink_to(home / link.relative_to(folder))
