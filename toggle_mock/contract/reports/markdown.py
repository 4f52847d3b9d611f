"""The report as Markdown, for the page of a pull request or of a workflow."""

from __future__ import annotations

from toggle_mock.contract.reports.failure import seen, timeline
from toggle_mock.contract.reports.table import group_rows, reasons, summary
from toggle_mock.contract.standing import Run, Standing, standing_of
from toggle_mock.contract.verdicts import Result


def as_markdown(run: Run) -> str:
    """The sum, a table by group, and what fails, each to be unfolded."""
    head, *rows = group_rows(run)
    lines = [
        f"# Contract of a {run.subject.capitalize()}",
        "",
        f"**{escaped(summary(run))}**",
        "",
        _row(head),
        "|---" + "|--:" * (len(head) - 1) + "|",
        *(_row([escaped(group), *numbers]) for group, *numbers in rows),
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


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _details(run: Run, result: Result) -> list[str]:
    case = result.case
    output = [f"{name}:\n{text.rstrip()[-2_000:]}" for name, text in result.output.items() if text]
    return [
        f"<details><summary><b>{standing_of(result)}: {case.id}</b> {_html(case.title)}</summary>",
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
    longest = max((len(run) for run in text.split() if set(run) == {"`"}), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text, fence]


def escaped(text: str) -> str:
    """Text in which nothing is markup, on one line."""
    line = " ".join(text.split())
    return "".join(f"\\{char}" if char in r"\`*_{}[]<>|#" else char for char in line)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
