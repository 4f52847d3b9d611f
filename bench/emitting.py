"""What emit costs its caller."""

from __future__ import annotations

import gc
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.data import EVENT_BYTES, JWT, LEVEL, PAYLOAD, by_protobuf, metadata
from bench.peers import server
from bench.suite import BenchError, Sample
from rodent_events import EventBus

COUNT = 20_000
ROOM = 10_000_000


@contextmanager
def bus_in_memory() -> Iterator[EventBus]:
    """A bus that only takes events."""
    with tempfile.TemporaryDirectory() as folder:
        yield EventBus(events_dir=folder, buffer_size=ROOM)


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def processor_seconds(work: Callable[[], object]) -> float:
    """For what only computes: what others do on the machine meanwhile does not count."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def emit_all(bus: EventBus, entries: list[dict[str, str]]) -> None:
    for one in entries:
        bus.emit_storage_transfer(LEVEL, PAYLOAD, one)


def emit() -> Sample:
    """Microseconds an event."""
    entries = metadata(COUNT)
    with bus_in_memory() as bus:
        ours = processor_seconds(lambda: emit_all(bus, entries))
        if len(bus._buffer) != COUNT:  # noqa: SLF001 (nothing public counts without a lock)
            raise BenchError("events are missing")
    return Sample(ours / COUNT * 1e6, _by_protobuf(entries))


def calibration() -> Sample:
    """Microseconds of protobuf alone, twice: what differs is the machine."""
    entries = metadata(COUNT)
    return Sample(_by_protobuf(entries), _by_protobuf(entries))


def _by_protobuf(entries: list[dict[str, str]]) -> float:
    """Microseconds an event."""
    taken = processor_seconds(lambda: [by_protobuf(one) for one in entries])
    return taken / len(entries) * 1e6


def threads() -> Sample:
    """Events a second by eight threads, against one."""
    entries = metadata(COUNT)

    def by(count: int) -> float:
        with bus_in_memory() as bus:
            share = COUNT // count
            workers = [
                threading.Thread(target=emit_all, args=(bus, entries[n * share : (n + 1) * share]))
                for n in range(count)
            ]

            def work() -> None:
                for worker in workers:
                    worker.start()
                for worker in workers:
                    worker.join()

            return COUNT / seconds(work)

    return Sample(by(8), by(1))


def growth_with_spilling() -> Sample:
    """Microseconds an event, of a million against a tenth, while no Toggle is there."""

    def cost(count: int) -> float:
        entries = metadata(10_000)
        with tempfile.TemporaryDirectory() as folder:
            bus = EventBus(
                events_dir=folder, target="127.0.0.1:1", jwt=JWT, spool_max_bytes=2**31
            ).start()
            taken = seconds(lambda: [emit_all(bus, entries) for _ in range(count // 10_000)])
            stats = bus.get_stats()
            bus.shutdown(5)
            if stats["dropped"] or stats["emitted"] != count:
                raise BenchError(f"events are missing: {stats}")
            return taken / count

    return Sample(cost(1_000_000) * 1e6, cost(100_000) * 1e6)


def memory() -> Sample:
    """Bytes held for each waiting event, against its serialized size."""
    import psutil  # noqa: PLC0415

    entries = metadata(10_000)
    with bus_in_memory() as bus:
        emit_all(bus, entries)
        gc.collect()
        before = psutil.Process().memory_info().rss
        for _ in range(50):
            emit_all(bus, entries)
        gc.collect()
        held = psutil.Process().memory_info().rss - before
    return Sample(held / 500_000, EVENT_BYTES)


def under_stress() -> Sample:
    """Milliseconds, the 99.9th percentile, while an outage is spilled and replayed."""
    entries = metadata(100)
    taken: list[float] = []

    def emit_for(duration: float, bus: EventBus) -> None:
        end = time.monotonic() + duration
        due = time.monotonic()
        while time.monotonic() < end:
            for one in entries:
                start = time.perf_counter()
                bus.emit_storage_transfer(LEVEL, PAYLOAD, one)
                taken.append(time.perf_counter() - start)
            due += 0.01
            time.sleep(max(0.0, due - time.monotonic()))

    with (
        tempfile.TemporaryDirectory() as folder,
        server("raw", wait=False) as peer,
        EventBus(events_dir=folder, target=peer.address, jwt=JWT) as bus,
    ):
        emit_for(4.0, bus)
        if bus.get_stats()["spooled"] == 0:
            raise BenchError("nothing was spilled")
        peer.begin()
        emit_for(4.0, bus)
        if not bus.flush(60):
            raise BenchError("not all was delivered")
    taken.sort()
    return Sample(taken[int(len(taken) * 0.999)] * 1e3)
