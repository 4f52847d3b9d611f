"""Reports as text, Markdown, JSON, annotations of GitHub, and SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from toggle_mock.compat.report import Direction, Finding, Report, Row, Severity, Verdict
from toggle_mock.compat.schemas.locations import Location
from toggle_mock.github import annotation
from toggle_mock.tables import aligned, as_plain, longest_ticks, markdown_row

Locate: TypeAlias = Callable[[str], Location | None]

_HEADINGS = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}
_LEVELS: Mapping[Severity, Literal["notice", "warning", "error"]] = {
    Severity.NOTE: "notice",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
}
_ABSENT = "-"


def summary(report: Report) -> str:
    """How many of what, in one line."""
    counts = {
        severity: sum(finding.severity is severity for finding in report.findings)
        for severity in reversed(Severity)
    }
    parts = [f"{count} {_plural(str(severity), count)}" for severity, count in counts.items()]
    parts += [f"{len(report.accepted)} accepted"] if report.accepted else []
    parts += [f"{report.left_out} not asked for"] if report.left_out else []
    return ", ".join(parts)


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _columns(report: Report) -> tuple[str, ...]:
    caller, callee = report.parties
    return (
        "message",
        f"old {caller}, new {callee}",
        f"new {caller}, old {callee}",
        f"buf {report.category}",
    )


def _cells(report: Report, row: Row) -> tuple[str, ...]:
    verdicts = [_told(one) or _ABSENT for one in (row.old_to_new, row.new_to_old)]
    count = len(row.rules)
    return (report.name_of(row), *verdicts, f"{count} broken" if count else "ok")


def _grouped(
    findings: Sequence[Finding],
) -> Iterator[tuple[Severity, list[tuple[str, list[Finding]]]]]:
    """By severity, the worst first, and then by package and cause."""
    for severity in reversed(Severity):
        groups: dict[tuple[str, str], list[Finding]] = {}
        for finding in findings:
            if finding.severity is severity:
                groups.setdefault((finding.package, finding.cause), []).append(finding)
        if groups:
            # Sorted by package; what comes of one cause stands together in it.
            yield severity, [(_group_title(*key), groups[key]) for key in sorted(groups)]


def _group_title(package: str, cause: str) -> str:
    return f"{package or 'no package'}: {cause}"


def _told_rows(report: Report) -> list[Row]:
    return [row for row in report.rows if not (row.is_identical or row.is_inherited)]


def _counts(report: Report) -> list[str]:
    """One line for all that is the same, and one for all that holds what is told."""
    same = sum(row.is_identical for row in report.rows)
    holders = sum(row.is_inherited for row in report.rows)
    lines = [f"{same} of {len(report.rows)} messages and rpcs are identical."] if same else []
    return lines + ([f"{holders} hold such messages, and nothing else."] if holders else [])


# Text


def as_text(report: Report, _locate: Locate) -> str:
    """For a terminal."""
    lines = [f"{report.old} (old) against {report.new} (new); rules checked by {report.judged_by}"]
    for severity, groups in _grouped(report.findings):
        for title, group in groups:
            lines += ["", f"{_HEADINGS[severity]}, {title} ({len(group)})"]
            lines += [line for finding in group for line in _finding_lines(finding)]
    lines += ["", *_table_lines(report), *_counts(report)]
    differing = [row for row in report.rows if row.remark]
    if differing:
        lines += ["", "Where buf's rules and the messages differ"]
        lines += [f"  {report.name_of(row)}: {row.remark}." for row in differing]
    lines += [f"Accepted, but no longer found: {key}" for key in report.unused]
    return "\n".join([*lines, "", summary(report)])


def _table_lines(report: Report) -> list[str]:
    rows = _told_rows(report)
    if not rows:
        return []
    return aligned([_columns(report), *(_cells(report, row) for row in rows)])


def _finding_lines(finding: Finding) -> list[str]:
    if finding.severity is Severity.NOTE and not finding.remark:
        return [f"  {finding.title} ({_whose(finding)})", f"    {finding.key}"]
    lines = [finding.explanation, finding.remark and f"{finding.remark}.", finding.key]
    return [f"  {finding.title}", *(f"    {line}" for line in lines if line)]


def _whose(finding: Finding) -> str:
    old_reads = "the old side does not know it"
    return old_reads if finding.direction is Direction.NEW_TO_OLD else finding.explanation


# Markdown


def as_markdown(report: Report, _locate: Locate) -> str:
    """For a pull request or a page."""
    lines = [
        f"# Schema {report.old} against {report.new}",
        "",
        f"{summary(report)}. Rules checked by {report.judged_by}.",
    ]
    for severity, groups in _grouped(report.findings):
        lines += ["", f"## {_HEADINGS[severity]}"]
        for title, group in groups:
            lines += ["", f"### {as_plain(title)} ({len(group)})", ""]
            lines += [_markdown_item(finding) for finding in group]
    columns, rows = _columns(report), _told_rows(report)
    lines += ["", "## Messages and rpcs", ""]
    if rows:
        lines += [
            markdown_row([*columns, "remark"]),
            f"|{'---|' * (len(columns) + 1)}",
            *(markdown_row([*_cells(report, row), row.remark]) for row in rows),
            "",
        ]
    return "\n".join([*lines, *_counts(report)]).rstrip()


def _markdown_item(finding: Finding) -> str:
    parts = [f"**{as_plain(finding.title)}**", as_plain(finding.explanation)]
    parts += [f"({finding.remark}.)"] if finding.remark else []
    parts += [f"Example: {_code(finding.example)}"] if finding.example else []
    return f"- {' '.join(parts)}"


def _code(text: str) -> str:
    fence = "`" * (longest_ticks(text) + 2)
    return f"{fence} {text} {fence}"


# JSON, SARIF, annotations


def as_json(report: Report, locate: Locate) -> str:
    """For programs."""
    content = {
        "old": report.old,
        "new": report.new,
        "category": report.category,
        "judged_by": report.judged_by,
        "severity": _told(report.severity),
        "rows": [
            {
                **asdict(row),
                "old_to_new": _told(row.old_to_new),
                "new_to_old": _told(row.new_to_old),
            }
            for row in report.rows
        ],
        "findings": [_finding_object(one, locate) for one in report.findings],
        "accepted": [_finding_object(one, locate) for one in report.accepted],
        "unused": list(report.unused),
        "left_out": report.left_out,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _told(grade: Verdict | Severity | None) -> str | None:
    return None if grade is None else str(grade)


def _finding_object(finding: Finding, locate: Locate) -> dict[str, Any]:
    place = locate(finding.element)
    return {
        **asdict(finding),
        "severity": str(finding.severity),
        "location": asdict(place) if place else None,
    }


def as_github(report: Report, locate: Locate) -> str:
    """Annotations, as a workflow of GitHub prints them."""
    lines = []
    for finding in report.findings:
        place = locate(finding.element)
        properties = {"title": finding.title}
        if place is not None:
            properties |= {"file": place.path, "line": str(place.line), "col": str(place.column)}
        message = " ".join(filter(None, (finding.explanation, finding.remark)))
        lines.append(annotation(_LEVELS[finding.severity], properties, message))
    return "\n".join(lines)


def as_sarif(report: Report, locate: Locate) -> str:
    """SARIF 2.1.0, for the code scanning of hosts and for editors."""
    findings = [*report.findings, *report.accepted]
    rules = dict.fromkeys(finding.cause for finding in findings)
    content = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "toggle-mock schema check",
                        "version": version("rodent-events"),
                        "rules": [{"id": rule} for rule in rules],
                    }
                },
                "results": [
                    _sarif_result(one, locate, accepted=one in report.accepted) for one in findings
                ],
            }
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _sarif_result(finding: Finding, locate: Locate, *, accepted: bool) -> dict[str, Any]:
    place = locate(finding.element)
    message = " ".join(filter(None, (f"{finding.title}.", finding.explanation)))
    result: dict[str, Any] = {
        "ruleId": finding.cause,
        "level": str(finding.severity),
        "message": {"text": message},
        "partialFingerprints": {"key/v1": finding.key},
    }
    if place is not None:
        region = {"startLine": place.line, "startColumn": place.column}
        physical = {"artifactLocation": {"uri": quote(place.path)}, "region": region}
        result["locations"] = [{"physicalLocation": physical}]
    if accepted:
        result["suppressions"] = [{"kind": "external"}]
    return result


FORMATS: Mapping[str, Callable[[Report, Locate], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "github": as_github,
    "sarif": as_sarif,
}
"""By name."""
