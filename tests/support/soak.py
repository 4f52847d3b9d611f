"""Kill an emitting agent, and the server it reports to, again and again; then count.

    python tests/support/soak.py [--rounds 200] [--seed N]

An agent emits as fast as it can and prints the number of each event that emit has accepted. At
random moments it is killed with SIGKILL, and so is the server, which comes back at the same port.
The server keeps each request in a file before it answers, so nothing that it has acknowledged is
lost with it. At the end both live, and all must be there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc

from rodent_events import EventBatch, EventBatchResponse, EventBus, StorageTransferPayload
from rodent_events.client import SEND_EVENTS


def settings(target: str, folder: str) -> dict:
    return {
        "target": target,
        "jwt": "header.payload.signature",
        "events_dir": folder,
        "spool_mode": "journal",
        "fsync": "interval",
        "batch_size": 50,
        "batch_timeout": 0.05,
        "retry_backoff_base": 0.01,
        "retry_backoff_max": 0.2,
        "max_batch_bytes": 20_000,
        "max_file_size": 200_000,
    }


def checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def run_agent(target: str, folder: str, name: str) -> None:
    """Emit until killed; print what was accepted."""
    bus = EventBus(**settings(target, folder)).start()
    number = 0
    while True:
        source = f"{name}:{number}"
        bus.emit(StorageTransferPayload(source=source, destination=checksum(source)))
        os.write(1, b"%d\n" % number)
        number += 1
        if number % 200 == 0:
            time.sleep(0.002)  # a burst, and a breath for the sender


def run_server(port: int, path: str) -> None:
    """Keep each request in a file, then answer."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # A request that a kill cut short was not answered; what follows must not stand behind it.
    os.ftruncate(descriptor, sum(4 + len(request) for request in raw_requests(Path(path))))

    def answer(request: bytes, _context: object) -> bytes:
        os.write(descriptor, len(request).to_bytes(4, "big") + request)
        return EventBatchResponse(success=True).SerializeToString()

    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    service, method = SEND_EVENTS.strip("/").split("/")
    handlers = {method: grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    os.write(1, b"ready\n")
    server.wait_for_termination()


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def start_server(port: int, path: Path) -> subprocess.Popen[str]:
    server = start("--server", str(port), str(path))
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    return server


def kill(process: subprocess.Popen[str]) -> str:
    """End a process at once; what it printed and nobody has read yet."""
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return rest


def raw_requests(path: Path) -> list[bytes]:
    """The requests in a file, without one at its end that was cut short."""
    data, found, start = path.read_bytes(), [], 4
    while start <= len(data):
        end = start + int.from_bytes(data[start - 4 : start], "big")
        if end > len(data):
            break
        found.append(data[start:end])
        start = end + 4
    return found


def requests(path: Path) -> list[EventBatch]:
    """What the server has kept."""
    return [EventBatch.FromString(raw) for raw in raw_requests(path)]


@dataclass
class Totals:
    """What a soak has shown."""

    rounds: int
    kills_of_the_agent: int = 0
    kills_of_the_server: int = 0
    events_accepted: int = 0
    events_delivered: int = 0
    requests: int = 0
    requests_repeated: int = 0
    lost: int = 0
    invented: int = 0
    damaged: int = 0
    duplicated: int = 0
    out_of_order: int = 0

    @property
    def clean(self) -> bool:
        """Whether all is as promised."""
        wrong = (self.lost, self.invented, self.damaged, self.duplicated, self.out_of_order)
        return not any(wrong) and self.events_delivered > 0


def soak(rounds: int, seed: int) -> Totals:
    """Run so many rounds."""
    chance = random.Random(seed)
    totals = Totals(rounds)
    accepted: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as temporary, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        folder, kept = str(Path(temporary) / "events"), Path(temporary) / "kept"
        server = start_server(port, kept)
        for number in range(rounds):
            agent = start("--agent", f"127.0.0.1:{port}", folder, str(number))
            assert agent.stdout is not None
            agent.stdout.readline()
            time.sleep(chance.uniform(0, 0.3))
            if chance.random() < 0.5:
                kill(server)
                totals.kills_of_the_server += 1
                time.sleep(chance.uniform(0, 0.3))
                server = start_server(port, kept)
            time.sleep(chance.uniform(0, 0.1))
            printed = kill(agent).split("\n")[:-1]  # the last line may be cut short
            totals.kills_of_the_agent += 1
            accepted[str(number)] = int(printed[-1]) + 1 if printed else 1
        with EventBus(**settings(f"127.0.0.1:{port}", folder)) as bus:
            assert bus.flush(120), bus.get_stats()
        kill(server)
        judge(totals, accepted, requests(kept))
    return totals


def judge(totals: Totals, accepted: dict[str, int], batches: list[EventBatch]) -> None:
    """Hold what the server has kept against what emit has accepted."""
    by_id = {batch.batch_id: batch for batch in batches}
    totals.requests = len(batches)
    totals.requests_repeated = len(batches) - len(by_id)
    arrived: dict[str, list[int]] = {}
    event_ids: Counter[str] = Counter()
    for batch in by_id.values():
        for event in batch.events:
            payload = event.storage_event.transfer_event
            totals.damaged += payload.destination != checksum(payload.source)
            agent, _, number = payload.source.partition(":")
            arrived.setdefault(agent, []).append(int(number))
            event_ids[event.event_id] += 1
    totals.events_accepted = sum(accepted.values())
    totals.events_delivered = len(event_ids)
    totals.duplicated = event_ids.total() - len(event_ids)
    for agent, count in accepted.items():
        numbers = arrived.get(agent, [])
        totals.lost += len(set(range(count)) - set(numbers))
        # A kill may come between the journal and the print, for one event of each agent.
        totals.invented += len(set(numbers) - set(range(count + 1)))
        totals.out_of_order += numbers != sorted(numbers)
    totals.invented += len(arrived.keys() - accepted.keys())


def main() -> int:
    if sys.argv[1:2] == ["--agent"]:
        run_agent(*sys.argv[2:])
    if sys.argv[1:2] == ["--server"]:
        run_server(int(sys.argv[2]), sys.argv[3])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    totals = soak(options.rounds, options.seed)
    print(json.dumps(asdict(totals) | {"seconds": round(time.monotonic() - began)}, indent=2))
    return 0 if totals.clean else 1


if __name__ == "__main__":
    sys.exit(main())
