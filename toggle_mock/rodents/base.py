"""What one can do to a Rodent from Toggle's side, whether the server is here or elsewhere."""

from __future__ import annotations

import base64
import concurrent.futures
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import grpc

from rodent_events.pb.base_pb2 import Acknowledgement, ToggleRequest
from toggle_mock.errors import CommandFailedError
from toggle_mock.recording.records import RecordedCall, RecordedMessage
from toggle_mock.recording.scope import TIMEOUT
from toggle_mock.rodents.stream import HttpReply, Reply, UnexpectedMessage

JsonLike: TypeAlias = Mapping[str, Any] | list[Any] | str | int | float | bool | bytes | None
"""A payload: bytes as they are, anything else as JSON."""


class RodentHandle(ABC):
    """A Rodent as Toggle sees it, connected or not. For any number of threads.

    What it sends is awaited within a timeout, and the time covers a connection that is still to
    come: a Rodent connects some seconds after it has registered.

    Args:
        rid: The id in its token.
    """

    def __init__(self, rid: str) -> None:
        self.rid = rid
        """The id in its token."""

    @property
    @abstractmethod
    def sub(self) -> str:
        """Its organization; empty until it is known."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether a stream is open."""

    @property
    @abstractmethod
    def calls(self) -> Sequence[RecordedCall]:
        """Its Connect calls, the oldest first."""

    @property
    @abstractmethod
    def history(self) -> list[RecordedMessage]:
        """Every message of both directions, over all its streams, those that are open included."""

    @property
    @abstractmethod
    def unexpected_messages(self) -> Sequence[UnexpectedMessage]:
        """What came unasked: answers with an unknown id, late ones, empty messages."""

    @abstractmethod
    def wait_connected(self, timeout: float = TIMEOUT) -> None:
        """Wait until a stream is open.

        Args:
            timeout: Seconds.

        Raises:
            NotConnectedError: None was in time.
        """

    @abstractmethod
    def wait_disconnected(self, timeout: float = TIMEOUT) -> None:
        """Wait until no stream is open.

        Args:
            timeout: Seconds.

        Raises:
            TimeoutError: One still is.
        """

    def command(
        self,
        command_type: str,
        payload: JsonLike = None,
        *,
        target: str = "",
        timeout: float = TIMEOUT,
    ) -> Reply:
        """Send a command and wait for its answer.

        Args:
            command_type: Such as ``system.status``.
            payload: What the command needs; anything but bytes is sent as JSON.
            target: Whom it is for.
            timeout: Seconds, a connection that is still to come included.

        Returns:
            The answer, also one that says the command failed.

        Raises:
            NotConnectedError: The Rodent is not connected, or its stream ended first.
            NoReplyError: It did not answer in time.
        """
        return self._command(command_type, serialized(payload), target, timeout)

    def push_config(
        self, config_type: str, payload: JsonLike = None, *, timeout: float = TIMEOUT
    ) -> Acknowledgement:
        """Send a config update and wait for its acknowledgement.

        Args:
            config_type: What it configures.
            payload: The configuration; anything but bytes is sent as JSON.
            timeout: Seconds, a connection that is still to come included.

        Raises:
            NotConnectedError: The Rodent is not connected, or its stream ended first.
            NoReplyError: It did not acknowledge in time.
        """
        return self._push_config(config_type, serialized(payload), timeout)

    def http(
        self,
        method: str,
        path: str,
        *,
        service: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float = TIMEOUT,
    ) -> HttpReply:
        """Send a request through the Rodent to one of its local services (``tunnel.http``).

        Args:
            method: Such as ``GET``.
            path: The path, from ``/`` on.
            service: The service's name.
            query: What stands behind ``?`` in the URL.
            headers: The request's headers.
            body: The request's body.
            timeout: Seconds, a connection that is still to come included.

        Raises:
            CommandFailedError: The Rodent could not do it.
            NotConnectedError: The Rodent is not connected, or its stream ended first.
            NoReplyError: It did not answer in time.
        """
        request = {
            "service": service,
            "method": method,
            "path": path,
            "query": query,
            "headers": dict(headers or {}),
            "body": base64.b64encode(body).decode(),
        }
        return _http_reply(self.command("tunnel.http", request, timeout=timeout))

    def disconnect(
        self, status: grpc.StatusCode = grpc.StatusCode.OK, details: str = "disconnected"
    ) -> None:
        """End its open streams with a status.

        Raises:
            NotConnectedError: None is open.
        """
        self._disconnect(status, details)

    @abstractmethod
    def start_command(
        self,
        command_type: str,
        payload: JsonLike = None,
        *,
        target: str = "",
        timeout: float = TIMEOUT,
    ) -> concurrent.futures.Future[Reply]:
        """Send a command, without waiting for its answer; any number may be under way.

        Args:
            command_type: Such as ``system.status``.
            payload: What the command needs; anything but bytes is sent as JSON.
            target: Whom it is for.
            timeout: Seconds for a connection that is still to come.

        Raises:
            NotConnectedError: The Rodent is not connected.
        """

    @abstractmethod
    def send(self, message: ToggleRequest | bytes, *, timeout: float = TIMEOUT) -> None:
        """Send a message as it is, whatever it says.

        Args:
            message: The message, or its bytes.
            timeout: Seconds for a connection that is still to come.

        Raises:
            NotConnectedError: The Rodent is not connected.
        """

    # How it gets there

    @abstractmethod
    def _command(self, command_type: str, payload: bytes, target: str, timeout: float) -> Reply: ...

    @abstractmethod
    def _push_config(self, config_type: str, payload: bytes, timeout: float) -> Acknowledgement: ...

    @abstractmethod
    def _disconnect(self, status: grpc.StatusCode, details: str) -> None: ...

    def __repr__(self) -> str:
        state = "connected" if self.connected else "not connected"
        return f"<{type(self).__name__} {self.rid} of {self.sub}: {state}>"


H_co = TypeVar("H_co", bound=RodentHandle, covariant=True)


class RodentHandles(Mapping[str, H_co]):
    """Rodents by their ``rid``.

    Asking for one that has not connected yet gives it all the same, so that one can wait for it;
    it is listed once it has connected.
    """

    @property
    @abstractmethod
    def connected(self) -> list[H_co]:
        """Those with an open stream."""

    @abstractmethod
    def wait_connected(self, count: int = 1, timeout: float = TIMEOUT) -> list[H_co]:
        """Wait until so many are connected.

        Args:
            count: How many are needed.
            timeout: Seconds.

        Raises:
            NotConnectedError: Fewer were in time.
        """


def serialized(payload: JsonLike) -> bytes:
    """A payload as it is sent; empty if there is none."""
    if payload is None:
        return b""
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def _http_reply(reply: Reply) -> HttpReply:
    if not reply.success:
        error = reply.error
        said = ": ".join(filter(None, (error.message or reply.message.message, error.details)))
        raise CommandFailedError(f"tunnel.http: {said} (error {error.code})")
    try:
        answer = reply.payload
        content = base64.b64decode(answer.get("body") or "")
        return HttpReply(int(answer["status_code"]), answer.get("headers") or {}, content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raw = reply.message.payload[:200]
        raise CommandFailedError(
            f"tunnel.http was answered with {raw!r}, which has no status_code, headers and "
            f"body: {error!r}"
        ) from None
