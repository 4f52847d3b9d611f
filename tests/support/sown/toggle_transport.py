"""Faults of a Toggle below its calls: connections, pings, TLS, and services beside the Rodents'."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import warnings
from contextlib import contextmanager, suppress

import grpc
from grpc_health.v1 import health, health_pb2

from support.sown.toggle_fault import Patch, ToggleFault, caught
from toggle_mock.recording.records import SERVICE
from toggle_mock.server import host
from toggle_mock.server.host import GrpcHost
from toggle_mock.server.refuser import UnknownMethods
from toggle_mock.server.service import Handled
from toggle_mock.tokens.certificates import Authority

Code = grpc.StatusCode


def with_options(**options):
    """Its gRPC server has further options."""

    def sow(patch: Patch) -> None:
        come_back = GrpcHost.come_back

        async def other(self):
            more = [(name.replace("__", "."), value) for name, value in options.items()]
            named = {name for name, _ in more}
            self.options = [one for one in self.options if one[0] not in named] + more
            await come_back(self)

        patch(GrpcHost, "come_back", other)

    return sow


def serves_few_connections(patch: Patch) -> None:
    """An organization may call from twenty connections."""
    admit, peers = Handled.admit, {}

    async def strict(self, tokens):
        known = peers.setdefault(self.call.sub, set())
        if len(known) >= 20 and self.context.peer() not in known:
            await self.context.abort(Code.RESOURCE_EXHAUSTED, "sown: too many connections")
        known.add(self.context.peer())
        await admit(self, tokens)

    patch(Handled, "admit", strict)


def unknown_methods_are(status: grpc.StatusCode):
    def sow(patch: Patch) -> None:
        def service(_self, _details):
            async def refuse(_requests, context):
                await context.abort(status, "sown")

            return grpc.stream_stream_rpc_method_handler(refuse)

        patch(UnknownMethods, "service", service)

    return sow


def hangs_at_metadata(patch: Patch) -> None:
    """It takes any metadata, and is busy with it for ever."""
    with_options(grpc__max_metadata_size=1 << 20, grpc__absolute_max_metadata_size=1 << 20)(patch)
    admit = Handled.admit

    async def slow(self, tokens):
        if sum(len(value) for _, value in self.metadata) > 100_000:
            await asyncio.sleep(60)
        await admit(self, tokens)

    patch(Handled, "admit", slow)


def health_is(status: int):
    def sow(patch: Patch) -> None:
        patch(host.health.aio, "HealthServicer", lambda: _Health(status))

    return sow


class _Health(health.aio.HealthServicer):
    """Says the same of everything."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self._always = status

    async def Check(self, _request, _context):  # noqa: N802 - gRPC's name
        return health_pb2.HealthCheckResponse(status=self._always)


def reflects_less(patch: Patch) -> None:
    enable = host.reflection.enable_server_reflection

    def other(names, server, pool):
        enable([name for name in names if name != SERVICE], server, pool)

    patch(host.reflection, "enable_server_reflection", other)


# In front of it: what ends TLS in another way than gRPC does.


def terminator(*, alpn=("h2",), least=None, most=None, plaintext=False):
    """TLS as it should not be, in front of a Toggle without."""

    @contextmanager
    def front(port: int, authority: Authority, folder):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chain, key = authority.issue("localhost", "127.0.0.1").write(folder, "front")
        context.load_cert_chain(chain, key)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if least is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore"):  # it is deprecated, that is the fault
                context.minimum_version = least
        if most is not None:
            context.maximum_version = most
        if least == ssl.TLSVersion.TLSv1_3:
            context.minimum_version = least
        with _Front(port, context, plaintext) as front_port:
            yield front_port

    return front


class _Front:
    """Takes connections, ends their TLS, and passes all on."""

    def __init__(self, port: int, context: ssl.SSLContext, plaintext: bool) -> None:
        self._port, self._context, self._plaintext = port, context, plaintext
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=200)
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task] = set()

    def __enter__(self) -> int:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self._listening.getsockname()[1]

    def __exit__(self, *_exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._listening.close()

    def _run(self) -> None:
        self._listening.setblocking(False)
        task = self._loop.create_task(self._accept())
        self._loop.run_forever()
        pending = {task, *self._tasks}
        for one in pending:
            one.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.close()

    async def _accept(self) -> None:
        while True:
            connection, _ = await self._loop.sock_accept(self._listening)
            task = self._loop.create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError):
            first = await self._peek(connection)
            secure = None if self._plaintext and first != b"\x16" else self._context
            reader = asyncio.StreamReader()
            protocol = asyncio.StreamReaderProtocol(reader)
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=secure
            )
            writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                await asyncio.gather(_pump(reader, back), _pump(there, writer))
            finally:
                back.close()
                writer.close()

    async def _peek(self, connection: socket.socket) -> bytes:
        while True:
            with suppress(BlockingIOError):
                return connection.recv(1, socket.MSG_PEEK)
            await asyncio.sleep(0.005)


async def _pump(reader, writer) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


SILENT = {"options": {"heartbeat": None, "ping_interval": 300.0}, "without": ("heartbeat",)}
TLS = ssl.TLSVersion

FAULTS = {
    "default-pings": ToggleFault(
        caught(
            "too_many_pings",
            "connection.fast-keepalive",
            "connection.keepalive",
            "connection.keepalive-without-calls",
        ),
        **SILENT,
    ),
    "pings-only-with-calls": ToggleFault(
        caught("too_many_pings", "connection.fast-keepalive", "connection.keepalive-without-calls"),
        with_options(grpc__keepalive_permit_without_calls=0),
    ),
    "few-connections": ToggleFault(
        caught("sown: too many connections", "connection.many"), serves_few_connections
    ),
    "unknown-methods-are-internal": ToggleFault(
        caught("NoSuchMethod ends with INTERNAL (sown)", "connection.unknown-method"),
        unknown_methods_are(Code.INTERNAL),
    ),
    "little-metadata": ToggleFault(
        caught("SendEvents ends with", "connection.metadata"),
        with_options(grpc__max_metadata_size=2048, grpc__absolute_max_metadata_size=2048),
    ),
    "hangs-at-metadata": ToggleFault(
        caught(
            "with 256 KiB of metadata, SendEvents ends with DEADLINE_EXCEEDED",
            "connection.huge-metadata",
        ),
        hangs_at_metadata,
    ),
    "few-streams-on-a-connection": ToggleFault(
        caught("SendEvents ends with DEADLINE_EXCEEDED", "connect.many"),
        with_options(grpc__max_concurrent_streams=5),
    ),
    "no-gzip": ToggleFault(
        caught("SendEvents ends with UNIMPLEMENTED", "send_events.compressed"),
        with_options(grpc__compression_enabled_algorithms_bitset=1),
    ),
    "no-alpn": ToggleFault(
        caught("ALPN has agreed on None", "connection.alpn"), tls=True, front=terminator(alpn=())
    ),
    "old-tls": ToggleFault(
        caught("the connection speaks TLSv1.1", "connection.old-tls"),
        tls=True,
        front=terminator(least=TLS.TLSv1),
    ),
    "new-tls-only": ToggleFault(
        caught("there is no connection of HTTP/2", "connection.tls-1.2"),
        tls=True,
        front=terminator(least=TLS.TLSv1_3),
    ),
    "plaintext-too": ToggleFault(
        caught("a connection without TLS is served", "connection.plaintext"),
        tls=True,
        front=terminator(plaintext=True),
    ),
    "not-serving": ToggleFault(
        caught("its health is NOT_SERVING", "services.health"), health_is(2)
    ),
    "serving-everything": ToggleFault(
        caught("of a service that there is not: Check ends with OK", "services.unknown-health"),
        health_is(1),
    ),
    "reflects-less": ToggleFault(caught("it lists grpc.", "services.reflection"), reflects_less),
}
