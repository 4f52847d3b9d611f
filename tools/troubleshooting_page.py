"""The second half of docs/troubleshooting.md: each code, with what it means and what helps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rodent_events import codes as agent
from rodent_events.code_table import Code
from toggle_mock import codes as mock
from toggle_mock.contract.reports.markdown import escaped

_GROUPS = {
    "RE-1": "Errors of `rodent_events`",
    "RE-2": "The log of `rodent_events`",
    "RE-3": "Errors of `toggle_mock`",
    "RE-4": "The log of `toggle_mock`, and its warnings",
}


def by_message(rows: Iterable[Code] = (*agent.CODES.rows, *mock.CODES.rows)) -> str:
    """All codes, in groups."""
    lines: list[str] = []
    group = ""
    for row in rows:
        if not row.code.startswith(group) or not group:
            group = row.code[:4]
            lines.append(f"## {_GROUPS[group]}\n")
        lines += _section(row)
    return "\n".join(lines).rstrip("\n")


def _section(row: Code) -> Iterator[str]:
    yield f"### {row.code} {escaped(row.title)} {{ #{row.code.lower()} }}\n"
    yield f"{_linked(row.cause)}\n"
    yield f"*What helps:* {_linked(row.remedy)}\n"


def _linked(text: str) -> str:
    """Pages are named by their files, since the text is shown on a terminal too."""
    return re.sub(r"docs/([\w.-]+?)(\.md|\.json)", r"[docs/\1\2](\1\2)", text)
