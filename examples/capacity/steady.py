"""What Rodents use each second, all of them the same, and which thing is used up first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from figures import ASSUMED, SOURCE, Figures, figure, takes


@dataclass(frozen=True)
class Load:
    """What each Rodent does."""

    rate: float = figure(0.1, "events a second", "", ASSUMED)
    event_bytes: float = takes(178, "bytes of an event", "row: size")
    batch_events: float = figure(100, "events of a full batch", "", SOURCE)
    batch_seconds: float = figure(30, "seconds until one is sent that is not full", "", SOURCE)
    heartbeat: float = figure(30, "seconds from one command to the next; 0 for none", "", SOURCE)

    @property
    def calls(self) -> float:
        """Calls of SendEvents of a Rodent, a second.

        A batch is begun by the event that finds none, so that its age is counted from there.
        """
        if not self.rate:
            return 0.0
        by_age = 1 / (self.batch_seconds + 1 / self.rate)
        return max(self.rate / self.batch_events, by_age)

    @property
    def commands(self) -> float:
        """Commands to a Rodent, a second."""
        return 1 / self.heartbeat if self.heartbeat else 0.0


@dataclass(frozen=True)
class Machine:
    """What there is."""

    cores: float = figure(8, "cores", "", ASSUMED)
    busy: float = figure(
        0.7, "share of a core, or of a lock, that is used at the most", "", ASSUMED
    )
    memory: float = takes(32 * 2**30, "bytes of memory", ASSUMED)
    network: float = takes(125e6, "bytes a second of network", ASSUMED)
    disk: float = takes(1e12, "bytes of disk of PostgreSQL", ASSUMED)
    days: float = figure(1, "days for which all is kept there", "", ASSUMED)
    open_files: float = figure(
        1_024, "open files of a process, unless it asks for more", "", SOURCE
    )
    most_files: float = figure(1_048_576, "open files, if it does", "", SOURCE)
    ports: float = figure(28_232, "ports of a client's address to one of a mock", "", SOURCE)
    most_ports: float = figure(64_512, "ports, if all from 1024 on are allowed", "", SOURCE)
    backlog: float = figure(4_096, "connections that wait for a process, in the kernel", "", SOURCE)
    servers: float = figure(2, "mocks that share a run", "", ASSUMED)


@dataclass(frozen=True)
class Use:
    """What so many Rodents use each second: processor and lock in seconds, the rest in bytes."""

    events: float
    calls: float
    mock: float
    worker: float
    recording: float
    """What the mock has to do besides, to record to PostgreSQL."""
    store: float
    lock: float
    copy: float
    """What each server of a shared run reads."""
    network: float
    disk: float
    memory: float
    """Of the mock's connections; not by the second."""
    recorded: float
    """Memory of the mock for what it records."""
    simulated: float
    """Memory of workers for Rodents; not by the second."""

    @classmethod
    def of(cls, rodents: float, load: Load, figures: Figures) -> Use:
        """That of so many."""
        calls, events, commands = (rodents * one for one in (load.calls, load.rate, load.commands))
        ours = figures

        def both(call: float, event: float) -> float:
            return calls * call + events * event

        return cls(
            events=events,
            calls=calls,
            mock=both(ours.mock_call, ours.mock_event) + commands * ours.mock_command,
            worker=both(ours.load_call, ours.load_event) + commands * ours.load_command,
            recording=both(ours.record_call, ours.record_event) + commands * ours.record_command,
            store=both(ours.store_call, ours.store_event) + commands * ours.store_command,
            lock=both(ours.lock_call, ours.lock_event) + commands * ours.lock_command,
            copy=both(ours.copy_call, ours.copy_event) + commands * ours.copy_command,
            network=both(ours.wire_call, load.event_bytes) + commands * ours.wire_command,
            disk=both(ours.store_call_bytes, load.event_bytes + ours.store_event_bytes)
            + commands * ours.store_command_bytes,
            memory=rodents * ours.mock_rodent_bytes,
            simulated=rodents * ours.load_rodent_bytes,
            recorded=both(ours.mock_call_bytes, load.event_bytes + ours.mock_event_bytes),
        )


@dataclass(frozen=True)
class Bottleneck:
    """Something that is used up."""

    name: str
    rodents: float
    """How many use it up."""
    moved_by: str


def bottlenecks(load: Load, figures: Figures, machine: Machine) -> Sequence[Bottleneck]:
    """All of them, the first first. What each Rodent uses is the same, however many there are."""
    one = Use.of(1, load, figures)
    core = machine.busy
    cores = machine.cores * machine.busy
    a_day = 86_400 * machine.days
    found = [
        Bottleneck(
            "open files of a process that does not ask for more",
            machine.open_files,
            "`ulimit -n`; `serve` and workers ask for all that they may have",
        ),
        Bottleneck("a core of a worker", core / one.worker, "more workers: `--processes`"),
        Bottleneck("a core of a mock", core / one.mock, "more mocks behind one address"),
        Bottleneck(
            "ports of one client's address",
            machine.ports,
            f"`ip_local_port_range`, up to {machine.most_ports:,.0f}; addresses",
        ),
        Bottleneck("connections that wait in a storm", machine.backlog, "`somaxconn`; more mocks"),
        Bottleneck(
            "the highest limit of open files", machine.most_files, "more mocks; `fs.nr_open`"
        ),
        Bottleneck("memory of connections", machine.memory / one.memory, "memory, machines"),
        Bottleneck("network of a mock's machine", machine.network / one.network, "machines"),
        Bottleneck("all cores, for mocks alone", cores / one.mock, "machines"),
        Bottleneck(
            "all cores, for mocks that record, and PostgreSQL",
            cores / (one.mock + one.recording + one.store),
            "a machine of its own for PostgreSQL",
        ),
        Bottleneck("the lock of a shared run", machine.busy / one.lock, "a run for each mock"),
        Bottleneck(
            "a core of each mock that shares a run",
            core / ((one.mock + one.recording) / machine.servers + one.copy),
            "a run for each mock",
        ),
        Bottleneck("disk of PostgreSQL", machine.disk / (one.disk * a_day), "`prune`; disks"),
    ]
    return sorted(found, key=lambda bottleneck: bottleneck.rodents)
