# Generated from proto/ by tools/generate.py. Do not edit.
"""Structured events of a storage node: emitted, kept, and delivered to Toggle."""

from typing import TYPE_CHECKING

from rodent_events.buffer import EventBuffer
from rodent_events.bus import EventBus
from rodent_events.config import EventConfig, Fsync, Overflow, SpoolMode
from rodent_events.errors import (
    AlreadyInitializedError,
    ConfigError,
    EventTypeError,
    EventValueError,
    NotInitializedError,
    RodentEventsError,
    SpoolError,
)
from rodent_events.global_bus import GlobalBus
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
    "shutdown",
]

_global_bus = GlobalBus()

debug_info = _global_bus.debug_info
emit = _global_bus.emit
flush = _global_bus.flush
flush_async = _global_bus.flush_async
get_stats = _global_bus.get_stats
health = _global_bus.health
initialize = _global_bus.initialize
is_initialized = _global_bus.is_initialized
shutdown = _global_bus.shutdown
emit_access_acl = _global_bus.emit_access_acl
emit_access_permission = _global_bus.emit_access_permission
emit_data_transfer = _global_bus.emit_data_transfer
emit_identity_computer = _global_bus.emit_identity_computer
emit_identity_group = _global_bus.emit_identity_group
emit_identity_user = _global_bus.emit_identity_user
emit_network_connection = _global_bus.emit_network_connection
emit_network_interface = _global_bus.emit_network_interface
emit_security_auth = _global_bus.emit_security_auth
emit_security_certificate = _global_bus.emit_security_certificate
emit_security_key = _global_bus.emit_security_key
emit_service_status = _global_bus.emit_service_status
emit_sharing_connection = _global_bus.emit_sharing_connection
emit_sharing_file_access = _global_bus.emit_sharing_file_access
emit_sharing_share = _global_bus.emit_sharing_share
emit_storage_dataset = _global_bus.emit_storage_dataset
emit_storage_pool = _global_bus.emit_storage_pool
emit_storage_snapshot = _global_bus.emit_storage_snapshot
emit_storage_transfer = _global_bus.emit_storage_transfer
emit_system_config_change = _global_bus.emit_system_config_change
emit_system_shutdown = _global_bus.emit_system_shutdown
emit_system_startup = _global_bus.emit_system_startup
emit_system_user = _global_bus.emit_system_user
emit_usage_quota = _global_bus.emit_usage_quota
emit_usage_resource = _global_bus.emit_usage_resource
emit_usage_threshold = _global_bus.emit_usage_threshold


def __getattr__(name: str) -> object:
    # It brings gRPC, which is loaded when it is asked for, or when a bus starts.
    if name == "EventClient":
        from rodent_events.client import EventClient

        return EventClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
