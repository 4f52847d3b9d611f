"""The mock Toggle: a gRPC server on a thread of its own, and what a test asks it."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from socket import SOCK_STREAM
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import grpc.aio
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from rodent_events.pb import base_pb2
from rodent_events.pb.events import event_messages_pb2
from toggle_mock.errors import NoRelayError
from toggle_mock.faults.book import FaultBook
from toggle_mock.faults.connections import Network
from toggle_mock.faults.control import Faults
from toggle_mock.faults.outcomes import number
from toggle_mock.faults.relay import Relay, reserve
from toggle_mock.loop_thread import LoopEndedError, LoopThread
from toggle_mock.recording.files import open_sink
from toggle_mock.recording.recorder import MAX_BYTES, MAX_CALLS, Recording
from toggle_mock.recording.records import SERVICE
from toggle_mock.recording.scope import Scope
from toggle_mock.rodents.register import RodentRegister
from toggle_mock.schema import Schema, load_schema
from toggle_mock.server.service import RodentService
from toggle_mock.toggle.session import Session
from toggle_mock.toggle.toggle import LocalToggle
from toggle_mock.tokens.tokens import Tokens

if TYPE_CHECKING:
    from toggle_mock.http_api.listener import HttpServer
    from toggle_mock.tokens.certificates import Authority

_GRACE = 0.5
"""Seconds that calls under way have to end when the server stops."""


class ToggleServer(LocalToggle):
    """A mock Toggle.

    It serves from :meth:`start` to :meth:`stop`, or inside ``with`` or ``async with``, which start
    it unless it runs. All methods may be called from any thread.

    Args:
        host: The address to listen on; loopback unless asked otherwise.
        port: The port; 0 takes a free one.
        max_message_bytes: Bytes in a request at the most, gRPC's own default.
        ping_interval: Seconds between two keepalive pings that a client may send at the least. A
            Rodent sends one each 40 s.
        relay: Whether clients connect through a relay, in which connections can be broken; see
            :class:`Faults`. It costs some throughput.
        tls: Whether to speak TLS, with a certificate of :attr:`authority`.
        client_certificates: Whether clients need a certificate of that authority (mTLS).
        jwt_algorithm: How tokens are signed: ``HS256``, ``RS256`` or ``ES256``.
        jwt_key: The secret of HS256, or the private key as PEM; None makes one.
        verify_tokens: Whether a token must be signed with that key. Without it any well-formed
            token is taken that has not expired.
        heartbeat: Seconds between two commands ``system.status`` to each connected Rodent; None
            for none.
        deduplicate: Whether a batch whose id was recorded before is left out of ``batches`` and
            ``events``; it stands in ``duplicates`` either way.
        schema: Under which events are read: a published revision such as ``2025-12-09``, a folder
            of .proto files, or a descriptor set; None for the project's own.
        record: A file that the recording is written to while it goes on: ``.ndjson``,
            ``.sqlite`` or ``.pb``. What it has already is read at the start.
        http_port: Port of the HTTP API; 0 takes a free one, None is without.
        http_host: The address that the HTTP API listens on. Whoever reaches it can do everything.
        max_recorded_bytes: Bytes of messages that are kept; beyond them the oldest are evicted.
        max_recorded_calls: Calls that are kept.

    Raises:
        ValueError: An argument is out of its range.
        SchemaError: There is no such schema.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        max_message_bytes: int = 4 * 1024 * 1024,
        ping_interval: float = 10.0,
        relay: bool = False,
        tls: bool = False,
        client_certificates: bool = False,
        jwt_algorithm: str = "HS256",
        jwt_key: str | bytes | None = None,
        verify_tokens: bool = True,
        heartbeat: float | None = None,
        deduplicate: bool = False,
        schema: Schema | Path | str | None = None,
        record: Path | str | None = None,
        http_port: int | None = None,
        http_host: str = "127.0.0.1",
        max_recorded_bytes: int = MAX_BYTES,
        max_recorded_calls: int = MAX_CALLS,
    ) -> None:
        if not 0 <= port < 1 << 16:
            raise ValueError(f"port is {port}: give a number from 0 to 65535")
        if http_port is not None and not 0 <= http_port < 1 << 16:
            raise ValueError(f"http_port is {http_port}: give a number from 0 to 65535")
        if heartbeat is not None:
            number("heartbeat", heartbeat, least=0.001)
        number("max_recorded_bytes", max_recorded_bytes, least=0)
        number("max_recorded_calls", max_recorded_calls, least=0)
        recording = Recording(
            max_bytes=max_recorded_bytes, max_calls=max_recorded_calls, deduplicate=deduplicate
        )
        super().__init__(recording, Scope(), FaultBook(), RodentRegister())
        self._host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        self._port = port
        self._options = [
            ("grpc.max_receive_message_length", max_message_bytes),
            ("grpc.keepalive_permit_without_calls", 1),
            # A tenth less, since clocks and networks jitter.
            ("grpc.http2.min_ping_interval_without_data_ms", int(ping_interval * 900)),
            # Two servers must never share a port.
            ("grpc.so_reuseport", 0),
        ]
        self._tls, self._mutual = tls or client_certificates, client_certificates
        self.schema = load_schema(schema) if schema is not None else None
        self._record = Path(record) if record is not None else None
        self._http_host, self._http_port = http_host, http_port
        self._http: HttpServer | None = None
        self._relay = Relay(self._host) if relay else None
        self._reserved: socket.socket | None = None
        self.tokens = Tokens(algorithm=jwt_algorithm, key=jwt_key, verify=verify_tokens)
        """Issues, verifies and revokes tokens."""
        self.faults = Faults(self, Scope())
        """What can go wrong on command."""
        self.late = Recording(max_calls=1000)
        """Calls of clients that an earlier test left behind."""
        self._service = RodentService(
            recording,
            self.late,
            self.tokens,
            self.book,
            self.rodent_register,
            self._peer_of,
            heartbeat,
        )
        self.book.on_heal = lambda healed: self.run(lambda: self._service.release(healed))
        self.network = Network(self._apply_network)
        """The faults of the connection that are in force."""
        self._network_lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()
        self._thread: LoopThread | None = None
        self._server: grpc.aio.Server | None = None
        self._has_run = False
        self._lifecycle = threading.RLock()

    # Lifecycle

    def start(self) -> Self:
        """Listen and serve.

        Raises:
            RuntimeError: It runs already.
            OSError: The port cannot be used, or the file to record to.
            StorageError: That file is no recording.
        """
        with self._lifecycle:
            return self._start()

    def _start(self) -> Self:
        if self._thread is not None:
            raise RuntimeError(f"this server runs already, at {self.address}")
        if self._record is not None:
            sink = open_sink(self._record, None if self._has_run else self.recording)
            self.recording.sinks.append(sink)
        self._has_run = True
        self._network_lock = asyncio.Lock()
        self._thread = LoopThread("toggle-mock")
        try:
            self._port = self._thread.call(self._serve)
            self._thread.call(self._follow_network)
            if self._http_port is not None:
                self._thread.call(self._serve_http)
        except BaseException:
            self._thread.call(lambda: self._stop_serving(0.0))
            self._end_thread()
            raise
        return self

    def stop(self, grace: float = _GRACE) -> None:
        """Stop serving; calls under way may end for so many seconds. Does nothing if it is stopped.

        What was recorded stays readable.
        """
        if self._thread is not None and self._thread.is_current:
            raise RuntimeError("a server cannot be stopped by what runs in it, such as an outcome")
        with self._lifecycle:
            if self._thread is None:
                return
            try:
                with suppress(LoopEndedError):  # this process was forked from the server's
                    self._thread.call(lambda: self._stop_serving(grace))
            finally:
                self._end_thread()

    def __enter__(self) -> Self:
        return self if self._thread is not None else self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    def _end_thread(self) -> None:
        assert self._thread is not None
        thread, self._thread = self._thread, None
        thread.end()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        for sinks in (self.recording.sinks, self.recording.failed_sinks):
            while sinks:
                sinks.pop().close()

    async def _serve(self) -> int:
        server = grpc.aio.server(options=self._options)
        server.add_generic_rpc_handlers((self._service.handlers(),))
        health_servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server, _reflected())
        port = self._listen(server)
        await server.start()
        for name in ("", SERVICE):
            await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._server = server
        if self._relay is not None:
            self._relay.target = port
            port = await self._relay.listen(self._port)
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        return port

    def _listen(self, server: grpc.aio.Server) -> int:
        address = self.address if self._relay is None else "127.0.0.1:0"
        try:
            if not self._tls:
                return server.add_insecure_port(address)
            credentials = self.authority.server_credentials(self._host, mutual=self._mutual)
            return server.add_secure_port(address, credentials)
        except RuntimeError as error:
            reason = _why_not(self._host.strip("[]"), self._port) or error
            raise OSError(f"cannot listen on {address}: {reason}") from error

    async def _serve_http(self) -> None:
        # Loaded only where it is asked for.
        from toggle_mock.http_api.listener import HttpServer  # noqa: PLC0415

        http = HttpServer(self, self._http_host, self._http_port or 0)
        await http.start()
        self._http = http

    async def _stop_serving(self, grace: float) -> None:
        if self._http is not None:
            await self._http.stop()
            self._http = None
        await self._stop_answering(grace)

    async def _stop_answering(self, grace: float) -> None:
        if self._server is not None:
            await self._server.stop(grace)
            self._server = None
        if self._relay is not None:
            await self._relay.close()

    # Faults of the connection

    @property
    def relay(self) -> Relay:
        """The relay in front.

        Raises:
            NoRelayError: There is none.
        """
        if self._relay is None:
            raise NoRelayError(
                "this fault of the connection needs a relay in front of the server: make it with "
                "ToggleServer(relay=True)"
            )
        return self._relay

    def _apply_network(self) -> None:
        """Make server and relay as the faults that are in force say; at the start if it is off."""
        self._in_loop(self._follow_network)

    async def _follow_network(self) -> None:
        async with self._network_lock:
            state = self.network.state
            if state.outage and self._server is not None:
                await self._stop_answering(0.0)
                self._reserved = reserve(self._host, self._port)
            if self._relay is not None:
                await self._relay.update(state.conditions, state.frozen, refusing=state.refuse)
            if not state.outage and self._server is None:
                await self._serve()

    def run(self, function: Callable[[], object]) -> None:
        """Call a function in the event loop, if the server runs, and wait for its end."""

        async def call() -> None:
            function()

        self._in_loop(call)

    def _in_loop(self, function: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Run a coroutine in the event loop and wait for its end; the loop itself does not wait."""
        thread = self._thread
        if thread is None:
            return
        if thread.is_current:
            task = thread.loop.create_task(function())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        with suppress(LoopEndedError):
            thread.call(function)

    def _peer_of(self, peer: str) -> str:
        return peer if self._relay is None else self._relay.peer_of(peer)

    # What a client needs

    @property
    def port(self) -> int:
        """The port that it listens on, also after it was stopped; 0 before a free one was taken."""
        return self._port

    @property
    def serving(self) -> bool:
        """Whether it answers calls."""
        return self._server is not None

    @property
    def root_certificate(self) -> bytes | None:
        """The root certificate as PEM if it speaks TLS, else None."""
        return self.authority.root if self._tls else None

    @property
    def http_address(self) -> str | None:
        """``host:port`` of the HTTP API; None without one."""
        return self._http.address if self._http is not None else None

    @property
    def address(self) -> str:
        """``host:port``, for a client's target."""
        return f"{self._host}:{self._port}"

    def jwt(
        self,
        *,
        rid: str | None = None,
        sub: str | None = None,
        prv: bool = True,
        expires_in: float = 3600.0,
        **claims: object,
    ) -> str:
        """A token for a Rodent; see :meth:`Tokens.issue`.

        Args:
            rid: The Rodent's id; None for ``rodent-1``.
            sub: The organization's id; None for ``org-1``.
            prv: Whether it is in a private network, and so speaks gRPC.
            expires_in: Seconds; negative for a token that has expired.
            claims: Further claims. None leaves one out.
        """
        return self.tokens.issue(
            rid="rodent-1" if rid is None else rid,
            sub="org-1" if sub is None else sub,
            prv=prv,
            expires_in=expires_in,
            **claims,
        )

    @cached_property
    def authority(self) -> Authority:
        """Signs the certificates of this server and of its clients."""
        # Loaded only where it is asked for.
        from toggle_mock.tokens.certificates import Authority  # noqa: PLC0415

        return Authority()

    # What arrived

    def clear(self) -> None:
        """Forget what was recorded."""
        self.recording.clear()
        self.late.clear()

    def begin_test(self) -> None:
        """Forget and heal everything, and be deaf to clients that an earlier test left behind.

        Their tokens are still taken, so that they end in peace, but no call of theirs is recorded,
        and their streams are ended.
        """
        self.tokens.begin_era()
        self.tokens.restore()
        self.faults.heal()
        self.rodent_register.clear()
        self.clear()

    def session(self, rid: str | None = None, sub: str | None = None) -> Session:
        """A part of this server for one test: it sees and disturbs only its own Rodents.

        Args:
            rid: The Rodent that it is about; None for all of its organization.
            sub: The organization; if neither is given, one of its own.
        """
        if rid is None and sub is None:
            sub = f"session-{secrets.token_hex(4)}"
        return Session(self, Scope(rid, sub))


def _why_not(host: str, port: int) -> str | None:
    """The reason why one cannot listen there, which gRPC does not tell; None if one can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError as error:
        return error.strerror
    return None


def _reflected() -> DescriptorPool:
    """All that reflection tells of, in one pool: ours have a pool of their own."""
    pool = DescriptorPool()
    for module in (event_messages_pb2, base_pb2, health_pb2, reflection_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    return pool
