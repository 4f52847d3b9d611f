"""What a client speaks, by the first bytes of its connection, and why the two do not get together.

Pure: what came is handed in, what is found is handed out. Of TLS only the kinds of records can be
seen, and they tell how far the handshake came: the client's first encrypted record ends it, with
the second one it speaks HTTP/2, unless it has left at the sight of the certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client of HTTP/2 says first."""

_HTTP1 = re.compile(rb"([A-Z]{3,12}) ([^ \r\n?]{0,200})")
_LONGEST_REQUEST_LINE = 1_000
_SHOWN = 8
"""Bytes that are shown of what nobody understands."""

_ALERT, _HANDSHAKE, _ENCRYPTED = 21, 22, 23
_FATAL = b"\x02"
_ALERT_BYTES = 2
_KEY_EXCHANGE = b"\x10"
_MOST = 64 * 1024
"""Bytes of one side after which the handshake is over in any case."""

_ALERTS: Mapping[int, str] = {
    42: "bad certificate",
    43: "unsupported certificate",
    46: "certificate unknown",
    48: "unknown CA",
    70: "protocol version",
    116: "certificate required",
}

_SERVER_NAME, _ALPN = 0, 16


class Finding(NamedTuple):
    """Why client and server do not get together."""

    kind: str
    """One of :data:`toggle_mock.recording.refusals.KINDS`."""
    details: str


@dataclass(frozen=True)
class Speaks:
    """What a server speaks."""

    tls: bool = False
    mutual: bool = False
    """Whether it demands a certificate of clients."""
    names: Sequence[str] = ()
    """Those that its certificate is for."""


@dataclass
class Opening:
    """How one connection begins.

    Args:
        server: What the server speaks.
    """

    server: Speaks
    watching: bool = True
    """Whether it is still to be found out how it goes."""
    _client: bytearray = field(default_factory=bytearray)
    _server: bytearray = field(default_factory=bytearray)
    _answered: bool = False
    """Whether the server has said something after the client's handshake ended."""

    def take(self, data: bytes, *, from_client: bool) -> Finding | None:
        """What is known after these bytes have got through."""
        if not from_client:
            self._server += data
            self._answered = self._answered or _encrypted(self._client) > 0
        else:
            self._client += data
        return self._concluded(self._judged(ended=False))

    def end(self, *, by_client: bool) -> Finding | None:
        """What is known since one side has ended the connection, the first to do so."""
        finding = self._judged(ended=True)
        if self.watching and finding is None and self._speaks_tls:
            if not by_client:
                finding = self._sent_away()
            elif self._server:
                finding = self._left()
        self.watching = False
        return finding

    def _concluded(self, finding: Finding | None) -> Finding | None:
        if finding is not None or max(len(self._client), len(self._server)) > _MOST:
            self.watching = False
        return finding

    @property
    def _speaks_tls(self) -> bool:
        return bool(self.server.tls and self._client and self._client[0] == _HANDSHAKE)

    def _judged(self, *, ended: bool) -> Finding | None:
        if not self._client:
            return None
        if self._speaks_tls:
            return self._handshake()
        first = bytes(self._client[:_LONGEST_REQUEST_LINE])
        if first.startswith(PREFACE):
            return self._plaintext()
        if not ended and PREFACE.startswith(first):
            return None  # it may become one
        return self._foreign(first, ended=ended)

    def _plaintext(self) -> Finding | None:
        self.watching = False
        text = "the server speaks TLS: give the client its root certificate"
        return Finding("plaintext", text) if self.server.tls else None

    def _foreign(self, first: bytes, *, ended: bool) -> Finding | None:
        if first[0] == _HANDSHAKE:
            return Finding("tls", f"the server speaks plaintext{_asked_for(self._client)}")
        request = _HTTP1.match(first)
        if request is None:
            return Finding("no_http2", f"they begin with {first[:_SHOWN].hex(' ')}")
        if ended or b"\n" in first or len(first) == _LONGEST_REQUEST_LINE:
            return Finding("http1", " ".join(part.decode("latin-1") for part in request.groups()))
        return None  # its path may go on

    def _handshake(self) -> Finding | None:
        if self._answered and _speaks_in_tls(self._client):
            self.watching = False
        for kind, body in _records(self._client):
            if kind == _ALERT and body[:1] == _FATAL and len(body) == _ALERT_BYTES:
                name = _ALERTS.get(body[1], f"alert {body[1]}")
                return Finding("handshake", f"the client says: {name}{self._about_names()}")
        return None

    def _left(self) -> Finding:
        text = "the client has left at the sight of the certificate: it does not trust its root"
        return Finding("handshake", f"{text}, or wants another name{self._about_names()}")

    def _sent_away(self) -> Finding:
        hello = _hello(self._client)
        text = "the server has ended it"
        if hello is not None and "h2" not in hello.protocols:
            offered = ", ".join(hello.protocols) or "nothing"
            text = f"the client offers {offered} by ALPN, h2 is needed"
        elif self.server.mutual:
            text = "the client has no certificate, or none that the server's authority has signed"
        return Finding("handshake", text)

    def _about_names(self) -> str:
        names = f"the certificate is for {', '.join(self.server.names)}"
        return f"; {names}{_asked_for(self._client)}"


def _asked_for(client: bytearray) -> str:
    hello = _hello(client)
    return f"; the client asks for {hello.name}" if hello and hello.name else ""


def _records(data: bytearray) -> Iterator[tuple[int, bytes]]:
    """The TLS records that are there whole: type and content."""
    start = 0
    while start + 5 <= len(data):
        end = start + 5 + int.from_bytes(data[start + 3 : start + 5], "big")
        if end > len(data):
            return
        yield data[start], bytes(data[start + 5 : end])
        start = end


def _encrypted(data: bytearray) -> int:
    return sum(kind == _ENCRYPTED for kind, _ in _records(data))


def _speaks_in_tls(client: bytearray) -> bool:
    """Whether it has said more than what ends the handshake, which TLS 1.3 encrypts as well."""
    older = any(kind == _HANDSHAKE and body[:1] == _KEY_EXCHANGE for kind, body in _records(client))
    return _encrypted(client) > (0 if older else 1)


class _Hello(NamedTuple):
    """What a client offers as TLS begins."""

    name: str
    """The name that it asks for; empty if it asks for an address."""
    protocols: Sequence[str]


def _hello(client: bytearray) -> _Hello | None:
    """What stands in a ClientHello; None if it has none that can be read."""
    extensions = dict(_extensions(next(_records(client), (0, b""))[1]))
    if not extensions:
        return None
    name = extensions.get(_SERVER_NAME, b"")[5:]
    protocols = _fields(extensions.get(_ALPN, b"")[2:], 1)
    return _Hello(name.decode("latin-1"), [one.decode("latin-1") for one in protocols])


def _extensions(hello: bytes) -> Iterator[tuple[int, bytes]]:
    start = 4 + 2 + 32  # its head, version and random
    for size in (1, 2, 1):  # session, ciphers, compressions
        start += size + int.from_bytes(hello[start : start + size], "big")
    start += 2
    while start + 4 <= len(hello):
        kind, size = (int.from_bytes(hello[start + at : start + at + 2], "big") for at in (0, 2))
        yield kind, hello[start + 4 : start + 4 + size]
        start += 4 + size


def _fields(data: bytes, size: int) -> Iterator[bytes]:
    """What stands one behind the other, each behind its length."""
    while len(data) > size:
        end = size + int.from_bytes(data[:size], "big")
        yield data[size:end]
        data = data[end:]
