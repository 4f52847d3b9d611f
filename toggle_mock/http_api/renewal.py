"""Renews the lease of a session elsewhere, for as long as this process lives."""

from __future__ import annotations

import threading
from collections.abc import Callable

from toggle_mock.codes import logger
from toggle_mock.errors import RemoteError, UnknownIdError

_PATIENCE = 30.0
"""Seconds for a renewal that is under way."""


class Renewal:
    """Renews a lease now and then, on a thread of its own, until it is closed.

    Args:
        renew: Renews it.
        every: Seconds between two renewals.
    """

    def __init__(self, renew: Callable[[], object], every: float) -> None:
        self._renew, self._every = renew, every
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toggle-lease", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Renew it no more."""
        self._closed.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while not self._closed.wait(self._every):
            try:
                self._renew()
            except UnknownIdError:
                return  # it has ended, which whoever asks for something in it is told
            except RemoteError as error:
                logger.warning("the lease of a session cannot be renewed: %s", error)
