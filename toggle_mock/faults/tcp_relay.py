"""A TCP relay in front of the server, in which connections break as networks break them."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from toggle_mock.address import LOOPBACK, UNIX, Address
from toggle_mock.faults.conditions import Age, Conditions, Delay
from toggle_mock.faults.first_bytes import Opening, Speaks
from toggle_mock.faults.frames import GOAWAY, Frames

_BACKLOG = 4096
"""Connections that wait to be accepted, as when a thousand Rodents come back at once. Linux has no
more unless it is told to; whom it has no room for tries again after a second."""

_CHUNK = 64 * 1024
_QUEUE = 256
"""Chunks that may be under way in one direction."""

# Of its own: who has seeded Python's random numbers gets the same ones with this thread as without.
_chance = random.SystemRandom()


class Link:
    """One connection of a client, and the one behind it to the server."""

    def __init__(self, relay: Relay, client: Pipe, server: Pipe) -> None:
        self._relay = relay
        self._opening: Opening | None = Opening(relay.speaks)
        self.client: Final = client
        self.server: Final = server
        self.flowing: Final = asyncio.Event()
        self._chances: dict[tuple[str, Delay], random.Random] = {}
        self._frames = Frames()
        self._opened = asyncio.get_running_loop().time()
        self._aging: asyncio.TimerHandle | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._goaway_due = self._client_has_all = False
        self.update()

    def update(self) -> None:
        """Take note of new conditions."""
        delays = self._relay.conditions.delays
        self._chances = {key: own for key, own in self._chances.items() if key[1] in delays}
        if self in self._relay.frozen or self._relay.conditions.partitioned:
            self.flowing.clear()
        else:
            self.flowing.set()
        self._grow_old(self._relay.conditions.age)
        self._offer_goaway()

    def _grow_old(self, age: Age) -> None:
        if self._aging is not None:
            self._aging.cancel()
            self._aging = None
        if age.seconds is not None:
            loop = asyncio.get_running_loop()
            old = self._opened + age.seconds
            self._aging = loop.call_at(old, self.tell_to_go, age.grace)

    def tell_to_go(self, grace: float | None) -> None:
        """Tell the client to go, once the frame that is under way has ended; end it after that."""
        self._goaway_due = True
        self._offer_goaway()
        if grace is not None:
            loop = asyncio.get_running_loop()
            self._ending = loop.call_later(grace, self._end)

    def _offer_goaway(self) -> None:
        if self._client_has_all or self.client.writer.is_closing():
            return
        if self._goaway_due and self._frames.between and self.flowing.is_set():
            self._goaway_due = False
            self.client.writer.write(GOAWAY)

    def _end(self) -> None:
        for pipe in (self.client, self.server):
            pipe.writer.close()

    def reset(self) -> None:
        """End both connections at once, with RST."""
        self._opening = None
        for pipe in (self.client, self.server):
            pipe.reset()

    async def run(self) -> None:
        """Relay until both sides have ended."""
        relay = self._relay
        directions = (
            self._pump(self.client, self.server, lambda: relay.conditions.to_server),
            self._pump(self.server, self.client, lambda: relay.conditions.to_client),
        )
        try:
            await asyncio.gather(*directions)
        except OSError:
            pass  # the connection broke, which both sides are about to learn
        finally:
            for timer in filter(None, (self._aging, self._ending)):
                timer.cancel()
            self.reset()

    async def _pump(self, source: Pipe, sink: Pipe, rate: Callable[[], float | None]) -> None:
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUE)
        writing = asyncio.ensure_future(self._write(chunks, sink, rate))
        try:
            while True:
                data = await self._read(source)
                await chunks.put((asyncio.get_running_loop().time(), data))
                if not data:
                    break
            await writing
        finally:
            writing.cancel()

    async def _read(self, source: Pipe) -> bytes:
        try:
            data = await source.reader.read(_CHUNK)
        except OSError:
            self._look_at(b"", from_client=source is self.client)
            raise
        if source is self.client or not data:
            self._look_at(data, from_client=source is self.client)
        return data

    def _look_at(self, data: bytes, *, from_client: bool) -> None:
        """See how the connection begins, until that is known; nothing is its end."""
        opening = self._opening
        if opening is None:
            return
        if data:
            finding = opening.take(data, from_client=from_client)
        else:
            finding = opening.end(by_client=from_client)
        if finding is not None:
            self._relay.on_refusal(finding.kind, self.client.peer, finding.details)
        if not opening.watching:
            self._opening = None

    async def _write(
        self,
        chunks: asyncio.Queue[tuple[float, bytes]],
        sink: Pipe,
        rate: Callable[[], float | None],
    ) -> None:
        while True:
            arrived, data = await chunks.get()
            await self._travel(arrived, "to client" if sink is self.client else "to server")
            await self._write_in_pace(sink, data, rate)
            if data and sink is self.client:
                self._look_at(data, from_client=False)
            if not data:
                await self.flowing.wait()
                self._client_has_all |= sink is self.client
                with suppress(OSError):
                    sink.writer.write_eof()
                return

    async def _travel(self, arrived: float, direction: str) -> None:
        """Wait until what came in then is through; less, if the latency is healed meanwhile."""
        taken: dict[Delay, float] = {}
        while True:
            delays = self._relay.conditions.delays
            for delay in delays:
                if delay not in taken:
                    taken[delay] = delay.at(self._chance(direction, delay).random())
            due = arrived + sum(taken[delay] for delay in delays)
            rest = due - asyncio.get_running_loop().time()
            if rest <= 0:
                return
            await self._relay.wait_for_change(rest)

    def _chance(self, direction: str, delay: Delay) -> random.Random:
        if delay.seed is None:
            return _chance
        own = self._chances.get((direction, delay))
        if own is None:
            own = self._chances[direction, delay] = random.Random(f"{direction} {delay.seed}")
        return own

    async def _write_in_pace(
        self, sink: Pipe, data: bytes, rate: Callable[[], float | None]
    ) -> None:
        """Write a chunk; if there is a rate, in pieces of a tenth of a second."""
        while data:
            pace = rate()
            size = len(data) if pace is None else max(1, int(pace / 10))
            await self.flowing.wait()
            self._pass_on(sink, data[:size])
            await sink.writer.drain()
            if pace is not None:
                await self._relay.wait_for_change(min(len(data), size) / pace)
            data = data[size:]

    def _pass_on(self, sink: Pipe, data: bytes) -> None:
        """Write data; to the client, with what is due to it between the frames."""
        if sink is self.client:
            while data and self._goaway_due:
                frame, data = self._frames.split(data)
                sink.writer.write(frame)
                self._offer_goaway()
            self._frames.skip(data)
        sink.writer.write(data)


@dataclass(frozen=True)
class Pipe:
    """One socket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def peer(self) -> str:
        """The address of the other end, as gRPC names it."""
        return _named(self.writer.get_extra_info("peername"))

    def reset(self) -> None:
        """Close it with RST."""
        own = self.writer.get_extra_info("socket")
        with suppress(OSError):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def end_listening(listener: asyncio.Server) -> None:
    """Stop at once, also where a process holds the socket that another thread just starts.

    Until that runs its program it has all that is open here, and takes connections with it. Each
    client that asyncio has taken is known in the end to the function that it was given.
    """
    for one in listener.sockets:
        asyncio.get_running_loop().remove_reader(one.fileno())
        with suppress(OSError):  # not all systems know it of a socket that listens
            one.shutdown(socket.SHUT_RDWR)
    # Who was taken just now has no transport yet, and gets none from a listener that is closed.
    await asyncio.sleep(0)
    listener.close()
    # From the transport to that function. One that nobody knows is never closed.
    await asyncio.sleep(0)


@dataclass(eq=False)
class ServerBehind:
    """The server as the relays in front of it know it."""

    port: int = 0
    """On loopback."""
    peers: dict[int, str] = field(default_factory=dict)
    """The clients, by the ports of the connections that are made to the server for them."""

    def peer_of(self, peer: str) -> str:
        """The client behind what the server sees as its peer."""
        port = peer.rpartition(":")[2]
        return self.peers.get(int(port), peer) if port.isdecimal() else peer


@dataclass(eq=False)
class Relay:
    """Listens where clients connect, and passes their bytes on to the server.

    All methods run in the server's event loop.
    """

    address: Address
    """Where clients connect."""
    speaks: Speaks = field(default_factory=Speaks)
    """What the server speaks."""
    on_refusal: Callable[[str, str, str], None] = lambda _kind, _peer, _details: None
    """Told of a connection that leads to no call: the kind, the client, what exactly is wrong."""
    server: ServerBehind = field(default_factory=ServerBehind)
    """What the bytes are passed on to; relays may have it in common."""
    conditions: Conditions = field(default_factory=Conditions)
    frozen: frozenset[Link] = frozenset()
    """The connections on which nothing gets through, whatever the conditions."""
    refusing: bool = False
    """Whether new connections are refused."""
    links: list[Link] = field(default_factory=list)
    """The connections that are open."""
    _listener: asyncio.Server | None = None
    _reserved: socket.socket | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Listen, or only keep the address if connections are refused.

        Raises:
            OSError: The address cannot be used.
        """
        if self._reserved is None:
            self._reserved = self.address.reserved()
            if not self.address.path:
                self.address = self.address.at(self._reserved.getsockname()[1])
        if not self.refusing:
            reserved, self._reserved = self._reserved, None
            self._listener = await asyncio.start_server(
                self._accept, sock=reserved, backlog=_BACKLOG
            )

    def beside(self, address: Address) -> Relay:
        """Another one, in front of the same server."""
        return Relay(address, self.speaks, self.on_refusal, self.server)

    async def update(
        self, conditions: Conditions, frozen: frozenset[Link], *, refusing: bool
    ) -> None:
        """Be so from now on."""
        self.conditions, self.frozen = conditions, frozen
        for link in self.links:
            link.update()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self.refusing = refusing
        if refusing and self._listener is not None:
            await self._stop_listening()
            self._reserved = await self.address.reserved_again()
        elif not refusing and self._reserved is not None:
            await self.listen()

    async def wait_for_change(self, timeout: float) -> None:
        """Wait until the conditions change, so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()

    async def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            await end_listening(listener)

    def _release(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    async def close(self) -> None:
        """Stop listening, and end all connections."""
        await self._stop_listening()
        self._release()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def reset(self) -> None:
        """Reset all connections."""
        for link in list(self.links):
            link.reset()

    def tell_to_go(self, grace: float | None) -> None:
        """Tell all clients to go; their calls have so many seconds."""
        for link in self.links:
            link.tell_to_go(grace)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Pipe(reader, writer)
        if self._listener is None:  # it was closed after this one was taken from the queue
            client.reset()
            return
        task = asyncio.ensure_future(self._pass_on(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # One that is cancelled may not have begun.
        task.add_done_callback(lambda ended: client.reset() if ended.cancelled() else None)

    async def _pass_on(self, client: Pipe) -> None:
        try:
            server = Pipe(*await asyncio.open_connection(LOOPBACK, self.server.port))
        except OSError:  # there is no server
            client.reset()
            return
        own_port = server.writer.get_extra_info("sockname")[1]
        self.server.peers[own_port] = client.peer
        link = Link(self, client, server)
        self.links.append(link)
        try:
            await link.run()
        except asyncio.CancelledError:
            link.reset()  # the relay is closed
        finally:
            self.links.remove(link)
            self.server.peers.pop(own_port, None)


def _named(address: tuple[str | int, ...] | str | None) -> str:
    """A client's address as gRPC names it."""
    if address is None:
        return "unknown"
    if isinstance(address, str):
        return UNIX
    host, port = address[:2]
    return f"ipv6:[{host}]:{port}" if ":" in str(host) else f"ipv4:{host}:{port}"
