"""What a test sees of a mock Toggle: what arrived, and what can go wrong in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from toggle_mock.assertions.assertions import Assertions
from toggle_mock.assertions.elsewhere import Place, noted
from toggle_mock.context import EndsWithBlock
from toggle_mock.faults.connections import Network
from toggle_mock.faults.control import Faults
from toggle_mock.faults.injector import GuestInjector, LocalInjector
from toggle_mock.faults.script import Script
from toggle_mock.faults.shared import SharedFaults, SharedInjector
from toggle_mock.faults.spec import as_text
from toggle_mock.matching import Matcher
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.scope import Scope
from toggle_mock.rodents.base import RodentHandle, RodentHandles
from toggle_mock.rodents.register import RodentRegister, Rodents
from toggle_mock.tokens.tokens import Tokens

_FAULTS_SHOWN = 3
"""Faults that a miss tells of."""


@dataclass(frozen=True)
class TokenClaims:
    """What a token is to say; see :meth:`Toggle.jwt`."""

    rid: str | None = None
    sub: str | None = None
    prv: bool = True
    expires_in: float = 3600.0
    others: Mapping[str, object] = field(default_factory=dict)


class Toggle(Assertions, ABC):
    """A mock Toggle, here or elsewhere, or the part of it that is in a scope.

    Args:
        recording: What arrived.
        scope: Whose records are meant, and whose calls fail.
        faults: What can go wrong on command.
    """

    def __init__(self, recording: Recording, scope: Scope, faults: Faults) -> None:
        super().__init__(recording, scope)
        self.faults = faults
        """What can go wrong on command: in calls of the scope's Rodents, and in connections, which
        are everybody's unless it has a port of its own."""

    @property
    @abstractmethod
    def address(self) -> str:
        """``host:port``, or ``unix:PATH``, for a client's target."""

    @property
    @abstractmethod
    def root_certificate(self) -> bytes | None:
        """The root certificate as PEM if it speaks TLS, else None."""

    def _notes(self, matcher: Matcher) -> list[str]:
        own = [self._faults_note, self._unseen_note]
        lines = [*noted(own), *super()._notes(matcher)]
        is_known = any(not line.startswith("scope: ") for line in lines)
        if not (is_known or self.calls or self.refusals):
            lines.append(
                f"nobody has called: see that the agent runs, that its target is {self.address}, "
                "that it does not filter the event, and does not wait for more"
            )
        return lines

    def _faults_note(self) -> list[str]:
        faults = self.faults.in_force
        shown = [as_text(one) for one in faults[:_FAULTS_SHOWN]]
        shown += ["…"] if len(faults) > len(shown) else []
        return [f"faults in force: {', '.join(shown)}"] if shown else []

    def _unseen_note(self) -> list[str]:
        """What may explain that nothing is seen, of what is not copied to here."""
        return []

    def end_test(self) -> None:
        """Heal everything; no miss of a later test tells of what has arrived until now."""
        self.faults.heal()
        self.recording.settle()

    def jwt(
        self,
        *,
        rid: str | None = None,
        sub: str | None = None,
        prv: bool = True,
        expires_in: float = 3600.0,
        **claims: object,
    ) -> str:
        """A token for a Rodent.

        Args:
            rid: The Rodent's id; None for the session's, or ``rodent-1``.
            sub: The organization's id; None for the session's, or ``org-1``.
            prv: Whether it is in a private network, and so speaks gRPC.
            expires_in: Seconds; negative for a token that has expired.
            claims: Further claims. None leaves one out.
        """
        return self._issue(TokenClaims(rid, sub, prv, expires_in, claims))

    @abstractmethod
    def _issue(self, claims: TokenClaims) -> str:
        """A token that says so."""

    @property
    @abstractmethod
    def serving(self) -> bool:
        """Whether it answers calls."""

    @property
    @abstractmethod
    def http_address(self) -> str | None:
        """``host:port``, or ``unix:PATH``, of the HTTP API; None without one."""

    @property
    @abstractmethod
    def rodents(self) -> RodentHandles[RodentHandle]:
        """The Rodents that are or were connected, by their rid."""

    @abstractmethod
    def session(
        self, rid: str | None = None, sub: str | None = None, *, own_port: bool = False
    ) -> Toggle:
        """A part of it for one test: it sees and disturbs only its own Rodents.

        Args:
            rid: The Rodent that it is about; None for all of its organization.
            sub: The organization; if neither is given, one of its own.
            own_port: Whether it gets a port of its own, as :attr:`address`, so that faults of the
                connection are about its clients alone. It needs a relay.
        """

    def heal(self) -> None:
        """End the faults that it asked for; of a whole server, all."""
        self.faults.heal()

    @property
    def on_register(self) -> Script:
        """Scripts what Register answers."""
        return self.faults.script("Register")

    @property
    def on_connect(self) -> Script:
        """Scripts what becomes of Connect."""
        return self.faults.script("Connect")

    @property
    def on_send_events(self) -> Script:
        """Scripts what SendEvents answers."""
        return self.faults.script("SendEvents")


@dataclass(frozen=True)
class Shared:
    """What a server and its sessions have in common."""

    recording: Recording
    stale_calls: Recording
    """Calls of clients that an earlier test left behind."""
    injector: Callable[[Scope, str | None], LocalInjector | SharedInjector | GuestInjector]
    """Makes what puts faults in force for a scope, and for a session if that has an id."""
    network: Network
    rodents: RodentRegister
    tokens: Tokens
    catch_up: Callable[[], None]
    """Waits until all has arrived in the recording that others have taken up by now."""
    faults: SharedFaults | None = None
    """Those that several servers share, if they do."""


class LocalToggle(Toggle):
    """A mock Toggle in this process, or the part of it that is in a scope.

    Args:
        shared: What the server and its sessions have in common.
        scope: Whose records are meant, and whose calls fail.
        name: The id of the session that it is, if it has one.
    """

    def __init__(self, shared: Shared, scope: Scope, name: str | None = None) -> None:
        self._injector = shared.injector(scope, name)
        super().__init__(shared.recording, scope, Faults(self._injector))
        self.tokens: Final = shared.tokens
        """Issues, verifies and revokes tokens, for the whole server."""
        self._shared = shared

    def _places(self) -> Iterator[Place]:
        yield from super()._places()
        stale = self._shared.stale_calls.batches
        mine = [batch for batch in stale if self.scope.covers(batch.call)]
        yield Place("with a token from before begin_test(), of an earlier test", mine)

    def catch_up(self) -> None:
        """Wait until all is recorded here that was taken up by now, also by who shares the run."""
        self._shared.catch_up()

    def _catch_up(self) -> None:
        self.catch_up()

    @property
    def rodents(self) -> Rodents:
        """The Rodents that are or were connected, by their rid."""
        return Rodents(self._shared.rodents, self.scope)

    @property
    def has_relay(self) -> bool:
        """Whether connections can break on command."""
        return self._shared.network.has_relay

    @property
    def shared_faults(self) -> SharedFaults | None:
        """The faults of all servers that share its run; None if it shares none."""
        return self._shared.faults

    @property
    @abstractmethod
    def unready(self) -> str | None:
        """Why it answers no calls, or refuses all of them; None if it is ready for them."""

    @abstractmethod
    def session(
        self, rid: str | None = None, sub: str | None = None, *, own_port: bool = False
    ) -> LocalSession:
        """See :meth:`Toggle.session`."""

    @abstractmethod
    def session_named(self, name: str, scope: Scope) -> LocalSession:
        """A session that was opened at a server which shares the run, by its id."""

    @abstractmethod
    def over(self, recording: Recording) -> LocalSession:
        """The same server with another recording to look at, such as one from a file."""


class LocalSession(LocalToggle, EndsWithBlock):
    """A part of a mock Toggle in this process, which ends."""

    @abstractmethod
    def close(self) -> None:
        """Heal its faults, and close its own port if it has one."""

    def _end_block(self) -> None:
        self.close()
