"""Rodents that are simulated: they register, connect, answer commands and emit, as real ones do."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import grpc
import grpc.aio
import jwt as pyjwt
from google.protobuf.message import Message

from rodent_events import EVENT_LEVEL_INFO, clock, ids
from rodent_events.client import CHANNEL_OPTIONS
from rodent_events.payload_types import PayloadType, payload_types, schema_of
from rodent_events.pb.base_pb2 import (
    EventBatch,
    EventBatchResponse,
)
from rodent_events.pb.events.event_messages_pb2 import (
    Event,
    SystemShutdownPayload,
    SystemStartupPayload,
)
from toggle_mock.clients.answers import (
    Command,
    Service,
    usual_commands,
)
from toggle_mock.clients.control_link import ControlLink
from toggle_mock.clients.listening import Listener
from toggle_mock.clients.profiles import Profile, conduct_of
from toggle_mock.context import EndsWithBlock
from toggle_mock.loop_thread import LoopThread
from toggle_mock.recording.scope import TIMEOUT

# The Rodent's pauses, in seconds.
_BATCH_TIMEOUT = 30.0
_SEND_TIMEOUT = 30.0
_BATCH_SIZE = 100

SPILL_AT = 18_000
"""When so many events wait, the published Rodent writes them to files, which it never reads."""

STOP_TIMEOUT = 2.0
"""Seconds for what waits when a simulated Rodent ends."""

_GIVEN_UP = "it dials no more, as the published Rodent does after five redials in vain"

_STARTED = SystemStartupPayload(operation=SystemStartupPayload.SYSTEM_STARTUP_OPERATION_STARTED)
_STOPPED = SystemShutdownPayload(
    operation=SystemShutdownPayload.SYSTEM_SHUTDOWN_OPERATION_SHUTDOWN, graceful=True
)


class SimulatedRodent(EndsWithBlock):
    """A Rodent that behaves on the wire as the Go one does.

    It registers until that succeeds, emits its startup, connects, answers commands and sends events
    in batches; its pauses are the Go Rodent's, times ``pace``. Unless told otherwise it has that
    one's faults as well: what a test should see of the field, it sees.

    Args:
        target: Toggle's address, ``host:port``.
        jwt: Its token.
        profile: ``published`` dials five times in vain and never again, and loses events: those
            before Register has succeeded, a batch that failed three times or that Toggle rejects,
            what is spilled, and what waits when it stops, its shutdown among it. ``guarantees``
            dials for ever, and sends each batch until Toggle has taken it; what waits when it stops
            it sends when it is started again.
        pace: By what its pauses are multiplied; a small number for tests.
        commands: Answers to commands by name, besides ``system.status`` and ``tunnel.http``.
        services: Local services by name, for ``tunnel.http``.
        root_certificates: The root certificate as PEM, if Toggle speaks TLS.
        certificate: Its own certificate chain and key as PEM, if Toggle wants one.
        channel_options: gRPC's options of its channel; a Rodent's keepalive unless given. No proxy
            of the environment is used unless they say so.
        listener: Is told of its calls, and of what becomes of its events.

    Raises:
        ValueError: There is no such profile.
    """

    def __init__(
        self,
        target: str,
        jwt: str,
        *,
        profile: Profile = "published",
        pace: float = 1.0,
        commands: Mapping[str, Command] | None = None,
        services: Mapping[str, Service] | None = None,
        root_certificates: bytes | None = None,
        certificate: tuple[bytes, bytes] | None = None,
        channel_options: Sequence[tuple[str, Any]] = CHANNEL_OPTIONS,
        listener: Listener | None = None,
    ) -> None:
        self.target = target
        self.rid: Final = str(pyjwt.decode(jwt, options={"verify_signature": False}).get("rid", ""))
        """The id in its token."""
        self.services: Final = dict(services or {})
        """Local services by name; may be changed at any time."""
        self.commands: Final = usual_commands(self.services) | dict(commands or {})
        """Answers to commands by name; may be changed at any time."""
        self.dropped: int = 0
        """Events that it gave up on."""
        self._conduct = conduct_of(profile)
        self._metadata = (("authorization", f"Bearer {jwt}"),)
        self._pace = pace
        self._listener = listener or Listener()
        self._link = ControlLink(
            target,
            lambda: self._metadata,
            self._conduct,
            self.commands,
            pace=pace,
            credentials=_credentials(root_certificates, certificate),
            options=channel_options,
            listener=self._listener,
        )
        self._thread: LoopThread | None = None
        self._events: list[Event] = []
        self._batch: EventBatch | None = None
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
        """Emit its shutdown, and be gone; what becomes of what waits, its profile says.

        Where nothing is to be lost it is given two seconds, and the rest waits for the next start.
        """
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
        if not self._link.registered.wait(timeout):
            raise TimeoutError(f"rodent {self.rid} is not registered after {timeout:g} s")

    def wait_connected(self, timeout: float = TIMEOUT) -> None:
        """Wait until Toggle has accepted its Connect.

        Raises:
            TimeoutError: It has not in time.
        """
        if not self._link.connected.wait(timeout):
            given_up = f": {_GIVEN_UP}" if self._link.gave_up else ""
            raise TimeoutError(f"rodent {self.rid} is not connected after {timeout:g} s{given_up}")

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

        Raises:
            RuntimeError: It is not started.
            TypeError: This is no payload, or one of another schema than ``rodent_events`` has.
        """
        event = self._event(payload, level, metadata or {}, source)
        self._running().loop.call_soon_threadsafe(self._append, event)
        return event.event_id

    def flush(self, timeout: float = TIMEOUT) -> None:
        """Send what waits, without waiting for a full batch.

        Raises:
            RuntimeError: It is not started.
            TimeoutError: It is not sent in time.
        """
        thread = self._running()

        async def flush() -> None:
            async with asyncio.timeout(timeout):
                await self._flush()

        thread.call(flush)

    @property
    def configs(self) -> list[tuple[str, bytes]]:
        """The config updates that came: type and payload."""
        return self._link.configs

    @property
    def connects(self) -> int:
        """The number of its Connect calls."""
        return self._link.connects

    @property
    def emitted(self) -> int:
        """Events that it has emitted."""
        return self._emitted

    def _running(self) -> LoopThread:
        if self._thread is None:
            raise RuntimeError(f"rodent {self.rid} is not started")
        return self._thread

    # In its event loop

    async def _begin(self) -> None:
        self._changed, self._ready, self._delivered = (asyncio.Event() for _ in range(3))
        await self._link.open()
        living, delivering = self._link.live(self._begin_to_emit), self._deliver()
        self._tasks = [asyncio.ensure_future(living), asyncio.ensure_future(delivering)]

    async def _stop(self) -> None:
        if self._link.registered.is_set():
            self._append(self._event(_STOPPED, EVENT_LEVEL_INFO, {}, self._conduct.own_source))
            if not self._conduct.loses:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STOP_TIMEOUT):
                        await self._flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._conduct.loses:
            under_way = self._batch.events if self._batch else []
            self._listener.given_up([*under_way, *self._events])
            self._lose(self._emitted - self._sent)
            self._events.clear()
            self._batch = None
        self._tasks.clear()  # which hold calls
        await self._link.close()

    def _begin_to_emit(self) -> None:
        self._ready.set()
        self._append(self._event(_STARTED, EVENT_LEVEL_INFO, {}, self._conduct.own_source))

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._pace)

    # Its events

    def _event(
        self, payload: Message, level: int, metadata: Mapping[str, str], source: str | None
    ) -> Event:
        place = _place_of(payload)
        event = Event(
            event_id=self._conduct.new_event_id(),
            level=level,  # type: ignore[arg-type]  # its number
            category=place.category,  # type: ignore[arg-type]  # its number
            source=source or place.source,
            timestamp=int(time.time() * 1000),
            metadata=metadata,
        )
        getattr(getattr(event, place.wrapper.name), place.member.name).CopyFrom(payload)
        return event

    def _append(self, event: Event) -> None:
        self._emitted += 1
        if self._conduct.loses and not self._link.registered.is_set():
            self._give_up([event])
            return
        self._events.append(event)
        if self._conduct.loses and len(self._events) >= SPILL_AT:
            self._give_up(self._events)
            self._events = []
        self._changed.set()

    def _give_up(self, events: Sequence[Event]) -> None:
        self._listener.given_up(events)
        self._lose(len(events))

    def _lose(self, count: int) -> None:
        self.dropped += count
        self._done(count)

    def _done(self, count: int) -> None:
        self._sent += count
        self._delivered.set()

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
            if not self._events and self._batch is None:
                await self._changed.wait()
                oldest = clock.monotonic()
            patience = oldest + _BATCH_TIMEOUT * self._pace - clock.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, patience)):
                    await self._changed.wait()
            self._changed.clear()
            due = clock.monotonic() >= oldest + _BATCH_TIMEOUT * self._pace
            while self._batch is not None or self._is_batch_due(flushing=due or self._flushing):
                await self._send_batch()
            self._flushing = False
            if due or not self._events:
                oldest = clock.monotonic()

    def _is_batch_due(self, *, flushing: bool) -> bool:
        return len(self._events) >= _BATCH_SIZE or (bool(self._events) and flushing)

    async def _send_batch(self) -> None:
        """Send the oldest events, or those whose batch was under way when it was stopped."""
        if self._batch is None:
            events, self._events = self._events[:_BATCH_SIZE], self._events[_BATCH_SIZE:]
            now = int(time.time() * 1000)
            self._batch = EventBatch(events=events, batch_timestamp=now, batch_id=ids.new_id())
        batch = self._batch
        sent = await self._send(batch)
        self._batch = None
        if sent:
            self._done(len(batch.events))
        else:
            self._give_up(batch.events)

    async def _send(self, batch: EventBatch) -> bool:
        tries = 0
        while not await self._is_taken(batch):
            tries += 1
            pause = self._conduct.send_pause(tries)
            if pause is None:
                return False
            await self._pause(pause)
        return True

    async def _is_taken(self, batch: EventBatch) -> bool:
        """Try to send a batch; for the published Rodent, a rejected one is sent."""
        begun = clock.monotonic()
        try:
            answer: EventBatchResponse = await self._link.stub.SendEvents(
                batch, timeout=_SEND_TIMEOUT, metadata=self._metadata
            )
        except grpc.aio.AioRpcError as error:
            self._told(begun, error.code().name, batch)
            return False
        self._told(begun, None if answer.success else "success=false", batch)
        if answer.success:
            self._listener.accepted(batch.events)
        elif self._conduct.loses:
            self._listener.given_up(batch.events)
        return answer.success or self._conduct.loses

    def _told(self, begun: float, failure: str | None, batch: EventBatch) -> None:
        seconds = clock.monotonic() - begun
        self._listener.called("SendEvents", seconds, failure, batch.ByteSize())


def _credentials(
    root_certificates: bytes | None, certificate: tuple[bytes, bytes] | None
) -> grpc.ChannelCredentials | None:
    if root_certificates is None:
        return None
    chain, key = certificate or (None, None)
    return grpc.ssl_channel_credentials(root_certificates, key, chain)


def _place_of(payload: Message) -> PayloadType:
    """The place of a payload in an event.

    Raises:
        TypeError: It has none.
    """
    name = schema_of(payload).full_name if isinstance(payload, Message) else repr(payload)
    place = payload_types(schema_of(Event())).get(name)
    if place is None:
        raise TypeError(f"{name} is no payload of the schema that rodent_events has")
    if place.descriptor is not schema_of(payload):
        raise TypeError(
            f"this {name} is of another schema than rodent_events has, and a simulated Rodent "
            "emits those of rodent_events: make it of a class from there"
        )
    return place
