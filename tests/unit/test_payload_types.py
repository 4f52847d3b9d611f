"""What descriptors say of payload types."""

import pytest
from support.payloads import PLACES

import rodent_events
from rodent_events import Event, EventCategory, EventLevel, StoragePoolPayload
from rodent_events.payload_types import SOURCES, payload_types, short_names, snake_case
from toggle_mock.schema import load_schema

PUBLISHED = {
    "SystemStartupPayload": ("SYSTEM", "system_event.startup", "emit_system_startup"),
    "SystemShutdownPayload": ("SYSTEM", "system_event.shutdown", "emit_system_shutdown"),
    "SystemConfigChangePayload": (
        "SYSTEM",
        "system_event.config_changed",
        "emit_system_config_change",
    ),
    "SystemUserPayload": ("SYSTEM", "system_event.user_event", "emit_system_user"),
    "StoragePoolPayload": ("STORAGE", "storage_event.pool_event", "emit_storage_pool"),
    "StorageDatasetPayload": ("STORAGE", "storage_event.dataset_event", "emit_storage_dataset"),
    "StorageTransferPayload": ("STORAGE", "storage_event.transfer_event", "emit_storage_transfer"),
    "StorageSnapshotPayload": ("STORAGE", "storage_event.snapshot_event", "emit_storage_snapshot"),
    "NetworkInterfacePayload": (
        "NETWORK",
        "network_event.interface_event",
        "emit_network_interface",
    ),
    "NetworkConnectionPayload": (
        "NETWORK",
        "network_event.connection_event",
        "emit_network_connection",
    ),
    "SecurityAuthPayload": ("SECURITY", "security_event.auth_event", "emit_security_auth"),
    "SecurityKeyPayload": ("SECURITY", "security_event.key_event", "emit_security_key"),
    "SecurityCertificatePayload": (
        "SECURITY",
        "security_event.certificate_event",
        "emit_security_certificate",
    ),
    "ServiceStatusPayload": ("SERVICE", "service_event.status_event", "emit_service_status"),
    "IdentityUserPayload": ("IDENTITY", "identity_event.user_event", "emit_identity_user"),
    "IdentityGroupPayload": ("IDENTITY", "identity_event.group_event", "emit_identity_group"),
    "IdentityComputerPayload": (
        "IDENTITY",
        "identity_event.computer_event",
        "emit_identity_computer",
    ),
    "AccessACLPayload": ("ACCESS", "access_event.acl_event", "emit_access_acl"),
    "AccessPermissionPayload": (
        "ACCESS",
        "access_event.permission_event",
        "emit_access_permission",
    ),
    "SharingSharePayload": ("SHARING", "sharing_event.share_event", "emit_sharing_share"),
    "SharingConnectionPayload": (
        "SHARING",
        "sharing_event.connection_event",
        "emit_sharing_connection",
    ),
    "SharingFileAccessPayload": (
        "SHARING",
        "sharing_event.file_access_event",
        "emit_sharing_file_access",
    ),
    "UsageQuotaPayload": ("USAGE", "usage_event.quota_event", "emit_usage_quota"),
    "UsageResourcePayload": ("USAGE", "usage_event.resource_event", "emit_usage_resource"),
    "UsageThresholdPayload": ("USAGE", "usage_event.threshold_event", "emit_usage_threshold"),
    "DataTransferTransferPayload": (
        "DATA_TRANSFER",
        "data_transfer_event.transfer_event",
        "emit_data_transfer",
    ),
}


def placed(places) -> dict[str, tuple[str, str, str]]:
    return {place.name: (place.category_name, place.path, place.emitter) for place in places}


def test_the_26_payload_types_that_were_published_first():
    assert placed(load_schema("2025-09-17").payload_types.values()) == PUBLISHED


def test_they_are_still_where_they_were():
    assert placed(PLACES).items() >= PUBLISHED.items()


def test_no_two_payload_types_share_a_name_or_an_emitter():
    assert len({place.name for place in PLACES}) == len(PLACES)
    assert len({place.emitter for place in PLACES}) == len(PLACES)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_category_is_the_number_of_the_enum(place):
    assert place.category == EventCategory.Value(f"EVENT_CATEGORY_{place.category_name}")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_emitter_exists_and_is_documented(place):
    emitter = getattr(rodent_events, place.emitter)
    assert place.category_name in emitter.__doc__
    assert place.source in emitter.__doc__


def test_sources_name_payload_types():
    assert SOURCES.keys() <= {place.name for place in PLACES}


def test_a_source_without_an_entry_follows_from_the_category():
    by_name = {place.name: place for place in PLACES}
    assert by_name["NetworkInterfacePayload"].source == "network-manager"
    assert by_name["StoragePoolPayload"].source == "zfs-pool-manager"


def test_a_schema_without_event_has_no_payload_types():
    from google.protobuf.duration_pb2 import Duration

    assert payload_types(Duration.DESCRIPTOR) == {}


def test_any_message_of_the_schema_leads_to_it():
    assert payload_types(StoragePoolPayload.DESCRIPTOR) is payload_types(Event.DESCRIPTOR)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AccessACL", "access_acl"),
        ("SystemConfigChange", "system_config_change"),
        ("ACLEntry", "acl_entry"),
        ("EventLevel", "event_level"),
    ],
)
def test_a_name_is_the_same_in_snake_case(name, expected):
    assert snake_case(name) == expected


def test_short_names_leave_out_what_all_have():
    assert short_names(EventLevel.DESCRIPTOR)[1] == "INFO"
    assert short_names(EventCategory.DESCRIPTOR)[10] == "DATA_TRANSFER"
