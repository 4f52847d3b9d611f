"""Events as a storage node reports them, drawn at random."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from google.protobuf.message import Message

from rodent_events import (
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_INFO,
    EVENT_LEVEL_WARN,
    AccessACLPayload,
    NetworkInterfacePayload,
    SecurityAuthPayload,
    ServiceStatusPayload,
    SharingConnectionPayload,
    StorageDatasetPayload,
    StoragePoolPayload,
    StorageSnapshotPayload,
    StorageTransferPayload,
    SystemUserPayload,
)

POOLS = ("tank", "backup", "fast")
DATASETS = ("home", "projects/alpha", "vm/images", "media", "db/wal")
USERS = ("alice", "bob", "carol", "backup", "svc-scan")
SERVICES = ("smbd", "nfs-server", "sshd", "zed", "node-exporter")


@dataclass(frozen=True)
class SampleEvent:
    """A payload, with the level and the metadata that go with it."""

    payload: Message
    level: int = EVENT_LEVEL_INFO
    metadata: dict[str, str] = field(default_factory=dict)


def sample_event(draw: random.Random) -> SampleEvent:
    """An event at random."""
    return draw.choice(_MAKERS)(draw)


def _dataset(draw: random.Random) -> str:
    return f"{draw.choice(POOLS)}/{draw.choice(DATASETS)}"


def _address(draw: random.Random) -> str:
    return f"10.20.{draw.randrange(4)}.{draw.randrange(2, 250)}"


def _pool(draw: random.Random) -> SampleEvent:
    payload = StoragePoolPayload(
        pool_name=draw.choice(POOLS),
        devices=[f"/dev/disk/by-id/wwn-{draw.getrandbits(32):08x}" for _ in range(4)],
        size_bytes=draw.randrange(1, 64) << 40,
        operation=draw.randrange(1, 8),  # type: ignore[arg-type]  # its numbers
    )
    metadata = {"component": "zfs-pool-manager", "action": "scrub", "pool": payload.pool_name}
    return SampleEvent(payload, metadata=metadata)


def _dataset_mounted(draw: random.Random) -> SampleEvent:
    name = _dataset(draw)
    payload = StorageDatasetPayload(
        dataset_name=name,
        pool_name=name.partition("/")[0],
        type="filesystem",
        mountpoint=f"/{name}",
        size_bytes=draw.randrange(1 << 40),
        operation=StorageDatasetPayload.STORAGE_DATASET_OPERATION_MOUNTED,
    )
    return SampleEvent(payload, metadata={"component": "zfs-dataset-manager", "action": "mount"})


def _snapshot(draw: random.Random) -> SampleEvent:
    name = _dataset(draw)
    payload = StorageSnapshotPayload(
        snapshot_name=f"{name}@auto-2026-{draw.randrange(1, 13):02}-{draw.randrange(1, 28):02}",
        dataset_name=name,
        creation_time=1_760_000_000 + draw.randrange(30_000_000),
        size_bytes=draw.randrange(1 << 36),
        operation=StorageSnapshotPayload.STORAGE_SNAPSHOT_OPERATION_CREATED,
    )
    return SampleEvent(payload, metadata={"component": "zfs-dataset-manager", "action": "snapshot"})


def _transfer(draw: random.Random) -> SampleEvent:
    dataset, size = _dataset(draw), draw.randrange(1 << 30, 1 << 42)
    failed = draw.random() < 0.1
    done = draw.randrange(size) if failed else size
    kind = StorageTransferPayload
    payload = kind(
        source=f"{dataset}@auto-{draw.randrange(1000)}",
        destination=f"backup/{dataset}",
        size_bytes=size,
        transferred_bytes=done,
        progress_percent=done * 100 // size,
        operation=(
            kind.STORAGE_TRANSFER_OPERATION_FAILED
            if failed
            else kind.STORAGE_TRANSFER_OPERATION_COMPLETED
        ),
    )
    metadata = {"component": "zfs-transfer-manager", "action": "send"}
    metadata["transfer_id"] = f"t-{draw.getrandbits(32):08x}"
    return SampleEvent(payload, EVENT_LEVEL_ERROR if failed else EVENT_LEVEL_INFO, metadata)


def _service(draw: random.Random) -> SampleEvent:
    failed = draw.random() < 0.1
    kind = ServiceStatusPayload
    payload = kind(
        service_name=draw.choice(SERVICES),
        status="failed" if failed else "active",
        pid=0 if failed else draw.randrange(300, 60_000),
        uptime_seconds=0 if failed else draw.randrange(1_000_000),
        operation=(
            kind.SERVICE_STATUS_OPERATION_FAILED
            if failed
            else kind.SERVICE_STATUS_OPERATION_STARTED
        ),
    )
    level = EVENT_LEVEL_ERROR if failed else EVENT_LEVEL_INFO
    return SampleEvent(payload, level, {"component": "service-manager", "action": "status"})


def _interface(draw: random.Random) -> SampleEvent:
    up = draw.random() < 0.8
    kind = NetworkInterfacePayload
    payload = kind(
        interface_name=f"enp{draw.randrange(1, 5)}s0",
        ip_address=_address(draw),
        mac_address=":".join(f"{draw.getrandbits(8):02x}" for _ in range(6)),
        is_up=up,
        operation=(
            kind.NETWORK_INTERFACE_OPERATION_UP if up else kind.NETWORK_INTERFACE_OPERATION_DOWN
        ),
    )
    level = EVENT_LEVEL_INFO if up else EVENT_LEVEL_WARN
    return SampleEvent(payload, level, {"component": "network-manager", "action": "link"})


def _login(draw: random.Random) -> SampleEvent:
    failed = draw.random() < 0.3
    kind = SecurityAuthPayload
    payload = kind(
        username=draw.choice(USERS),
        method=draw.choice(["password", "publickey", "kerberos"]),
        source_ip=_address(draw),
        operation=(
            kind.SECURITY_AUTH_OPERATION_LOGIN_FAILED
            if failed
            else kind.SECURITY_AUTH_OPERATION_LOGIN_SUCCESS
        ),
    )
    level = EVENT_LEVEL_WARN if failed else EVENT_LEVEL_INFO
    return SampleEvent(payload, level, {"component": "auth-manager", "action": "login"})


def _share(draw: random.Random) -> SampleEvent:
    payload = SharingConnectionPayload(
        share_name=draw.choice(["home", "projects", "media"]),
        username=draw.choice(USERS),
        client_ip=_address(draw),
        protocol=draw.choice(["smb", "nfs"]),
        operation=SharingConnectionPayload.SHARING_CONNECTION_OPERATION_CONNECTED,
    )
    return SampleEvent(payload, metadata={"component": "sharing-manager", "action": "connect"})


def _acl(draw: random.Random) -> SampleEvent:
    payload = AccessACLPayload(
        resource_path=f"/{_dataset(draw)}",
        principal=f"user:{draw.choice(USERS)}",
        permissions=draw.sample(["r", "w", "x", "d"], 2),
        operation=AccessACLPayload.ACCESS_ACL_OPERATION_GRANTED,
    )
    return SampleEvent(payload, metadata={"component": "access-manager", "action": "grant"})


def _user(draw: random.Random) -> SampleEvent:
    name = draw.choice(USERS)
    payload = SystemUserPayload(
        username=name,
        display_name=name.title(),
        uid=draw.randrange(1000, 2000),
        groups=["users"],
        operation=SystemUserPayload.SYSTEM_USER_OPERATION_CREATED,
    )
    metadata = {"component": "system-user-manager", "action": "create", "user": name}
    return SampleEvent(payload, metadata=metadata)


_MAKERS: Sequence[Callable[[random.Random], SampleEvent]] = (
    *(_pool, _dataset_mounted, _snapshot, _transfer, _service),
    *(_interface, _login, _share, _acl, _user),
)
