"""A Rodent's two calls besides SendEvents: it registers, connects, answers, and connects again."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import grpc
import grpc.aio

from rodent_events import clock
from rodent_events.pb.base_pb2 import (
    RegisterRequest,
    RegisterResponse,
    RodentRequest,
    SystemInfo,
    ToggleRequest,
)
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from toggle_mock.clients.answers import Command, acknowledgement_of, response_to
from toggle_mock.clients.listening import Listener
from toggle_mock.clients.profiles import Conduct, Redialing
from toggle_mock.dialing import aio_channel

# The Rodent's pauses, in seconds.
_REGISTER_AGAIN = 60.0
_REGISTERED_TO_CONNECT = 3.0

_BACKOFF_VARIES = 1.2
"""By how much gRPC's pause between two dials may be longer than the longest that is set."""


class ControlLink:
    """Registers until that succeeds, connects, answers commands, and connects again, for ever.

    All but its attributes belongs to one event loop.

    Args:
        target: Toggle's address, ``host:port``.
        metadata: Gives the metadata of a call.
        conduct: What is particular to the Rodent's profile.
        commands: Answers to commands by name; may change at any time.
        pace: By what its pauses are multiplied.
        credentials: What TLS needs; None for plaintext.
        options: gRPC's options of its channel.
        listener: Is told of its calls; None for nobody.
    """

    def __init__(
        self,
        target: str,
        metadata: Callable[[], Sequence[tuple[str, str]]],
        conduct: Conduct,
        commands: Mapping[str, Command],
        *,
        pace: float,
        credentials: grpc.ChannelCredentials | None,
        options: Sequence[tuple[str, Any]],
        listener: Listener | None = None,
    ) -> None:
        self.registered: Final = threading.Event()
        self.connected: Final = threading.Event()
        self.gave_up: bool = False
        """Whether it dials no more."""
        self.configs: list[tuple[str, bytes]] = []
        """The config updates that came: type and payload."""
        self.connects: int = 0
        """The number of its Connect calls."""
        self.stub: Any
        """The calls; typed for channels that block, whose stubs are those of others too."""
        self._target, self._metadata = target, metadata
        self._conduct, self._commands, self._pace = conduct, commands, pace
        self._credentials, self._options = credentials, list(options)
        self._listener = listener or Listener()
        self._channel: grpc.aio.Channel

    async def open(self) -> None:
        """Have a channel; nothing is dialed yet."""
        self.registered.clear()
        self.gave_up = False
        self._channel = aio_channel(self._target, self._options, self._credentials)
        self.stub = RodentServiceStub(self._channel)

    async def close(self) -> None:
        """Close the channel, and whatever is under way on it."""
        await self._channel.close()
        # gRPC ends a connection with the last reference to its calls.
        del self._channel, self.stub

    async def live(self, on_registered: Callable[[], object]) -> None:
        """Register and be connected, until cancelled or until its profile gives up.

        Args:
            on_registered: Is called once Register has succeeded, before Connect.
        """
        while not await self._register():
            await self._pause(_REGISTER_AGAIN)
        self.registered.set()
        on_registered()
        await self._pause(_REGISTERED_TO_CONNECT)
        redialing = Redialing(self._conduct)
        while True:
            self.connects += 1
            code = await self._connect()
            pause = (
                redialing.after_no_connection() if code is None else redialing.after_status(code)
            )
            if pause is None:
                self.gave_up = True
                return
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._pace)

    async def _register(self) -> bool:
        begun = clock.monotonic()
        try:
            request = RegisterRequest(system_info=SystemInfo())
            response: RegisterResponse = await self.stub.Register(
                request, metadata=self._metadata()
            )
        except grpc.aio.AioRpcError as error:
            self._told("Register", begun, error.code().name)
            return False
        self._told("Register", begun, None if response.success else "success=false")
        return response.success

    def _told(self, method: str, begun: float, failure: str | None) -> None:
        self._listener.called(method, clock.monotonic() - begun, failure)

    async def _connect(self) -> grpc.StatusCode | None:
        """Be connected until the stream ends; returns its status, None if there was no Toggle."""
        await self._dial()
        answers: asyncio.Queue[RodentRequest] = asyncio.Queue()
        begun, opened = clock.monotonic(), False
        stream = self.stub.Connect(metadata=self._metadata())
        tasks: set[asyncio.Task[None]] = set()
        try:
            await stream.initial_metadata()
            if self._channel.get_state() is not grpc.ChannelConnectivity.READY:
                self._told("Connect", begun, "there is no connection")
                return None
            opened = True
            self._told("Connect", begun, None)
            self.connected.set()
            tasks.add(asyncio.ensure_future(_write(stream, answers)))
            while (request := await stream.read()) is not grpc.aio.EOF:
                task = asyncio.ensure_future(self._answer(request, answers))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except grpc.aio.AioRpcError as error:
            if not opened:
                self._told("Connect", begun, error.code().name)
            return error.code()
        else:
            code: grpc.StatusCode = await stream.code()
            return code
        finally:
            self.connected.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            stream.cancel()
            # A call whose end nobody has seen keeps its connection, though the channel is closed.
            with contextlib.suppress(asyncio.CancelledError):
                await stream.code()

    async def _dial(self) -> None:
        """Let a channel that has failed try again: until then it fails calls without a look.

        It tries on its own, after pauses that no pace shortens; only success changes its state.
        """
        failed = grpc.ChannelConnectivity.TRANSIENT_FAILURE
        longest = dict(self._options).get("grpc.max_reconnect_backoff_ms", 120_000) / 1000
        if self._channel.get_state(try_to_connect=True) is failed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(longest * _BACKOFF_VARIES):
                    await self._channel.wait_for_state_change(failed)

    async def _answer(self, request: ToggleRequest, answers: asyncio.Queue[RodentRequest]) -> None:
        kind = request.WhichOneof("payload")
        request_id = request.request_id
        if kind == "command":
            begun = clock.monotonic()
            response = await response_to(request.command, self._commands)
            response.request_id = request_id
            answers.put_nowait(RodentRequest(request_id=request_id, command_response=response))
            self._listener.answered(request.command.command_type, clock.monotonic() - begun)
        elif kind == "config":
            self.configs.append((request.config.config_type, request.config.payload))
            ack = acknowledgement_of(request.config, request_id)
            answers.put_nowait(RodentRequest(request_id=request_id, ack=ack))


async def _write(stream: Any, answers: asyncio.Queue[RodentRequest]) -> None:
    with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
        while True:  # until the stream has ended, which its reader sees too
            await stream.write(await answers.get())
