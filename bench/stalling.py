"""How long SendEvents waits for an answer while something else is done with a large recording.

python -m bench.stalling probe ADDRESS | read API
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import grpc

from bench.data import EVENT_BYTES, JWT
from bench.recorded import BATCH_SIZE, recorded
from bench.suite import Sample
from rodent_events.client import CHANNEL_OPTIONS, SEND_EVENTS
from toggle_mock import ToggleServer, save
from toggle_mock.tokens.tokens import Tokens

UNDISTURBED = 0.5
"""Seconds, at the least, in which nothing else is done, for comparison."""
PAUSE = 0.002
"""Seconds between two calls."""

megabytes = 50
"""How much is recorded; see ``--recorded``."""


@contextmanager
def _other(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """This file in a process of its own, so that it has an interpreter to itself."""
    command = [sys.executable, "-m", "bench.stalling", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _slowest(probe: subprocess.Popen[str]) -> float:
    """Milliseconds that the slowest call took since this was asked before."""
    assert probe.stdin is not None
    assert probe.stdout is not None
    probe.stdin.write("\n")
    probe.stdin.flush()
    return float(probe.stdout.readline())


def _stalled(disturb: Callable[[ToggleServer, Path], object]) -> Sample:
    """Milliseconds by which the slowest call is slower than the slowest without."""
    batches = megabytes * 1_000_000 // (BATCH_SIZE * EVENT_BYTES)
    with (
        ToggleServer(
            recording=recorded(batches), tokens=Tokens(verify=False), http_port=0
        ) as toggle,
        _other("probe", toggle.address) as probe,
        tempfile.TemporaryDirectory() as folder,
    ):
        _slowest(probe)
        begun = time.perf_counter()
        disturb(toggle, Path(folder))
        disturbed = _slowest(probe)
        # For as long, as the slowest of more calls is slower.
        time.sleep(max(time.perf_counter() - begun, UNDISTURBED))
        return Sample(disturbed - _slowest(probe))


def _attach(toggle: ToggleServer, _folder: Path) -> None:
    with _other("read", f"http://{toggle.http_address}/api/v1") as reader:
        reader.wait()


def _save(suffix: str, toggle: ToggleServer, folder: Path) -> None:
    save(toggle.recording, folder / f"copy{suffix}")


def _clear(toggle: ToggleServer, _folder: Path) -> None:
    toggle.clear()


def _query(toggle: ToggleServer, _folder: Path) -> None:
    """One for which each event must be looked at."""
    url = f"http://{toggle.http_address}/api/v1/events?query=source:nobody"
    with urlopen(url) as answer:
        answer.read()


attach = partial(_stalled, _attach)
save_lines = partial(_stalled, partial(_save, ".ndjson"))
save_tables = partial(_stalled, partial(_save, ".sqlite"))
clear = partial(_stalled, _clear)
query = partial(_stalled, _query)


# What runs in the other processes


def _probe(address: str) -> None:
    """Send small batches one after the other; for each line of input, tell the slowest call."""
    token = (("authorization", f"Bearer {JWT}"),)
    slowest = 0.0
    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        send = channel.unary_unary(SEND_EVENTS)
        while True:
            start = time.perf_counter()
            send(b"", metadata=token, wait_for_ready=True)
            slowest = max(slowest, time.perf_counter() - start)
            if select.select([sys.stdin], [], [], PAUSE)[0]:
                if not sys.stdin.readline():
                    return
                print(slowest * 1e3, flush=True)
                slowest = 0.0


def _read(api: str) -> None:
    """Read the feed up to what is recorded by then, which a mark tells."""
    with urlopen(f"{api}/recording/feed") as feed:
        name = json.loads(feed.readline())["feed"]
        mark = json.dumps({"feed": name, "mark": "all"}).encode()
        with urlopen(f"{api}/recording/feed/mark", mark):
            pass
        while b'"mark"' not in feed.readline():
            pass


if __name__ == "__main__":
    {"probe": _probe, "read": _read}[sys.argv[1]](sys.argv[2])
