"""A connection of HTTP/2 by hand, for what gRPC's own clients do not do: pings on command, a window
that stays shut, a request that is cut off.

https://www.rfc-editor.org/rfc/rfc9113
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from rodent_events import clock
from toggle_mock.address import Address
from toggle_mock.faults.first_bytes import PREFACE
from toggle_mock.faults.frames import ACK, END_STREAM, HEADER, Kind
from toggle_mock.recording.records import SERVICE

_LOOK_AGAIN = 0.05
"""Seconds after which is looked whether the time is up."""

_END_HEADERS = 0x4
_INITIAL_WINDOW_SIZE = 0x4
_CANCEL = 0x8


@dataclass(frozen=True)
class Frame:
    """A frame, as it came."""

    kind: int
    flags: int
    payload: bytes

    @property
    def last_words(self) -> str:
        """What a GOAWAY says besides its code."""
        return self.payload[8:].decode("utf-8", "replace")


class Http2Connection:
    """A connection, and calls on it.

    Args:
        address: ``host:port``.
        context: That of TLS; None is without.
        server_name: The name that the certificate must be for.
        window: Bytes of data that the server may send for a call; 0 is a Rodent that never reads.
        timeout: Seconds until it is there.

    Raises:
        OSError: It does not come about.
    """

    def __init__(
        self,
        address: str,
        context: ssl.SSLContext | None = None,
        server_name: str | None = None,
        *,
        window: int = 65_535,
        timeout: float,
    ) -> None:
        self._address = address
        self._scheme = "http" if context is None else "https"
        self._socket = connected(address, timeout)
        try:
            if context is not None:
                host = server_name or Address.from_target(address).host
                self._socket = context.wrap_socket(self._socket, server_hostname=host)
            setting = _INITIAL_WINDOW_SIZE.to_bytes(2) + window.to_bytes(4)
            self._socket.sendall(PREFACE + _framed(Kind.SETTINGS, 0, 0, setting))
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(_LOOK_AGAIN)
        self._received = b""
        self._next_stream = 1
        self._pings = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    @property
    def alpn(self) -> str | None:
        """The protocol on which TLS has agreed; None for none."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return None
        return self._socket.selected_alpn_protocol()

    @property
    def tls_version(self) -> str | None:
        """The version of TLS that is spoken; None without TLS."""
        return self._socket.version() if isinstance(self._socket, ssl.SSLSocket) else None

    def call(self, method: str, metadata: Mapping[str, str]) -> int:
        """Begin a call of a method of Toggle's service; returns the number of its stream."""
        headers = {
            ":method": "POST",
            ":scheme": self._scheme,
            ":path": f"/{SERVICE}/{method}",
            ":authority": self._address,
            "content-type": "application/grpc",
            "te": "trailers",
            **metadata,
        }
        block = b"".join(_header(name, value) for name, value in headers.items())
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        self._send(Kind.HEADERS, _END_HEADERS, stream, block)
        return stream

    def data(self, stream: int, content: bytes, *, ends: bool) -> None:
        """Send data of a call, which may be its last."""
        self._send(Kind.DATA, END_STREAM if ends else 0, stream, content)

    def cancel(self, stream: int) -> None:
        """Cancel a call."""
        self._send(Kind.RST_STREAM, 0, stream, _CANCEL.to_bytes(4))

    def frames(self, timeout: float) -> Iterator[Frame]:
        """What comes within so many seconds; settings and pings of the server are answered.

        Raises:
            OSError: The server has ended the connection.
        """
        end = clock.monotonic() + timeout
        while True:
            while (frame := self._next()) is not None:
                if frame.kind in {Kind.SETTINGS, Kind.PING} and not frame.flags & ACK:
                    answer = frame.payload if frame.kind == Kind.PING else b""
                    self._send(frame.kind, ACK, 0, answer)
                yield frame
            if clock.monotonic() >= end:
                return
            self._receive()

    def pinged(self, timeout: float) -> Iterator[Frame]:
        """Send a ping; what comes before the answer to it.

        Raises:
            TimeoutError: That does not come within so many seconds.
            OSError: The server has ended the connection.
        """
        self._pings += 1
        number = self._pings.to_bytes(8)
        self._send(Kind.PING, 0, 0, number)
        for frame in self.frames(timeout):
            if frame.kind == Kind.PING and frame.flags & ACK and frame.payload == number:
                return
            yield frame
        raise TimeoutError(f"a ping is not answered within {timeout:g} s")

    def _receive(self) -> None:
        try:
            received = self._socket.recv(65_536)
        except TimeoutError:
            return
        if not received:
            raise ConnectionResetError("the server has ended the connection")
        self._received += received

    def _next(self) -> Frame | None:
        data = self._received
        size = int.from_bytes(data[:3]) + HEADER
        if len(data) < max(size, HEADER):
            return None
        self._received = data[size:]
        return Frame(data[3], data[4], data[HEADER:size])

    def _send(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        self._socket.sendall(_framed(kind, flags, stream, payload))


def connected(address: str, timeout: float) -> socket.socket:
    """A connection of TCP, or to a socket of the file system, straight to an address.

    Raises:
        OSError: It does not come about within so many seconds.
    """
    parsed = Address.from_target(address)
    if not parsed.path:
        return socket.create_connection((parsed.host, parsed.port), timeout)
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(timeout)
    made.connect(parsed.path)
    return made


def _framed(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _header(name: str, value: str) -> bytes:
    """A header that is put into no table, as HPACK writes it (RFC 7541, section 6.2.2)."""
    return b"\x00" + _text(name) + _text(value)


def _text(text: str) -> bytes:
    content = text.encode()
    return _prefixed(len(content)) + content


def _prefixed(number: int) -> bytes:
    """A number with a prefix of seven bits (RFC 7541, section 5.1)."""
    if number < 0x7F:
        return bytes([number])
    written, rest = bytearray([0x7F]), number - 0x7F
    while rest >= 0x80:
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes(written) + bytes([rest])
