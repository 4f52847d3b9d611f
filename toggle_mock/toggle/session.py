"""A part of a server for one of several tests that share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toggle_mock.faults.active import Active
from toggle_mock.faults.control import Faults
from toggle_mock.recording.scope import Scope
from toggle_mock.toggle.toggle import LocalToggle

if TYPE_CHECKING:
    from toggle_mock.server.server import ToggleServer


class Session(LocalToggle, Active):
    """What :meth:`ToggleServer.session` gives; as a context manager it heals its faults."""

    def __init__(self, server: ToggleServer, scope: Scope) -> None:
        super().__init__(server.recording, scope, server.book, server.rodent_register)
        self._server = server
        self.schema = server.schema
        self.faults = Faults(server, scope)
        """What can go wrong, in calls of this session's Rodents; connections are everybody's."""

    @property
    def address(self) -> str:
        """``host:port``, for a client's target."""
        return self._server.address

    def jwt(
        self,
        *,
        rid: str | None = None,
        sub: str | None = None,
        prv: bool = True,
        expires_in: float = 3600.0,
        **claims: object,
    ) -> str:
        """A token for a Rodent of this session; see :meth:`ToggleServer.jwt`."""
        return self._server.jwt(
            rid=self.scope.rid if rid is None else rid,
            sub=self.scope.sub if sub is None else sub,
            prv=prv,
            expires_in=expires_in,
            **claims,
        )

    def heal(self) -> None:
        """End the faults that it asked for."""
        self.faults.heal()
