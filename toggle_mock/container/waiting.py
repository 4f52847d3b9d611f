"""Waiting for a container: what the strategies of this package have in common."""

from __future__ import annotations

import time
from abc import abstractmethod

from testcontainers.core.exceptions import ContainerStartException
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from rodent_events import clock
from toggle_mock.container.logs import last_lines

_PAUSE, _PATIENCE = 0.05, 60
"""Seconds between two looks, and until somebody gives up, unless told otherwise."""

_ENDED = {"exited", "dead", "removing"}
"""What an engine says of a container that runs no more."""


class Waiting(WaitStrategy):
    """Waits for what a container is to become, as long as it runs.

    Args:
        what: It, in words, such as ``the mock is ready``.
    """

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what
        self.with_startup_timeout(_PATIENCE).with_poll_interval(_PAUSE)

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Wait for it.

        Raises:
            TimeoutError: It is not so in time; the text says why, and a note has the log.
            ContainerStartException: The container has ended; the text has the log.
        """
        end = clock.monotonic() + self._startup_timeout
        while (problem := self._problem(container)) is not None:
            self._check_runs(container)
            if clock.monotonic() > end:
                limit = f"{self._startup_timeout:g} s"
                raise TimeoutError(f"not within {limit}: {self._what}; {problem}")
            time.sleep(self._poll_interval)

    @abstractmethod
    def _problem(self, container: WaitStrategyTarget) -> str | None:
        """Why it is not so yet; None if it is."""

    def _check_runs(self, container: WaitStrategyTarget) -> None:
        wrapped = container.get_wrapped_container()
        wrapped.reload()
        if wrapped.status in _ENDED:
            code = wrapped.attrs["State"]["ExitCode"]
            raise ContainerStartException(
                f"the container has ended with {code}, before {self._what}; its log:\n"
                f"{last_lines(container)}"
            )
