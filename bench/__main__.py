"""The benchmarks: one table, each row against a floor or a peer of the same run.

python -m bench [ROW ...] [--json FILE] [--check]
"""

from __future__ import annotations

import argparse
import logging
import sys
from functools import partial
from pathlib import Path

from bench import (
    delivering,
    drawing,
    emitting,
    fleets,
    growing,
    installing,
    latencies,
    recording,
    sizes,
    stalling,
    starting,
    storing,
    suite,
    viewing,
)
from bench.check import CALIBRATION
from bench.results import Run, committed, last_of_each
from bench.suite import Row, run

MORE, LESS = True, False

HTTPSERVER = "pytest-httpserver"

GROWTH = {
    "memory": growing.emitted,
    "metadata": growing.metadata_entries,
    "recorded": growing.record,
    "query by kind": partial(growing.query, "category:STORAGE payload:pool", 100),
    "query of all": partial(growing.query, "source:nobody", 3),
    "wait_for": growing.wait,
    "sessions": growing.sessions,
    "save lines": partial(growing.saved, ".ndjson"),
    "save tables": partial(growing.saved, ".sqlite"),
    "rodents": growing.rodents,
    "fields": growing.drawn_fields,
    "schema check": growing.checked_messages,
}

ROWS = [
    Row(CALIBRATION, "itself", 1.05, LESS, emitting.calibration, "µs"),
    Row("emit", "protobuf alone", 0.8, LESS, emitting.emit, "µs"),
    Row("emit under stress", "ms, p99.9", 1, LESS, emitting.under_stress, "ms"),
    Row("emit, 8 threads", "ms, p99", 1, LESS, latencies.eight_threads, "ms"),
    Row("emit, full buffer", "ms, p99", 2, LESS, latencies.full_buffer, "ms"),
    Row("emit, slow disk", "ms, p99", 1, LESS, latencies.slow_disk, "ms"),
    Row("emit, garbage", "ms, p99", 1, LESS, latencies.garbage, "ms"),
    Row("wait_for, p50", HTTPSERVER, 1.0, LESS, partial(latencies.wait, 0.5), "ms"),
    Row("wait_for, p99", HTTPSERVER, 1.0, LESS, partial(latencies.wait, 0.99), "ms"),
    Row(
        "flush, wait_for, p50",
        HTTPSERVER,
        2.0,
        LESS,
        partial(latencies.wait, 0.5, flush=True),
        "ms",
    ),
    Row(
        "flush, wait_for, p99",
        HTTPSERVER,
        2.0,
        LESS,
        partial(latencies.wait, 0.99, flush=True),
        "ms",
    ),
    Row("end to end", "OpenTelemetry", 6, MORE, delivering.end_to_end, "events/s"),
    Row("end to end, limit", "emit or raw bytes", 0.8, MORE, delivering.limit, "events/s"),
    Row("CPU, batches of 100", "Go", 1.2, LESS, partial(delivering.in_go, 100), "µs"),
    Row("CPU, batches of 500", "Go", 1.0, LESS, partial(delivering.in_go, 500), "µs"),
    Row("mock, Rodent in Go", "receiver in Go", 0.9, MORE, delivering.mock_in_go, "events/s"),
    Row("journal", "memory", 0.6, MORE, delivering.journal, "events/s"),
    Row("replay", "raw bytes", 0.9, MORE, delivering.replay, "events/s"),
    Row("growth, spilling", "10⁵ events", 1.1, LESS, emitting.growth_with_spilling, "µs"),
    Row("memory", "serialized size", 1.5, LESS, emitting.memory, "bytes"),
    Row("threads", "one thread", 0.9, MORE, emitting.threads, "events/s"),
    Row("record", "bare grpc.aio", 0.9, MORE, recording.record, "events/s"),
    Row("record, batches of 1", "bare grpc.aio", 0.7, MORE, recording.record_single, "calls/s"),
    Row("record, memory", "size", 1.3, LESS, recording.memory, "bytes", once=True),
    Row("ask, first", "decoding all", 1.0, LESS, recording.ask_first, "s", once=True),
    Row("ask", "decoding all", 0.1, LESS, recording.ask, "s"),
    Row("clear", "ms, 10⁶ events", 100, LESS, recording.clear, "ms"),
    Row("stall, attach", "ms more", 50, LESS, stalling.attach, "ms"),
    Row("stall, save lines", "ms more", 50, LESS, stalling.save_lines, "ms"),
    Row("stall, save tables", "ms more", 50, LESS, stalling.save_tables, "ms"),
    Row("stall, clear", "ms more", 50, LESS, stalling.clear, "ms"),
    Row("stall, query", "ms more", 50, LESS, stalling.query, "ms"),
    Row("store, write", "COPY alone", 0.7, MORE, storing.write, "rows/s"),
    Row("store, query", "ms, 10⁶ events", 100, LESS, storing.query, "ms"),
    Row("rodents", "KiB each", 400, LESS, recording.rodents, "KiB", once=True),
    Row("fleet, heartbeat", "bare grpc.aio", 2, LESS, fleets.heartbeat, "µs"),
    Row("fleet, batches of 1", "bare grpc.aio", 2, LESS, fleets.single, "µs"),
    Row("fleet, event", "protobuf, grpc.aio", 3, LESS, fleets.event, "µs"),
    Row("start", "ms", 100, LESS, starting.in_process, "ms"),
    Row("start, command", "import grpc", 2.5, LESS, starting.command, "s"),
    Row("start, container", "bare grpcio in it", 2.5, LESS, starting.container, "s"),
    Row("import", "grpc and messages", 1.2, LESS, starting.imports, "s"),
    Row("first test", HTTPSERVER, 1.2, LESS, installing.first_test, "s"),
    Row("page, first row", "ms, 10⁵ events", 1000, LESS, viewing.first_row, "ms"),
    Row("page, frame", "ms, p95 of scrolling", 50, LESS, viewing.frame, "ms"),
    Row("page, memory", "MiB of scripts", 300, LESS, viewing.heap, "MiB"),
    Row("page, 10⁶ events", "10⁵ events", 1.5, LESS, viewing.growth, "ms"),
    *(
        Row(f"growth, {name}", "a hundredth", growing.GOAL, LESS, measure, "µs")
        for name, measure in GROWTH.items()
    ),
    Row("size", "JSON", 0.6, LESS, sizes.worst, "bytes", once=True),
    Row("draw", "st.builds by hand", 1.0, LESS, drawing.draw, "µs"),
    Row("draw, recursive", "a flat message", 20, LESS, drawing.recursion, "µs"),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", help="names of rows; all if none is given")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    parser.add_argument("--note", default="", help="what stands in there of the circumstances")
    parser.add_argument(
        "--longest",
        type=float,
        default=suite.LONGEST,
        metavar="SECONDS",
        help="when to measure no more pairs of a row (default: %(default)s)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="fail only where a row is worse than before, by more than the noise of both runs",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="what was before (default: the last committed results)",
    )
    parser.add_argument(
        "--recorded",
        type=int,
        default=stalling.megabytes,
        metavar="MB",
        help="how much is recorded where SendEvents is stalled (default: %(default)s)",
    )
    arguments = parser.parse_args()
    stalling.megabytes = arguments.recorded
    suite.LONGEST = arguments.longest
    # Outages are made on purpose.
    logging.getLogger("rodent_events").setLevel(logging.CRITICAL)
    runs = [Run.load(arguments.against)] if arguments.against else committed()
    before = last_of_each(runs) if arguments.check else None
    rows = {row.name: row for row in ROWS}
    return run(rows, arguments.rows, arguments.json, note=arguments.note, before=before)


if __name__ == "__main__":
    sys.exit(main())
