"""Rodents that only dial and connect, as bytes: they cost little, so that a mock is what limits.

A real client's connection costs more than the mock's: with both on a machine, it would be measured.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import time
from dataclasses import dataclass

from bench.data import JWT

_HEADERS, _SETTINGS = 1, 4
_END_HEADERS, _ACK = 4, 1
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def _frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    head = struct.pack(">I", len(payload))[1:] + bytes((kind, flags))
    return head + struct.pack(">I", stream) + payload


def _text(text: str) -> bytes:
    """A string of HPACK, without Huffman's code."""
    raw = text.encode()
    length = len(raw)
    if length < 127:
        return bytes((length,)) + raw
    rest = length - 127
    return bytes((127, rest % 128 + 128, rest // 128)) + raw


def _request() -> bytes:
    """All that a client says for Connect."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/rodent.RodentService/Connect",
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
        "authorization": f"Bearer {JWT}",
    }
    block = b"".join(b"\0" + _text(name) + _text(value) for name, value in headers.items())
    settings = _frame(_SETTINGS) + _frame(_SETTINGS, flags=_ACK)
    return _PREFACE + settings + _frame(_HEADERS, block, _END_HEADERS, stream=1)


@dataclass(frozen=True)
class Dialed:
    """What came of a storm."""

    seconds: list[float]
    """From the dials until each was connected, sorted."""
    failed: int


async def dial_all(address: str, count: int, tls: ssl.SSLContext | None = None) -> Dialed:
    """Have so many connect at once, and stay until all are."""
    host, _, port = address.rpartition(":")
    request, begun = _request(), time.monotonic()
    writers: list[asyncio.StreamWriter] = []

    async def dial() -> float | None:
        try:
            reader, writer = await asyncio.open_connection(host, int(port), ssl=tls)
            writers.append(writer)
            writer.write(request)
            while True:
                head = await reader.readexactly(9)
                await reader.readexactly(int.from_bytes(head[:3], "big"))
                if head[3] == _HEADERS:
                    return time.monotonic() - begun
        except (OSError, asyncio.IncompleteReadError):
            return None

    done = await asyncio.gather(*(dial() for _ in range(count)))
    for writer in writers:
        writer.transport.abort()
    seconds = sorted(one for one in done if one is not None)
    return Dialed(seconds, count - len(seconds))
