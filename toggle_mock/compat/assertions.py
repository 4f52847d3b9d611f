"""The comparison as an assertion, for a project's own tests."""

from __future__ import annotations

from collections.abc import Iterable
from operator import methodcaller
from pathlib import Path
from typing import Final

from toggle_mock.compat.baseline import read_baseline
from toggle_mock.compat.comparison import check
from toggle_mock.compat.formats import as_text
from toggle_mock.compat.messages.counterexamples import EXAMPLES
from toggle_mock.compat.report import Category, Report, Severity
from toggle_mock.errors import ToggleMockError
from toggle_mock.schema import Schema

# pytest shows where the test asserts, not where in here it is found to fail.
__tracebackhide__: Final = methodcaller("errisinstance", AssertionError)


class IncompatibleError(ToggleMockError, AssertionError):
    """Two schemas do not understand each other; ``report`` says where."""

    def __init__(self, report: Report) -> None:
        super().__init__(as_text(report, lambda _: None))
        self.report = report


def assert_compatible(
    old: Schema | Path | str,
    new: Schema | Path | str,
    *,
    allow: Iterable[str] = (),
    baseline: Path | str | None = None,
    category: Category | str = Category.WIRE,
    fail_on: Severity = Severity.WARNING,
    examples: int = EXAMPLES,
    buf: bool = False,
    only: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> Report:
    """Assert that nothing is lost or misread between two schemas, in both directions.

    Args:
        old: A published revision such as ``2025-09-17``, a folder of .proto files, one file, a
            descriptor set, or ``git:REF:PATH``.
        new: Likewise.
        allow: Keys of findings to accept; ``*`` stands for any text. The failure prints them.
        baseline: File with further such keys, as ``schema check --write-baseline`` writes it.
        category: ``WIRE`` for protobuf's bytes; ``WIRE_JSON`` for its JSON as well.
        fail_on: The least severity to fail on.
        examples: Messages drawn of each type that changed.
        buf: Whether buf itself is asked too.
        only: What is wanted, as ``package=NAME``, ``rule=NAME`` or ``path=NAME``.
        ignore: What is not, likewise.

    Returns:
        The report.

    Raises:
        IncompatibleError: Something was found that is not accepted.
        SchemaError: A schema cannot be read, buf is asked and not installed, or ``only`` or
            ``ignore`` name what is not there.
        ValueError: There is no such category, or the baseline is no text.
        OSError: The baseline cannot be read.
    """
    accepted = read_baseline(Path(baseline)) if baseline is not None else []
    report = check(
        old,
        new,
        category=category,
        examples=examples,
        allow=[*allow, *accepted],
        buf=buf,
        only=only,
        ignore=ignore,
    )
    if report.severity is not None and report.severity >= fail_on:
        raise IncompatibleError(report)
    return report
