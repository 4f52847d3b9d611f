"""What the mock costs: to record, to hold, to be asked."""

from __future__ import annotations

from functools import cached_property

import psutil

from bench.data import EVENT_BYTES
from bench.delivering import batches
from bench.emitting import processor_seconds, seconds
from bench.peers import send_all, server
from bench.suite import BenchError, Sample
from toggle_mock import ToggleServer
from toggle_mock.assertions.view import RecordingView
from toggle_mock.clients.fleet import simulate_fleet
from toggle_mock.recording.playback import accept
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall

COUNT = 100_000
SINGLE = 4_000
IN_FLIGHT = 8
MANY = 1_000_000


def _ingestion(kind: str, made: list[bytes], count: int) -> float:
    """Events for each second of the server's processor: its client is not what is measured."""
    with server(kind) as peer:
        send_all(peer.address, made[:20], in_flight=IN_FLIGHT)
        before = peer.cpu_seconds()
        send_all(peer.address, made, in_flight=IN_FLIGHT)
        used = peer.cpu_seconds() - before
        arrived = peer.events()
        if arrived != count + 20 * (count // len(made)):
            raise BenchError(f"{arrived} events arrived")
        return count / used


def record() -> Sample:
    """Events a second of the server's processor time."""
    made = batches(COUNT)
    return Sample(_ingestion("mock", made, COUNT), _ingestion("raw-aio", made, COUNT))


def record_single() -> Sample:
    """Calls a second of the server's processor time, each with one event."""
    made = batches(SINGLE, 1)
    return Sample(_ingestion("mock", made, SINGLE), _ingestion("raw-aio", made, SINGLE))


def memory() -> Sample:
    """Bytes held for each recorded event, against its size."""
    with server("mock") as peer:
        send_all(peer.address, batches(10_000), in_flight=IN_FLIGHT)
        before = peer.memory()
        for _ in range(MANY // 100_000):
            send_all(peer.address, batches(100_000), in_flight=IN_FLIGHT)
        return Sample((peer.memory() - before) / MANY, EVENT_BYTES)


class _Asked:
    """A recording of a million events; one for all repetitions, as it takes its time to make."""

    @cached_property
    def view(self) -> RecordingView:
        recording = Recording(max_bytes=2**31, max_calls=MANY)
        for _ in range(MANY // 100_000):
            for batch in batches(100_000):
                call = RecordedCall("SendEvents", "peer", ())
                recording.begin(call)
                accept(recording, call, batch)
        return RecordingView(recording)

    @cached_property
    def first(self) -> float:
        """Seconds of the first query, which looks at every event once."""
        recorded = len(self.view.events)
        if recorded != MANY:
            raise BenchError(f"{recorded} events are recorded")
        return processor_seconds(self.query)

    @cached_property
    def decoding(self) -> float:
        """Seconds to decode all events."""
        return processor_seconds(lambda: [event.message.level for event in self.view.events])

    def query(self) -> None:
        if self.view.find("category:STORAGE payload:pool"):
            raise BenchError("there is no such event")


_asked = _Asked()


def ask_first() -> Sample:
    return Sample(_asked.first, _asked.decoding)


def ask() -> Sample:
    ask_first()
    return Sample(processor_seconds(_asked.query), _asked.decoding)


def clear() -> Sample:
    """Milliseconds to forget a million events."""
    toggle = ToggleServer()
    for batch in batches(10_000) * (MANY // 10_000):
        call = RecordedCall("SendEvents", "peer", ())
        toggle.recording.begin(call)
        accept(toggle.recording, call, batch)
    return Sample(seconds(toggle.recording.clear) * 1e3)


def rodents() -> Sample:
    """KiB for each of 1,000 connected Rodents with ten commands each, simulation included."""
    count = 1_000
    before = psutil.Process().memory_info().rss
    with ToggleServer() as toggle, simulate_fleet(toggle, count, pace=0.001):
        connected = toggle.rodents.wait_connected(count, timeout=120)
        replies = [rodent.start_command("x") for rodent in connected for _ in range(10)]
        if not all(reply.result(120) for reply in replies):
            raise BenchError("a command was not answered")
        return Sample((psutil.Process().memory_info().rss - before) / count / 1024)
