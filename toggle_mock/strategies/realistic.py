"""Values as a storage node has them, by the name of the field that they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st

from rodent_events.payload_types import message_of
from toggle_mock.schema import is_map

Strategy = st.SearchStrategy[Any]

_NOW = 1_790_000_000
"""Seconds since the epoch; times are drawn from the ten years before it."""

# What ZFS accepts: a pool begins with a letter and is no word that zpool reserves; components have
# letters, digits and -_.: in them.
_POOL_NAMES = ("tank", "backup", "fast", "data", "rpool", "archive")
_COMPONENTS = ("home", "projects", "vm", "media", "db", "alice", "images", "wal", "2026")
_USERS = ("alice", "bob", "carol", "dave", "backup", "svc-scan", "www-data")
_GROUPS = ("users", "admins", "storage", "media", "backup")
_SERVICES = ("smbd", "nfs-server", "sshd", "zed", "node-exporter", "rodent-controller")
_HOSTS = ("nas-1", "nas-2", "ws-14", "print", "dc-1")

pools: Strategy = st.sampled_from(_POOL_NAMES) | st.from_regex(
    r"(?!(?:mirror|raidz|draid|spare|log)|c[0-9])[a-z][a-z0-9_-]{0,14}", fullmatch=True
)
datasets: Strategy = st.builds(
    lambda pool, parts: "/".join([pool, *parts]),
    pools,
    st.lists(
        st.sampled_from(_COMPONENTS)
        | st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,11}", fullmatch=True),
        min_size=1,
        max_size=3,
    ),
)
snapshots: Strategy = st.builds(
    lambda dataset, name: f"{dataset}@{name}",
    datasets,
    st.dates().map(lambda day: f"auto-{day:%Y-%m-%d}")
    | st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,11}", fullmatch=True),
)
addresses: Strategy = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
macs: Strategy = st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":"))
users: Strategy = st.sampled_from(_USERS) | st.from_regex(r"[a-z][a-z0-9_-]{0,11}", fullmatch=True)
hosts: Strategy = st.sampled_from(_HOSTS)
domains: Strategy = hosts.map(lambda host: f"{host}.example.net")
paths: Strategy = datasets.map(lambda dataset: f"/{dataset}")
devices: Strategy = st.integers(0, 2**32 - 1).map(lambda n: f"/dev/disk/by-id/wwn-0x5000{n:08x}")
seconds: Strategy = st.integers(_NOW - 315_000_000, _NOW)
times: Strategy = seconds.map(lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}")
durations: Strategy = st.integers(1, 86_400)
sizes: Strategy = st.integers(0, 2**46)
counts: Strategy = st.integers(0, 1000)
percents: Strategy = st.integers(0, 100)
texts: Strategy = st.sampled_from(
    ("", "by an operator", "scheduled", "I/O error", "no space left", "timeout after 30 s")
)

# By name, the first that fits; each pattern is matched as a whole.
_TEXTS: Sequence[tuple[str, Strategy]] = (
    (r"pool_name", pools),
    (r"dataset_name", datasets),
    (r"snapshot_name|from_snapshot", snapshots),
    (r"source|destination", snapshots | datasets),
    (r"(?:.*_)?ip(?:_address)?", addresses),
    (r"mac_address", macs),
    (r"interface_name", st.integers(1, 4).map(lambda n: f"enp{n}s0")),
    (r"username|display_name|principal|members|allowed_users", users),
    (r"groups?|group_name", st.sampled_from(_GROUPS)),
    (r"email", users.map(lambda user: f"{user}@example.net")),
    (r"service_name|services|services_started", st.sampled_from(_SERVICES)),
    (r"status|state|health", st.sampled_from(("active", "failed", "online", "degraded"))),
    (r"(?:toggle_)?domain", domains),
    (r"computer_name", hosts),
    (r"share_name", st.sampled_from(_COMPONENTS)),
    (r"mountpoint|.*path|log_file", paths),
    (r"devices?", devices),
    (r"protocol", st.sampled_from(("smb", "nfs", "tcp", "udp"))),
    (r".*permissions?", st.sampled_from(("read", "write", "execute", "delete"))),
    (r".*_(?:time|at|expires)|timestamp", times),
    (r".*_json", st.builds(lambda size: f'{{"bytes": {size}}}', sizes)),
    (r".*version", st.sampled_from(("1.4.2", "11", "22H2"))),
    (r".*_id", st.uuids(version=4).map(str)),
    (r".*", texts),
)
_NUMBERS: Sequence[tuple[str, Strategy]] = (
    (r".*_port", st.integers(1, 65_535)),
    (r"uid", st.integers(0, 65_534)),
    (r"pid", st.integers(1, 4_194_304)),
    (r"duration.*|elapsed.*|.*_eta|uptime.*", durations),
    (r".*_(?:time|at|seconds)|timestamp", seconds),
    (r".*(?:_bytes|bytes_.*|size|_rate|.*_usage|_limit)", sizes),
    (r".*percent.*", percents),
    (r"temperature", st.integers(15, 70)),
    (r".*", counts),
)
_GREATEST = {
    **dict.fromkeys(
        (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SFIXED32),
        2**31 - 1,
    ),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32), 2**32 - 1),
}


def realistic_fields(descriptor: Descriptor) -> Mapping[str, Strategy]:
    """Strategies for the fields of a payload whose names tell what they hold; enums never unset."""
    found: dict[str, Strategy] = {}
    for field in descriptor.fields:
        strategy = _of(field)
        if strategy is not None:
            is_list = field.is_repeated and field.message_type is None
            found[field.name] = st.lists(strategy, max_size=3) if is_list else strategy
    return found


def _of(field: FieldDescriptor) -> Strategy | None:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values][1:] or [0])
    if _is_map_of_texts(field):
        return _FACTS
    if field.type in _LEFT_TO_CHANCE:
        return None
    if field.type == FieldDescriptor.TYPE_STRING:
        return _by_name(_TEXTS, field.name)
    if field.type in {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}:
        return percents.map(float)
    greatest = _GREATEST.get(field.type, 2**63 - 1)
    return _by_name(_NUMBERS, field.name).map(lambda number: min(number, greatest))


def _is_map_of_texts(field: FieldDescriptor) -> bool:
    texts_only = {FieldDescriptor.TYPE_STRING}
    return is_map(field) and {one.type for one in message_of(field).fields} == texts_only


_FACTS = st.fixed_dictionaries(
    {},
    optional={
        "os": st.just("Debian 13"),
        "arch": st.sampled_from(("x86_64", "aarch64")),
        "hostname": hosts,
        "zfs": st.just("2.3.4"),
    },
)

_LEFT_TO_CHANCE = {
    FieldDescriptor.TYPE_BOOL,
    FieldDescriptor.TYPE_BYTES,
    FieldDescriptor.TYPE_GROUP,
    FieldDescriptor.TYPE_MESSAGE,
}


def _by_name(table: Sequence[tuple[str, Strategy]], name: str) -> Strategy:
    return next(strategy for pattern, strategy in table if re.fullmatch(pattern, name))
