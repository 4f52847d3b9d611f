"""Where the gRPC server listens: one address, which stays its own through outages and restarts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import grpc.aio
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from rodent_events.pb import base_pb2
from rodent_events.pb.events import event_messages_pb2
from toggle_mock.address import LOOPBACK, Address
from toggle_mock.codes import logger
from toggle_mock.faults.connections import Host
from toggle_mock.faults.tcp_relay import Relay
from toggle_mock.loop_thread import LoopEndedError, LoopThread
from toggle_mock.recording.records import SERVICE

OVERTIME = 5.0
"""Seconds that gRPC may take to stop, over those that the calls under way may take."""


class GrpcHost(Host):
    """A gRPC server that comes and goes, with the relay in front of it.

    Its coroutines run in the event loop of :attr:`thread`.

    Args:
        address: Where clients connect.
        handlers: What it serves, besides health and reflection.
        others: Takes the calls that are for none of these.
        options: Those of gRPC.
        relay: What clients connect to instead; None for the server itself.
        credentials: Makes those of TLS; None is without.
    """

    def __init__(
        self,
        address: Address,
        handlers: grpc.GenericRpcHandler,
        others: grpc.GenericRpcHandler,
        *,
        options: Sequence[tuple[str, int]],
        relay: Relay | None,
        credentials: Callable[[], grpc.ServerCredentials] | None,
    ) -> None:
        self.address: Address = address
        """Where clients connect; with port 0 before a free one was taken."""
        self.thread: LoopThread | None = None
        """The thread of its event loop while it runs."""
        self._handlers, self._others = handlers, others
        self.options = options
        """Those of gRPC."""
        self.relay = relay
        """What clients connect to instead; None for the server itself."""
        self._credentials = credentials
        self._reserved: socket.socket | None = None
        self._server: grpc.aio.Server | None = None

    @property
    def is_up(self) -> bool:
        """Whether it answers calls."""
        return self._server is not None

    async def come_back(self) -> None:
        """Listen, at the same address as before.

        Raises:
            OSError: The address cannot be used.
        """
        server = grpc.aio.server(options=self.options)
        server.add_generic_rpc_handlers((self._handlers,))
        health_servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server, _reflected())
        server.add_generic_rpc_handlers((self._others,))
        port = self._listen(server)
        await server.start()
        for name in ("", SERVICE):
            await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._server = server
        if self.relay is None:
            self.address = self.address.at(port)
        else:
            self.relay.server.port = port
            await self._listen_in_front(self.relay)
            self.address = self.relay.address
        self.release_address()

    def _listen(self, server: grpc.aio.Server) -> int:
        address = self.address if self.relay is None else Address(LOOPBACK)
        try:
            address.make_way()  # gRPC would take it from whoever listens there
            if self._credentials is None:
                return server.add_insecure_port(str(address))
            return server.add_secure_port(str(address), self._credentials())
        except (OSError, RuntimeError) as error:
            raise _cannot_listen(address, error) from error

    async def _listen_in_front(self, relay: Relay) -> None:
        try:
            await relay.listen()
        except OSError as error:
            raise _cannot_listen(relay.address, error) from error

    async def leave(self) -> None:
        """Stop answering, and keep the address from others."""
        await self.stop_answering(0.0)
        self._reserved = await self.address.reserved_again()

    async def stop_answering(self, grace: float) -> None:
        """Stop answering; calls under way may end for so many seconds.

        A process that was forked while this one served may have taken the event by which gRPC would
        tell that it has stopped. It is not waited for longer than is reasonable.
        """
        server, self._server = self._server, None
        if server is not None:
            stopping = asyncio.ensure_future(server.stop(grace))
            done, _ = await asyncio.wait({stopping}, timeout=grace + OVERTIME)
            for task in done:
                task.result()
            if not done:
                logger.warning("gRPC at %s does not stop: it is left to itself", self.address)
        if self.relay is not None:
            await self.relay.close()

    def release_address(self) -> None:
        """Keep the address from nobody."""
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def carry_out(self, work: Callable[[], Coroutine[Any, Any, None]], /) -> None:
        """Have this run in the event loop, and wait for its end.

        Without a loop there is nothing to do: what starts one sees to it. The loop's own thread,
        where an outcome or a matcher may ask for it, cannot wait for itself: there it runs later.
        """
        thread = self.thread
        if thread is None:
            return
        if thread.is_current:
            thread.schedule(work)
            return
        with suppress(LoopEndedError):
            thread.call(work)


def _cannot_listen(address: Address, error: Exception) -> OSError:
    reason = _why_not(address) or error
    return OSError(f"cannot listen on {address}: {reason}")


def _why_not(address: Address) -> str | None:
    """The reason why one cannot listen there, which gRPC does not tell; None if one can."""
    try:
        address.listening().close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _reflected() -> DescriptorPool:
    """All that reflection tells of, in one pool: ours have a pool of their own."""
    pool = DescriptorPool()
    for module in (event_messages_pb2, base_pb2, health_pb2, reflection_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    return pool
