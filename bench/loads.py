"""A mock and a load in processes of their own, and what each of them uses for a while."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil
from psycopg import Connection

from bench.suite import BenchError

TOGGLE_MOCK = str(Path(sys.executable).with_name("toggle-mock"))
PATIENCE = 120.0


def until(holds: Callable[[], bool], what: str, pause: float = 0.1) -> None:
    """Wait for something."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise BenchError(f"{what}: not after {PATIENCE:g} s")
        time.sleep(pause)


def processor_of(pid: int) -> float:
    """Seconds that a process has used, and those that it has started and that run still."""
    root = psutil.Process(pid)
    times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
    return sum(one.user + one.system for one in times)


@dataclass(frozen=True)
class Mock:
    """A process of ``toggle-mock serve``."""

    process: subprocess.Popen[str]
    address: str
    url: str

    def numbers(self) -> dict[str, float]:
        """What it says of itself."""
        with urlopen(f"{self.url}/metrics") as answer:
            text = answer.read().decode()
        return {
            name: float(value)
            for name, value in re.findall(r"^toggle_mock_(\w+) (\S+)$", text, re.MULTILINE)
        }

    def wait_connected(self, count: int) -> None:
        until(lambda: self.numbers()["connected_rodents"] == count, f"{count} Rodents connected")

    def wait_batches(self, count: int) -> None:
        until(lambda: self.numbers()["batches"] >= count, f"{count} batches")

    @property
    def memory(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)


@contextmanager
def mock(*options: str) -> Iterator[Mock]:
    """One that has no relay and prints nothing."""
    command = [TOGGLE_MOCK, "serve", "--no-relay", "--quiet", "--json", "--http", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Mock(process, told["listening"], told["http"])
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def load(mock: Mock, rodents: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Rodents by Locust, in one process of it, which are all connected."""
    told = ["--to", mock.address, "--rodents", str(rodents), "--time", "36000", *options]
    process = subprocess.Popen(
        [TOGGLE_MOCK, "load", "--spawn-rate", "200", *told],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        mock.wait_connected(rodents)
        yield process
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        for one in (process, *children):
            one.kill()
        process.wait()
        psutil.wait_procs(children, PATIENCE)


@dataclass(frozen=True)
class Used:
    """What was used in a time: processor in seconds, network in bytes."""

    seconds: float
    mock: float
    load: float
    store: float
    network: float
    memory: float
    """Of the mock."""
    disk: float
    """Of the store."""
    calls: float
    events: float

    def __sub__(self, before: Used) -> Used:
        mine, theirs = (list(vars(one).values()) for one in (self, before))
        return Used(*(end - begin for begin, end in zip(theirs, mine, strict=True)))


@dataclass(frozen=True)
class Watched:
    """Whom to look at: a mock, its load, and a store, if it has one."""

    mock: Mock
    load: subprocess.Popen[bytes]
    store: Connection | None = None

    def used(self) -> Used:
        """What has been used so far."""
        numbers = self.mock.numbers()
        store = disk = 0.0
        if self.store is not None:
            ((backend, disk),) = self.store.execute(
                "SELECT pg_backend_pid(), pg_database_size(current_database())"
            ).fetchall()
            store = processor_of(psutil.Process(backend).ppid())
        return Used(
            time.monotonic(),
            processor_of(self.mock.process.pid),
            processor_of(self.load.pid),
            store,
            psutil.net_io_counters(pernic=True)["lo"].bytes_sent,
            self.mock.memory,
            disk,
            numbers["batches"],
            numbers["events"],
        )

    def used_within(self, seconds: float) -> Used:
        """What is used in the next seconds."""
        before = self.used()
        time.sleep(seconds)
        return self.used() - before
