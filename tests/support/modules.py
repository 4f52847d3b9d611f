"""The modules of a package, loaded."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

PROGRAMS = {
    *("rodent_events.__main__", "toggle_mock.__main__", "toggle_mock.strategies.plugin"),
    # These load Locust, which replaces Python's threads in the whole process.
    *(f"toggle_mock.locust.{name}" for name in ("locustfile", "process", "run", "user")),
}
"""Those that somebody else's program loads."""


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """A package and all modules in it, but programs and what is generated."""
    yield package
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if info.name not in PROGRAMS and ".pb" not in info.name:
            yield importlib.import_module(info.name)
