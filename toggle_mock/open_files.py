"""How many files and connections a process may have open."""

from __future__ import annotations

import resource
from contextlib import suppress

_MOST = 1 << 20
"""What Linux grants at the most unless it is told otherwise."""


def allow_many() -> None:
    """Let this process have as many as it may: often 1,024 unless it asks, and each Rodent is one.

    For programs, not for libraries; what this process starts has the limit too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS grants less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
