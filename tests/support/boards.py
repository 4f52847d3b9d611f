"""What servers have in common, without a store: for tests of what follows from it."""

import math
from collections.abc import Callable
from dataclasses import replace

from toggle_mock.errors import StorageError
from toggle_mock.recording.board import (
    Board,
    BoardState,
    Listener,
    PostedFault,
    PostedSession,
    changes,
)


class Common:
    """A board in memory; each server has a :class:`BoardThere`."""

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self.now = now
        self.is_away = False
        self.renewals: list[str] = []
        self._version = 0
        self.faults: dict[int, PostedFault] = {}
        self.sessions: dict[str, tuple[PostedSession, float]] = {}
        self._servers: list[BoardThere] = []

    def join(self) -> "BoardThere":
        there = BoardThere(self, len(self._servers) + 1)
        self._servers.append(there)
        there.look()
        return there

    @property
    def state(self) -> BoardState:
        now = self.now()
        sessions = {
            name: replace(one, left=ends - now) for name, (one, ends) in self.sessions.items()
        }
        return BoardState(self._version, dict(self.faults), sessions)

    def changed(self) -> int:
        self._version += 1
        return self._version

    def tell(self) -> None:
        for one in self._servers:
            one.look()


class BoardThere(Board):
    def __init__(self, common: Common, writer: int) -> None:
        self._common, self._writer = common, writer
        self._state: BoardState | None = None
        self._listeners: list[Listener] = []

    @property
    def writer(self) -> int:
        return self._writer

    def follow(self, listener: Listener, /) -> Callable[[], None]:
        self._listeners.append(listener)
        if self._state is not None:
            listener(self._state, changes(None, self._state))
        return lambda: self._listeners.remove(listener)

    def look(self) -> None:
        before, self._state = self._state, self._common.state
        for listener in self._listeners:
            listener(self._state, changes(before, self._state))

    @property
    def _there(self) -> Common:
        if self._common.is_away:
            raise StorageError("it is away")
        return self._common

    def put_up(self, spec, scope, session, /, *, is_over_at_once) -> int:
        common = self._there
        number = common.changed()
        posted = PostedFault(number, self._writer, spec, scope, session, is_over_at_once)
        common.faults[number] = posted
        common.tell()
        if is_over_at_once:
            del common.faults[number]
        return number

    def take_down(self, number, /) -> None:
        self._end(lambda one: one.number == number)

    def clear(self, session, /) -> None:
        self._end(lambda one: session in {None, one.session})

    def _end(self, meant: Callable[[PostedFault], bool]) -> None:
        common = self._there
        common.faults = {at: one for at, one in common.faults.items() if not meant(one)}
        common.changed()
        common.tell()

    def claim(self, number, most, /) -> int | None:
        faults = self._there.faults
        if number not in faults or faults[number].taken >= most:
            return None
        faults[number] = replace(faults[number], taken=faults[number].taken + 1)
        return faults[number].taken - 1

    def open_session(self, name, scope, lease, /) -> None:
        common = self._there
        common.sessions[name] = PostedSession(name, scope, lease), common.now() + lease
        common.changed()
        common.tell()

    def end_session(self, name, /) -> None:
        self._there.sessions.pop(name, None)
        self.clear(name)

    def end_overdue_session(self, name, /) -> float | None:
        _, ends = self._there.sessions.get(name, (None, -math.inf))
        if ends == -math.inf:
            return 0.0
        if ends > self._common.now():
            return ends - self._common.now()
        self.end_session(name)
        return None

    def renew_session(self, name, seconds, /) -> None:
        one, _ = self._there.sessions[name]
        self._common.sessions[name] = one, self._common.now() + seconds
        self._common.renewals.append(name)

    def shorten_session(self, name, seconds, /) -> None:
        one, ends = self._there.sessions[name]
        self._common.sessions[name] = one, min(ends, self._common.now() + seconds)
        self._common.changed()
        self._common.tell()
