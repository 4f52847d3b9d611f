"""What a failed test's mock Toggles have recorded: in its report, and whole in a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from toggle_mock.assertions.view import RecordingView

OPTION = "--toggle-record"
WHICH = ("failed", "all", "none")
"""Of which tests a file is kept; the first is the default."""


_INPUTS = """\
The inputs of a test share its fixtures, and so what has arrived for those before. Begin each with
toggle_server.clear(), wait for all that it emits, and suppress this check; or take a part of the
server for each, with toggle_server.session() as session, and an EventBus within."""


class _Used(NamedTuple):
    """The Toggles of a test."""

    by_name: dict[str, object]
    """By the names of their fixtures."""
    folders: pytest.TempPathFactory


_USED = pytest.StashKey[_Used]()


def remember(request: pytest.FixtureRequest, toggle: object) -> None:
    """Have the Toggle of a test's fixture shown, should the test fail in whichever phase."""
    folders: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    used = request.node.stash.setdefault(_USED, _Used({}, folders))
    name = request.fixturename
    used.by_name[f"{name}-{len(used.by_name) + 1}" if name in used.by_name else name] = toggle


class RecordingReporter:
    """Shows in a failed test's report what its mock Toggles have recorded.

    Args:
        which: One of :data:`WHICH`.
    """

    def __init__(self, which: str) -> None:
        self._which = which

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the sections to the report of a phase that failed."""
        report = yield
        if report.failed or (self._which == "all" and report.when == "teardown"):
            toggles = _toggles_of(item)
            folder = self._folder(item) if toggles else None
            sections = [_section(*used, folder) for used in toggles.items()]
            report.sections += [*sections, *_logs(item)] if report.failed else []
            if toggles and _objects_to_fixtures(call):
                report.sections.append(("toggle_server and Hypothesis", _INPUTS))
        return report

    def _folder(self, item: pytest.Item) -> Path | None:
        """Where files go: a folder such as ``tmp_path``; None if none are wanted."""
        if self._which == "none" or _USED not in item.stash:
            return None
        test = re.sub(r"\W", "_", item.name)[:30]
        return item.stash[_USED].folders.mktemp(f"{test}-recorded-")


def _section(name: str, toggle: RecordingView, folder: Path | None) -> tuple[str, str]:
    from toggle_mock.assertions.failures import Came, digest
    from toggle_mock.recording.files import save

    try:
        text = digest(Came(toggle.events, toggle.calls, toggle.refusals))
        if folder is not None:
            path = folder / f"{name}.ndjson"
            save(toggle.recording, path)
            text += f"\nall of it: {path}"
    except Exception as error:  # noqa: BLE001 - the test's own failure must be reported
        text = f"cannot be read: {error!r}"
    return f"recorded by {name}", text


def _logs(item: pytest.Item) -> list[tuple[str, str]]:
    """The ends of the logs of containers, if they are of :mod:`toggle_mock.container`."""
    logs = sys.modules.get("toggle_mock.container.logs")  # who has one has loaded it
    return [] if logs is None else logs.sections(_funcargs(item))


def _objects_to_fixtures(call: pytest.CallInfo[Any]) -> bool:
    """Whether Hypothesis has: fixtures are made once for all inputs."""
    error = call.excinfo and call.excinfo.value
    return type(error).__name__ == "FailedHealthCheck" and "function-scoped" in str(error).lower()


def _toggles_of(item: pytest.Item) -> dict[str, RecordingView]:
    """The Toggles of a test by their fixtures; a project may have one of its own."""
    from toggle_mock.assertions.view import RecordingView

    own = {name: toggle for name, toggle in _funcargs(item).items() if name == "toggle_server"}
    used = own | (item.stash[_USED].by_name if _USED in item.stash else {})
    return {name: toggle for name, toggle in used.items() if isinstance(toggle, RecordingView)}


def _funcargs(item: pytest.Item) -> dict[str, object]:
    return getattr(item, "funcargs", {})
