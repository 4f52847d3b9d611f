"""Whether events get to Toggle and to disk, and if not, since when, why, and what helps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from rodent_events import clock
from rodent_events.retry_policy import Outcome, Status


class HealthState(StrEnum):
    """How a bus fares."""

    OK = "ok"
    """Toggle took the last batch, and disk takes what it should."""
    DEGRADED = "degraded"
    """Disk takes nothing; Toggle does."""
    FAILING = "failing"
    """Toggle did not take the last batch, or the bus does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a bus fares at a moment."""

    state: HealthState
    failing_since: float | None = None
    """Seconds since the Unix epoch, since when the state is not OK."""
    last_error: str | None = None
    """What went wrong last, also if all is well again."""
    last_error_at: float | None = None
    """Seconds since the Unix epoch."""
    remedy: str | None = None
    """What helps against it."""
    oldest_waiting: float | None = None
    """Seconds since the Unix epoch: about when the oldest event that waits was emitted."""
    disk_bytes: int = 0
    """Bytes of the files with what waits."""
    disk_files: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The same as names and values."""
        return asdict(self)


_UNREACHABLE = "see that Toggle runs, that target is right, and that nothing between blocks the way"
_BUSY = "nothing, unless it lasts: Toggle, or a proxy before it, is overloaded or restarts"
_ELSEWHERE = "see that target is Toggle, and not another service or a proxy that does not know it"
_FAILED = "look into Toggle's log: it has failed with an error of its own"
_NO_ANSWER = "look into Toggle's log: this is no answer to events"

REMEDIES: Mapping[Status, str] = {
    Status.REJECTED: "look into quarantine/ in events_dir, where the events are with the reason",
    Status.CANCELLED: _BUSY,
    Status.UNKNOWN: _FAILED,
    Status.INVALID_ARGUMENT: "look into quarantine/ in events_dir, where the guilty event is",
    Status.DEADLINE_EXCEEDED: "raise send_timeout or lower batch_size, or find out why it is slow",
    Status.NOT_FOUND: _ELSEWHERE,
    Status.ALREADY_EXISTS: _NO_ANSWER,
    Status.PERMISSION_DENIED: "have Toggle permit this node to send events",
    Status.RESOURCE_EXHAUSTED: "nothing, unless it lasts: Toggle takes no more just now",
    Status.FAILED_PRECONDITION: "see in Toggle what this node has to do first, such as to register",
    Status.ABORTED: _BUSY,
    Status.OUT_OF_RANGE: _NO_ANSWER,
    Status.UNIMPLEMENTED: _ELSEWHERE,
    Status.INTERNAL: _FAILED,
    Status.UNAVAILABLE: _BUSY,
    Status.DATA_LOSS: _FAILED,
    Status.UNAUTHENTICATED: "renew the token: see jwt or jwt_file, and this machine's clock",
}
DISK_REMEDY = "see that events_dir is a folder that this user can write to, on a disk with room"


class HealthRecord:
    """Is told how sends and saves end, by the worker, and asked by anybody."""

    def __init__(self) -> None:
        # By two clocks: one that people read, and one that nobody sets.
        self._send_fails_since: tuple[float, float] | None = None
        self._statuses: set[Status] = set()
        self._disk_fails_since: float | None = None
        self._last: tuple[str, float, str] | None = None

    def send_failed(self, outcome: Outcome) -> bool:
        """Toggle did not take a batch.

        Returns:
            Whether this is news: the first failure in a row, or the first of its status.
        """
        remedy = _UNREACHABLE if outcome.unreachable else REMEDIES[outcome.status]
        self._remember(f"{outcome.status.name}: {outcome.message}", remedy)
        self._send_fails_since = self._send_fails_since or (time.time(), clock.monotonic())
        is_news = outcome.status not in self._statuses
        self._statuses.add(outcome.status)
        return is_news

    def send_succeeded(self) -> float | None:
        """Toggle took a batch; the seconds that it had taken none, if it had not."""
        since, self._send_fails_since = self._send_fails_since, None
        self._statuses.clear()
        return None if since is None else clock.monotonic() - since[1]

    def disk_failed(self, error: OSError) -> bool:
        """Disk took nothing; whether that is news."""
        self._remember(str(error), DISK_REMEDY)
        is_news = not self.disk_is_failing
        if is_news:
            self._disk_fails_since = time.time()
        return is_news

    @property
    def disk_is_failing(self) -> bool:
        """Whether disk took nothing at the last try."""
        return self._disk_fails_since is not None

    def disk_succeeded(self) -> bool:
        """Disk took what it should; whether that is news."""
        is_news, self._disk_fails_since = self.disk_is_failing, None
        return is_news

    def _remember(self, error: str, remedy: str) -> None:
        self._last = (error, time.time(), remedy)

    def now(self, *, oldest_waiting: float | None, disk: tuple[int, int]) -> Health:
        """How all fares at this moment.

        Args:
            oldest_waiting: As in Health.
            disk: Bytes and files.
        """
        sends = None if self._send_fails_since is None else self._send_fails_since[0]
        since = [when for when in (sends, self._disk_fails_since) if when is not None]
        state = HealthState.DEGRADED if since else HealthState.OK
        if sends is not None:
            state = HealthState.FAILING
        error, at, remedy = self._last or (None, None, None)
        return Health(
            state=state,
            failing_since=min(since, default=None),
            last_error=error,
            last_error_at=at,
            remedy=remedy,
            oldest_waiting=oldest_waiting,
            disk_bytes=disk[0],
            disk_files=disk[1],
        )
