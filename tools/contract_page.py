"""The page docs/contract-cases.md: features, times and cases of the contract suites."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from toggle_mock.contract.cases import PROFILES, Case, Group
from toggle_mock.contract.reports.markdown import escaped
from toggle_mock.faults.record import Record
from toggle_mock.tables import markdown_row

_HEAD = """\
# The cases of the contract suites

One paragraph each; [the page on the suites](contract.md) tells how they are run. A rule *must* be
kept, or *should*; a case needs what is declared of the program, and is not applicable otherwise.
"""


@dataclass(frozen=True)
class Described:
    """A suite, as the page has it."""

    title: str
    groups: Sequence[Group[Any]]
    features: Mapping[Any, str]
    times: type[Record]


def page(suites: Sequence[Described]) -> str:
    """The page, of all suites."""
    return "\n".join([_HEAD, *(line for suite in suites for line in _suite(suite))])


def _suite(suite: Described) -> Iterator[str]:
    count = sum(len(group.cases) for group in suite.groups)
    yield f"## {suite.title}: {count} cases\n"
    features = [(f"`{name}`", escaped(what)) for name, what in suite.features.items()]
    yield _table(("feature", "what it says: the program …"), features)
    times = [
        (f"`{name}`", f"{getattr(suite.times(), name):g}", escaped(what))
        for name, what in _documented(suite.times)
    ]
    yield _table(("time", "seconds by default", "what"), times)
    for group in suite.groups:
        yield f"### {escaped(group.title)}\n"
        yield from map(_paragraph, group.cases)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"{markdown_row(cells)}\n" for cells in lines)


def _documented(record: type[Record]) -> Iterator[tuple[str, str]]:
    """The fields of a record with what is said below each, which only its source has."""
    (definition,) = ast.parse(dedent(inspect.getsource(record))).body
    assert isinstance(definition, ast.ClassDef)
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(what))),
            ):
                yield name, " ".join(what.split()).rstrip(".")


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
