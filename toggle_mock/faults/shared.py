"""Faults of several servers: put in force at one, they are in force at each."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from toggle_mock.codes import logger
from toggle_mock.errors import StorageError
from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.book import FaultBook, narrowed
from toggle_mock.faults.connections import Network
from toggle_mock.faults.injector import FaultInjector, LocalInjector
from toggle_mock.faults.plans import Turns
from toggle_mock.faults.spec import (
    CallFault,
    ConnectionFault,
    CountedFault,
    FaultSpec,
    Restart,
    as_text,
    dump,
    parse,
)
from toggle_mock.recording.board import Board, BoardChanges, BoardState, PostedFault
from toggle_mock.recording.scope import Scope


class SharedFaults:
    """Has the faults that a board says be in force in this process.

    Args:
        board: Says which there are.
        book: Where those of calls are in force.
        network: Where those of connections are.
    """

    def __init__(self, board: Board, book: FaultBook, network: Network) -> None:
        self.board: Final = board
        """Says which there are."""
        self.book: Final = book
        """Where those of calls are in force."""
        self.network: Final = network
        """Where those of connections are."""
        self._posted: Mapping[int, PostedFault] = {}
        self._here: dict[int, ActiveFault] = {}
        self._turns: dict[int, ClaimedTurns] = {}
        self._failures: dict[int, Exception] = {}
        board.follow(self._follow)

    def asked_for(self) -> dict[int, tuple[PostedFault, ActiveFault]]:
        """What was asked for at any server and holds, as it is now, by its number."""
        self.board.look()
        posted, here = self._posted, dict(self._here)
        return {number: (posted[number], one) for number, one in here.items() if number in posted}

    def fault(self, number: int) -> SharedFault:
        """The fault of a number, to be healed everywhere.

        Raises:
            LookupError: There is none in force.
        """
        return SharedFault(self._here[number].spec, self, number)

    def number_of(self, fault: ActiveFault) -> int:
        """The number of a fault that was put in force by a :class:`SharedInjector`."""
        assert isinstance(fault, SharedFault)
        return fault.number

    def remaining(self, number: int) -> int | None:
        """See :attr:`ActiveFault.remaining`; 0 of one that has ended."""
        self.board.look()
        fault = self._here.get(number)
        return fault.remaining if fault is not None else 0

    def raise_failure(self, number: int) -> None:
        """Raise what has failed here as a fault that was asked for here came in force."""
        failure = self._failures.pop(number, None)
        if failure is not None:
            raise failure

    def _follow(self, state: BoardState, changed: BoardChanges) -> None:
        self._posted = state.faults
        for number in changed.healed:
            self._heal(number)
        for posted in changed.begun:
            self._begin(posted)
        for number, turns in self._turns.items():
            turns.hear(state.faults[number].taken)

    def _begin(self, posted: PostedFault) -> None:
        is_own = posted.writer == self.board.writer
        try:
            fault = self._added(posted, is_own=is_own)
        except Exception as error:  # noqa: BLE001 - who has asked for it is told
            if is_own:
                self._failures[posted.number] = error
            else:
                logger.warning(
                    "a fault that was asked for at another server is not in force here: %s: %s",
                    dict(posted.spec),
                    error,
                )
            return
        if not posted.is_over_at_once:
            self._here[posted.number] = fault

    def _added(self, posted: PostedFault, *, is_own: bool) -> ActiveFault:
        spec = parse(posted.spec)
        if isinstance(spec, ConnectionFault):
            # The recording is one, and is cleared once, by who was asked.
            return self.network.add(spec if is_own or not spec.effect.forget else Restart())
        assert isinstance(spec, CallFault)
        plan = None
        if isinstance(spec, CountedFault):
            claim = partial(self.board.claim, posted.number, spec.turns)
            turns = self._turns[posted.number] = ClaimedTurns(spec.turns, claim)
            plan = spec.plan_over(turns)
        return self.book.add(spec, posted.scope, plan=plan)

    def _heal(self, number: int) -> None:
        self._turns.pop(number, None)
        fault = self._here.pop(number, None)
        if fault is None:
            return  # it did not come in force here
        try:
            fault.heal()
        except Exception:
            logger.exception("a fault that was healed goes on here: %s", as_text(fault.spec))


class ClaimedTurns(Turns):
    """Counts calls of all servers; while they cannot be asked, those of this one.

    Args:
        total: As many there are.
        claim: Which turn a call has, from 0 on, of all servers' calls; None if there were all.
            Raises StorageError while that cannot be found out.
    """

    def __init__(self, total: int, claim: Callable[[], int | None]) -> None:
        super().__init__(total)
        self._claim = claim

    def take(self) -> int | None:
        """See :meth:`Turns.take`."""
        if self.taken >= self.total:
            return None
        try:
            turn = self._claim()
        except StorageError:
            return super().take()
        self.hear(self.total if turn is None else max(self.taken, turn + 1))
        return turn


@dataclass(frozen=True, eq=False)
class SharedFault(ActiveFault):
    """A fault that is in force at each server."""

    spec: FaultSpec
    _shared: SharedFaults
    number: int
    """Its id."""

    @property
    def remaining(self) -> int | None:
        """See :attr:`ActiveFault.remaining`."""
        return self._shared.remaining(self.number)

    def heal(self) -> None:
        """See :meth:`ActiveFault.heal`.

        Raises:
            StorageError: The store is away.
        """
        self._shared.board.take_down(self.number)


def _told(spec: FaultSpec) -> Mapping[str, Any]:
    try:
        return dump(spec)
    except TypeError as error:
        raise TypeError(f"{error}, so the servers that share the run cannot be told") from None


class SharedInjector(FaultInjector):
    """Puts faults in force at each server, for one session or for all.

    Args:
        shared: The faults that they share.
        scope: Whose calls are meant.
        session: The id of the session; None for a new one if the scope is narrowed, else for all.
    """

    def __init__(self, shared: SharedFaults, scope: Scope, session: str | None = None) -> None:
        self._shared, self._scope = shared, scope
        is_of_all = session is None and scope == Scope()
        self.owner: Final = None if is_of_all else session or secrets.token_hex(8)
        """The id of the session; None for all."""
        self._here = LocalInjector(shared.book, shared.network, scope)

    def add(self, spec: FaultSpec, /) -> SharedFault:
        """Put a fault in force; that is so at each server when this returns.

        Raises:
            NoRelayError: It needs a relay, and there is none here.
            TypeError: It has something that cannot be told to others, such as a function.
            ValueError: It is about a Rodent that is not in the scope.
            StorageError: The store is away.
        """
        scope, is_over_at_once = self._scope, False
        match spec:
            case CallFault():
                scope = narrowed(scope, spec.rid)
            case ConnectionFault():
                self._shared.network.check(spec, self.owner)
                is_over_at_once = spec.effect.is_over_at_once
            case _:
                raise TypeError(f"{spec!r} is no fault: make one of faults.spec")
        number = self._shared.board.put_up(
            _told(spec), scope, self.owner, is_over_at_once=is_over_at_once
        )
        self._shared.raise_failure(number)
        return SharedFault(spec, self._shared, number)

    def heal_all(self) -> None:
        """End all faults; in a session, those that it asked for.

        Raises:
            StorageError: The store is away.
        """
        self._shared.board.clear(self.owner)

    def in_force(self) -> Sequence[FaultSpec]:
        """The faults that may still hit calls of the scope, and those of connections."""
        self._shared.board.look()
        return self._here.in_force()
