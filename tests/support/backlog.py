"""Deliver a large backlog, and see how much memory that takes.

    python tests/support/backlog.py [--megabytes 2000]

Files of batches are written, as an agent leaves them; then a process of its own delivers them to a
server in another one, and tells its peak of memory before and after.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc

from rodent_events import EventBatchResponse, EventBus, wire
from rodent_events.batch import Batch
from rodent_events.client import SEND_EVENTS
from rodent_events.disk.segment import stored_batch
from rodent_events.ids import new_id

FILE_BYTES = 16_000_000


@dataclass(frozen=True)
class Result:
    """What a delivery has taken."""

    events: int
    delivered: int
    seconds: float
    memory_before: int
    """Bytes, the peak before the first file was opened."""
    memory_after: int
    """Bytes, the peak at the end."""


def write_backlog(folder: Path, size: int) -> int:
    """Write so many bytes of files; the number of their events."""
    frame = wire.delimited(1, wire.delimited(1, new_id().encode()) + wire.delimited(4, b"s" * 130))
    events = 0
    while size > 0:
        batches = []
        for _ in range(min(size, FILE_BYTES) // (len(frame) * 100) + 1):
            batches.append(stored_batch(Batch.of([frame] * 100, batch_id=new_id(), timestamp=1)))
        (folder / f"{new_id()}.pb").write_bytes(b"".join(batches))
        events += 100 * len(batches)
        size -= sum(map(len, batches))
    return events


def run_server() -> None:
    """Acknowledge everything."""
    answer = EventBatchResponse(success=True).SerializeToString()
    server = grpc.server(ThreadPoolExecutor(2))
    service, method = SEND_EVENTS.strip("/").split("/")
    handlers = {method: grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


def run_agent(target: str, folder: str) -> None:
    """Deliver; print what it took."""

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    bus = EventBus(target=target, jwt="a.b.c", events_dir=folder)
    before, began = peak(), time.monotonic()
    with bus:
        assert bus.flush(3600)
        stats = bus.get_stats()
    seconds = time.monotonic() - began
    print(json.dumps([stats["recovered"], stats["delivered"], seconds, before, peak()]))


def deliver(size: int) -> Result:
    """Write a backlog of so many bytes, and deliver it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        events = write_backlog(folder, size)
        program = [sys.executable, __file__]
        server = subprocess.Popen([*program, "--server"], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            target = f"127.0.0.1:{server.stdout.readline().strip()}"
            agent = subprocess.run(
                [*program, "--agent", target, temporary], check=True, capture_output=True, text=True
            )
        finally:
            server.kill()
            server.communicate()
        assert list(folder.glob("*.pb")) == []
    recovered, *rest = json.loads(agent.stdout)
    assert recovered == events
    return Result(events, *rest)


def main() -> None:
    if sys.argv[1:2] == ["--server"]:
        run_server()
    if sys.argv[1:2] == ["--agent"]:
        return run_agent(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2000)
    result = deliver(parser.parse_args().megabytes * 1_000_000)
    print(result)
    return None


if __name__ == "__main__":
    main()
