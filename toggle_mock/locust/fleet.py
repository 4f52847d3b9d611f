"""The simulated Rodents of one worker: what they emit, what breaks, and what became of it."""

from __future__ import annotations

import asyncio
import random
import secrets
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import Message

from rodent_events import EVENT_LEVEL_INFO, clock
from rodent_events.client import CHANNEL_OPTIONS
from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.clients.listening import Listener
from toggle_mock.clients.sample_events import SampleEvent
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.locust.accounts import ACCEPTED, GIVEN_UP, Account
from toggle_mock.locust.door import Door
from toggle_mock.locust.identities import GivenIdentities, Identities, SignedIdentities
from toggle_mock.locust.pools import pool_of
from toggle_mock.locust.settings import FleetSettings, RodentSettings, Sample
from toggle_mock.locust.shapes import Step, moment, rate_at, shape_of
from toggle_mock.loop_thread import LoopThread
from toggle_mock.recording.records import payload_of

_AT_A_TIME = 32
"""Rodents that start or stop at the same time."""

_GOLDEN = 0.618_033_988_75

_LEAST_RATE = 1e-6
"""Events a second, below which a Rodent emits none."""


class LoadedRodent(Listener):
    """A simulated Rodent that emits by itself once it is registered, and tells its fleet.

    Args:
        fleet: Its fleet.
        number: Its number there, from 0 on.
        settings: What it is like.

    Raises:
        ValueError: There is no token for it.
    """

    def __init__(self, fleet: LoadFleet, number: int, settings: RodentSettings) -> None:
        self._fleet, self._settings = fleet, settings
        self._draw = random.Random(f"{fleet.settings.seed} {fleet.settings.worker} {number}")
        self.place: float = number * _GOLDEN % 1.0
        """Where it stands in the row of all, from 0 up to 1; however many there are, evenly."""
        self._emitting: asyncio.Task[None] | None = None
        self._up = False
        self._lock = threading.Lock()
        """Held while it starts or stops, so that nobody finds it in between."""
        self._rodent = SimulatedRodent(
            fleet.address,
            fleet.identities.token(number),
            profile=settings.profile,
            pace=settings.pace,
            root_certificates=fleet.roots,
            channel_options=fleet.channel_options,
            listener=self,
        )

    def start(self) -> None:
        """Begin to register."""
        with self._lock:
            self._start()

    def _start(self) -> None:
        self._up = True
        self._rodent.start(self._fleet.thread)

    def stop(self) -> None:
        """Be gone; what waits is sent before, for two seconds."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        async def go_down() -> None:
            self.hush()
            self._up = False

        self._fleet.thread.call(go_down)
        self._rodent.stop()

    def hush(self) -> None:
        """Emit no more. In the event loop."""
        if self._emitting is not None:
            self._emitting.cancel()
            self._emitting = None

    def restart(self) -> None:
        """Stop and start, as an update does."""
        with self._lock:
            self._stop()
            self._start()

    def flush(self, timeout: float) -> None:
        """Send what waits.

        Raises:
            TimeoutError: Not all is sent in time.
        """
        with self._lock:
            if self._up:
                self._rodent.flush(timeout)

    def emit(self, payload: Message, level: int, metadata: dict[str, str]) -> None:
        """Emit an event that its fleet accounts for, unless it is down. In the event loop."""
        if not self._up:
            return
        metadata = metadata | self._fleet.account.emitted()
        self._rodent.emit(payload, level=level, metadata=metadata)

    def called(self, method: str, seconds: float, failure: str | None, size: int = 0) -> None:
        """See :meth:`Listener.called`."""
        self._fleet.sample("grpc", method, seconds, size, failure)
        begins = method == "Register" and failure is None and not self._fleet.settled
        if begins and self._settings.rate > 0:
            self._emitting = asyncio.ensure_future(self._emit_at_random())

    def answered(self, command: str, seconds: float) -> None:
        """See :meth:`Listener.answered`."""
        self._fleet.sample("command", command, seconds)

    def accepted(self, events: Sequence[Event]) -> None:
        """See :meth:`Listener.accepted`."""
        self._fleet.account.note(events, ACCEPTED)
        now = time.time()
        for event in events:
            latency = now - event.timestamp / 1000
            self._fleet.sample("event", payload_name(event), latency, event.ByteSize())

    def given_up(self, events: Sequence[Event]) -> None:
        """See :meth:`Listener.given_up`."""
        self._fleet.account.note(events, GIVEN_UP)
        for event in events:
            self._fleet.sample("event", payload_name(event), 0.0, 0, "given up by its Rodent")

    async def _emit_at_random(self) -> None:
        fleet = self._fleet
        while True:
            rate = self._settings.rate * rate_at(fleet.shape, fleet.time)
            await asyncio.sleep(self._draw.expovariate(max(rate, _LEAST_RATE)))
            event = self._draw.choice(fleet.pool)
            self.emit(event.payload, event.level, event.metadata)


class LoadFleet:
    """The Rodents of a worker, in an event loop of their own.

    Args:
        settings: What they have in common.

    Raises:
        ValueError: A setting cannot be.
        OSError: A file cannot be read.
    """

    def __init__(self, settings: FleetSettings) -> None:
        self.settings = settings
        self.shape: Final = shape_of(settings.shape)
        self.pool: Sequence[SampleEvent] = pool_of(settings.mix, settings.seed)
        self.identities: Final = _identities(settings)
        self.roots: Final = Path(settings.ca_file).read_bytes() if settings.ca_file else None
        self.account: Final = Account(secrets.token_hex(8))
        self.address: str = settings.target
        self.channel_options: list[tuple[str, Any]] = list(CHANNEL_OPTIONS)
        self.thread: Final = LoopThread("load-fleet")
        self._rodents: dict[int, LoadedRodent] = {}
        self._samples: list[Sample] = []
        self.settled: bool = False
        self._workers = ThreadPoolExecutor(_AT_A_TIME, "load-fleet")
        self._begun = clock.monotonic()
        self._steps: list[asyncio.Task[None]] = []
        self.thread.call(self._begin)

    @property
    def time(self) -> float:
        """Cycles since the beginning."""
        return (clock.monotonic() - self._begun) / self.settings.cycle

    def sample(
        self, kind: str, name: str, seconds: float, size: int = 0, failure: str | None = None
    ) -> None:
        """Have Locust count something."""
        self._samples.append(Sample(kind, name, 1000 * seconds, size, failure))

    def take_samples(self) -> list[Sample]:
        """What is to be counted since the last time."""
        samples, self._samples = self._samples, []
        return samples

    def start(self, number: int, settings: RodentSettings) -> None:
        """Have another Rodent; one that cannot be is told as a failure."""
        try:
            rodent = LoadedRodent(self, number, settings)
        except ValueError as error:
            self.sample("rodent", "start", 0.0, 0, str(error))
            return
        self._rodents[number] = rodent
        rodent.start()

    def stop(self, number: int) -> None:
        """Have a Rodent be gone, and wait for that."""
        rodent = self._rodents.pop(number, None)
        if rodent is not None:
            rodent.stop()

    def emit(self, number: int, payload: Message, level: int = EVENT_LEVEL_INFO) -> None:
        """Have a Rodent emit a payload, unless all is settled."""
        rodent = self._rodents.get(number)

        async def emit() -> None:
            if rodent is not None and not self.settled:
                rodent.emit(payload, level, {})

        self.thread.call(emit)

    def settle(self, seconds: float) -> Account:
        """Emit no more, send what waits, and give the account."""
        end = clock.monotonic() + seconds
        self.thread.call(self._stop_all)
        rodents = list(self._rodents.values())
        flushed = [self._workers.submit(_flush, rodent, end) for rodent in rodents]
        wait(flushed)
        for one in flushed:
            one.result()
        return self.account

    def end(self) -> None:
        """Have all Rodents be gone."""
        self.thread.call(self._stop_all)
        wait([self._workers.submit(self.stop, number) for number in list(self._rodents)])
        self._workers.shutdown()
        if self.shape.breaks_connections:
            self.thread.call(self._door.end)
        self.thread.end()

    # In the event loop

    async def _begin(self) -> None:
        if self.shape.breaks_connections:
            host, _, port = self.address.rpartition(":")
            self._door = Door(host.strip("[]"), int(port))
            self.address = await self._door.listen()
            if self.roots is not None:
                self.channel_options.append(("grpc.ssl_target_name_override", host))
        self._steps = [asyncio.ensure_future(self._play(step)) for step in self.shape.steps]

    async def _stop_all(self) -> None:
        """Nothing more is emitted, and nothing breaks any more."""
        self.settled = True
        for task in self._steps:
            task.cancel()
        if self.shape.breaks_connections:
            self._door.open()
        for rodent in self._rodents.values():
            rodent.hush()

    async def _play(self, step: Step) -> None:
        if step.action == "restart":
            await self._restart(step)
            return
        act = {"cut": self._door.cut, "close": self._door.close, "open": self._door.open}
        for cycle in count():
            await self._sleep_until(moment(step, cycle))
            act[step.action]()

    async def _restart(self, step: Step) -> None:
        """Restart one Rodent after the other, in each cycle."""
        for cycle in count():
            await self._sleep_until(cycle)
            for rodent in sorted(self._rodents.values(), key=lambda one: one.place):
                await self._sleep_until(moment(step, cycle, rodent.place))
                await asyncio.get_running_loop().run_in_executor(self._workers, rodent.restart)

    async def _sleep_until(self, time: float) -> None:
        await asyncio.sleep((time - self.time) * self.settings.cycle)


def payload_name(event: Event) -> str:
    """The name of the type of an event's payload, such as ``StoragePool``."""
    payload = payload_of(event)
    assert payload is not None  # a Rodent emits none without
    return payload.DESCRIPTOR.name.removesuffix("Payload")


def _flush(rodent: LoadedRodent, end: float) -> None:
    try:
        rodent.flush(max(0.0, end - clock.monotonic()))
    except TimeoutError:
        return  # what waits still, the account says


def _identities(settings: FleetSettings) -> Identities:
    if settings.jwt_tokens is not None:
        return GivenIdentities(Path(settings.jwt_tokens), settings.worker, settings.workers)
    key = Path(settings.jwt_key).read_bytes().strip() if settings.jwt_key else None
    return SignedIdentities(settings.worker, settings.jwt_algorithm, key)
