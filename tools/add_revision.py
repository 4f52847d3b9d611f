"""Take up a published revision of the schema: its .proto files become proto/revisions/DATE.

python tools/add_revision.py FOLDER DATE     make revision generates afterwards what follows

Nothing is changed where the date or the files are wrong.
"""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

from toggle_mock import SchemaError, load_schema

ROOT = Path(__file__).parents[1]
FILES = ["base.proto", "events/event_messages.proto"]


def add(source: Path, day: str, revisions: Path) -> Path:
    """Copy the files of a revision to where revisions are; return their folder.

    Args:
        source: The folder that has them.
        day: When it was published, such as ``2026-01-15``.
        revisions: Where each revision has a folder.

    Raises:
        ValueError: The date is none, or not the newest; a file is missing, or they do not compile.
    """
    known = sorted(path.name for path in revisions.iterdir())
    try:
        written = date.fromisoformat(day).isoformat()
    except ValueError:
        raise ValueError(f"DATE is {day!r}, not a date such as 2026-01-15") from None
    if written != day or day <= known[-1]:
        raise ValueError(f"DATE is {day}: the newest revision is {known[-1]}, a new one is later")
    missing = [name for name in FILES if not (source / name).is_file()]
    if missing:
        raise ValueError(f"FROM is {source}: it has no {missing[0]}; a revision has {FILES}")
    try:
        load_schema(source)
    except SchemaError as error:
        raise ValueError(f"FROM is {source}: {error}") from error
    for name in FILES:
        (revisions / day / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, revisions / day / name)
    return revisions / day


def main() -> int:
    if len(sys.argv) != 3 or not all(sys.argv[1:]):
        print("make revision FROM=FOLDER DATE=2026-01-15", file=sys.stderr)
        return 2
    try:
        print(add(Path(sys.argv[1]), sys.argv[2], ROOT / "proto" / "revisions"))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
