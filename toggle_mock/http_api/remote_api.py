"""Requests to the HTTP API of a mock Toggle elsewhere, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import copy
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from toggle_mock.address import UNIX, Address
from toggle_mock.dialing import http_client
from toggle_mock.errors import RemoteError, UnknownIdError
from toggle_mock.http_api.bodies.base import Answer, Body, Done, Failure
from toggle_mock.http_api.bodies.recording import Mark
from toggle_mock.http_api.bodies.server import Ready
from toggle_mock.http_api.errors import error_of

A = TypeVar("A", bound=Answer)

_PATIENCE = 30.0
"""Seconds for an answer of the server, besides what it is asked to wait."""

_HOST_OF_A_SOCKET = "http://localhost"


def where(url: str) -> tuple[str, str]:
    """The root of an HTTP API, and the path of its socket, empty without one.

    Args:
        url: ``http://HOST:PORT``, or ``unix:PATH``.
    """
    path = Address.of(url).path if url.startswith(UNIX) else ""
    return _HOST_OF_A_SOCKET if path else url.rstrip("/"), path


class RemoteApi:
    """Requests to the HTTP API of a mock Toggle elsewhere. For any number of threads.

    Args:
        url: Where it is: ``http://HOST:PORT``, or ``unix:PATH``.
    """

    def __init__(self, url: str) -> None:
        self._root, path = where(url)
        self.host: Final = f"{UNIX}{path}" if path else urlsplit(url).netloc
        """``host:port``, or ``unix:PATH``, of it."""
        self._client = http_client(f"{self._root}/api/v1", timeout=_PATIENCE, path=path)
        self.session: str | None = None
        """The session that requests are narrowed to."""

    def of_server(self) -> RemoteApi:
        """The same, narrowed to no session."""
        whole = copy(self)
        whole.session = None
        return whole

    @property
    def _parameters(self) -> dict[str, str]:
        return {"session": self.session} if self.session else {}

    def readiness(self, patience: float = _PATIENCE) -> Ready:
        """Whether the server answers calls, and if not, why.

        Args:
            patience: Seconds for the answer.

        Raises:
            RemoteError: It does not tell.
        """
        try:
            url = f"{self._root}/readyz"
            answer = self._client.get(url, params=self._parameters, timeout=patience)
            return msgspec.json.decode(answer.content, type=Ready)
        except (httpx.HTTPError, msgspec.DecodeError, ValueError) as error:
            raise self._no_toggle("/readyz", error) from error

    def get(self, path: str, answer: type[A], **parameters: str) -> A:
        """The answer to GET, which is to be of a type."""
        return self._ask("GET", path, None, answer, 0.0, **parameters)

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
        with self._client.stream("GET", "/recording/feed", params=self._parameters) as response:
            response.raise_for_status()
            yield from response.iter_lines()

    def put_mark(self, feed: str, mark: int) -> None:
        """Put a mark into a feed."""
        self.post("/recording/feed/mark", Mark(feed=feed, mark=mark), Done)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        answer: type[A],
        wait: float,
        **parameters: str,
    ) -> A:
        try:
            response = self._client.request(
                method,
                path,
                params={**self._parameters, **parameters},
                content=body,
                timeout=_PATIENCE + wait,
            )
            if response.is_success:
                return msgspec.json.decode(response.content, type=answer)
            failure = msgspec.json.decode(response.content, type=Failure)
        except (httpx.HTTPError, msgspec.DecodeError, ValueError) as error:
            raise self._no_toggle(f"/api/v1{path}", error) from error
        raise error_of(failure)

    def _no_toggle(self, path: str, error: Exception) -> RemoteError:
        server = self.host if self.host.startswith(UNIX) else self._root
        return RemoteError(f"{server}{path} does not answer as a mock Toggle: {error}")
