"""Following a recording elsewhere: what is asked of it at the same time."""

import threading
from queue import SimpleQueue

import pytest

from toggle_mock.http_api.follower import Follower
from toggle_mock.recording.entries import FeedEntry, MarkEntry, encode
from toggle_mock.recording.recorder import Recording


class Feed:
    """The lines of a server that tells of a mark only when it is told to."""

    def __init__(self) -> None:
        self._lines = SimpleQueue()
        self._taken = SimpleQueue()
        self._lines.put(encode(FeedEntry("feed")))

    def lines(self):
        while (line := self._lines.get()) is not None:
            yield line
            self._taken.put(line)

    def tell(self, *marks: int) -> None:
        """Tell of marks, and wait until all are heard."""
        for mark in marks:
            self._lines.put(encode(MarkEntry(mark)))
        while self._taken.get(timeout=20) != encode(MarkEntry(marks[-1])):
            pass

    def end(self) -> None:
        self._lines.put(None)


@pytest.fixture
def feed():
    feed = Feed()
    yield feed
    feed.end()


def test_marks_may_arrive_in_another_order_than_they_were_put(feed):
    first_is_put, heard = threading.Event(), threading.Event()

    def put_mark(_feed, mark):
        if mark == 1:
            first_is_put.set()
            assert heard.wait(20)
        else:
            feed.tell(2, 1)
            heard.set()

    follower = Follower(Recording(), feed.lines, put_mark)
    other = threading.Thread(target=follower.catch_up)
    other.start()
    assert first_is_put.wait(20)
    follower.catch_up()
    other.join(20)
    assert not other.is_alive()
    feed.end()
    follower.close()
