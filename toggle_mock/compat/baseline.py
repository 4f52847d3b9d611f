"""Findings that a project has accepted, in a file: one key a line, ``#`` before a comment."""

from __future__ import annotations

import re
from pathlib import Path

from toggle_mock.compat.report import Report

_HEAD = """\
# Findings of `toggle-mock schema check` that are accepted, one a line.
# A star stands for any text. Say above each why it may stay.
"""


def read_baseline(path: Path) -> list[str]:
    """The keys in a file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no text.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no baseline: {error}") from None
    lines = (re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def write_baseline(report: Report, path: Path) -> None:
    """Accept all that a report found, and what it had accepted.

    Raises:
        OSError: It cannot be written.
    """
    entries = [f"\n# {one.title}\n{one.key}\n" for one in [*report.accepted, *report.findings]]
    path.write_text(_HEAD + "".join(entries), "utf-8")
