"""Has pytest import the modules of this distribution as they are.

Of a distribution that has a plugin, pytest rewrites the assertions in all modules, so that one that
fails tells more. No test fails by an assertion in these, and to parse and compile two hundred of
them anew takes a second: in the first run of each environment, and in every run where
PYTHONDONTWRITEBYTECODE is set, as in many images.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_OURS = {"rodent_events", "toggle_mock"}


class _AsTheyAre(MetaPathFinder):
    """Finds our modules as Python does, before pytest's hook is asked."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See :meth:`importlib.abc.MetaPathFinder.find_spec`."""
        if fullname.partition(".")[0] in _OURS:
            return PathFinder.find_spec(fullname, path, target)
        return None


def leave_assertions() -> None:
    """From now on, have our modules imported as they are."""
    sys.meta_path.insert(0, _AsTheyAre())
