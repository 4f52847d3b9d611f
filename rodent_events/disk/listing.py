"""What lies in a spool folder, for people to look at; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rodent_events.disk.folder import SUFFIX, all_folders
from rodent_events.disk.segment import Damage, Segment


def listed(root: Path) -> Iterator[tuple[Segment, Damage | OSError | None]]:
    """Each file of a folder and of those of processes below it, oldest first.

    Args:
        root: As ``events_dir``.

    Yields:
        The file, and what is wrong with it: an OSError if it cannot be read.
    """
    paths = (path for folder in all_folders(root) for path in folder.glob(f"*{SUFFIX}"))
    for path in sorted(paths, key=lambda path: path.name):
        segment = Segment(path)
        try:
            yield segment, segment.examine()
        except OSError as error:
            yield segment, error
