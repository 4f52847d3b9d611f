"""A mock Toggle in another process or on another machine, over its HTTP API.

The recording is copied as it grows, so questions are asked and answered here, in the same words.
"""

from __future__ import annotations

import json
from calendar import timegm
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from toggle_mock.address import LOOPBACK, UNIX, Address
from toggle_mock.assertions.elsewhere import OUT_OF_SCOPE
from toggle_mock.assertions.view import EVERYBODY
from toggle_mock.context import EndsWithAsyncBlock
from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.control import Faults
from toggle_mock.faults.injector import FaultInjector
from toggle_mock.faults.spec import FaultSpec, dump
from toggle_mock.http_api.bodies.base import Done
from toggle_mock.http_api.bodies.calls import FoundCalls
from toggle_mock.http_api.bodies.faults import FaultAdded
from toggle_mock.http_api.bodies.faults import Faults as FaultList
from toggle_mock.http_api.bodies.server import Info, SchemaFiles
from toggle_mock.http_api.bodies.tokens import (
    IssueToken,
    OpenSession,
    RevokeTokens,
    SessionOpened,
    TokenIssued,
)
from toggle_mock.http_api.follower import Follower
from toggle_mock.http_api.remote_api import RemoteApi
from toggle_mock.http_api.remote_rodents import RemoteRodents
from toggle_mock.http_api.renewal import Renewal
from toggle_mock.recording.recorder import unlimited
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.scope import Scope
from toggle_mock.schema import Schema
from toggle_mock.toggle.toggle import Toggle, TokenClaims

LEASE = 30.0
"""Seconds that a session outlasts what was last heard of its client."""

RENEWALS = 3
"""How often a lease is renewed before it would end."""


class RemoteToggle(Toggle, EndsWithAsyncBlock):
    """What a test sees of a mock Toggle elsewhere.

    It sees only its own session, so that tests of many processes can share one server; or all of
    it, as whoever has started it for himself.

    Args:
        url: Where the HTTP API is, such as ``http://127.0.0.1:8080`` or ``unix:/run/toggle.sock``.
        rid: The Rodent that its session is about; None for all of its organization.
        sub: The organization; if neither is given, one of its own.
        own_port: Whether it gets a port of its own, as :attr:`address`, so that faults of the
            connection are about its clients alone; they are refused without. None is wherever that
            can be: the server has a relay, listens for this machine alone, and shares its run with
            no other.
        lease: Seconds after which the server ends the session, and heals its faults, if it has
            heard nothing of this process, which renews it from a thread. If the process ends, its
            session does within a second.
        whole: Whether it sees all of the server, instead of a session: every Rodent of whatever
            organization, and its faults are everybody's.
        address: Where clients here connect, if that is elsewhere than the server says: the port
            that is published for it, if it runs in a container.

    Raises:
        RemoteError: There is no mock Toggle.
        NoRelayError: It is to have a port of its own, and the server has no relay.
        ValueError: It is to be a session and the whole, or has a port of its own elsewhere.
    """

    def __init__(
        self,
        url: str,
        *,
        rid: str | None = None,
        sub: str | None = None,
        own_port: bool | None = None,
        lease: float = LEASE,
        whole: bool = False,
        address: str | None = None,
    ) -> None:
        if whole and (rid is not None or sub is not None or own_port):
            raise ValueError("rid, sub and own_port are of a session: leave them out, or whole")
        if address is not None and own_port:
            raise ValueError("address is where others connect too: leave out own_port, or address")
        self._url = url
        self._elsewhere = address
        self._others = ExitStack()  # the sessions that it was asked for
        self._ending = ExitStack()
        """Undoes all that follows, the last first, and all of it though the server is gone."""
        self._api = RemoteApi(url)
        self._ending.callback(self._api.close)
        try:
            info = self._api.get("/info", Info)
            if own_port is None:
                is_near = Address.from_target(info.address).is_of_this_machine
                own_port = info.relay and is_near and not address and not info.shared
            asked = OpenSession(rid=rid, sub=sub, lease=lease, own_port=own_port)
            self._see(info, None if whole else self._opened(asked))
        except BaseException:
            self._ending.close()
            raise

    def _opened(self, asked: OpenSession) -> SessionOpened:
        """A session, until this is closed."""
        opened = self._api.post("/sessions", asked, SessionOpened)
        path = f"/sessions/{opened.session}"
        server = self._api.of_server()
        self._ending.callback(server.delete_if_there, path)
        renew = partial(server.post, f"{path}/renew", {}, Done)
        renewal = Renewal(renew, (asked.lease or LEASE) / RENEWALS)
        self._ending.callback(renewal.close)
        self._api.session = opened.session
        return opened

    def _see(self, info: Info, opened: SessionOpened | None) -> None:
        """Copy what is recorded, of a session or of the whole."""
        root = info.root_certificate
        self._root_certificate: bytes | None = root.encode() if root else None
        self._has_relay = info.relay
        told = opened.address if opened else info.address
        self._address = self._elsewhere or _from_here(told, self._api.host)
        copy = unlimited(deduplicate=info.deduplicate)
        copy.read_under(_schema(info.schema))
        scope = Scope(opened.rid, opened.sub) if opened else Scope()
        super().__init__(copy, scope, Faults(RemoteInjector(self._api)))
        self.tokens: RemoteTokens = RemoteTokens(self._api)
        """Issues and revokes tokens, for the whole server."""
        self._follower = Follower(copy, self._api.feed, self._api.put_mark)
        self._ending.callback(self._follower.close)
        self._ending.callback(self._others.close)

    @property
    def address(self) -> str:
        """``host:port``, or ``unix:PATH``, for a client's target.

        Of a server that listens at all addresses, the one by which HTTP is asked, unless another
        was given.
        """
        return self._address

    @property
    def root_certificate(self) -> bytes | None:
        """The root certificate as PEM if it speaks TLS, else None."""
        return self._root_certificate

    @property
    def serving(self) -> bool:
        """Whether it answers calls."""
        return self._api.readiness().ready

    @property
    def unready(self) -> str | None:
        """Why it answers no calls, or refuses all of them; None if it is ready for them."""
        return self._api.readiness().reason

    @property
    def has_relay(self) -> bool:
        """Whether connections can break on command."""
        return self._has_relay

    @property
    def http_address(self) -> str:
        """``host:port``, or ``unix:PATH``, of the HTTP API."""
        return self._api.host

    def _catch_up(self) -> None:
        self._follower.catch_up()

    def _unseen_note(self) -> list[str]:
        if self.scope == EVERYBODY or self.calls:
            return []
        return [
            f"{OUT_OF_SCOPE}: the last call is a {call.method} of rid {call.rid!r}, sub "
            f"{call.sub!r}: give the agent the token of jwt(), or look with "
            "RemoteToggle(url, whole=True), which sees all"
            for call in self._api.of_server().get("/calls", FoundCalls, limit="1").calls
        ]

    def _issue(self, claims: TokenClaims) -> str:
        return self.tokens.issue_for(claims)

    @property
    def rodents(self) -> RemoteRodents:
        """This session's Rodents, by their rid."""
        return RemoteRodents(self._api, self._recorded_calls)

    def session(
        self, rid: str | None = None, sub: str | None = None, *, own_port: bool = False
    ) -> RemoteToggle:
        """Another session of the same server, which ends with this one at the latest.

        Args:
            rid: The Rodent that it is about; None for all of its organization.
            sub: The organization; if neither is given, one of its own.
            own_port: Whether it gets a port of its own; see :meth:`ToggleServer.session`.

        Raises:
            NoRelayError: It is to have a port of its own, and the server has no relay.
        """
        elsewhere = None if own_port else self._elsewhere
        other = RemoteToggle(self._url, rid=rid, sub=sub, own_port=own_port, address=elsewhere)
        return self._others.enter_context(other)

    @property
    def across_tests(self) -> RemoteToggle:
        """Itself: what outlasts a test stays connected, as its session does."""
        return self

    def begin_test(self) -> None:
        """Forget and heal all of this session, and end those that it was asked for."""
        self._others.close()
        self.tokens.restore_own()
        self.faults.heal()
        self.clear()

    def close(self) -> None:
        """Heal its faults, and be gone."""
        self._ending.close()

    def _recorded_calls(self) -> list[RecordedCall]:
        self._catch_up()
        return self.recording.calls

    def _end_block(self) -> None:
        self.close()


class RemoteTokens:
    """Tokens of a server elsewhere; see :class:`Tokens`."""

    def __init__(self, api: RemoteApi) -> None:
        self._api, self._of_server = api, api.of_server()
        self._has_revoked = False

    def issue(
        self,
        *,
        rid: str = "rodent-1",
        sub: str = "org-1",
        prv: bool = True,
        expires_in: float = 3600.0,
        **claims: object,
    ) -> str:
        """See :meth:`Tokens.issue`."""
        return self.issue_for(TokenClaims(rid, sub, prv, expires_in, claims))

    def issue_for(self, claims: TokenClaims) -> str:
        """A token that says so; what is None is the session's own.

        Raises:
            TypeError: A claim is nothing that JSON can say.
        """
        body = IssueToken(
            rid=claims.rid,
            sub=claims.sub,
            prv=claims.prv,
            expires_in=claims.expires_in,
            claims=_json_claims(claims.others),
        )
        return self._api.post("/tokens", body, TokenIssued).jwt

    def revoke(
        self,
        *,
        rid: str | None = None,
        sub: str | None = None,
        status: grpc.StatusCode = grpc.StatusCode.UNAUTHENTICATED,
    ) -> None:
        """See :meth:`Tokens.revoke`."""
        body = RevokeTokens(rid=rid, sub=sub, status=status.name)
        self._api.post("/tokens/revoke", body, Done)
        self._has_revoked = True

    def restore(self) -> None:
        """See :meth:`Tokens.restore`."""
        self._of_server.post("/tokens/restore", {}, Done)
        self._has_revoked = False

    def restore_own(self) -> None:
        """Take back what was revoked here; the end of the session does so too."""
        if self._has_revoked:
            self._api.post("/tokens/restore", {}, Done)
            self._has_revoked = False


def _json_claims(claims: Mapping[str, object]) -> dict[str, Any]:
    """Claims as a token has them: moments in seconds, all else as JSON says it."""
    plain = {
        name: timegm(value.utctimetuple()) if isinstance(value, datetime) else value
        for name, value in claims.items()
    }
    said: dict[str, Any] = json.loads(json.dumps(plain))
    return said


def _from_here(address: str, http_host: str) -> str:
    """Where the server is, which may have told that it listens at all addresses."""
    asked = LOOPBACK if http_host.startswith(UNIX) else urlsplit(f"//{http_host}").hostname
    return str(Address.from_target(address).reached_by(asked or LOOPBACK))


def _schema(files: SchemaFiles | None) -> Schema | None:
    return Schema(files.name, FileDescriptorSet.FromString(files.files)) if files else None


class RemoteInjector(FaultInjector):
    """Puts faults in force elsewhere."""

    def __init__(self, api: RemoteApi) -> None:
        self._api = api
        self._added: dict[str, FaultSpec] = {}

    def add(self, spec: FaultSpec, /) -> RemoteFault:
        """Put a fault in force.

        Raises:
            TypeError: It has something that cannot be sent, such as a function.
        """
        name = self._api.post("/faults", dump(spec), FaultAdded).fault
        self._added[name] = spec
        return RemoteFault(spec, self._api, name)

    def heal_all(self) -> None:
        """End all faults of this session, or of the whole that this side sees."""
        self._api.delete("/faults")
        self._added.clear()

    def in_force(self) -> Sequence[FaultSpec]:
        """The faults that were asked for here, and may still hit."""
        known = self._api.get("/faults", FaultList).faults if self._added else {}
        found = {name: spec for name, spec in self._added.items() if name in known}
        return [spec for name, spec in found.items() if known[name].remaining != 0]


@dataclass(eq=False)
class RemoteFault(ActiveFault):
    """A fault that is in force elsewhere."""

    spec: FaultSpec
    _api: RemoteApi
    _name: str

    @property
    def remaining(self) -> int | None:
        """See :attr:`ActiveFault.remaining`."""
        known = self._api.get("/faults", FaultList).faults.get(self._name)
        return known.remaining if known else 0

    def heal(self) -> None:
        """See :meth:`ActiveFault.heal`."""
        self._api.delete_if_there(f"/faults/{self._name}")
