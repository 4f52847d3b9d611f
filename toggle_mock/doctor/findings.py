"""What was found: a step of the way to Toggle, whether it is well, and what helps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        name: Which step it is about, a word.
        level: How it is.
        text: What was found.
        remedy: What helps; empty where nothing is needed.
    """

    name: str
    level: Level
    text: str
    remedy: str = ""


def ok(name: str, text: str) -> Finding:
    """It is well."""
    return Finding(name, Level.OK, text)


def warn(name: str, text: str, remedy: str) -> Finding:
    """It works, and may not be meant."""
    return Finding(name, Level.WARN, text, remedy)


def fail(name: str, text: str, remedy: str) -> Finding:
    """No event gets to Toggle like this."""
    return Finding(name, Level.FAIL, text, remedy)


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """The report for people, a line for each finding and one for its remedy."""
    for one in findings:
        yield f"{one.level:<4}  {one.name:<8}  {one.text}"
        if one.remedy:
            yield f"{'':16}→ {one.remedy}"
