"""A part of a server for one of several tests that share it."""

from __future__ import annotations

from dataclasses import replace

from toggle_mock.context import EndsWithBlock
from toggle_mock.recording.scope import Scope
from toggle_mock.toggle.toggle import LocalToggle, Shared, TokenClaims
from toggle_mock.tokens.tokens import ERA


class Session(LocalToggle, EndsWithBlock):
    """What :meth:`ToggleServer.session` gives; as a context manager it heals its faults.

    Args:
        parent: The server that it is a part of.
        shared: What it shares with that.
        scope: Whose records are meant, and whose calls fail.
    """

    def __init__(self, parent: LocalToggle, shared: Shared, scope: Scope) -> None:
        super().__init__(shared, scope)
        self._parent = parent

    @property
    def address(self) -> str:
        """``host:port``, or ``unix:PATH``, for a client's target."""
        return self._parent.address

    @property
    def root_certificate(self) -> bytes | None:
        """The root certificate as PEM if the server speaks TLS, else None."""
        return self._parent.root_certificate

    @property
    def serving(self) -> bool:
        """Whether the server answers calls."""
        return self._parent.serving

    @property
    def unready(self) -> str | None:
        """Why the server answers no calls, or refuses all of them; None if it is ready for them."""
        return self._parent.unready

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

    def session(self, rid: str | None = None, sub: str | None = None) -> LocalToggle:
        """Another session of the same server; see :meth:`ToggleServer.session`."""
        return self._parent.session(rid, sub)

    def _end_block(self) -> None:
        self.heal()


class LastingSession(Session):
    """What :attr:`ToggleServer.across_tests` gives: its tokens are those of all tests."""

    def _issue(self, claims: TokenClaims) -> str:
        return super()._issue(replace(claims, others={ERA: None, **claims.others}))
