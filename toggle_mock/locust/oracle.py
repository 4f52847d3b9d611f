"""What has arrived of a load, asked of Toggle from outside, and whether that is all."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rodent_events import clock
from toggle_mock.http_api.bodies.events import Event, FoundEvents
from toggle_mock.http_api.remote_api import RemoteApi
from toggle_mock.locust.accounts import MARK, NUMBER, Account
from toggle_mock.locust.comparison import Arrivals, Verdict, compare

_PAGE = 10_000
"""Events that are asked for at a time."""

_BETWEEN_LOOKS = 0.2
"""Seconds."""


class Oracle:
    """Asks an HTTP API such as the mock's: ``GET /api/v1/events?query=…``, as docs/http.md has it.

    Args:
        url: ``http://HOST:PORT``, or ``unix:PATH``.
        patience: Seconds until what Toggle has accepted is to be seen.
    """

    def __init__(self, url: str, patience: float) -> None:
        self._api = RemoteApi(url)
        self._patience = patience

    def check(self) -> None:
        """See that it answers.

        Raises:
            RemoteError: It does not.
        """
        self._page("none", "")

    def judge(self, accounts: Iterable[Account]) -> Verdict:
        """Compare accounts with what has arrived.

        Raises:
            RemoteError: It does not tell.
        """
        end = clock.monotonic() + self._patience
        verdict = Verdict()
        for account in accounts:
            verdict.add(compare(account, self._arrivals(account, end)))
        return verdict

    def close(self) -> None:
        """Ask no more."""
        self._api.close()

    def _arrivals(self, account: Account, end: float) -> Arrivals:
        """All that comes until what was accepted is there, or until patience ends."""
        arrivals, after = Arrivals(len(account.states)), ""
        while True:
            page = self._page(account.mark, after)
            for event in page.events:
                _note(arrivals, event)
            after = page.next
            if page.events:
                continue
            if arrivals.has_all_accepted(account) or clock.monotonic() >= end:
                return arrivals
            time.sleep(_BETWEEN_LOOKS)

    def _page(self, mark: str, after: str) -> FoundEvents:
        query = f"metadata.{MARK}:{mark}"
        return self._api.get("/events", FoundEvents, query=query, limit=str(_PAGE), after=after)


def _note(arrivals: Arrivals, shown: Event) -> None:
    event = shown.event
    emitted = int(event.get("timestamp", 0)) / 1000
    latency = shown.arrived - emitted if emitted else None
    arrivals.note(int(event["metadata"][NUMBER]), shown.batch_id, latency)
