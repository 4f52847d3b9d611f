"""From emit in one process to a server in another."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.data import JWT, LEVEL, PAYLOAD, SOURCE, by_protobuf, metadata
from bench.emitting import bus_in_memory, emit_all, seconds
from bench.peers import Peer, Taken, emit_in_go, send_all, server
from bench.suite import BenchError, Sample
from rodent_events import EventBus, wire
from rodent_events.batch import Batch
from rodent_events.ids import new_id

COUNT = 100_000
BATCH_SIZE = 100


def batches(count: int, size: int = BATCH_SIZE) -> list[bytes]:
    """Serialized batches, as the default profile makes them unless a size is given."""
    frames = [wire.delimited(1, by_protobuf(one)) for one in metadata(count)]
    return [
        Batch.of(
            frames[n : n + size], batch_id=new_id(), timestamp=time.time_ns() // 1_000_000
        ).data
        for n in range(0, count, size)
    ]


def _check(peer: Peer, expected: int, taken: float) -> None:
    """See that all arrived, and that it was not the server at the other end that was measured."""
    busy = peer.cpu_seconds() / taken
    arrived = peer.events()
    if arrived != expected:
        raise BenchError(f"{arrived} of {expected} events arrived")
    if peer.kind in {"raw", "otlp"} and busy > _BOUND:
        raise BenchError(f"the bare server was busy for {busy:.0%} of the time: it was measured")


_BOUND = 0.95
"""The share of the time from which on a server is what limits a run."""


def _ours(kind: str, count: int = COUNT, **settings: Any) -> float:
    """Events a second, from the first emit to the last acknowledgement."""
    return count / _taken(kind, count, **settings).seconds


def _taken(kind: str, count: int, **settings: Any) -> Taken:
    entries = metadata(count)
    with tempfile.TemporaryDirectory() as folder, server(kind) as peer:
        bus = EventBus(events_dir=folder, target=peer.address, jwt=JWT, **settings)
        with bus:
            bus.emit_storage_transfer(LEVEL, PAYLOAD, entries[0])
            bus.flush(30)  # the connection is there

            def work() -> None:
                emit_all(bus, entries)
                if not bus.flush(120):
                    raise BenchError("not all was acknowledged")

            used = time.process_time()
            taken = seconds(work)
            used = time.process_time() - used
        _check(peer, count + 1, taken)
        return Taken(taken, used)


def _opentelemetry(count: int = COUNT // 5) -> float:
    """Events a second by OpenTelemetry's SDK and its exporter: log records with the same data."""
    from opentelemetry._logs import SeverityNumber  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import (  # noqa: PLC0415
        OTLPLogExporter,
    )
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415

    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    entries = metadata(count)
    content = {field.name: value for field, value in PAYLOAD.ListFields()}
    with server("otlp") as peer:
        provider = LoggerProvider(shutdown_on_exit=False)
        processor = BatchLogRecordProcessor(
            OTLPLogExporter(endpoint=peer.address, insecure=True),
            max_queue_size=count,  # its default drops what comes faster than it sends
            max_export_batch_size=512,
        )
        provider.add_log_record_processor(processor)
        log = provider.get_logger(SOURCE)

        def work() -> None:
            for one in entries:
                log.emit(
                    timestamp=time.time_ns(),
                    severity_number=SeverityNumber.INFO,
                    body="storage_transfer",
                    attributes={"event_id": new_id(), **one, **content},
                )
            if not provider.force_flush(120_000):
                raise BenchError("OpenTelemetry did not flush")

        taken = seconds(work)
        _check(peer, count, taken)
        provider.shutdown()
        return count / taken


def _raw(count: int = COUNT) -> float:
    """Events a second of a client that only sends, to a server that only keeps."""
    made = batches(count)
    with server("raw") as peer:
        return count / send_all(peer.address, made)


def _emit_alone(count: int = COUNT) -> float:
    entries = metadata(count)
    with bus_in_memory() as bus:
        return count / seconds(lambda: emit_all(bus, entries))


def end_to_end() -> Sample:
    return Sample(_ours("mock"), _opentelemetry())


def limit() -> Sample:
    return Sample(_ours("raw"), min(_emit_alone(), _raw()))


def in_go(batch_size: int) -> Sample:
    """Microseconds of processor time for an event, by us and by the peer in Go, to one in Go."""
    ours = _taken("go", COUNT, batch_size=batch_size)
    return Sample(*(taken.cpu / COUNT * 1e6 for taken in (ours, _in_go("go", batch_size))))


def mock_in_go() -> Sample:
    """Events a second of the peer in Go, to the mock and to a receiver in Go."""
    return Sample(*(COUNT / _in_go(kind, BATCH_SIZE).seconds for kind in ("mock", "go")))


def _in_go(kind: str, batch_size: int) -> Taken:
    with server(kind) as peer:
        taken = emit_in_go(peer.address, COUNT, batch_size)
        _check(peer, COUNT + 1, taken.seconds)
        return taken


def journal() -> Sample:
    settings: dict[str, Any] = {"spool_mode": "journal", "fsync": "interval"}
    return Sample(_ours("raw", **settings), _ours("raw"))


def _spooled(folder: Path, count: int) -> None:
    """Leave so many events in spool files."""
    bus = EventBus(events_dir=folder, target="127.0.0.1:1", jwt=JWT).start()
    for part in _parts(metadata(count), 10_000):
        emit_all(bus, part)
    bus.shutdown(10)


def _parts(entries: list[dict[str, str]], size: int) -> Iterator[list[dict[str, str]]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]


def replay() -> Sample:
    """Events a second from spool files."""
    with tempfile.TemporaryDirectory() as folder, server("raw") as peer:
        _spooled(Path(folder), COUNT)
        bus = EventBus(events_dir=folder, target=peer.address, jwt=JWT)

        def work() -> None:
            bus.start()
            if not bus.flush(120):
                raise BenchError("not all was acknowledged")

        taken = seconds(work)
        bus.shutdown()
        _check(peer, COUNT, taken)
    return Sample(COUNT / taken, _raw())
