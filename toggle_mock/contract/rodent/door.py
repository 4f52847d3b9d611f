"""A door in front of Toggle: who knocks is counted, it may be shut, and frames are seen.

It knows what the mock itself cannot know: connections that come to nothing, and frames of HTTP/2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

from rodent_events import clock
from toggle_mock.faults.first_bytes import PREFACE
from toggle_mock.faults.frames import END_STREAM, HEADER, Kind
from toggle_mock.faults.tcp_relay import Pipe, end_listening
from toggle_mock.loop_thread import LoopThread

_CHUNK = 64 * 1024


class Door:
    """A TCP server that passes on what comes, for as long as it is open; a context manager.

    Args:
        target: Toggle's address, ``host:port``, on loopback.
    """

    def __init__(self, target: str) -> None:
        self._host, _, self._port = target.rpartition(":")
        self.dials: list[float] = []
        """When somebody connected, by :func:`rodent_events.clock.monotonic`, shut or not."""
        self._clients: list[ClientFrames] = []
        self._is_shut = False
        self._pipes: set[Pipe] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = LoopThread("contract-door")
        self._server = self._thread.call(self._listen)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    @property
    def address(self) -> str:
        """Where clients connect."""
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    @property
    def pings(self) -> int:
        """How many pings clients have sent, answers aside; if they speak plaintext."""
        return sum(client.pings for client in self._clients)

    @property
    def open_streams(self) -> int:
        """How many streams of HTTP/2 clients have begun, and not ended; if they speak plaintext."""
        return sum(len(client.streams) for client in self._clients)

    def shut(self) -> None:
        """Reset all connections, and those that come: nothing answers behind it."""
        self._thread.call(self._shut)

    def open(self) -> None:
        """Let through who comes from now on."""
        self._is_shut = False

    async def _shut(self) -> None:
        self._is_shut = True
        for pipe in self._pipes:
            pipe.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._thread.call(self._close)
        self._thread.end()

    async def _close(self) -> None:
        await end_listening(self._server)
        await self._shut()
        await asyncio.gather(*self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dials.append(clock.monotonic())
        task = asyncio.ensure_future(self._let_in(Pipe(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_in(self, client: Pipe) -> None:
        pipes = [client]
        try:
            if not self._is_shut:
                pipes.append(Pipe(*await asyncio.open_connection(self._host, self._port)))
            if not self._is_shut:
                await self._pass_on(*pipes)
        except OSError:
            pass  # nobody is behind it, or it broke, which both sides are about to learn
        finally:
            for pipe in pipes:
                pipe.reset()

    async def _pass_on(self, client: Pipe, toggle: Pipe) -> None:
        """Until both sides have ended, or it is shut."""
        pipes, frames = {client, toggle}, ClientFrames()
        self._pipes |= pipes
        self._clients.append(frames)
        try:
            await asyncio.gather(
                _flow(client, toggle, frames.take), _flow(toggle, client, lambda _data: None)
            )
        finally:
            self._pipes -= pipes


async def _flow(source: Pipe, sink: Pipe, look: Callable[[bytes], None]) -> None:
    """Pass on what comes, and then its end.

    Raises:
        OSError: A connection broke.
    """
    while data := await source.reader.read(_CHUNK):
        look(data)
        sink.writer.write(data)
        await sink.writer.drain()
    sink.writer.write_eof()


class ClientFrames:
    """What the frames tell that a client sends on a connection, in whatever pieces they come."""

    def __init__(self) -> None:
        self.pings: int = 0
        """Pings, answers aside."""
        self.streams: set[int] = set()
        """The streams that it has begun, and not ended."""
        self._head = b""
        self._skip = len(PREFACE)

    def take(self, data: bytes) -> None:
        """These bytes have come."""
        while data:
            skipped = min(self._skip, len(data))
            self._skip, data = self._skip - skipped, data[skipped:]
            needed = HEADER - len(self._head)
            self._head, data = self._head + data[:needed], data[needed:]
            if len(self._head) == HEADER:
                flagged, stream = bool(self._head[4] & END_STREAM), int.from_bytes(self._head[5:])
                self._note(self._head[3], stream, flagged=flagged)
                self._skip, self._head = int.from_bytes(self._head[:3]), b""

    def _note(self, kind: int, stream: int, *, flagged: bool) -> None:
        if kind == Kind.PING and not flagged:
            self.pings += 1
        elif kind == Kind.GOAWAY:
            self.streams.clear()
        elif kind == Kind.RST_STREAM or (kind in {Kind.DATA, Kind.HEADERS} and flagged):
            self.streams.discard(stream)
        elif kind == Kind.HEADERS:
            self.streams.add(stream)
