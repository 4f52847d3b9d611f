"""How far ``toggle-mock schema check`` is, shown on a terminal."""

import io

import pytest

from rodent_events import clock
from toggle_mock.cli.schema_progress import shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def now(monkeypatch):
    at = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: at[0])
    return at


def test_what_is_quick_shows_nothing(now):
    stream = Terminal()
    with shown(stream) as progress:
        now[0] += 1.9
        progress(1, 2)
    assert stream.getvalue() == ""


def test_what_takes_long_is_counted_now_and_then_and_leaves_nothing_behind(now):
    stream = Terminal()
    with shown(stream) as progress:
        for done, by in ((1_000, 2.1), (1_001, 0.1), (1_200, 0.2), (9, 0.3)):
            now[0] += by
            progress(done, 2_000)
    first, second, third, last = stream.getvalue().split("\r")[1:5]
    assert first == "1,000 of 2,000 messages looked at"
    assert second == "1,200 of 2,000 messages looked at"
    assert third == "9 of 2,000 messages looked at".ljust(len(second))
    assert last.strip() == ""


def test_no_terminal_no_count(now):
    stream = io.StringIO()
    with shown(stream) as progress:
        now[0] += 60
        progress(1, 2)
    assert stream.getvalue() == ""
