"""What the mock costs a test: to start it, to clear it, to serve many Rodents.

    python bench/mock.py [--json FILE]

Each row is the median of several runs; the floors are measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import grpc
import psutil

from rodent_events import EventBatch, StoragePoolPayload
from rodent_events.client import SEND_EVENTS
from toggle_mock import ToggleServer
from toggle_mock.simulation import simulate_fleet

REPEAT = 7


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def start_to_first_answer() -> float:
    """From construction to the first answered call."""

    def run() -> None:
        with ToggleServer() as toggle, grpc.insecure_channel(toggle.address) as channel:
            metadata = (("authorization", f"Bearer {toggle.jwt()}"),)
            channel.unary_unary(SEND_EVENTS)(b"", metadata=metadata)

    return statistics.median(seconds(run) for _ in range(REPEAT))


def filled(toggle: ToggleServer) -> None:
    """10,000 events in batches of 100."""
    batch = EventBatch()
    for number in range(100):
        pool = StoragePoolPayload(pool_name=f"p{number}")
        batch.events.add(event_id=f"e{number}").storage_event.pool_event.CopyFrom(pool)
    with grpc.insecure_channel(toggle.address) as channel:
        metadata = (("authorization", f"Bearer {toggle.jwt()}"),)
        send = channel.unary_unary(SEND_EVENTS)
        for _ in range(100):
            send(batch.SerializeToString(), metadata=metadata)
    assert len(toggle.events) == 10_000


def clear() -> float:
    times = []
    with ToggleServer() as toggle:
        for _ in range(REPEAT):
            filled(toggle)
            times.append(seconds(toggle.clear))
            assert len(toggle.events) == 0
    return statistics.median(times)


def ask() -> float:
    """A query over 10,000 events, decoded each time."""
    with ToggleServer() as toggle:
        filled(toggle)
        return statistics.median(
            seconds(lambda: toggle.assert_received("payload:pool pool_name:p7", count=100))
            for _ in range(REPEAT)
        )


def memory_of_rodents(count: int = 1_000) -> float:
    """KiB for each connected Rodent, the simulation of it included."""
    before = psutil.Process().memory_info().rss
    with ToggleServer() as toggle, simulate_fleet(toggle, count, pace=0.001):
        connected = toggle.rodents.wait_connected(count, timeout=120)
        replies = [rodent.start_command("x") for rodent in connected for _ in range(10)]
        assert all(reply.result(120) for reply in replies)
        return (psutil.Process().memory_info().rss - before) / count / 1024


ROWS: list[tuple[str, Callable[[], float], float, str]] = [
    ("ToggleServer() to first answered call", start_to_first_answer, 1e3, "ms"),
    ("clear() at 10,000 events", clear, 1e3, "ms"),
    ("a query over 10,000 events", ask, 1e3, "ms"),
    ("memory of a Rodent, of 1,000 with 10 commands each", memory_of_rodents, 1, "KiB"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="write the results to this file")
    arguments = parser.parse_args()
    machine = (
        f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}"
    )
    print(f"{machine}, grpcio {version('grpcio')}, protobuf {version('protobuf')}")
    results = {}
    for title, measure, scale, unit in ROWS:
        value = measure() * scale
        results[title] = {"value": value, "unit": unit}
        print(f"{title:55} {value:10.2f} {unit}")
    if arguments.json:
        document = {"machine": machine, "results": results}
        Path(arguments.json).write_text(json.dumps(document, indent=2), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
