"""Follows the recording of a server elsewhere: what is recorded there is played back here."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import httpx

from toggle_mock.errors import RemoteError
from toggle_mock.recording.entries import FeedEntry, FeedLine, MarkEntry, decode
from toggle_mock.recording.playback import Player
from toggle_mock.recording.recorder import Recording

_PATIENCE = 30.0
"""Seconds for what is recorded there to arrive here."""


class Follower:
    """Copies a recording as it grows, on a thread of its own.

    Args:
        recording: Where it is copied to; anybody may read it at any time.
        lines: Opens the feed of the server; gives its lines as they come, empty ones now and then.
        put_mark: Puts a mark into the feed of that name, behind all that is recorded by then.

    Raises:
        RemoteError: The server does not send its recording.
    """

    def __init__(
        self,
        recording: Recording,
        lines: Callable[[], Iterator[str]],
        put_mark: Callable[[str, int], object],
    ) -> None:
        self._player = Player(recording)
        self._lines, self._put_mark = lines, put_mark
        self._marks = itertools.count(1)
        self._arrived = threading.Condition()
        self._feed = ""
        self._mark = 0
        self._problem: Exception | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._follow, name="toggle-copy", daemon=True)
        self._thread.start()
        self._wait_for(lambda: bool(self._feed))

    def catch_up(self) -> None:
        """Wait until all is here that is recorded there by now.

        Raises:
            RemoteError: The server does not send it.
        """
        mark = next(self._marks)
        self._put_mark(self._feed, mark)
        self._wait_for(lambda: self._mark >= mark)

    def close(self) -> None:
        """Follow no more."""
        self._closed = True
        self._thread.join(_PATIENCE)

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        with self._arrived:
            self._arrived.wait_for(lambda: self._problem or condition(), _PATIENCE)
            if self._problem is not None or not condition():
                raise RemoteError("the server does not send its recording") from self._problem

    def _follow(self) -> None:
        problem: Exception = RemoteError("its feed has ended")
        try:
            for line in self._lines():
                if self._closed:
                    break
                if line:
                    self._take(decode(line))
        except (httpx.HTTPError, ValueError) as error:
            problem = error
        with self._arrived:
            self._problem = problem
            self._arrived.notify_all()

    def _take(self, entry: FeedLine) -> None:
        if not isinstance(entry, FeedEntry | MarkEntry):
            self._player.play(entry)
            return
        with self._arrived:
            if isinstance(entry, FeedEntry):
                self._feed = entry.feed
            else:
                self._mark = max(self._mark, entry.mark)  # they come in any order
            self._arrived.notify_all()
