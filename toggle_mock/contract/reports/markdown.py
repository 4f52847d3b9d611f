"""The report as Markdown, for the page of a pull request or of a workflow."""

from __future__ import annotations

import html

from toggle_mock.contract.reports.failure import seen, timeline
from toggle_mock.contract.reports.table import group_rows, reasons, summary
from toggle_mock.contract.standing import Run, Standing, standing_of
from toggle_mock.contract.verdicts import Result
from toggle_mock.tables import as_plain, longest_ticks, markdown_row


def as_markdown(run: Run) -> str:
    """The sum, a table by group, and what fails, each to be unfolded."""
    head, *rows = group_rows(run)
    lines = [
        f"# Contract of a {run.subject.capitalize()}",
        "",
        f"**{escaped(summary(run))}**",
        "",
        markdown_row(head),
        "|---" + "|--:" * (len(head) - 1) + "|",
        *(markdown_row([escaped(group), *numbers]) for group, *numbers in rows),
    ]
    for result in run.to_tell:
        lines += ["", *_details(run, result)]
    known = run.with_standing(Standing.KNOWN_FAILING)
    if known:
        lines += ["", "Known failing: " + ", ".join(f"`{one.case.id}`" for one in known)]
    if not_applicable := reasons(run):
        lines += ["", "Not applicable:", ""]
        lines += [
            f"- {escaped(why)}: " + ", ".join(f"`{one}`" for one in ids)
            for why, ids in not_applicable.items()
        ]
    lines += [f"\nNote: {escaped(note)}" for note in run.notes]
    return "\n".join(lines) + "\n"


def _details(run: Run, result: Result) -> list[str]:
    case = result.case
    output = [f"{name}:\n{text.rstrip()[-2_000:]}" for name, text in result.output.items() if text]
    title = html.escape(case.title, quote=False)
    return [
        f"<details><summary><b>{standing_of(result)}: {case.id}</b> {title}</summary>",
        "",
        f"- seen: {escaped(seen(result))}",
        f"- rule ({case.severity}): {escaped(case.rule)}",
        f"- source: {escaped(case.source)}",
        f"- cost: {escaped(case.cost)}",
        "",
        *_block("\n".join([*timeline(result), *output])),
        "",
        *_block(run.alone(case.id)),
        "",
        "</details>",
    ]


def _block(text: str) -> list[str]:
    """A block of code, whatever is in it."""
    fence = "`" * max(3, longest_ticks(text) + 1)
    return [fence, text, fence]


def escaped(text: str) -> str:
    """Text in which nothing is markup, on one line."""
    return as_plain(" ".join(text.split()))
