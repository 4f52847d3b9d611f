"""A mock Toggle in another process or on another machine, over its HTTP API.

The recording is copied as it grows, so questions are asked and answered here, in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import grpc
import httpx
import msgspec

from rodent_events.pb.base_pb2 import Acknowledgement, CommandResponse
from toggle_mock.context import EndsWithBlock
from toggle_mock.errors import RemoteError, UnknownIdError
from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.control import Faults
from toggle_mock.faults.injector import FaultInjector
from toggle_mock.faults.spec import FaultSpec, dump
from toggle_mock.http_api.bodies.base import Answer, Body, Done, Failure
from toggle_mock.http_api.bodies.faults import FaultAdded
from toggle_mock.http_api.bodies.faults import Faults as FaultList
from toggle_mock.http_api.bodies.recording import Mark
from toggle_mock.http_api.bodies.rodents import (
    Acknowledged,
    CommandAnswer,
    Disconnect,
    PushConfig,
    Rodents,
    RodentState,
    SendCommand,
)
from toggle_mock.http_api.bodies.server import Info
from toggle_mock.http_api.bodies.tokens import (
    IssueToken,
    OpenSession,
    SessionOpened,
    TokenIssued,
)
from toggle_mock.http_api.errors import error_of
from toggle_mock.http_api.follower import Follower
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.scope import Scope
from toggle_mock.rodents.base import RodentHandle
from toggle_mock.rodents.stream import Reply
from toggle_mock.toggle.toggle import Toggle, TokenClaims

A = TypeVar("A", bound=Answer)

_PATIENCE = 30.0
"""Seconds for an answer of the server, besides what it is asked to wait."""


class RemoteToggle(Toggle, EndsWithBlock):
    """What a test sees of a mock Toggle elsewhere.

    It sees only its own session, so that tests of many processes can share one server.

    Args:
        url: Where the HTTP API is, such as ``http://127.0.0.1:8080``.
        rid: The Rodent that its session is about; None for all of its organization.
        sub: The organization; if neither is given, one of its own.

    Raises:
        RemoteError: There is no mock Toggle.
    """

    def __init__(self, url: str, *, rid: str | None = None, sub: str | None = None) -> None:
        self._url = url
        self._others = ExitStack()  # the sessions that it was asked for
        self._api = _Api(url)
        info = self._api.get("/info", Info)
        self._address = info.address
        root = info.root_certificate
        self._root_certificate: bytes | None = root.encode() if root else None
        opened = self._api.post("/sessions", OpenSession(rid=rid, sub=sub), SessionOpened)
        self._api.session = opened.session
        copy = Recording(max_bytes=1 << 62, max_calls=1 << 62, deduplicate=info.deduplicate)
        faults = Faults(RemoteInjector(self._api))
        super().__init__(copy, Scope(opened.rid, opened.sub), faults)
        self._follower = Follower(copy, self._api.feed, self._api.put_mark)

    @property
    def address(self) -> str:
        """``host:port``, for a client's target."""
        return self._address

    @property
    def root_certificate(self) -> bytes | None:
        """The root certificate as PEM if it speaks TLS, else None."""
        return self._root_certificate

    def _catch_up(self) -> None:
        self._follower.catch_up()

    def _issue(self, claims: TokenClaims) -> str:
        body = IssueToken(
            rid=claims.rid,
            sub=claims.sub,
            prv=claims.prv,
            expires_in=claims.expires_in,
            claims=claims.others,
        )
        return self._api.post("/tokens", body, TokenIssued).jwt

    @property
    def rodents(self) -> RemoteRodents:
        """This session's Rodents, by their rid."""
        return RemoteRodents(self._api)

    def session(self, rid: str | None = None, sub: str | None = None) -> RemoteToggle:
        """Another session of the same server, which ends with this one at the latest.

        Args:
            rid: The Rodent that it is about; None for all of its organization.
            sub: The organization; if neither is given, one of its own.
        """
        return self._others.enter_context(RemoteToggle(self._url, rid=rid, sub=sub))

    @property
    def across_tests(self) -> RemoteToggle:
        """Itself: what outlasts a test stays connected, as its session does."""
        return self

    def begin_test(self) -> None:
        """Forget and heal all of this session, and end those that it was asked for."""
        self._others.close()
        self.faults.heal()
        self.clear()

    def close(self) -> None:
        """Heal its faults, and be gone."""
        session, self._api.session = self._api.session, None
        if session is None:
            return  # it is closed
        with ExitStack() as each:  # the last first, and all of them though the server is gone
            each.callback(self._api.close)
            each.callback(self._api.delete, f"/sessions/{session}")
            each.callback(self._follower.close)
            each.callback(self._others.close)

    def _end_block(self) -> None:
        self.close()


class RemoteInjector(FaultInjector):
    """Puts faults in force elsewhere."""

    def __init__(self, api: _Api) -> None:
        self._api = api

    def add(self, spec: FaultSpec, /) -> RemoteFault:
        """Put a fault in force.

        Raises:
            TypeError: It has something that cannot be sent, such as a function.
        """
        name = self._api.post("/faults", dump(spec), FaultAdded).fault
        return RemoteFault(spec, self._api, name)

    def heal_all(self) -> None:
        """End all faults of this session, which is all that this side can have made."""
        self._api.delete("/faults")


@dataclass(eq=False)
class RemoteFault(ActiveFault):
    """A fault that is in force elsewhere."""

    spec: FaultSpec
    _api: _Api
    _name: str

    @property
    def remaining(self) -> int | None:
        """See :attr:`ActiveFault.remaining`."""
        known = self._api.get("/faults", FaultList).faults.get(self._name)
        return known.remaining if known else 0

    def heal(self) -> None:
        """See :meth:`ActiveFault.heal`."""
        self._api.delete_if_there(f"/faults/{self._name}")


class RemoteRodents(Mapping[str, "RemoteRodent"]):
    """Rodents by their rid; one that has not connected yet can be asked for too."""

    def __init__(self, api: _Api) -> None:
        self._api = api

    def __getitem__(self, rid: str) -> RemoteRodent:
        return RemoteRodent(self._api, rid)

    def __iter__(self) -> Iterator[str]:
        return (one.rid for one in self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __contains__(self, rid: object) -> bool:
        return any(one.rid == rid for one in self._known())

    def _known(self) -> list[RodentState]:
        return self._api.get("/rodents", Rodents).rodents


class RemoteRodent(RodentHandle):
    """A Rodent as the Toggle elsewhere sees it; see :class:`RodentHandle`."""

    def __init__(self, api: _Api, rid: str) -> None:
        super().__init__(rid)
        self._api = api
        self._path = f"/rodents/{quote(rid, safe='')}"

    @property
    def connected(self) -> bool:
        """Whether a stream is open."""
        return self._api.get(self._path, RodentState).connected

    def _command(self, command_type: str, payload: bytes, target: str, timeout: float) -> Reply:
        body = SendCommand(type=command_type, raw_payload=payload, target=target, timeout=timeout)
        answer = self._api.post(f"{self._path}/command", body, CommandAnswer, timeout)
        return Reply(CommandResponse.FromString(answer.raw), answer.request_id)

    def _push_config(self, config_type: str, payload: bytes, timeout: float) -> Acknowledgement:
        body = PushConfig(type=config_type, raw_payload=payload, timeout=timeout)
        answer = self._api.post(f"{self._path}/config", body, Acknowledged, timeout)
        return Acknowledgement(
            request_id=answer.request_id, success=answer.success, message=answer.message
        )

    def _disconnect(self, status: grpc.StatusCode, details: str) -> None:
        body = Disconnect(status=status.name, details=details)
        self._api.post(f"{self._path}/disconnect", body, Done)


class _Api:
    """Requests to the HTTP API."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url.rstrip('/')}/api/v1", timeout=_PATIENCE)
        self.session: str | None = None
        """The session that requests are narrowed to."""

    def get(self, path: str, answer: type[A]) -> A:
        """The answer to GET, which is to be of a type."""
        return self._ask("GET", path, None, answer, 0.0)

    def post(
        self, path: str, body: Body | Mapping[str, Any], answer: type[A], wait: float = 0.0
    ) -> A:
        """The answer to POST; ``wait`` is how many seconds the server may take for it."""
        return self._ask("POST", path, msgspec.json.encode(body), answer, wait)

    def delete(self, path: str) -> None:
        """Ask to DELETE."""
        self._ask("DELETE", path, None, Done, 0.0)

    def delete_if_there(self, path: str) -> None:
        """Ask to DELETE what may be gone already."""
        with suppress(UnknownIdError):
            self.delete(path)

    def feed(self) -> Iterator[str]:
        """The lines of the recording as it grows; empty ones now and then."""
        parameters = {"session": self.session}
        with self._client.stream("GET", "/recording/feed", params=parameters) as response:
            response.raise_for_status()
            yield from response.iter_lines()

    def put_mark(self, feed: str, mark: int) -> None:
        """Put a mark into a feed."""
        self.post("/recording/feed/mark", Mark(feed=feed, mark=mark), Done)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, body: bytes | None, answer: type[A], wait: float) -> A:
        parameters = {"session": self.session} if self.session else {}
        try:
            response = self._client.request(
                method, path, params=parameters, content=body, timeout=_PATIENCE + wait
            )
            if response.is_success:
                return msgspec.json.decode(response.content, type=answer)
            failure = msgspec.json.decode(response.content, type=Failure)
        except (httpx.HTTPError, msgspec.DecodeError, ValueError) as error:
            where = f"{self._client.base_url}{path.lstrip('/')}"
            raise RemoteError(f"{where} does not answer as a mock Toggle: {error}") from error
        raise error_of(failure)
