"""How long one waits: for an event in a test, and for emit when all is against it."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.request import urlopen

from bench.data import JWT, LEVEL, PAYLOAD, metadata
from bench.suite import BenchError, MissingProgramError, Sample
from rodent_events import EventBus
from rodent_events.disk import files, journal
from toggle_mock import ToggleServer

ROOT = Path(__file__).parents[1]
HTTPSERVER = ROOT / "build" / "bench-httpserver"
REQUIREMENT = "pytest-httpserver==1.2.0"

WAITS = 100
BATCH_TIMEOUT = 0.05
"""Seconds; as the pytest plugin's ``event_bus`` has it."""

BURST, BURSTS, PERIOD = 100, 100, 0.01
"""Emits of a burst, bursts of a thread, and seconds from one burst to the next."""

FULL = 1_000
SLOW_DISK = 0.05
"""Seconds that each write takes."""

GARBAGE = 1_000_000
"""Objects that the garbage collector walks over."""


def percentile(taken: list[float], share: float) -> float:
    """The least of the values that so many of all do not exceed."""
    return sorted(taken)[min(int(len(taken) * share), len(taken) - 1)]


# In a test


def wait(share: float, *, flush: bool = False) -> Sample:
    """Milliseconds from emit to the end of ``wait_for``, against a request and its assertion."""
    return Sample(*(percentile(taken, share) * 1e3 for taken in (_waits(flush), _requests())))


def _waits(flush: bool) -> list[float]:
    with (
        tempfile.TemporaryDirectory() as folder,
        ToggleServer() as toggle,
        EventBus(
            events_dir=folder,
            target=toggle.address,
            jwt=toggle.jwt(),
            batch_timeout=BATCH_TIMEOUT,
        ) as bus,
    ):

        def once(number: int) -> None:
            bus.emit_storage_transfer(LEVEL, PAYLOAD, {"number": str(number)})
            if flush:
                bus.flush()
            toggle.wait_for(f"metadata.number:{number}")

        return _timed(once)


def _requests() -> list[float]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = _httpserver()(port=0)
    server.expect_request("/pools").respond_with_json({"name": "tank"})
    with server:
        url = server.url_for("/pools")

        def once(_number: int) -> None:
            with urlopen(url) as answer:
                answer.read()
            server.check_assertions()

        return _timed(once)


@cache
def _httpserver() -> Callable[..., Any]:
    if not HTTPSERVER.exists():
        fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        if subprocess.run([*fetch, "--target", HTTPSERVER, REQUIREMENT], check=False).returncode:
            raise MissingProgramError(f"{REQUIREMENT} cannot be fetched")
    sys.path.append(str(HTTPSERVER))
    from pytest_httpserver import HTTPServer  # noqa: PLC0415 - only this row needs it

    return HTTPServer


def _timed(once: Callable[[int], None]) -> list[float]:
    """Seconds of each of so many, but for the first, for which connections are made."""
    once(0)
    taken = []
    for number in range(1, WAITS + 1):
        start = time.perf_counter()
        once(number)
        taken.append(time.perf_counter() - start)
    return taken


# For emit


def eight_threads() -> Sample:
    """Milliseconds, the 99th percentile; as all below."""
    return _p99(threads=8)


def full_buffer() -> Sample:
    """Each emit drops the oldest event, as no disk takes any and Toggle is away."""
    full = {"buffer_size": FULL, "flush_threshold": FULL - 1, "spill_after": 0.1}
    with _disk(_refuse):
        return _p99(fill=FULL, **full)


def slow_disk() -> Sample:
    """What waits in memory is brought to disk meanwhile, by writes that take their time."""
    with _disk(_slowly) as writes:
        sample = _p99(spill_after=0.1)
    if not writes.called:
        raise BenchError("nothing was written")
    return sample


def garbage() -> Sample:
    """The program has a million objects, over which the garbage collector walks."""
    kept = [[number] for number in range(GARBAGE)]
    sample = _p99(churn=True)
    if len(kept) != GARBAGE:
        raise BenchError("the objects are gone")
    return sample


_write_all = files.write_all


def _refuse(_descriptor: int, _data: bytes) -> None:
    raise OSError("no space left")


def _slowly(descriptor: int, data: bytes) -> None:
    time.sleep(SLOW_DISK)
    _write_all(descriptor, data)


@contextmanager
def _disk(write: Callable[[int, bytes], None]) -> Iterator[mock.Mock]:
    """A disk to which all is written this way."""
    writes = mock.Mock(side_effect=write)
    with (
        mock.patch.object(files, "write_all", writes),
        mock.patch.object(journal, "write_all", writes),
    ):
        yield writes


def _p99(
    *,
    threads: int = 1,
    fill: int = 0,
    churn: bool = False,
    **settings: Any,
) -> Sample:
    with (
        tempfile.TemporaryDirectory() as folder,
        _away(folder, settings) as bus,
    ):
        for one in metadata(fill):
            bus.emit_storage_transfer(LEVEL, PAYLOAD, one)
        taken: list[list[float]] = [[] for _ in range(threads)]
        workers = [
            threading.Thread(target=_emit_bursts, args=(bus, mine), kwargs={"churn": churn})
            for mine in taken
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if fill and bus.get_stats()["dropped"] < threads * BURST * BURSTS / 2:
            raise BenchError(f"the buffer was not full: {bus.get_stats()}")
    return Sample(percentile([one for mine in taken for one in mine], 0.99) * 1e3)


@contextmanager
def _away(folder: str, settings: dict[str, Any]) -> Iterator[EventBus]:
    """A bus whose Toggle is not there."""
    bus = EventBus(events_dir=folder, target="127.0.0.1:1", jwt=JWT, **settings).start()
    try:
        yield bus
    finally:
        bus.shutdown(1)


def _emit_bursts(bus: EventBus, taken: list[float], *, churn: bool) -> None:
    entries = metadata(BURST)
    due = time.perf_counter()
    for _ in range(BURSTS):
        for one in entries:
            rest = [[one] for _ in range(10)] if churn else one  # which starts collections
            start = time.perf_counter()
            bus.emit_storage_transfer(LEVEL, PAYLOAD, one)
            taken.append(time.perf_counter() - start)
        due += PERIOD
        time.sleep(max(0.0, due - time.perf_counter()))
    del rest
