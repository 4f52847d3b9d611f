"""A part of a server for one of several tests that share it."""

from __future__ import annotations

from dataclasses import replace

from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.scope import Scope
from toggle_mock.toggle.toggle import LocalSession, LocalToggle, Shared, TokenClaims
from toggle_mock.tokens.tokens import ERA


class Session(LocalSession):
    """What :meth:`ToggleServer.session` gives; as a context manager it is closed.

    Args:
        parent: The server that it is a part of.
        shared: What it shares with that.
        scope: Whose records are meant, and whose calls fail.
        name: Its id, if it has one.
        own_port: Whether its clients connect to a port of its own.

    Raises:
        ValueError: It is to have one, and the server shares its run with others.
    """

    def __init__(
        self,
        parent: LocalToggle,
        shared: Shared,
        scope: Scope,
        name: str | None = None,
        *,
        own_port: bool = False,
    ) -> None:
        if own_port and shared.faults is not None:
            raise ValueError(
                "own_port is a port of one server, and this one shares its run with others, which "
                "clients of the session get to as well: leave it out, or use a server that does "
                "not share (without record_shared, --record-shared)"
            )
        super().__init__(shared, scope, name)
        self._parent = parent
        self._relay = shared.network.open_port(self._injector) if own_port else None

    @property
    def address(self) -> str:
        """``host:port``, or ``unix:PATH``, for a client's target."""
        return str(self._relay.address) if self._relay else self._parent.address

    @property
    def root_certificate(self) -> bytes | None:
        """The root certificate as PEM if the server speaks TLS, else None."""
        return self._parent.root_certificate

    @property
    def serving(self) -> bool:
        """Whether the server answers calls, at this address."""
        return self._parent.serving and not self._is_out

    @property
    def unready(self) -> str | None:
        """Why the server answers no calls, or refuses all of them; None if it is ready for them."""
        return self._parent.unready or ("the session has an outage" if self._is_out else None)

    @property
    def _is_out(self) -> bool:
        return self._shared.network.effect_on(self._injector.owner).outage

    @property
    def http_address(self) -> str | None:
        """``host:port``, or ``unix:PATH``, of the server's HTTP API; None without one."""
        return self._parent.http_address

    def _issue(self, claims: TokenClaims) -> str:
        return self._parent.jwt(
            rid=self.scope.rid if claims.rid is None else claims.rid,
            sub=self.scope.sub if claims.sub is None else claims.sub,
            prv=claims.prv,
            expires_in=claims.expires_in,
            **claims.others,
        )

    def session(
        self, rid: str | None = None, sub: str | None = None, *, own_port: bool = False
    ) -> LocalSession:
        """Another session of the same server; see :meth:`ToggleServer.session`."""
        return self._parent.session(rid, sub, own_port=own_port)

    def session_named(self, name: str, scope: Scope) -> LocalSession:
        """See :meth:`LocalToggle.session_named`."""
        return self._parent.session_named(name, scope)

    def over(self, recording: Recording) -> LocalSession:
        """See :meth:`LocalToggle.over`."""
        return self._parent.over(recording)

    def close(self) -> None:
        """See :meth:`LocalSession.close`."""
        self.heal()
        self._shared.network.close_port(self._injector)


class LastingSession(Session):
    """What :attr:`ToggleServer.across_tests` gives: its tokens are those of all tests."""

    def _issue(self, claims: TokenClaims) -> str:
        return super()._issue(replace(claims, others={ERA: None, **claims.others}))
