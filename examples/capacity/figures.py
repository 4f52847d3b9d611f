"""What a Rodent, a call, an event costs: put your own figures here, or give them as options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MEASURED = "measured"
ROW = "row"
SOURCE = "source"
ASSUMED = "assumed"


def figure(value: float, says: str, unit: str = "", known: str = MEASURED) -> Any:
    """A figure with what it is, its unit where it is shown, and how it is known."""
    return field(default=value, metadata={"says": says, "unit": unit, "known": known})


def costs(microseconds: float, says: str, known: str = MEASURED) -> Any:
    """Processor time, in seconds."""
    return figure(microseconds * 1e-6, says, "µs", known)


def takes(size: float, says: str, known: str = MEASURED) -> Any:
    """Memory, disk or network, in bytes."""
    return figure(size, says, "bytes", known)


@dataclass(frozen=True)
class Figures:
    """What it costs, in seconds and bytes."""

    mock_call: float = costs(1_440, "mock: a call of SendEvents")
    mock_event: float = costs(2.5, "mock: an event in it")
    mock_command: float = costs(740, "mock: a command and its answer")
    mock_connect: float = costs(900, "mock: a Rodent connects")
    mock_accept: float = costs(50, "of that, to leave the kernel's queue", ASSUMED)
    mock_handshake: float = costs(940, "mock: TLS besides")
    mock_rodent_bytes: float = takes(69_000, "mock: memory of a connected Rodent")
    mock_call_bytes: float = takes(3_800, "mock: memory of a recorded call")
    mock_event_bytes: float = takes(25, "and of an event, besides its bytes", "row: record, memory")
    load_call: float = costs(1_100, "worker: a call of SendEvents")
    load_event: float = costs(170, "worker: an event")
    load_command: float = costs(890, "worker: a command and its answer")
    load_rodent_bytes: float = takes(88_000, "worker: memory of a Rodent")
    record_call: float = costs(700, "mock: a call that it records to PostgreSQL, besides")
    record_event: float = costs(34, "mock: an event, likewise")
    record_command: float = costs(290, "mock: a command, likewise")
    store_call: float = costs(340, "PostgreSQL: a recorded call")
    store_event: float = costs(34, "PostgreSQL: an event")
    store_command: float = costs(120, "PostgreSQL: a command")
    lock_call: float = costs(230, "shared run: it is locked for a call")
    lock_event: float = costs(34, "shared run: for an event")
    lock_command: float = costs(92, "shared run: for a command", "assumed: as 2 of 5 rows")
    copy_call: float = costs(410, "shared run: each mock reads a call of all")
    copy_event: float = costs(11, "shared run: an event")
    copy_command: float = costs(160, "shared run: a command", "assumed: as 2 of 5 rows")
    store_call_bytes: float = takes(1_540, "PostgreSQL: disk of a call")
    store_event_bytes: float = takes(190, "PostgreSQL: disk of an event, besides its bytes")
    store_command_bytes: float = takes(580, "PostgreSQL: disk of a command")
    wire_call: float = takes(890, "network: a call, besides its events")
    wire_command: float = takes(900, "network: a command and its answer")
