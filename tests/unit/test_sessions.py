"""Sessions that clients have opened, and when they end by themselves."""

import pytest

from toggle_mock import ToggleServer
from toggle_mock.errors import UnknownIdError
from toggle_mock.http_api.sessions import HANG_UP, Sessions
from toggle_mock.http_api.state import Api


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sessions(clock):
    return Sessions(clock)


@pytest.fixture
def toggle():
    return ToggleServer().session()


def test_without_a_lease_it_lasts(sessions, clock, toggle):
    name = sessions.add(toggle)
    sessions.hung_up(name)
    clock.now += 1e9
    assert sessions.take_overdue() == []
    assert sessions[name] is toggle
    assert sessions.pop(name).toggle is toggle
    with pytest.raises(UnknownIdError, match="there is no session"):
        sessions.pop(name)


def test_with_a_lease_it_lasts_while_its_client_is_heard_of(sessions, clock, toggle):
    name = sessions.add(toggle, 10)
    for _ in range(3):
        clock.now += 9
        with sessions.heard_of(name):
            assert sessions.take_overdue() == []
    clock.now += 9
    assert sessions[name] is toggle  # which is not its client
    clock.now += 1
    (ended,) = sessions.take_overdue()
    assert (ended.name, ended.toggle) == (name, toggle)
    assert sessions.take_overdue() == []
    for ask in (sessions.__getitem__, sessions.pop, sessions.opened):
        with pytest.raises(UnknownIdError, match=r"has ended: its client .* not heard of for 10 s"):
            ask(name)


def test_a_request_may_take_longer_than_the_lease(sessions, clock, toggle):
    name = sessions.add(toggle, 10)
    with sessions.heard_of(name):
        clock.now += 100
        sessions.hung_up(name)
        assert sessions.take_overdue() == []
    clock.now += 9
    assert sessions.take_overdue() == []
    clock.now += 1
    assert len(sessions.take_overdue()) == 1


def test_of_a_client_that_has_left_its_feed_is_heard_soon_or_its_session_ends(
    sessions, clock, toggle
):
    kept, ended = sessions.add(toggle, 10), sessions.add(toggle, 10)
    for name in (kept, ended):
        sessions.hung_up(name)
    with sessions.heard_of(kept):
        pass
    clock.now += HANG_UP
    assert [one.name for one in sessions.take_overdue()] == [ended]
    clock.now += 10
    sessions.hung_up(kept)  # which makes it no younger
    assert [one.name for one in sessions.take_overdue()] == [kept]


def test_nobody_is_heard_of_in_a_session_that_is_none(sessions):
    for name in (None, "none"):
        sessions.hung_up(name)
        with sessions.heard_of(name):
            pass
    assert sessions.take_overdue() == []


def test_all_that_a_session_has_done_ends_with_it(clock):
    api, undone = Api(ToggleServer(), lambda: b""), []
    api.sessions = Sessions(clock)
    names = [api.sessions.add(api.server.session(), lease) for lease in (10, 20, None)]
    for name in names:
        api.sessions.opened(name).at_end.append(lambda name=name: undone.append(name))
    clock.now += 10
    api.end_overdue_sessions()
    assert undone == names[:1]
    api.end_session(names[1])
    api.end_all_sessions()
    assert undone == names
    api.end_all_sessions()
    assert undone == names
