"""Rodents that are simulated: they register, connect, answer commands and emit, as real ones do."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import inspect
import json
import random
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self, TypeAlias

import grpc
import grpc.aio
import jwt as pyjwt
import psutil
from google.protobuf.message import Message

from rodent_events import EVENT_LEVEL_INFO, clock, ids
from rodent_events.client import CHANNEL_OPTIONS
from rodent_events.payload_types import payload_types, schema_of
from rodent_events.pb.base_pb2 import (
    Acknowledgement,
    CommandRequest,
    CommandResponse,
    EventBatch,
    RegisterRequest,
    RegisterResponse,
    RodentError,
    RodentRequest,
    SystemInfo,
    ToggleRequest,
)
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from rodent_events.pb.events.event_messages_pb2 import Event, SystemStartupPayload
from toggle_mock.context import EndsWithBlock
from toggle_mock.errors import ToggleMockError
from toggle_mock.loop_thread import LoopThread
from toggle_mock.recording.scope import TIMEOUT

Code = grpc.StatusCode

# The Rodent's pauses, in seconds.
_REGISTER_AGAIN = 60.0
_REGISTERED_TO_CONNECT = 3.0
_REDIAL_AFTER_REFUSAL = 60.0
_REDIAL = 30.0
_REDIAL_GROWTH = 1.5
_LONGEST_REDIAL = 900.0
_BATCH_TIMEOUT = 30.0
_SEND_PAUSES = (1.0, 2.0)
_SEND_TIMEOUT = 30.0
_BATCH_SIZE = 100

_STOP_TIMEOUT = 2.0
"""Seconds for what waits when a simulated Rodent ends."""

# Of its own: who has seeded Python's random numbers gets the same ones with this thread as without.
_chance = random.SystemRandom()

_REFUSALS = frozenset(
    {Code.PERMISSION_DENIED, Code.UNAUTHENTICATED, Code.FAILED_PRECONDITION, Code.INVALID_ARGUMENT}
)

Command: TypeAlias = Callable[[Any], Any]
"""Answers a command: takes its payload, read as JSON, and returns what is sent back as JSON; may be
async. Raises CommandRejectedError if it fails."""

Service: TypeAlias = Callable[[Mapping[str, Any]], tuple[int, Mapping[str, str], bytes]]
"""Answers a request through ``tunnel.http``: takes ``{service, method, path, query, headers,
body}`` with the body as bytes, and returns status code, headers and body."""


class CommandRejectedError(ToggleMockError):
    """A command failed; the Rodent answers so.

    Args:
        message: What went wrong.
        code: The Rodent's number for it; 1106 is an unknown command.
        domain: Such as ``SERVER``.
        http_status: The like in HTTP.
    """

    def __init__(
        self, message: str, *, code: int = 1000, domain: str = "SERVER", http_status: int = 500
    ) -> None:
        super().__init__(message)
        self.error = RodentError(code=code, domain=domain, message=message, http_status=http_status)


class SimulatedRodent(EndsWithBlock):
    """A Rodent that behaves on the wire as the Go one does.

    It registers until that succeeds, emits its startup, connects, answers commands and sends events
    in batches; its pauses are the Go Rodent's, times ``pace``. As that one does, it drops a batch
    that failed three times: to lose nothing is what ``rodent_events`` is for.

    Args:
        target: Toggle's address, ``host:port``.
        jwt: Its token.
        pace: By what its pauses are multiplied; a small number for tests.
        commands: Answers to commands by name, besides ``system.status`` and ``tunnel.http``.
        services: Local services by name, for ``tunnel.http``.
        root_certificates: The root certificate as PEM, if Toggle speaks TLS.
        certificate: Its own certificate chain and key as PEM, if Toggle wants one.
        channel_options: gRPC's options of its channel; a Rodent's keepalive unless given.
    """

    def __init__(
        self,
        target: str,
        jwt: str,
        *,
        pace: float = 1.0,
        commands: Mapping[str, Command] | None = None,
        services: Mapping[str, Service] | None = None,
        root_certificates: bytes | None = None,
        certificate: tuple[bytes, bytes] | None = None,
        channel_options: Sequence[tuple[str, Any]] = CHANNEL_OPTIONS,
    ) -> None:
        self.target = target
        self.rid = str(pyjwt.decode(jwt, options={"verify_signature": False}).get("rid", ""))
        """The id in its token."""
        self.commands: dict[str, Command] = {
            "system.status": _system_status,
            "tunnel.http": self._tunnel,
            **(commands or {}),
        }
        """Answers to commands by name; may be changed at any time."""
        self.services = dict(services or {})
        """Local services by name."""
        self.configs: list[tuple[str, bytes]] = []
        """The config updates that came: type and payload."""
        self.connects = 0
        """The number of its Connect calls."""
        self.dropped = 0
        """Events that it gave up on."""
        self._metadata = (("authorization", f"Bearer {jwt}"),)
        self._pace = pace
        self._options = list(channel_options)
        self._roots, self._certificate = root_certificates, certificate
        self._thread: LoopThread | None = None
        self._registered = threading.Event()
        self._connected = threading.Event()
        self._events: list[Event] = []
        self._sent = 0
        self._emitted = 0
        self._changed: asyncio.Event
        self._ready: asyncio.Event
        self._delivered: asyncio.Event
        self._flushing = False
        self._tasks: list[asyncio.Task[None]] = []

    # For its user, from any thread

    def start(self, thread: LoopThread | None = None) -> Self:
        """Begin to register; does not wait.

        Args:
            thread: Where it runs; None for a thread of its own.
        """
        if self._thread is not None:
            raise RuntimeError(f"rodent {self.rid} runs already")
        self._own_thread = thread is None
        self._thread = thread or LoopThread(f"rodent-{self.rid}")
        try:
            self._thread.call(self._begin)
        except BaseException:
            started, self._thread = self._thread, None
            if self._own_thread:
                started.end()
            raise
        return self

    def stop(self) -> None:
        """Send what waits, within two seconds, and be gone; what is not sent is dropped."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.call(self._stop)
        if self._own_thread:
            thread.end()

    def __enter__(self) -> Self:
        return self.start()

    def _end_block(self) -> None:
        self.stop()

    def wait_registered(self, timeout: float = TIMEOUT) -> None:
        """Wait until Register has succeeded.

        Raises:
            TimeoutError: It has not in time.
        """
        if not self._registered.wait(timeout):
            raise TimeoutError(f"rodent {self.rid} is not registered after {timeout:g} s")

    def wait_connected(self, timeout: float = TIMEOUT) -> None:
        """Wait until Toggle has accepted its Connect.

        Raises:
            TimeoutError: It has not in time.
        """
        if not self._connected.wait(timeout):
            raise TimeoutError(f"rodent {self.rid} is not connected after {timeout:g} s")

    def emit(
        self,
        payload: Message,
        *,
        level: int = EVENT_LEVEL_INFO,
        metadata: Mapping[str, str] | None = None,
        source: str | None = None,
    ) -> str:
        """Emit an event; returns its id.

        Args:
            payload: Any payload message.
            level: An EventLevel.
            metadata: Keys and values.
            source: The component; None for the usual one.
        """
        event = _event(payload, level, metadata or {}, source)
        assert self._thread is not None, "this Rodent is not started"
        self._thread.loop.call_soon_threadsafe(self._append, event)
        return event.event_id

    def flush(self, timeout: float = TIMEOUT) -> None:
        """Send what waits, without waiting for a full batch.

        Raises:
            TimeoutError: It is not sent in time.
        """
        assert self._thread is not None, "this Rodent is not started"

        async def flush() -> None:
            async with asyncio.timeout(timeout):
                await self._flush()

        self._thread.call(flush)

    @property
    def emitted(self) -> int:
        """Events that it has emitted."""
        return self._emitted

    # In its event loop

    async def _begin(self) -> None:
        self._registered.clear()
        self._changed, self._ready, self._delivered = (asyncio.Event() for _ in range(3))
        self._channel = self._open_channel()
        self._stub: Any = RodentServiceStub(self._channel)  # typed for channels that block
        self._tasks = [asyncio.ensure_future(self._live()), asyncio.ensure_future(self._deliver())]

    def _open_channel(self) -> grpc.aio.Channel:
        if self._roots is None:
            return grpc.aio.insecure_channel(self.target, self._options)
        chain, key = self._certificate or (None, None)
        credentials = grpc.ssl_channel_credentials(self._roots, key, chain)
        return grpc.aio.secure_channel(self.target, credentials, self._options)

    async def _stop(self) -> None:
        if self._registered.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_TIMEOUT):
                    await self._flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.dropped += self._emitted - self._sent
        self._sent = self._emitted
        self._events.clear()
        await self._channel.close()
        # gRPC ends a connection with the last reference to its calls, which ended tasks hold too.
        self._tasks.clear()
        del self._channel, self._stub

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._pace)

    async def _live(self) -> None:
        while not await self._register():
            await self._pause(_REGISTER_AGAIN)
        self._registered.set()
        self._ready.set()
        kind = SystemStartupPayload
        self._append(_event(kind(operation=kind.SYSTEM_STARTUP_OPERATION_STARTED), 1, {}, None))
        await self._pause(_REGISTERED_TO_CONNECT)
        failures = 0
        while True:
            self.connects += 1
            start = clock.monotonic()
            code = await self._connect()
            failures = 0 if clock.monotonic() - start > _REDIAL * self._pace else failures
            pause = min(_LONGEST_REDIAL, _REDIAL * _REDIAL_GROWTH**failures)
            pause *= _chance.uniform(0.9, 1.1)
            await self._pause(_REDIAL_AFTER_REFUSAL if code in _REFUSALS else pause)
            failures += 1

    async def _register(self) -> bool:
        try:
            request = RegisterRequest(system_info=SystemInfo())
            response: RegisterResponse = await self._stub.Register(request, metadata=self._metadata)
        except grpc.aio.AioRpcError:
            return False
        return response.success

    async def _connect(self) -> grpc.StatusCode:
        answers: asyncio.Queue[RodentRequest] = asyncio.Queue()
        stream = self._stub.Connect(metadata=self._metadata)
        tasks: set[asyncio.Task[None]] = set()
        try:
            await stream.initial_metadata()
            self._connected.set()
            tasks.add(asyncio.ensure_future(_write(stream, answers)))
            while (request := await stream.read()) is not grpc.aio.EOF:
                task = asyncio.ensure_future(self._answer(request, answers))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except grpc.aio.AioRpcError as error:
            return error.code()
        else:
            code: grpc.StatusCode = await stream.code()
            return code
        finally:
            self._connected.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            stream.cancel()
            # A call whose end nobody has seen keeps its connection, though the channel is closed.
            with contextlib.suppress(asyncio.CancelledError):
                await stream.code()

    async def _answer(self, request: ToggleRequest, answers: asyncio.Queue[RodentRequest]) -> None:
        kind = request.WhichOneof("payload")
        request_id = request.request_id
        if kind == "command":
            response = await self._response(request.command)
            response.request_id = request_id
            answers.put_nowait(RodentRequest(request_id=request_id, command_response=response))
        elif kind == "config":
            self.configs.append((request.config.config_type, request.config.payload))
            ack = Acknowledgement(request_id=request_id, success=True, message="applied")
            answers.put_nowait(RodentRequest(request_id=request_id, ack=ack))

    async def _response(self, command: CommandRequest) -> CommandResponse:
        handler = self.commands.get(command.command_type)
        if handler is None:
            text = f"unknown command {command.command_type}"
            return _failure(CommandRejectedError(text, code=1106, http_status=400))
        try:
            result = handler(json.loads(command.payload) if command.payload else None)
            if inspect.isawaitable(result):
                result = await _awaited(result)
            return CommandResponse(success=True, payload=json.dumps(result).encode())
        except CommandRejectedError as error:
            return _failure(error)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its answer
            return _failure(CommandRejectedError(f"{type(error).__name__}: {error}"))

    def _tunnel(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        service = self.services.get(request["service"])
        if service is None:
            raise CommandRejectedError(f"unknown service {request['service']}", http_status=404)
        body = base64.b64decode(request.get("body") or "")
        status_code, headers, content = service({**request, "body": body})
        encoded = base64.b64encode(content).decode()
        return {"status_code": status_code, "headers": dict(headers), "body": encoded}

    # Its events

    def _append(self, event: Event) -> None:
        self._events.append(event)
        self._emitted += 1
        self._changed.set()

    async def _flush(self) -> None:
        goal = self._emitted
        while self._sent < goal:
            self._flushing = True
            self._changed.set()
            self._delivered.clear()
            await self._delivered.wait()

    async def _deliver(self) -> None:
        await self._ready.wait()
        oldest = clock.monotonic()
        while True:
            patience = oldest + _BATCH_TIMEOUT * self._pace - clock.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, patience)):
                    await self._changed.wait()
            self._changed.clear()
            due = clock.monotonic() >= oldest + _BATCH_TIMEOUT * self._pace
            while len(self._events) >= _BATCH_SIZE or (self._events and (due or self._flushing)):
                batch, self._events = self._events[:_BATCH_SIZE], self._events[_BATCH_SIZE:]
                await self._send(batch)
            self._flushing = False
            if due or not self._events:
                oldest = clock.monotonic()

    async def _send(self, events: Sequence[Event]) -> None:
        batch = EventBatch(
            events=events, batch_timestamp=int(time.time() * 1000), batch_id=ids.new_id()
        )
        for pause in (*_SEND_PAUSES, None):
            try:
                await self._stub.SendEvents(batch, timeout=_SEND_TIMEOUT, metadata=self._metadata)
                break
            except grpc.aio.AioRpcError:
                if pause is None:
                    self.dropped += len(events)
                else:
                    await self._pause(pause)
        self._sent += len(events)
        self._delivered.set()


async def _write(stream: Any, answers: asyncio.Queue[RodentRequest]) -> None:
    with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
        while True:  # until the stream has ended, which its reader sees too
            await stream.write(await answers.get())


def _event(payload: Message, level: int, metadata: Mapping[str, str], source: str | None) -> Event:
    place = payload_types(schema_of(payload))[schema_of(payload).full_name]
    event = Event(
        event_id=ids.new_id(),
        level=level,  # type: ignore[arg-type]  # its number
        category=place.category,  # type: ignore[arg-type]  # its number
        source=source or place.source,
        timestamp=int(time.time() * 1000),
        metadata=metadata,
    )
    getattr(getattr(event, place.wrapper.name), place.member.name).CopyFrom(payload)
    return event


def _failure(error: CommandRejectedError) -> CommandResponse:
    return CommandResponse(success=False, message=str(error), error=error.error)


def _system_status(_payload: object) -> Mapping[str, Any]:
    return {
        "status": "ok",
        "timestamp": int(time.time()),
        "cpu_usage": psutil.cpu_percent(),
        "memory_usage": psutil.virtual_memory().percent,
        "disk_usage": psutil.disk_usage("/").percent,
    }


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result
