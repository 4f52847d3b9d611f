"""What happens while a case runs, told as it happens, by whoever takes part."""

from __future__ import annotations

import threading
import time

from toggle_mock.contract.verdicts import Moment

_MOST = 2_000
"""So many moments are kept; those after them are counted."""


class Story:
    """The moments of a case. May be told from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moments: list[Moment] = []
        self._left_out = 0

    def tell(self, who: str, what: str, at: float | None = None) -> None:
        """Something has happened.

        Args:
            who: ``suite``, ``Toggle`` or ``Rodent``.
            what: What, in a few words.
            at: Seconds since the Unix epoch; None for now.
        """
        with self._lock:
            if len(self._moments) < _MOST:
                self._moments.append(Moment(time.time() if at is None else at, who, what))
            else:
                self._left_out += 1

    @property
    def moments(self) -> list[Moment]:
        """All that was told, in the order of its times."""
        with self._lock:
            moments = sorted(self._moments, key=lambda moment: moment.at)
            if self._left_out:
                moments.append(Moment(moments[-1].at, "suite", f"… and {self._left_out} more"))
            return moments
