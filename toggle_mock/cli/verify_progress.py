"""How ``toggle-mock verify`` is followed: live on a terminal, else by a line for each case."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import click

from toggle_mock.contract.cases import Case
from toggle_mock.contract.standing import Standing, standing_of
from toggle_mock.contract.verdicts import Result

_STYLES = {
    Standing.PASSED: "green",
    Standing.FAILED: "bold red",
    Standing.NO_LONGER_FAILING: "bold red",
    Standing.WARNING: "yellow",
    Standing.INCONCLUSIVE: "bold magenta",
    Standing.KNOWN_FAILING: "cyan",
}
_SHOWN = 4
"""Cases that run, by their ids; more are counted."""


class Progress:
    """Tells which cases run, and what has become of others."""

    def begins(self, case: Case[Any]) -> None:
        """A case begins; may be called from any thread."""

    def ends(self, result: Result) -> None:
        """A case has ended."""
        if standing_of(result) is not Standing.NOT_APPLICABLE:
            click.echo(_line(result), err=True)


def _line(result: Result) -> str:
    return f"{standing_of(result):<17} {result.case.id} ({result.seconds:.1f} s)"


class _Live(Progress):
    """Keeps a bar and the running cases at the foot of a terminal, and the results above it."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        (self._task,) = bar.task_ids
        self._lock = threading.Lock()
        self._running: dict[str, None] = {}

    def begins(self, case: Case[Any]) -> None:
        with self._lock:
            self._running[case.id] = None
            self._show()

    def ends(self, result: Result) -> None:
        from rich.text import Text

        standing = standing_of(result)
        if standing is not Standing.NOT_APPLICABLE:
            self._bar.console.print(Text(_line(result), _STYLES[standing]), soft_wrap=True)
        with self._lock:
            self._running.pop(result.case.id, None)
            self._bar.advance(self._task)
            self._show()

    def _show(self) -> None:
        ids = list(self._running)
        more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
        self._bar.update(self._task, description=", ".join(ids[:_SHOWN]) + more)


@contextmanager
def progress(total: int, stream: TextIO = sys.stderr) -> Iterator[Progress]:
    """Follow a run of so many cases."""
    if not stream.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=Console(file=stream), transient=True) as bar:
        bar.add_task("", total=total)
        yield _Live(bar)
