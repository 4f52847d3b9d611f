"""Which snapshots the tests of a run have asked for, and which nobody has."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from toggle_mock.assertions.snapshots import (
    FOLDER,
    SUFFIX,
    UPDATE,
    TestSnapshots,
    during,
    file_name,
)

_FOREIGN = ("update_snapshots", "snapshot_update")
"""Where syrupy and pytest-snapshot keep their --snapshot-update, which no two plugins can have."""

_LEFT_ALONE = "ignore_file_extensions"
"""Where syrupy has the endings of files that it leaves alone in its folders; it deletes others."""

_REPORT = "toggle_snapshots"
"""The key under which a worker of pytest-xdist tells of its tests."""


@dataclass
class Usage:
    """What a run knows of snapshots; each path is text, as xdist sends nothing else."""

    tests: set[str] = field(default_factory=set)
    """The folders of the tests that there are."""
    passed: set[str] = field(default_factory=set)
    """Those of tests that have run to their end."""
    whole: set[str] = field(default_factory=set)
    """The folders of test files of which all tests are known."""
    used: set[str] = field(default_factory=set)
    """The snapshots that were asked for."""

    def add(self, other: Usage) -> None:
        """Add what another process knows."""
        for name, paths in vars(other).items():
            getattr(self, name).update(paths)

    def unused(self) -> list[Path]:
        """The snapshots that no test asks for, as far as this run can tell."""
        found = {
            path
            for folder in {str(Path(test).parent) for test in self.tests}
            for path in Path(folder).glob(f"*/*{SUFFIX}")
            if self._is_unused(path, folder)
        }
        return sorted(found)

    def _is_unused(self, path: Path, of_file: str) -> bool:
        test = str(path.parent)
        is_gone = of_file in self.whole and test not in self.tests
        return is_gone or (test in self.passed and str(path) not in self.used)


class SnapshotKeeper:
    """Gives each test its snapshots, and reports at the end those that nobody uses.

    Args:
        config: The settings of pytest.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._update = bool(config.getoption(UPDATE)) or any(
            config.getoption(name, False) for name in _FOREIGN
        )
        if hasattr(config.option, _LEFT_ALONE):
            others = getattr(config.option, _LEFT_ALONE) or []
            setattr(config.option, _LEFT_ALONE, [*others, SUFFIX.removeprefix(".")])
        self._usage = Usage()
        self._failed: set[str] = set()
        self._unused: list[Path] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Learn of which files all tests are known, before and after some are deselected."""
        before = _by_file(items)
        yield
        after = _by_file(items)
        self._usage.tests.update(*before.values())
        if not self._is_selective():
            whole = (name for name, tests in before.items() if after.get(name) == tests)
            self._usage.whole.update(whole)

    def _is_selective(self) -> bool:
        """Whether not all tests of a file are collected, as some are named or have failed last."""
        named = any("::" in str(argument) for argument in self._config.args)
        return named or bool(self._config.getoption("lf", False))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Let a test have its snapshots."""
        test = TestSnapshots(folder_of(item), self._config.rootpath, self._update)
        item.stash[_SNAPSHOTS] = test
        with during(test):
            result = yield
        self._usage.used.update(map(str, test.used))
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin, perhaps again, as when tests that fail are run anew."""
        self._failed.discard(str(folder_of(item)))
        if _SNAPSHOTS in item.stash:
            item.stash[_SNAPSHOTS].written.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Learn which tests have run to their end."""
        report = yield
        folder = str(folder_of(item))
        if not report.passed:
            self._failed.add(folder)
        if report.when == "teardown" and folder not in self._failed:
            self._usage.passed.add(folder)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Tell the process that has started this one, or find what is not used."""
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_REPORT] = {name: list(paths) for name, paths in vars(self._usage).items()}
            return
        if not self._config.option.collectonly:
            self._unused = self._usage.unused()
        if self._update:
            _delete(self._unused)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear what a worker of pytest-xdist knows; nothing if it has crashed."""
        told = getattr(node, "workeroutput", {}).get(_REPORT, {})
        self._usage.add(Usage(**{name: set(paths) for name, paths in told.items()}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the snapshots that nobody uses."""
        if not self._unused:
            return
        what = "deleted" if self._update else f"{UPDATE} deletes them"
        terminalreporter.section(f"{len(self._unused)} unused snapshot(s) of events; {what}")
        for path in self._unused:
            terminalreporter.line(str(path))


_SNAPSHOTS = pytest.StashKey[TestSnapshots]()


_FOLDERS = pytest.StashKey[Path]()


def folder_of(item: pytest.Item) -> Path:
    """Where the snapshots of a test are: in a folder of its own, within that of its file."""
    if _FOLDERS not in item.stash:
        _, _, test = item.nodeid.partition("::")
        name = file_name(test.replace("::", ".") or item.name)
        item.stash[_FOLDERS] = _folder_of_file(item.path) / name
    return item.stash[_FOLDERS]


@cache
def _folder_of_file(path: Path) -> Path:
    return path.parent / FOLDER / (path.stem if path.suffix == ".py" else path.name)


def _by_file(items: Iterable[pytest.Item]) -> dict[str, set[str]]:
    """The folders of tests, by that of their file."""
    found: dict[str, set[str]] = {}
    for item in items:
        found.setdefault(str(_folder_of_file(item.path)), set()).add(str(folder_of(item)))
    return found


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # others are in it
            path.parent.rmdir()
            path.parent.parent.rmdir()
