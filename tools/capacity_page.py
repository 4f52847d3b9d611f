"""The tables of docs/capacity.md, as the program says that makes them: examples/capacity."""

from __future__ import annotations

import runpy
from pathlib import Path

from marked import with_part

PROGRAM = Path(__file__).parents[1] / "examples" / "capacity"


def capacity(page: str) -> str:
    """A page with its tables as they are to be."""
    made: dict[str, str] = runpy.run_path(str(PROGRAM))["tables"]()
    for name, table in made.items():
        page = with_part(page, name, table, "make schemas")
    return page
