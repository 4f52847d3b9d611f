# Generated from proto/ by tools/generate.py. Do not edit.
"""Structured events of a storage node: emitted, kept, and delivered to Toggle."""

from typing import TYPE_CHECKING, Final

from rodent_events.buffer import EventBuffer
from rodent_events.bus import EventBus
from rodent_events.config import EventConfig, Fsync, Overflow, SpoolMode
from rodent_events.context import metadata
from rodent_events.errors import (
    AlreadyInitializedError,
    ConfigError,
    EventTypeError,
    EventValueError,
    NotInitializedError,
    RodentEventsError,
    SpoolError,
    UnsupportedError,
)
from rodent_events.global_bus import GLOBAL_BUS
from rodent_events.health_record import Health, HealthState
from rodent_events.ledger import Drop
from rodent_events.pb.base_pb2 import (
    Acknowledgement,
    CommandRequest,
    CommandResponse,
    ConfigUpdate,
    EventBatch,
    EventBatchResponse,
    EventNotification,
    RegisterRequest,
    RegisterResponse,
    RodentError,
    RodentRequest,
    SystemInfo,
    ToggleRequest,
)
from rodent_events.pb.events.event_messages_pb2 import (
    EVENT_CATEGORY_ACCESS,
    EVENT_CATEGORY_DATA_TRANSFER,
    EVENT_CATEGORY_IDENTITY,
    EVENT_CATEGORY_NETWORK,
    EVENT_CATEGORY_SECURITY,
    EVENT_CATEGORY_SERVICE,
    EVENT_CATEGORY_SHARING,
    EVENT_CATEGORY_STORAGE,
    EVENT_CATEGORY_SYSTEM,
    EVENT_CATEGORY_UNSPECIFIED,
    EVENT_CATEGORY_USAGE,
    EVENT_LEVEL_CRITICAL,
    EVENT_LEVEL_DEBUG,
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_ESSENTIAL,
    EVENT_LEVEL_INFO,
    EVENT_LEVEL_TRACE,
    EVENT_LEVEL_UNSPECIFIED,
    EVENT_LEVEL_WARN,
    AccessACLPayload,
    AccessEvent,
    AccessPermissionPayload,
    DataTransferEvent,
    DataTransferTransferPayload,
    Event,
    EventCategory,
    EventLevel,
    IdentityComputerPayload,
    IdentityEvent,
    IdentityGroupPayload,
    IdentityUserPayload,
    NetworkConnectionPayload,
    NetworkEvent,
    NetworkInterfacePayload,
    SecurityAuthPayload,
    SecurityCertificatePayload,
    SecurityEvent,
    SecurityKeyPayload,
    ServiceEvent,
    ServiceStatusPayload,
    SharingConnectionPayload,
    SharingEvent,
    SharingFileAccessPayload,
    SharingSharePayload,
    StorageDatasetPayload,
    StorageEvent,
    StoragePoolPayload,
    StorageSnapshotPayload,
    StorageTransferPayload,
    SystemConfigChangePayload,
    SystemEvent,
    SystemShutdownPayload,
    SystemStartupPayload,
    SystemUserPayload,
    UsageEvent,
    UsageQuotaPayload,
    UsageResourcePayload,
    UsageThresholdPayload,
)

if TYPE_CHECKING:
    from rodent_events.client import EventClient

__all__ = [
    "EVENT_CATEGORY_ACCESS",
    "EVENT_CATEGORY_DATA_TRANSFER",
    "EVENT_CATEGORY_IDENTITY",
    "EVENT_CATEGORY_NETWORK",
    "EVENT_CATEGORY_SECURITY",
    "EVENT_CATEGORY_SERVICE",
    "EVENT_CATEGORY_SHARING",
    "EVENT_CATEGORY_STORAGE",
    "EVENT_CATEGORY_SYSTEM",
    "EVENT_CATEGORY_UNSPECIFIED",
    "EVENT_CATEGORY_USAGE",
    "EVENT_LEVEL_CRITICAL",
    "EVENT_LEVEL_DEBUG",
    "EVENT_LEVEL_ERROR",
    "EVENT_LEVEL_ESSENTIAL",
    "EVENT_LEVEL_INFO",
    "EVENT_LEVEL_TRACE",
    "EVENT_LEVEL_UNSPECIFIED",
    "EVENT_LEVEL_WARN",
    "AccessACLPayload",
    "AccessEvent",
    "AccessPermissionPayload",
    "Acknowledgement",
    "AlreadyInitializedError",
    "CommandRequest",
    "CommandResponse",
    "ConfigError",
    "ConfigUpdate",
    "DataTransferEvent",
    "DataTransferTransferPayload",
    "Drop",
    "Event",
    "EventBatch",
    "EventBatchResponse",
    "EventBuffer",
    "EventBus",
    "EventCategory",
    "EventClient",
    "EventConfig",
    "EventLevel",
    "EventNotification",
    "EventTypeError",
    "EventValueError",
    "Fsync",
    "Health",
    "HealthState",
    "IdentityComputerPayload",
    "IdentityEvent",
    "IdentityGroupPayload",
    "IdentityUserPayload",
    "NetworkConnectionPayload",
    "NetworkEvent",
    "NetworkInterfacePayload",
    "NotInitializedError",
    "Overflow",
    "RegisterRequest",
    "RegisterResponse",
    "RodentError",
    "RodentEventsError",
    "RodentRequest",
    "SecurityAuthPayload",
    "SecurityCertificatePayload",
    "SecurityEvent",
    "SecurityKeyPayload",
    "ServiceEvent",
    "ServiceStatusPayload",
    "SharingConnectionPayload",
    "SharingEvent",
    "SharingFileAccessPayload",
    "SharingSharePayload",
    "SpoolError",
    "SpoolMode",
    "StorageDatasetPayload",
    "StorageEvent",
    "StoragePoolPayload",
    "StorageSnapshotPayload",
    "StorageTransferPayload",
    "SystemConfigChangePayload",
    "SystemEvent",
    "SystemInfo",
    "SystemShutdownPayload",
    "SystemStartupPayload",
    "SystemUserPayload",
    "ToggleRequest",
    "UnsupportedError",
    "UsageEvent",
    "UsageQuotaPayload",
    "UsageResourcePayload",
    "UsageThresholdPayload",
    "debug_info",
    "emit",
    "emit_access_acl",
    "emit_access_permission",
    "emit_data_transfer",
    "emit_identity_computer",
    "emit_identity_group",
    "emit_identity_user",
    "emit_network_connection",
    "emit_network_interface",
    "emit_security_auth",
    "emit_security_certificate",
    "emit_security_key",
    "emit_service_status",
    "emit_sharing_connection",
    "emit_sharing_file_access",
    "emit_sharing_share",
    "emit_storage_dataset",
    "emit_storage_pool",
    "emit_storage_snapshot",
    "emit_storage_transfer",
    "emit_system_config_change",
    "emit_system_shutdown",
    "emit_system_startup",
    "emit_system_user",
    "emit_usage_quota",
    "emit_usage_resource",
    "emit_usage_threshold",
    "flush",
    "flush_async",
    "get_stats",
    "health",
    "initialize",
    "is_initialized",
    "metadata",
    "shutdown",
    "shutdown_async",
]

debug_info: Final = GLOBAL_BUS.debug_info
emit: Final = GLOBAL_BUS.emit
flush: Final = GLOBAL_BUS.flush
flush_async: Final = GLOBAL_BUS.flush_async
get_stats: Final = GLOBAL_BUS.get_stats
health: Final = GLOBAL_BUS.health
initialize: Final = GLOBAL_BUS.initialize
is_initialized: Final = GLOBAL_BUS.is_initialized
shutdown: Final = GLOBAL_BUS.shutdown
shutdown_async: Final = GLOBAL_BUS.shutdown_async
emit_access_acl: Final = GLOBAL_BUS.emit_access_acl
emit_access_permission: Final = GLOBAL_BUS.emit_access_permission
emit_data_transfer: Final = GLOBAL_BUS.emit_data_transfer
emit_identity_computer: Final = GLOBAL_BUS.emit_identity_computer
emit_identity_group: Final = GLOBAL_BUS.emit_identity_group
emit_identity_user: Final = GLOBAL_BUS.emit_identity_user
emit_network_connection: Final = GLOBAL_BUS.emit_network_connection
emit_network_interface: Final = GLOBAL_BUS.emit_network_interface
emit_security_auth: Final = GLOBAL_BUS.emit_security_auth
emit_security_certificate: Final = GLOBAL_BUS.emit_security_certificate
emit_security_key: Final = GLOBAL_BUS.emit_security_key
emit_service_status: Final = GLOBAL_BUS.emit_service_status
emit_sharing_connection: Final = GLOBAL_BUS.emit_sharing_connection
emit_sharing_file_access: Final = GLOBAL_BUS.emit_sharing_file_access
emit_sharing_share: Final = GLOBAL_BUS.emit_sharing_share
emit_storage_dataset: Final = GLOBAL_BUS.emit_storage_dataset
emit_storage_pool: Final = GLOBAL_BUS.emit_storage_pool
emit_storage_snapshot: Final = GLOBAL_BUS.emit_storage_snapshot
emit_storage_transfer: Final = GLOBAL_BUS.emit_storage_transfer
emit_system_config_change: Final = GLOBAL_BUS.emit_system_config_change
emit_system_shutdown: Final = GLOBAL_BUS.emit_system_shutdown
emit_system_startup: Final = GLOBAL_BUS.emit_system_startup
emit_system_user: Final = GLOBAL_BUS.emit_system_user
emit_usage_quota: Final = GLOBAL_BUS.emit_usage_quota
emit_usage_resource: Final = GLOBAL_BUS.emit_usage_resource
emit_usage_threshold: Final = GLOBAL_BUS.emit_usage_threshold


def __getattr__(name: str) -> object:
    # It brings gRPC, which is loaded when it is asked for, or when a bus starts.
    if name == "EventClient":
        from rodent_events.client import EventClient

        return EventClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
