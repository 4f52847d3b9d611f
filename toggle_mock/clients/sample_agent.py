"""An agent that watches the machine it runs on, and emits what it finds and what changes.

    RODENT_EVENTS_TARGET=… RODENT_EVENTS_JWT=… python -m toggle_mock.clients.sample_agent [--once]

At its end it prints one line of JSON: the ids of the events that it emitted, and the statistics.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psutil
from google.protobuf.message import Message

import rodent_events
from rodent_events import (
    EVENT_LEVEL_INFO,
    EVENT_LEVEL_WARN,
    NetworkInterfacePayload,
    SecurityAuthPayload,
    ServiceStatusPayload,
    StorageDatasetPayload,
    SystemStartupPayload,
    UsageResourcePayload,
)
from toggle_mock.interrupts import Interrupt, interrupt_event

AGENT = "rodent-sample-agent"


@dataclass(frozen=True)
class Finding:
    """Something to emit."""

    payload: Message
    metadata: Mapping[str, str]
    level: int = EVENT_LEVEL_INFO


@dataclass(frozen=True)
class Interface:
    """A network interface."""

    name: str
    ip: str
    mac: str
    up: bool

    def finding(
        self,
        operation: NetworkInterfacePayload.NetworkInterfaceOperation,
        action: str,
        level: int = EVENT_LEVEL_INFO,
    ) -> Finding:
        """An event about it."""
        payload = NetworkInterfacePayload(
            interface_name=self.name,
            ip_address=self.ip,
            mac_address=self.mac,
            is_up=self.up,
            operation=operation,
        )
        metadata = {"component": "netmage", "action": action, "interface": self.name}
        return Finding(payload, metadata, level)


@dataclass(frozen=True)
class Session:
    """A user's login."""

    user: str
    terminal: str
    host: str

    def finding(self, operation: SecurityAuthPayload.SecurityAuthOperation, action: str) -> Finding:
        """An event about it."""
        payload = SecurityAuthPayload(
            username=self.user, method=self.terminal, source_ip=self.host, operation=operation
        )
        return Finding(payload, {"component": "login", "action": action, "user": self.user})


@dataclass(frozen=True)
class Mount:
    """A mounted file system."""

    device: str
    mountpoint: str
    kind: str
    size: int

    def finding(
        self, operation: StorageDatasetPayload.StorageDatasetOperation, action: str
    ) -> Finding:
        """An event about it."""
        payload = StorageDatasetPayload(
            dataset_name=self.device,
            pool_name=self.device.split("/")[0] if self.kind == "zfs" else "",
            type=self.kind,
            mountpoint=self.mountpoint,
            size_bytes=self.size,
            operation=operation,
        )
        return Finding(payload, {"component": "mount", "action": action, "device": self.device})


@dataclass(frozen=True)
class Service:
    """A process that init started: a service, whatever manages it."""

    name: str
    pid: int
    started: float

    def finding(
        self, operation: ServiceStatusPayload.ServiceStatusOperation, action: str, status: str
    ) -> Finding:
        """An event about it."""
        payload = ServiceStatusPayload(
            service_name=self.name,
            status=status,
            pid=self.pid,
            uptime_seconds=max(0, int(time.time() - self.started)),
            operation=operation,
        )
        metadata = {"component": "service-manager", "action": action, "service": self.name}
        return Finding(payload, metadata)


@dataclass(frozen=True)
class Snapshot:
    """The machine at one moment."""

    interfaces: Mapping[str, Interface]
    sessions: Mapping[tuple[str, str], Session]
    mounts: Mapping[str, Mount]
    services: Mapping[tuple[str, int], Service]


def look() -> Snapshot:
    """See what is there now."""
    return Snapshot(
        {interface.name: interface for interface in _interfaces()},
        {(session.user, session.terminal): session for session in _sessions()},
        {mount.mountpoint: mount for mount in _mounts()},
        {(service.name, service.pid): service for service in _services()},
    )


def _interfaces() -> Iterator[Interface]:
    stats = psutil.net_if_stats()
    for name, addresses in sorted(psutil.net_if_addrs().items()):
        by_family = {int(address.family): address.address for address in addresses}
        ip = by_family.get(socket.AF_INET) or by_family.get(socket.AF_INET6) or ""
        mac = by_family.get(int(psutil.AF_LINK), "")
        yield Interface(name, ip.split("%")[0], mac, name in stats and stats[name].isup)


def _sessions() -> Iterator[Session]:
    for user in psutil.users():
        yield Session(user.name, user.terminal or "", user.host or "")


def _mounts() -> Iterator[Mount]:
    for partition in psutil.disk_partitions():
        try:
            size = psutil.disk_usage(partition.mountpoint).total
        except OSError:  # it may not be ours to look at, or just gone
            size = 0
        yield Mount(partition.device, partition.mountpoint, partition.fstype, size)


def _services() -> Iterator[Service]:
    for process in psutil.process_iter(["name", "ppid", "create_time", "cmdline"]):
        seen = process.info  # a thread of the kernel has no command line
        if seen["ppid"] in (0, 1) and seen["name"] and seen["cmdline"]:
            yield Service(seen["name"], process.pid, seen["create_time"] or 0.0)


def startup(snapshot: Snapshot) -> Finding:
    """The event that an agent sends first."""
    payload = SystemStartupPayload(
        boot_time_seconds=int(psutil.boot_time()),
        services_started=sorted({service.name for service in snapshot.services.values()}),
        operation=SystemStartupPayload.SYSTEM_STARTUP_OPERATION_STARTED,
    )
    host = {"host": platform.node(), "kernel": platform.release()}
    return Finding(payload, {"component": AGENT, "action": "startup", **host})


def measures(snapshot: Snapshot) -> Iterator[Finding]:
    """What is measured each round: this process, and the use of file systems."""
    me = psutil.Process()
    yield Service(AGENT, me.pid, me.create_time()).finding(
        ServiceStatusPayload.SERVICE_STATUS_OPERATION_HEALTH_CHECK, "check", me.status()
    )
    for mount in snapshot.mounts.values():
        try:
            used = psutil.disk_usage(mount.mountpoint).used
        except OSError:
            continue
        payload = UsageResourcePayload(
            resource_id=mount.device,
            resource_type="file system",
            bytes_used=used,
            operation=UsageResourcePayload.USAGE_RESOURCE_OPERATION_MEASURED,
        )
        metadata = {"component": AGENT, "action": "measure", "mountpoint": mount.mountpoint}
        yield Finding(payload, metadata)


def changes(old: Snapshot, new: Snapshot) -> Iterator[Finding]:
    """What is different in the new snapshot; all that is there, if the old one is empty."""
    yield from _interface_changes(old.interfaces, new.interfaces)
    for key in new.sessions.keys() - old.sessions.keys():
        yield new.sessions[key].finding(
            SecurityAuthPayload.SECURITY_AUTH_OPERATION_LOGIN_SUCCESS, "login"
        )
    for key in old.sessions.keys() - new.sessions.keys():
        yield old.sessions[key].finding(
            SecurityAuthPayload.SECURITY_AUTH_OPERATION_LOGOUT, "logout"
        )
    for point in sorted(new.mounts.keys() - old.mounts.keys()):
        yield new.mounts[point].finding(
            StorageDatasetPayload.STORAGE_DATASET_OPERATION_MOUNTED, "mount"
        )
    for point in sorted(old.mounts.keys() - new.mounts.keys()):
        yield old.mounts[point].finding(
            StorageDatasetPayload.STORAGE_DATASET_OPERATION_UNMOUNTED, "unmount"
        )
    for service in sorted(new.services.keys() - old.services.keys()):
        yield new.services[service].finding(
            ServiceStatusPayload.SERVICE_STATUS_OPERATION_STARTED, "start", "running"
        )
    for service in sorted(old.services.keys() - new.services.keys()):
        yield old.services[service].finding(
            ServiceStatusPayload.SERVICE_STATUS_OPERATION_STOPPED, "stop", "stopped"
        )


def _interface_changes(
    old: Mapping[str, Interface], new: Mapping[str, Interface]
) -> Iterator[Finding]:
    operations = NetworkInterfacePayload
    for name, interface in new.items():
        before = old.get(name)
        if before is None:
            yield interface.finding(operations.NETWORK_INTERFACE_OPERATION_CONFIGURED, "find")
        elif before.up and not interface.up:
            yield interface.finding(
                operations.NETWORK_INTERFACE_OPERATION_DOWN, "down", EVENT_LEVEL_WARN
            )
        elif interface.up and not before.up:
            yield interface.finding(operations.NETWORK_INTERFACE_OPERATION_UP, "up")
        elif before != interface:
            yield interface.finding(operations.NETWORK_INTERFACE_OPERATION_LINK_CHANGED, "change")
    for name in old.keys() - new.keys():
        yield old[name].finding(
            operations.NETWORK_INTERFACE_OPERATION_DOWN, "remove", EVENT_LEVEL_WARN
        )


def watch(interval: float, *, once: bool, stop: Interrupt) -> list[str]:
    """Emit what is there, then what changes, until told to stop.

    Returns:
        The ids of the events that were emitted and not filtered.
    """
    snapshot = look()
    findings = [
        startup(snapshot),
        *changes(Snapshot({}, {}, {}, {}), snapshot),
        *measures(snapshot),
    ]
    event_ids = list(_emit_all(findings))
    while not once and not stop.wait(interval):
        last, snapshot = snapshot, look()
        event_ids += _emit_all([*changes(last, snapshot), *measures(snapshot)])
    return event_ids


def _emit_all(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        event_id = rodent_events.emit(
            finding.payload, level=finding.level, metadata=finding.metadata
        )
        if event_id is not None:
            yield event_id


def main() -> int:
    """Run the agent; the exit code tells whether all was delivered."""
    parser = argparse.ArgumentParser(prog="python -m toggle_mock.clients.sample_agent")
    parser.add_argument("--once", action="store_true", help="end after one round")
    parser.add_argument("--interval", type=float, default=2.0, help="seconds between two rounds")
    options = parser.parse_args()
    stop = interrupt_event()
    rodent_events.initialize(batch_timeout=min(1.0, options.interval))
    event_ids = watch(options.interval, once=options.once, stop=stop)
    delivered = rodent_events.shutdown()
    report = {"pid": os.getpid(), "event_ids": event_ids, "stats": rodent_events.get_stats()}
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()
    return 0 if delivered else 1


if __name__ == "__main__":
    sys.exit(main())
