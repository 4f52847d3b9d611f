"""The page docs/contract-cases.md: one paragraph for each case of the contract suites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from toggle_mock.contract.cases import PROFILES, Case, Group
from toggle_mock.contract.reports.markdown import escaped

_HEAD = """\
# The cases of the contract suites

One paragraph each; [the page on the suites](contract.md) tells how they are run. A rule *must* be
kept, or *should*; a case needs what is declared of the program, and is not applicable otherwise.
"""


def page(suites: Sequence[tuple[str, Sequence[Group[Any]]]]) -> str:
    """The page, of the suites by their titles."""
    return "\n".join([_HEAD, *(line for suite in suites for line in _suite(*suite))])


def _suite(title: str, groups: Sequence[Group[Any]]) -> Iterator[str]:
    count = sum(len(group.cases) for group in groups)
    yield f"## {title}: {count} cases\n"
    for group in groups:
        yield f"### {escaped(group.title)}\n"
        yield from map(_paragraph, group.cases)


def _paragraph(case: Case[Any]) -> str:
    needs = ", ".join(f"`{need}`" for need in case.needs) or "nothing"
    waits = ", ".join(f"`{name}`" for name in dict.fromkeys(case.waits))
    parts = [
        f"**{escaped(case.title)}** (`{case.id}`, {case.severity}).",
        f"{escaped(case.rule)}",
        f"*Source:* {escaped(case.source.rstrip('.'))}.",
        f"*Cost of a breach:* {escaped(case.cost)}",
        f"*Needs:* {needs}.",
        *([f"*Waits for:* {waits}."] if waits else []),
        *([f"*Profiles:* {', '.join(case.profiles)}."] if case.profiles != PROFILES else []),
    ]
    return " ".join(parts) + "\n"
