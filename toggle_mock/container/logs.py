"""What a container has logged, where somebody asks why it failed."""

from __future__ import annotations

from collections.abc import Mapping

from docker.errors import DockerException
from testcontainers.core.container import DockerContainer
from testcontainers.core.exceptions import ContainerStartException
from testcontainers.core.waiting_utils import WaitStrategyTarget

_LINES = 50
"""Of a log, the last so many are shown."""

_HEAD = "log of "


def last_lines(container: WaitStrategyTarget) -> str:
    """The end of a container's log."""
    logged: bytes = container.get_wrapped_container().logs(tail=_LINES)
    return logged.decode(errors="replace").rstrip() or "(it has logged nothing)"


def add_logs(error: BaseException | None, name: str, container: DockerContainer) -> None:
    """Have an error tell what a container has logged, unless that never ran or is told already."""
    if isinstance(error, Exception) and not _tells_log(error) and _was_started(container):
        error.add_note(f"{_HEAD}{name} ({container.image}):\n{_readable(container)}")


def _tells_log(error: Exception) -> bool:
    if isinstance(error, ContainerStartException):
        return True
    notes: list[str] = getattr(error, "__notes__", [])
    # testcontainers adds it to what it gives up with; other errors have notes about themselves.
    return any(type(error) is TimeoutError or note.startswith(_HEAD) for note in notes)


def sections(fixtures: Mapping[str, object]) -> list[tuple[str, str]]:
    """For a report, the logs of those fixtures that are containers, with titles."""
    named = {id(one): (name, one) for name, one in fixtures.items()}  # some are the same one
    return [
        (f"{_HEAD}{name}", _readable(one))
        for name, one in named.values()
        if isinstance(one, DockerContainer) and _was_started(one)
    ]


def _was_started(container: DockerContainer) -> bool:
    return container.status != "not_started"


def _readable(container: DockerContainer) -> str:
    """Its log, for who has failed already, which counts more than that this fails."""
    try:
        return last_lines(container)
    except DockerException as error:
        return f"(it cannot be read: {error})"
