"""Measures here what docs/capacity.md reckons with, and holds what that predicts against what is.

python -m bench.capacity [PART ...]; on a machine that does nothing else, some minutes. The bytes of
the network are those of loopback, and nobody else's under unshare --net.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import psycopg

from bench.dialing import Dialed, dial_all
from bench.emitting import seconds
from bench.loads import Mock, Used, Watched, load, mock, processor_of
from bench.stored import Batches
from bench.storing import server as store_server
from toggle_mock.recording.entries import sliced
from toggle_mock.recording.postgres.shared_run import SharedRunFile
from toggle_mock.recording.postgres.url import StoreUrl

WINDOW = 10.0
"""Seconds that a load is looked at."""


@dataclass(frozen=True)
class Case:
    """A load."""

    rodents: int
    rate: float = 0.0
    pace: float = 0.01
    heartbeat: float = 0.0

    @property
    def options(self) -> list[str]:
        """For the load."""
        return [f"--rate={self.rate}", f"--pace={self.pace}"]


IDLE = Case(500)
COMMANDS = Case(500, heartbeat=1.0)
SINGLE = Case(500, rate=0.6, pace=0.001)
"""Nearly each event is a batch of its own."""
FULL = Case(50, rate=60.0, pace=1.0)
"""Each batch has a hundred."""
MIXED = Case(500, rate=1.0, pace=0.1, heartbeat=5.0)
"""What is predicted from the others."""


@contextmanager
def watched(case: Case, url: str | None = None, *options: str) -> Iterator[Watched]:
    """A load that has settled, with a store if there is one."""
    record = [] if url is None else ["--record", url]
    with ExitStack() as stack:
        at = stack.enter_context(mock(f"--heartbeat={case.heartbeat}", *record, *options))
        running = stack.enter_context(load(at, case.rodents, *case.options))
        at.wait_batches(case.rodents)  # all have told that they have started
        store = None
        if url is not None:
            store = stack.enter_context(psycopg.connect(url.partition("?")[0], autocommit=True))
        yield Watched(at, running, store)


def of(case: Case, url: str | None = None) -> Used:
    """What a load uses in a window."""
    with watched(case, url) as one:
        return one.used_within(WINDOW)


def split(single: Used, full: Used, what: Callable[[Used], float]) -> tuple[float, float]:
    """What a call takes, and an event, from a load of small and one of full batches."""
    determinant = single.calls * full.events - single.events * full.calls
    call = (what(single) * full.events - what(full) * single.events) / determinant
    event = (single.calls * what(full) - full.calls * what(single)) / determinant
    return call, event


def tell(name: str, value: float, unit: str = "µs") -> None:
    shown = value * 1e6 if unit == "µs" else value
    print(f"{name:24} {shown:12,.1f} {unit}", flush=True)


def tell_both(what: str, both: tuple[float, float], unit: str = "µs") -> None:
    for name, value in zip((f"{what}_call", f"{what}_event"), both, strict=True):
        tell(name, value, unit)


def steady() -> None:
    """Mock, load and network, without a store."""
    idle, commands, single, full = map(of, (IDLE, COMMANDS, SINGLE, FULL))
    tell("mock, idle, a second", idle.mock / idle.seconds)
    tell("load, idle, a second", idle.load / idle.seconds)

    def beyond(used: Used, what: Callable[[Used], float]) -> float:
        return what(used) - what(idle) / idle.seconds * used.seconds

    for name, what in (("mock", lambda used: used.mock), ("load", lambda used: used.load)):
        tell_both(name, split(single, full, lambda used: beyond(used, what)))  # noqa: B023
        sent = COMMANDS.rodents / COMMANDS.heartbeat * commands.seconds
        tell(f"{name}_command", beyond(commands, what) / sent)
    tell_both("wire", split(single, full, lambda used: beyond(used, lambda one: one.network)), "B")
    tell("wire_command", beyond(commands, lambda one: one.network) / sent, "B")
    tell_both("mock memory", split(single, full, lambda used: used.memory), "B")


def memory() -> None:
    """What a connected Rodent holds."""
    with mock("--heartbeat=0") as at:
        before = at.memory
        with load(at, 1, "--rate=0", "--pace=0.01") as few:
            alone = _memory(few.pid)
        with load(at, 1000, "--rate=0", "--pace=0.01") as many:
            tell("mock_rodent_bytes", (at.memory - before) / 1000, "B")
            tell("load_rodent_bytes", (_memory(many.pid) - alone) / 999, "B")


def _memory(pid: int) -> int:
    root = psutil.Process(pid)
    family = (root, *root.children(recursive=True))
    return int(sum(one.memory_info().rss for one in family))


def connects() -> None:
    """What it takes to connect, with and without TLS; and storms of several sizes."""
    for count in (1000, 2000, 4000):
        _storm(f"{count} at once", count)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root.pem"
        with mock("--heartbeat=0", "--tls", "--ca-file", str(root)) as at:
            context = ssl.create_default_context(cafile=str(root))
            context.set_alpn_protocols(["h2"])
            _dial("1000 at once, TLS", at, 1000, context)


def _storm(name: str, count: int) -> None:
    with mock("--heartbeat=0") as at:
        _dial(name, at, count, None)


def _dial(name: str, at: Mock, count: int, tls: ssl.SSLContext | None) -> None:
    asyncio.run(dial_all(at.address, 10, tls))
    before, overflows = processor_of(at.process.pid), _overflows()
    dialed: Dialed = asyncio.run(dial_all(at.address, count, tls))
    used = processor_of(at.process.pid) - before
    half, last = dialed.seconds[len(dialed.seconds) // 2], dialed.seconds[-1]
    print(
        f"{name:24} {used / count * 1e6:,.0f} µs each; half after {half:.2f} s, "
        f"all after {last:.2f} s, {dialed.failed} failed, {_overflows() - overflows} unheard"
    )


def _overflows() -> int:
    """Connections for which there was no room in the queue of a port, of the whole machine."""
    names, values = (
        line.split() for line in Path("/proc/net/netstat").read_text().splitlines()[:2]
    )
    return int(values[names.index("ListenOverflows")])


def stores() -> None:
    """PostgreSQL: its processor and disk, what a mock has to do besides, and who reads along."""
    with store_server() as url:
        single, full, commands = (
            of(case, f"{url}?run=r{number}") for number, case in enumerate((SINGLE, FULL, COMMANDS))
        )
        tell_both("store", split(single, full, lambda used: used.store))
        tell("store_command", commands.store / (COMMANDS.rodents * commands.seconds))
        tell_both("store disk", split(single, full, lambda used: used.disk), "B")
        tell("store disk, command", commands.disk / (COMMANDS.rodents * commands.seconds), "B")
        tell_both("mock and record", split(single, full, lambda used: used.mock))
        tell("mock and record_command", commands.mock / (COMMANDS.rodents * commands.seconds))
        copies(url)
        locks(url)


def copies(url: str) -> None:
    """What a server that shares a run does with what another one takes up."""
    found = []
    for number, case in enumerate((SINGLE, FULL)):
        run = f"{url}?run=shared{number}"
        other = mock("--record", run, "--record-shared", "--heartbeat=0")
        with other as reader, watched(case, run, "--record-shared") as one:
            before = processor_of(reader.process.pid)
            used = one.used_within(WINDOW)
            read = processor_of(reader.process.pid) - before
            found.append(replace(used, mock=read))
    tell_both("copy", split(*found, lambda used: used.mock))


def locks(url: str) -> None:
    """How long a shared run is written to for so many calls."""
    taken = {}
    for size, count in ((1, 20_000), (100, 1_000)):
        entries = [one for batch in Batches(size).make(count) for one in batch.entries()]
        file = SharedRunFile(StoreUrl.of(f"{url}?run=lock{size}"), lambda _own, _number: None)
        parts = list(sliced(entries))

        def write(file: SharedRunFile = file, parts: list = parts) -> None:  # type: ignore[type-arg]
            for part in parts:
                file.write(part)

        taken[size] = seconds(write) / count
        file.close()
    event = (taken[100] - taken[1]) / 99
    tell_both("lock", (taken[1] - event, event))


def held() -> None:
    """What is predicted from all that: a load that none of it was measured with."""
    _tell_used("mixed", of(MIXED))
    with store_server() as url:
        _tell_used("mixed, recorded", of(MIXED, f"{url}?run=mixed"))


def _tell_used(name: str, used: Used) -> None:
    shares = {what: getattr(used, what) / used.seconds for what in ("mock", "load", "store")}
    shown = ", ".join(f"{what} {share:.1%}" for what, share in shares.items())
    rates = {"network": used.network, "disk": used.disk, "calls": used.calls, "events": used.events}
    more = ", ".join(f"{what} {value / used.seconds:,.0f}" for what, value in rates.items())
    print(f"{name}: {shown}; a second {more}", flush=True)


PARTS = {"steady": steady, "memory": memory, "connects": connects, "stores": stores, "held": held}


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
