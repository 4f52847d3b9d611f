"""The mock Toggle: a gRPC server on a thread of its own, and what a test asks it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from socket import SOCK_STREAM
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc.aio
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from rodent_events.pb import base_pb2
from rodent_events.pb.events import event_messages_pb2
from toggle_mock.identity import TokenIssuer
from toggle_mock.matching import Matcher
from toggle_mock.recording import Events, RecordedBatch, RecordedCall, RecordedEvent, Recording
from toggle_mock.service import SERVICE, RodentService

T = TypeVar("T")

_GRACE = 0.5
"""Seconds that calls under way have to end when the server stops."""


class ToggleServer:
    """A mock Toggle.

    It serves from :meth:`start` to :meth:`stop`, or inside ``with`` or ``async with``, which start
    it unless it runs. All methods may be called from any thread.

    Args:
        host: The address to listen on; loopback unless asked otherwise.
        port: The port; 0 takes a free one.
        max_message_bytes: Bytes in a request at the most, gRPC's own default.
        ping_interval: Seconds between two keepalive pings that a client may send at the least. A
            Rodent sends one each 40 s.

    Raises:
        ValueError: The port is out of its range.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        max_message_bytes: int = 4 * 1024 * 1024,
        ping_interval: float = 10.0,
    ) -> None:
        if not 0 <= port < 1 << 16:
            raise ValueError(f"port is {port}: give a number from 0 to 65535")
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
        self._issuer = TokenIssuer()
        self.recording = Recording()
        """What arrived."""
        self.aio = AsyncFace(self)
        """The methods that wait, for asyncio."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: grpc.aio.Server | None = None
        self._lifecycle = threading.RLock()

    # Lifecycle

    def start(self) -> Self:
        """Listen and serve.

        Raises:
            RuntimeError: It runs already.
            OSError: The port cannot be used.
        """
        with self._lifecycle:
            return self._start()

    def _start(self) -> Self:
        if self._thread is not None:
            raise RuntimeError(f"this server runs already, at {self.address}")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="toggle-mock", daemon=True
        )
        self._thread.start()
        try:
            self._port = self._call(self._serve)
        except BaseException:
            self._end_thread()
            raise
        return self

    def stop(self, grace: float = _GRACE) -> None:
        """Stop serving; calls under way may end for so many seconds. Does nothing if it is stopped.

        What was recorded stays readable.
        """
        with self._lifecycle:
            if self._thread is None:
                return
            try:
                self._call(lambda: self._stop_serving(grace))
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

    def _call(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result()

    def _end_thread(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._thread = self._loop = None

    async def _serve(self) -> int:
        server = grpc.aio.server(options=self._options)
        server.add_generic_rpc_handlers((RodentService(self.recording).handlers(),))
        health_servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server, _reflected())
        try:
            port = server.add_insecure_port(f"{self._host}:{self._port}")
        except RuntimeError as error:
            reason = _why_not(self._host.strip("[]"), self._port) or error
            raise OSError(f"cannot listen on {self._host}:{self._port}: {reason}") from error
        await server.start()
        for name in ("", SERVICE):
            await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._server = server
        return port

    async def _stop_serving(self, grace: float) -> None:
        if self._server is not None:
            await self._server.stop(grace)
            self._server = None

    # What a client needs

    @property
    def port(self) -> int:
        """The port that it listens on, also after it was stopped; 0 before a free one was taken."""
        return self._port

    @property
    def address(self) -> str:
        """``host:port``, for a client's target."""
        return f"{self._host}:{self._port}"

    def jwt(
        self,
        *,
        rid: str = "rodent-1",
        sub: str = "org-1",
        prv: bool = True,
        expires_in: float = 3600.0,
        **claims: object,
    ) -> str:
        """A token for a Rodent.

        Args:
            rid: The Rodent's id.
            sub: The organization's id.
            prv: Whether it is in a private network, and so speaks gRPC.
            expires_in: Seconds.
            claims: Further claims.
        """
        return self._issuer.issue(rid=rid, sub=sub, prv=prv, expires_in=expires_in, claims=claims)

    # What arrived

    @property
    def calls(self) -> list[RecordedCall]:
        """All calls, refused ones too, in the order of their arrival."""
        return self.recording.calls

    @property
    def batches(self) -> list[RecordedBatch]:
        """The accepted batches, in the order of their arrival."""
        return self.recording.batches

    @property
    def events(self) -> Events:
        """The events of the accepted batches, in the order of their arrival."""
        return self.recording.events

    def clear(self) -> None:
        """Forget what was recorded."""
        self.recording.clear()

    def wait_for(
        self, matcher: Matcher = None, *, count: int = 1, timeout: float = 5.0
    ) -> list[RecordedEvent]:
        """Wait for events; see :meth:`Recording.wait_for`."""
        return self.recording.wait_for(matcher, count=count, timeout=timeout)


class AsyncFace:
    """The methods of a ToggleServer that wait, for asyncio."""

    def __init__(self, server: ToggleServer) -> None:
        self._server = server

    async def wait_for(
        self, matcher: Matcher = None, *, count: int = 1, timeout: float = 5.0
    ) -> list[RecordedEvent]:
        """Wait for events, without blocking the loop; see :meth:`Recording.wait_for`."""
        return await asyncio.to_thread(self._server.wait_for, matcher, count=count, timeout=timeout)


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
