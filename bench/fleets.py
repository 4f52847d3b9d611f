"""What a simulated Rodent of a load costs its worker: a heartbeat, a batch, an event."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc.aio

from bench.data import by_protobuf, metadata
from bench.loads import Mock, mock
from bench.suite import BenchError, Sample
from rodent_events import EventBatch, wire
from rodent_events.client import CHANNEL_OPTIONS, SEND_EVENTS
from rodent_events.ids import new_id
from rodent_events.pb.base_pb2 import CommandResponse, RodentRequest
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from toggle_mock.dialing import aio_channel
from toggle_mock.locust.fleet import LoadFleet
from toggle_mock.locust.settings import FleetSettings, RodentSettings
from toggle_mock.loop_thread import LoopThread
from toggle_mock.tokens.tokens import Tokens

SECONDS = 4.0
HEARTBEAT = 0.5
BATCH = 100


@dataclass(frozen=True)
class Case:
    """Rodents, and what of them is counted."""

    rodents: int
    rodent: RodentSettings
    kind: str
    """As in the samples of a fleet."""
    name: str = ""
    heartbeat: float = 0.0


HEARTBEATS = Case(200, RodentSettings(rate=0.0, pace=0.001), "command", "system.status", HEARTBEAT)
SINGLE = Case(200, RodentSettings(rate=1.5, pace=0.0001), "grpc", "SendEvents")
FULL = Case(20, RodentSettings(rate=100.0), "event")


def heartbeat() -> Sample:
    """Microseconds of processor for a command and its answer, by bare streams too."""
    return _measured(HEARTBEATS, _answer)


def single() -> Sample:
    """Microseconds of processor for a batch of an event, by bare calls too."""
    return _measured(SINGLE, _send_one)


def event() -> Sample:
    """Microseconds of processor for an event in a full batch, by protobuf and bare calls too."""
    return _measured(FULL, _send_full)


def _measured(case: Case, bare: Callable[[_Bare], Awaitable[None]]) -> Sample:
    with mock(f"--heartbeat={case.heartbeat}") as at:
        ours = _cost(_Ours(case, at))
    with mock(f"--heartbeat={case.heartbeat}") as at:
        return Sample(ours, _cost(_Barely(case, at, bare)))


def _cost(fleet: _Ours | _Barely) -> float:
    """Microseconds of this process for each thing that is counted."""
    with fleet.running():
        fleet.take()
        begun = time.process_time()
        time.sleep(SECONDS)
        used = time.process_time() - begun
        count = fleet.take()
    if not count:
        raise BenchError("nothing has happened")
    return used / count * 1e6


class _Ours:
    """A worker's fleet."""

    def __init__(self, case: Case, at: Mock) -> None:
        self._case, self._mock = case, at
        self._fleet = LoadFleet(FleetSettings(at.address))

    @contextmanager
    def running(self) -> Iterator[None]:
        try:
            for number in range(self._case.rodents):
                self._fleet.start(number, self._case.rodent)
            self._mock.wait_connected(self._case.rodents)
            yield
        finally:
            self._fleet.end()

    def take(self) -> int:
        """How many there were since the last time."""
        samples = self._fleet.take_samples()
        return sum(one.kind == self._case.kind and self._case.name in one.name for one in samples)


class _Barely:
    """As many channels that do the least which comes to the same."""

    def __init__(self, case: Case, at: Mock, work: Callable[[_Bare], Awaitable[None]]) -> None:
        self._case, self._mock, self._work = case, at, work
        self._thread = LoopThread("bare-fleet")
        self._bare: list[_Bare] = []
        self._tasks: list[asyncio.Future[None]] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        try:
            self._thread.call(self._begin)
            if self._case.heartbeat:
                self._mock.wait_connected(self._case.rodents)
            yield
        finally:
            self._thread.call(self._end)
            self._thread.end()

    def take(self) -> int:
        counts = [one.take() for one in self._bare]
        return sum(counts)

    async def _begin(self) -> None:
        for number in range(self._case.rodents):
            one = _Bare(self._mock.address, number, self._case.rodent.rate)
            self._bare.append(one)
            self._tasks.append(asyncio.ensure_future(self._work(one)))

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in self._bare:
            await one.channel.close()


class _Bare:
    """A channel, and how often it has done what it does."""

    def __init__(self, address: str, number: int, rate: float) -> None:
        self.channel = aio_channel(address, CHANNEL_OPTIONS, None)
        self.metadata = (("authorization", f"Bearer {Tokens().issue(rid=f'bare-{number}')}"),)
        self.draw = random.Random(number)
        self.done = 0
        self._rate = rate
        self._send = self.channel.unary_unary(SEND_EVENTS)

    def take(self) -> int:
        done, self.done = self.done, 0
        return done

    async def pause(self) -> None:
        await asyncio.sleep(self.draw.expovariate(self._rate))

    async def send(self, frames: list[bytes]) -> None:
        at = time.time_ns() // 1_000_000
        trailer = EventBatch(batch_id=new_id(), batch_timestamp=at).SerializeToString()
        await self._send(b"".join(frames) + trailer, metadata=self.metadata)


def _frame() -> bytes:
    """An event by protobuf alone, as part of a batch."""
    return wire.delimited(1, by_protobuf(_METADATA))


_METADATA = metadata(1)[0]


async def _answer(bare: _Bare) -> None:
    stream = RodentServiceStub(bare.channel).Connect(metadata=bare.metadata)
    while (request := await stream.read()) is not grpc.aio.EOF:
        answer = CommandResponse(request_id=request.request_id, success=True)
        told = RodentRequest(request_id=request.request_id, command_response=answer)
        await stream.write(told)
        bare.done += 1


async def _send_one(bare: _Bare) -> None:
    while True:
        await bare.pause()
        await bare.send([_frame()])
        bare.done += 1


async def _send_full(bare: _Bare) -> None:
    frames: list[bytes] = []
    while True:
        await bare.pause()
        frames.append(_frame())
        bare.done += 1
        if len(frames) == BATCH:
            await bare.send(frames)
            frames.clear()
