"""End an emitting agent, and kill the server it reports to, again and again; then count.

    python tests/support/soak.py [--rounds 200] [--seed N]

An agent emits in bursts, in one of the two modes, and writes the number and the time of each event
that emit has accepted to a file. At a random moment it ends, in one of the ways in which programs
do. The server is killed with SIGKILL, and comes back at the same port. It keeps each request in a
file before it answers, so nothing that it has acknowledged is lost with it. At the end both live,
and all must be there. Only an end that nothing notices may cost the newest, in the mode ``spill``.
"""

from __future__ import annotations

import argparse
import json
import math
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
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import NamedTuple

import grpc

from rodent_events import EventBatch, EventBatchResponse, EventBus, StorageTransferPayload
from rodent_events.client import SEND_EVENTS

MODES = ("spill", "journal")
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
ENDS = (*SIGNALS, "return", "exception", "os._exit")
UNNOTICED = {"SIGKILL", "SIGQUIT", "os._exit"}


def settings(target: str, folder: str, mode: str = "spill") -> dict:
    return {
        "target": target,
        "jwt": "header.payload.signature",
        "events_dir": folder,
        "spool_mode": mode,
        "spill_after": 0.2,
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


def run_agent(
    target: str, folder: str, name: str, mode: str, end: str, seconds: str, notes: str
) -> None:
    """Emit until the end; note what was accepted, and when."""
    for ignored in (signal.SIGHUP, signal.SIGQUIT):  # in the background of a shell, as SIGINT is
        signal.signal(ignored, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    descriptor = os.open(notes, os.O_WRONLY | os.O_CREAT, 0o600)
    bus = EventBus(**settings(target, folder, mode)).start()
    number, last = 0, math.inf if end in SIGNALS else time.monotonic() + float(seconds)
    while number == 0 or time.monotonic() < last:
        source = f"{name}:{number}"
        accepted = bus.emit(StorageTransferPayload(source=source, destination=checksum(source)))
        assert accepted
        os.write(descriptor, b"%d %f\n" % (number, time.monotonic()))
        number += 1
        if number % 100 == 0:
            time.sleep(0.01)  # a burst, and a breath for the sender
    if end == "os._exit":
        os._exit(0)
    if end == "exception":
        raise RuntimeError(end)


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


def kill(process: subprocess.Popen[str]) -> None:
    """End a process at once."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


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


class Way(NamedTuple):
    """How an agent runs, and how it ends."""

    mode: str
    end: str

    @property
    def may_cost(self) -> bool:
        """Whether it may cost the newest events."""
        return self.mode == "spill" and self.end in UNNOTICED


EVERY_WAY = [Way(mode, end) for mode, end in product(MODES, ENDS)]


@dataclass(frozen=True)
class Life:
    """What an agent did."""

    way: Way
    emitted_at: list[float]
    """When each event was accepted, by its number; seconds of the monotonic clock."""
    ended_at: float


@dataclass
class Ends:
    """What became of the events of the agents that ended in one way, in one mode."""

    agents: int = 0
    accepted: int = 0
    lost: int = 0
    holes: int = 0
    """Of those that were lost, the ones that are older than one that was not."""
    oldest_lost: float = 0.0
    """How many seconds before the end the oldest of them was accepted."""


@dataclass
class Totals:
    """What a soak has shown."""

    rounds: int
    kills_of_the_server: int = 0
    events_delivered: int = 0
    requests: int = 0
    requests_repeated: int = 0
    invented: int = 0
    damaged: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    ends: dict[Way, Ends] = field(default_factory=dict)

    @property
    def events_accepted(self) -> int:
        """By all agents."""
        return sum(ends.accepted for ends in self.ends.values())

    @property
    def lost(self) -> int:
        """What no end may cost: all but the newest of an end that nothing notices."""
        return sum(ends.holes if way.may_cost else ends.lost for way, ends in self.ends.items())

    @property
    def clean(self) -> bool:
        """Whether all is as promised."""
        wrong = (self.lost, self.invented, self.damaged, self.duplicated, self.out_of_order)
        return not any(wrong) and self.events_delivered > 0


@dataclass(frozen=True)
class Place:
    """Where a soak takes place."""

    folder: Path
    port: int

    @property
    def target(self) -> str:
        """The server's address."""
        return f"127.0.0.1:{self.port}"

    @property
    def events(self) -> str:
        """The agents' folder."""
        return str(self.folder / "events")

    @property
    def kept(self) -> Path:
        """The server's file."""
        return self.folder / "kept"


class Server:
    """The server, and how often it was killed."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.kills = 0
        self.start()

    def start(self) -> None:
        """Start it, again, at the same port."""
        self._process = start("--server", str(self._place.port), str(self._place.kept))
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """End it at once."""
        kill(self._process)
        self.kills += 1


def ways(rounds: int, chance: random.Random) -> list[Way]:
    """So many modes and ends, each of them about as often, in any order."""
    drawn = [EVERY_WAY[number % len(EVERY_WAY)] for number in range(rounds)]
    chance.shuffle(drawn)
    return drawn


def live(number: int, way: Way, place: Place, server: Server, chance: random.Random) -> Life:
    """See an agent through its life, during which the server may be killed."""
    notes = place.folder / f"{number}.notes"
    told = (str(number), *way, str(chance.uniform(0, 1)), str(notes))
    agent = start("--agent", place.target, place.events, *told)
    while not notes.exists() or not notes.stat().st_size:
        assert agent.poll() is None, "it has not begun"
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 0.3))
    is_killed, is_back = chance.random() < 0.6, chance.random() < 0.5
    if is_killed:
        server.kill()
    time.sleep(chance.uniform(0, 0.3))
    if is_killed and is_back:
        server.start()
        time.sleep(chance.uniform(0, 0.3))
    ended_at = time.monotonic()
    if way.end in SIGNALS:
        agent.send_signal(getattr(signal, way.end))
    agent.communicate(timeout=120)
    if is_killed and not is_back:
        server.start()
    lines = notes.read_text().split("\n")[:-1]  # the last may be cut short
    notes.unlink()
    emitted_at = [float(line.split()[1]) for line in lines]
    return Life(way, emitted_at, max(ended_at, emitted_at[-1]))


def soak(rounds: int, seed: int) -> Totals:
    """Run so many rounds."""
    chance = random.Random(seed)
    totals = Totals(rounds)
    lives: dict[str, Life] = {}
    with tempfile.TemporaryDirectory() as temporary:
        place = Place(Path(temporary), free_port())
        server = Server(place)
        for number, way in enumerate(ways(rounds, chance)):
            lives[str(number)] = live(number, way, place, server, chance)
        with EventBus(**settings(place.target, place.events)) as bus:
            assert bus.flush(120), bus.get_stats()
        totals.kills_of_the_server = server.kills
        server.kill()
        judge(totals, lives, requests(place.kept))
    return totals


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def judge(totals: Totals, lives: dict[str, Life], batches: list[EventBatch]) -> None:
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
    totals.events_delivered = len(event_ids)
    totals.duplicated = event_ids.total() - len(event_ids)
    for agent, life in lives.items():
        judge_life(totals, life, arrived.get(agent, []))
    totals.invented += len(arrived.keys() - lives.keys())


def judge_life(totals: Totals, life: Life, numbers: list[int]) -> None:
    """Hold what has arrived of one agent against what it was told."""
    count = len(life.emitted_at)
    lost = set(range(count)) - set(numbers)
    # An end may come between the acceptance and the print, for one event of each agent.
    totals.invented += len(set(numbers) - set(range(count + 1)))
    totals.out_of_order += numbers != sorted(numbers)
    ends = totals.ends.setdefault(life.way, Ends())
    ends.agents += 1
    ends.accepted += count
    ends.lost += len(lost)
    ends.holes += sum(number < max(numbers, default=-1) for number in lost)
    if lost:
        ends.oldest_lost = max(ends.oldest_lost, life.ended_at - life.emitted_at[min(lost)])


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
    summary = asdict(totals) | {"seconds": round(time.monotonic() - began)}
    del summary["ends"]
    for way, ends in sorted(totals.ends.items()):
        row = (f"{name} {value:<9.6g}" for name, value in asdict(ends).items())
        print(f"{way.mode:8} {way.end:10}", *row)
    print(json.dumps(summary, indent=2))
    return 0 if totals.clean else 1


if __name__ == "__main__":
    sys.exit(main())
