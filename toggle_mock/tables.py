"""Tables and text as reports have them: in columns, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of cells in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def markdown_row(cells: Sequence[str]) -> str:
    """Cells that are Markdown, as a row of a table."""
    return f"| {' | '.join(cells)} |"


def as_plain(text: str) -> str:
    """Text in which nothing is markup of Markdown."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]<>|#" else char for char in text)


def longest_ticks(text: str) -> int:
    """How many backticks the longest word of them has: code in Markdown needs more around it."""
    return max((len(word) for word in text.split() if set(word) == {"`"}), default=0)
