"""What the sample agent reports of two looks at a machine."""

from dataclasses import replace

from rodent_events import (
    EVENT_LEVEL_INFO,
    EVENT_LEVEL_WARN,
    NetworkInterfacePayload,
    SecurityAuthPayload,
    ServiceStatusPayload,
    StorageDatasetPayload,
)
from toggle_mock.clients.sample_agent import (
    Interface,
    Mount,
    Service,
    Session,
    Snapshot,
    changes,
    look,
)

ETH0 = Interface("eth0", "192.0.2.2", "02:00:00:00:00:01", up=True)
SESSION = Session("ada", "pts/0", "198.51.100.7")
MOUNT = Mount("tank/data", "/data", "zfs", 1000)
SSHD = Service("sshd", 700, 1_700_000_000.0)
NOTHING = Snapshot({}, {}, {}, {})
ALL = Snapshot({"eth0": ETH0}, {("ada", "pts/0"): SESSION}, {"/data": MOUNT}, {("sshd", 700): SSHD})


def operations(old: Snapshot, new: Snapshot) -> list[tuple[str, int, int]]:
    return [
        (type(finding.payload).__name__, finding.payload.operation, finding.level)
        for finding in changes(old, new)
    ]


def test_a_first_look_finds_all_that_is_there():
    assert operations(NOTHING, ALL) == [
        (
            "NetworkInterfacePayload",
            NetworkInterfacePayload.NETWORK_INTERFACE_OPERATION_CONFIGURED,
            EVENT_LEVEL_INFO,
        ),
        (
            "SecurityAuthPayload",
            SecurityAuthPayload.SECURITY_AUTH_OPERATION_LOGIN_SUCCESS,
            EVENT_LEVEL_INFO,
        ),
        (
            "StorageDatasetPayload",
            StorageDatasetPayload.STORAGE_DATASET_OPERATION_MOUNTED,
            EVENT_LEVEL_INFO,
        ),
        (
            "ServiceStatusPayload",
            ServiceStatusPayload.SERVICE_STATUS_OPERATION_STARTED,
            EVENT_LEVEL_INFO,
        ),
    ]


def test_what_is_gone_is_reported_as_gone():
    assert [operation for _, operation, _ in operations(ALL, NOTHING)] == [
        NetworkInterfacePayload.NETWORK_INTERFACE_OPERATION_DOWN,
        SecurityAuthPayload.SECURITY_AUTH_OPERATION_LOGOUT,
        StorageDatasetPayload.STORAGE_DATASET_OPERATION_UNMOUNTED,
        ServiceStatusPayload.SERVICE_STATUS_OPERATION_STOPPED,
    ]


def test_no_change_is_no_event():
    assert operations(ALL, ALL) == []


def interface_change(before: Interface, after: Interface) -> list[tuple[int, int]]:
    old, new = (
        replace(NOTHING, interfaces={"eth0": before}),
        replace(NOTHING, interfaces={"eth0": after}),
    )
    return [(operation, level) for _, operation, level in operations(old, new)]


def test_changes_of_an_interface_are_reported_as_what_they_are():
    down = replace(ETH0, up=False)
    moved = replace(ETH0, ip="192.0.2.3")
    kinds = NetworkInterfacePayload
    assert interface_change(ETH0, down) == [
        (kinds.NETWORK_INTERFACE_OPERATION_DOWN, EVENT_LEVEL_WARN)
    ]
    assert interface_change(down, ETH0) == [
        (kinds.NETWORK_INTERFACE_OPERATION_UP, EVENT_LEVEL_INFO)
    ]
    assert interface_change(ETH0, moved) == [
        (kinds.NETWORK_INTERFACE_OPERATION_LINK_CHANGED, EVENT_LEVEL_INFO)
    ]


def test_a_look_at_this_machine_finds_its_loopback():
    snapshot = look()
    assert "lo" in snapshot.interfaces
    assert snapshot.interfaces["lo"].ip == "127.0.0.1"


def test_a_zfs_file_system_has_its_pool():
    finding = MOUNT.finding(StorageDatasetPayload.STORAGE_DATASET_OPERATION_MOUNTED, "mount")
    assert finding.payload == StorageDatasetPayload(
        dataset_name="tank/data",
        pool_name="tank",
        type="zfs",
        mountpoint="/data",
        size_bytes=1000,
        operation=StorageDatasetPayload.STORAGE_DATASET_OPERATION_MOUNTED,
    )
