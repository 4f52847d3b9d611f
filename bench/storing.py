"""Recordings in PostgreSQL: what writing costs beside COPY alone, and how long a query takes."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import psycopg

from bench.emitting import seconds
from bench.stored import BATCH_SIZE, ENTRY_COPY, EVENT_COPY, Batches, copy, fill
from bench.suite import BenchError, MissingProgramError, Sample
from toggle_mock import find_stored
from toggle_mock.recording.entries import sliced
from toggle_mock.recording.postgres.run import RunFile
from toggle_mock.recording.postgres.runs import prepare
from toggle_mock.recording.postgres.url import StoreUrl

COUNT = 100_000
STORED = 1_000_000
"""Events that are asked; it takes a minute to put them there."""


def _program(name: str) -> str:
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    found = shutil.which(name, path=os.pathsep.join([*folders[::-1], os.environ["PATH"]]))
    if found is None:
        raise MissingProgramError("PostgreSQL is not installed: apt-get install postgresql")
    return found


@contextmanager
def server() -> Iterator[str]:
    """The URL of a store in a server of its own."""
    own: dict[str, Any] = {}
    if not os.geteuid():  # as whom it refuses to run
        own = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        if own:
            shutil.chown(folder, "nobody", "nogroup")
        data = str(folder / "data")
        init = [_program("initdb"), "--no-sync", "--username=bench", "--auth=trust"]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        own |= {"cwd": folder}
        subprocess.run(
            [*init, "--encoding=UTF8", "--no-locale", "--pgdata", data], check=True, **quiet, **own
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [_program("postgres"), "-D", data, "-p", str(port), "-k", str(folder)]
        process = subprocess.Popen(
            [*command, "-h", "127.0.0.1", "-c", "max_wal_size=4GB"], **quiet, **own
        )
        try:
            url = f"postgresql://bench@127.0.0.1:{port}/postgres"
            _wait_for(url)
            prepare(StoreUrl.of(url))
            yield url
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder)


def _wait_for(url: str) -> None:
    for _ in range(600):
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.1)
    raise BenchError("PostgreSQL does not answer")


def write() -> Sample:
    """Rows a second through the recording, and by COPY of the same rows alone."""
    with server() as url:
        entries = [one for batch in Batches().make(COUNT // BATCH_SIZE) for one in batch.entries()]
        parts = list(sliced(entries))
        file = RunFile(StoreUrl.of(f"{url}?run=ours"))

        def ours() -> None:
            for part in parts:
                file.write(part)

        taken = seconds(ours)
        file.close()
        with psycopg.connect(url, autocommit=True) as connection:
            rows, alone = _again(connection, [len(part) for part in parts])
        return Sample(rows / taken, rows / alone)


def _again(connection: psycopg.Connection, sizes: list[int]) -> tuple[int, float]:
    """How many rows a run has, and the seconds to copy them to another, in the same commits."""
    entries = connection.execute(
        "SELECT day, 1000, place, call, entry, document::text, raw FROM toggle_mock.entries "
        "ORDER BY place"
    ).fetchall()
    events = connection.execute(
        "SELECT day, 1000, place, position, call, kind, event_id, timestamp, rid, sub, peer, "
        "batch_id FROM toggle_mock.events ORDER BY place, position"
    ).fetchall()
    if len(events) != COUNT:
        raise BenchError(f"{len(events)} events are in the store")
    commits, start, first = [], 0, 0
    for size in sizes:
        end = start + size
        after = next((at for at in range(first, COUNT) if events[at][2] > end), COUNT)
        commits.append((entries[start:end], events[first:after]))
        start, first = end, after

    def alone() -> None:
        for of_entries, of_events in commits:
            with connection.transaction():
                copy(connection, *ENTRY_COPY, of_entries)
                copy(connection, *EVENT_COPY, of_events)

    return len(entries) + COUNT, seconds(alone)


@cache
def _filled() -> tuple[str, list[tuple[str, int | None]]]:
    """A run for all repetitions, with what is asked of it; its server ends with the program."""
    running = server()
    url = running.__enter__()
    atexit.register(running.__exit__, None, None, None)
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection, "big", STORED // BATCH_SIZE)
        connection.execute("VACUUM ANALYZE")
        asked = "SELECT event_id, rid, sub, batch_id FROM toggle_mock.events WHERE call = %s"
        found = connection.execute(asked, (STORED // BATCH_SIZE // 2,)).fetchone()
    if found is None:
        raise BenchError("nothing is in the store")
    event_id, rid, sub, batch_id = found
    whole = (f"event_id:{event_id}", f"batch_id:{batch_id}", f"rid:{rid}", "event_id:none")
    some = ("", f"sub:{sub}", "payload:pool", "after:2025-10-09")
    return f"{url}?run=big", [*((query, None) for query in whole), *((one, 100) for one in some)]


def query() -> Sample:
    """Milliseconds of the slowest query: by an id, a Rodent, or for the latest hundred."""
    url, asked = _filled()
    taken = [seconds(partial(find_stored, url, one, limit=limit)) for one, limit in asked]
    return Sample(max(taken) * 1e3)
