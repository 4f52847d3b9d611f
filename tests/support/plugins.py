"""The plugins of pytest that are installed here, and that a project elsewhere may not have."""

import shlex
from importlib.metadata import entry_points

# What comes with this project.
BROUGHT = {"anyio", "hypothesis", "rodent-events"}


def only(*wanted: str) -> str:
    """A value of PYTEST_ADDOPTS under which plugins are those of these distributions, and ours."""
    known = BROUGHT.union(wanted)
    plugins = entry_points(group="pytest11")
    return shlex.join(f"-pno:{one.name}" for one in plugins if one.dist.name not in known)
