"""Sessions that several servers have in common, by a board without a store."""

from types import SimpleNamespace

import pytest
from support.boards import Common

from toggle_mock.errors import StorageError, UnknownIdError
from toggle_mock.http_api.bodies.tokens import OpenSession
from toggle_mock.http_api.sessions import HANG_UP
from toggle_mock.http_api.shared_sessions import SharedSessions
from toggle_mock.recording.scope import Scope

LEASE = 10.0


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Session:
    """What of a session is looked at here."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope


class Toggle:
    """A server that opens sessions."""

    def session(self, rid, sub, *, own_port) -> Session:
        if own_port:
            raise ValueError("own_port is a port of one server")
        return Session(Scope(rid, sub))

    def session_named(self, _name, scope) -> Session:
        return Session(scope)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def common(clock):
    return Common(clock)


@pytest.fixture
def servers(clock, common):
    return [SharedSessions(Toggle(), SimpleNamespace(board=common.join()), clock) for _ in range(2)]


def opened(sessions, **asked) -> str:
    return sessions.open(OpenSession(**{"rid": "r1", "lease": LEASE, **asked}), Toggle()).name


def test_it_can_be_used_at_each_until_it_is_closed_at_one(servers, common, clock):
    one, other = servers
    name = opened(one, lease=None)
    late = SharedSessions(Toggle(), SimpleNamespace(board=common.join()), clock)
    undone = []
    for server in (one, other, late):
        assert server[name].scope == Scope(rid="r1")
        server.opened(name).at_end.append(lambda: undone.append(name))
    clock.now += 1e9
    assert late.take_overdue() == []
    assert other.pop(name).name == name
    assert undone == [name] * 3
    for server in (one, other, late):
        for ask in (server.pop, server.opened):
            with pytest.raises(UnknownIdError, match="there is no session"):
                ask(name)


def test_whoever_is_asked_renews_its_lease(servers, clock):
    one, other = servers
    name = opened(one)
    for server in (one, other, one, other):
        clock.now += 8
        with server.heard_of(name):
            pass
        assert [each.take_overdue() for each in (server, *servers)] == [[]] * 3
    clock.now += LEASE * 1.1
    assert [len(each.take_overdue()) for each in servers] == [1, 0]
    for each in servers:
        with pytest.raises(UnknownIdError, match="has ended: its client was not heard of for 10 s"):
            each.opened(name)


def test_a_lease_is_not_renewed_at_each_request(servers, common, clock):
    one, other = servers
    name = opened(one)
    for number in range(100):
        clock.now += 0.1
        server = servers[number % 2]
        with server.heard_of(name):
            pass
        server.take_overdue()
    assert 4 <= len(common.renewals) <= 20
    assert other.opened(name)


def test_who_asks_for_it_renews_it_at_once(servers, clock):
    one, other = servers
    name = opened(one)
    for _ in range(3):
        clock.now += 9
        one.renew(name)
        assert other.take_overdue() == []
    with pytest.raises(UnknownIdError):
        one.renew("none")


def test_a_request_may_take_longer_than_the_lease(servers, clock):
    one, other = servers
    name = opened(one)
    with other.heard_of(name):
        for _ in range(10):
            clock.now += 9
            assert other.take_overdue() == []
            assert one.take_overdue() == []


def test_of_a_client_that_has_left_its_feed_is_heard_soon_or_its_session_ends(servers, clock):
    one, other = servers
    kept, ended = opened(one), opened(one)
    for name in (kept, ended):
        one.hung_up(name)
    one.take_overdue()
    with other.heard_of(kept):
        pass
    other.take_overdue()
    clock.now += HANG_UP
    assert [one_.name for one_ in other.take_overdue()] == [ended]
    assert one.take_overdue() == []
    assert one.opened(kept)
    with pytest.raises(UnknownIdError, match="or has left the feed"):
        one.opened(ended)


def test_who_is_heard_of_after_that_has_not_left(servers, clock):
    one, _ = servers
    name = opened(one)
    one.hung_up(name)
    with one.heard_of(name):
        pass
    one.take_overdue()
    clock.now += LEASE / 2
    assert one.take_overdue() == []
    assert one.opened(name)


def test_while_the_store_is_away_none_ends_and_none_opens(servers, common, clock):
    one, _ = servers
    name = opened(one)
    common.is_away = True
    clock.now += 100
    assert one.take_overdue() == []
    assert one.opened(name)
    with pytest.raises(StorageError):
        opened(one)
    common.is_away = False
    with one.heard_of(name):
        pass
    assert one.take_overdue() == []


def test_a_server_that_ends_takes_none_with_it(servers):
    one, other = servers
    name, undone = opened(one), []
    one.opened(name).at_end.append(lambda: undone.append(name))
    one.add(Session(Scope()), file="run.sqlite")
    assert one.take_all() == []
    assert undone == [name]
    assert one.all() == []
    assert other.opened(name)
    opened(other)  # of which the first hears no more
    assert one.all() == []


def test_a_recording_that_is_shown_is_of_one_server(servers):
    one, other = servers
    name = one.add(Session(Scope()), file="run.sqlite")
    assert other.all() == []
    assert one.pop(name).file == "run.sqlite"


def test_a_port_of_its_own_is_refused(servers):
    with pytest.raises(ValueError, match="own_port is a port of one server"):
        opened(servers[0], own_port=True)
