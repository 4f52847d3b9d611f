"""Findings that a project has accepted, in a file: one key a line, ``#`` before a comment."""

from __future__ import annotations

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
    """
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def write_baseline(report: Report, path: Path) -> None:
    """Accept all that a report found, and what it had accepted.

    Raises:
        OSError: It cannot be written.
    """
    entries = [f"\n# {one.title}\n{one.key}\n" for one in [*report.accepted, *report.findings]]
    path.write_text(_HEAD + "".join(entries), "utf-8")
