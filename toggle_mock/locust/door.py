"""The way to Toggle on which a fleet's connections break: a relay that only cuts, closes, opens."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from toggle_mock.address import LOOPBACK
from toggle_mock.faults.tcp_relay import end_listening

_CHUNK = 64 * 1024


class Door:
    """Listens on loopback and passes bytes on to Toggle. Belongs to one event loop.

    Args:
        host: Toggle's host.
        port: Its port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._behind = (host, port)
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server

    async def listen(self) -> str:
        """Listen on a free port; returns the address."""
        self._listener = await asyncio.start_server(self._accept, LOOPBACK, 0, backlog=4096)
        return f"{LOOPBACK}:{self._listener.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Break all connections."""
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        """Break all connections, and each new one as it comes."""
        self._open = False
        self.cut()

    def open(self) -> None:
        """Let new connections in again."""
        self._open = True

    async def end(self) -> None:
        """Listen no more, and break all connections."""
        await end_listening(self._listener)
        self.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = {writer}
        try:
            if self._open:
                there, back = await asyncio.open_connection(*self._behind)
                writers.add(back)
                if self._open:  # still: an outage may have begun meanwhile
                    self._writers |= writers
                    await asyncio.gather(_pump(reader, back), _pump(there, writer))
        except OSError:
            pass  # Toggle is gone, which the Rodent is about to learn
        finally:
            self._writers -= writers
            for one in writers:
                one.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # it is broken, and so is the other way
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
    sink.transport.close()
