from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import Any as _Any, ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_LEVEL_UNSPECIFIED: _ClassVar[EventLevel]
    EVENT_LEVEL_INFO: _ClassVar[EventLevel]
    EVENT_LEVEL_WARN: _ClassVar[EventLevel]
    EVENT_LEVEL_ERROR: _ClassVar[EventLevel]
    EVENT_LEVEL_CRITICAL: _ClassVar[EventLevel]
    EVENT_LEVEL_ESSENTIAL: _ClassVar[EventLevel]
    EVENT_LEVEL_DEBUG: _ClassVar[EventLevel]
    EVENT_LEVEL_TRACE: _ClassVar[EventLevel]

class EventCategory(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_CATEGORY_UNSPECIFIED: _ClassVar[EventCategory]
    EVENT_CATEGORY_SYSTEM: _ClassVar[EventCategory]
    EVENT_CATEGORY_STORAGE: _ClassVar[EventCategory]
    EVENT_CATEGORY_NETWORK: _ClassVar[EventCategory]
    EVENT_CATEGORY_SECURITY: _ClassVar[EventCategory]
    EVENT_CATEGORY_SERVICE: _ClassVar[EventCategory]
    EVENT_CATEGORY_IDENTITY: _ClassVar[EventCategory]
    EVENT_CATEGORY_ACCESS: _ClassVar[EventCategory]
    EVENT_CATEGORY_SHARING: _ClassVar[EventCategory]
    EVENT_CATEGORY_USAGE: _ClassVar[EventCategory]
    EVENT_CATEGORY_DATA_TRANSFER: _ClassVar[EventCategory]
EVENT_LEVEL_UNSPECIFIED: EventLevel
EVENT_LEVEL_INFO: EventLevel
EVENT_LEVEL_WARN: EventLevel
EVENT_LEVEL_ERROR: EventLevel
EVENT_LEVEL_CRITICAL: EventLevel
EVENT_LEVEL_ESSENTIAL: EventLevel
EVENT_LEVEL_DEBUG: EventLevel
EVENT_LEVEL_TRACE: EventLevel
EVENT_CATEGORY_UNSPECIFIED: EventCategory
EVENT_CATEGORY_SYSTEM: EventCategory
EVENT_CATEGORY_STORAGE: EventCategory
EVENT_CATEGORY_NETWORK: EventCategory
EVENT_CATEGORY_SECURITY: EventCategory
EVENT_CATEGORY_SERVICE: EventCategory
EVENT_CATEGORY_IDENTITY: EventCategory
EVENT_CATEGORY_ACCESS: EventCategory
EVENT_CATEGORY_SHARING: EventCategory
EVENT_CATEGORY_USAGE: EventCategory
EVENT_CATEGORY_DATA_TRANSFER: EventCategory

class Event(_message.Message):
    __slots__ = ("event_id", "level", "category", "source", "timestamp", "metadata", "system_event", "storage_event", "network_event", "security_event", "service_event", "identity_event", "access_event", "sharing_event", "usage_event", "data_transfer_event")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_EVENT_FIELD_NUMBER: _ClassVar[int]
    STORAGE_EVENT_FIELD_NUMBER: _ClassVar[int]
    NETWORK_EVENT_FIELD_NUMBER: _ClassVar[int]
    SECURITY_EVENT_FIELD_NUMBER: _ClassVar[int]
    SERVICE_EVENT_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_EVENT_FIELD_NUMBER: _ClassVar[int]
    ACCESS_EVENT_FIELD_NUMBER: _ClassVar[int]
    SHARING_EVENT_FIELD_NUMBER: _ClassVar[int]
    USAGE_EVENT_FIELD_NUMBER: _ClassVar[int]
    DATA_TRANSFER_EVENT_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    level: EventLevel
    category: EventCategory
    source: str
    timestamp: int
    metadata: _containers.ScalarMap[str, str]
    system_event: SystemEvent
    storage_event: StorageEvent
    network_event: NetworkEvent
    security_event: SecurityEvent
    service_event: ServiceEvent
    identity_event: IdentityEvent
    access_event: AccessEvent
    sharing_event: SharingEvent
    usage_event: UsageEvent
    data_transfer_event: DataTransferEvent
    def __init__(self, event_id: _Optional[str] = ..., level: _Optional[_Union[EventLevel, str]] = ..., category: _Optional[_Union[EventCategory, str]] = ..., source: _Optional[str] = ..., timestamp: _Optional[int] = ..., metadata: _Optional[_Mapping[str, str]] = ..., system_event: _Optional[_Union[SystemEvent, _Mapping[str, _Any]]] = ..., storage_event: _Optional[_Union[StorageEvent, _Mapping[str, _Any]]] = ..., network_event: _Optional[_Union[NetworkEvent, _Mapping[str, _Any]]] = ..., security_event: _Optional[_Union[SecurityEvent, _Mapping[str, _Any]]] = ..., service_event: _Optional[_Union[ServiceEvent, _Mapping[str, _Any]]] = ..., identity_event: _Optional[_Union[IdentityEvent, _Mapping[str, _Any]]] = ..., access_event: _Optional[_Union[AccessEvent, _Mapping[str, _Any]]] = ..., sharing_event: _Optional[_Union[SharingEvent, _Mapping[str, _Any]]] = ..., usage_event: _Optional[_Union[UsageEvent, _Mapping[str, _Any]]] = ..., data_transfer_event: _Optional[_Union[DataTransferEvent, _Mapping[str, _Any]]] = ...) -> None: ...

class SystemEvent(_message.Message):
    __slots__ = ("startup", "shutdown", "config_changed", "user_event")
    STARTUP_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_FIELD_NUMBER: _ClassVar[int]
    CONFIG_CHANGED_FIELD_NUMBER: _ClassVar[int]
    USER_EVENT_FIELD_NUMBER: _ClassVar[int]
    startup: SystemStartupPayload
    shutdown: SystemShutdownPayload
    config_changed: SystemConfigChangePayload
    user_event: SystemUserPayload
    def __init__(self, startup: _Optional[_Union[SystemStartupPayload, _Mapping[str, _Any]]] = ..., shutdown: _Optional[_Union[SystemShutdownPayload, _Mapping[str, _Any]]] = ..., config_changed: _Optional[_Union[SystemConfigChangePayload, _Mapping[str, _Any]]] = ..., user_event: _Optional[_Union[SystemUserPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class StorageEvent(_message.Message):
    __slots__ = ("pool_event", "dataset_event", "transfer_event", "snapshot_event")
    POOL_EVENT_FIELD_NUMBER: _ClassVar[int]
    DATASET_EVENT_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_EVENT_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_EVENT_FIELD_NUMBER: _ClassVar[int]
    pool_event: StoragePoolPayload
    dataset_event: StorageDatasetPayload
    transfer_event: StorageTransferPayload
    snapshot_event: StorageSnapshotPayload
    def __init__(self, pool_event: _Optional[_Union[StoragePoolPayload, _Mapping[str, _Any]]] = ..., dataset_event: _Optional[_Union[StorageDatasetPayload, _Mapping[str, _Any]]] = ..., transfer_event: _Optional[_Union[StorageTransferPayload, _Mapping[str, _Any]]] = ..., snapshot_event: _Optional[_Union[StorageSnapshotPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class NetworkEvent(_message.Message):
    __slots__ = ("interface_event", "connection_event")
    INTERFACE_EVENT_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_EVENT_FIELD_NUMBER: _ClassVar[int]
    interface_event: NetworkInterfacePayload
    connection_event: NetworkConnectionPayload
    def __init__(self, interface_event: _Optional[_Union[NetworkInterfacePayload, _Mapping[str, _Any]]] = ..., connection_event: _Optional[_Union[NetworkConnectionPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class SecurityEvent(_message.Message):
    __slots__ = ("auth_event", "key_event", "certificate_event")
    AUTH_EVENT_FIELD_NUMBER: _ClassVar[int]
    KEY_EVENT_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_EVENT_FIELD_NUMBER: _ClassVar[int]
    auth_event: SecurityAuthPayload
    key_event: SecurityKeyPayload
    certificate_event: SecurityCertificatePayload
    def __init__(self, auth_event: _Optional[_Union[SecurityAuthPayload, _Mapping[str, _Any]]] = ..., key_event: _Optional[_Union[SecurityKeyPayload, _Mapping[str, _Any]]] = ..., certificate_event: _Optional[_Union[SecurityCertificatePayload, _Mapping[str, _Any]]] = ...) -> None: ...

class ServiceEvent(_message.Message):
    __slots__ = ("status_event",)
    STATUS_EVENT_FIELD_NUMBER: _ClassVar[int]
    status_event: ServiceStatusPayload
    def __init__(self, status_event: _Optional[_Union[ServiceStatusPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class IdentityEvent(_message.Message):
    __slots__ = ("user_event", "group_event", "computer_event")
    USER_EVENT_FIELD_NUMBER: _ClassVar[int]
    GROUP_EVENT_FIELD_NUMBER: _ClassVar[int]
    COMPUTER_EVENT_FIELD_NUMBER: _ClassVar[int]
    user_event: IdentityUserPayload
    group_event: IdentityGroupPayload
    computer_event: IdentityComputerPayload
    def __init__(self, user_event: _Optional[_Union[IdentityUserPayload, _Mapping[str, _Any]]] = ..., group_event: _Optional[_Union[IdentityGroupPayload, _Mapping[str, _Any]]] = ..., computer_event: _Optional[_Union[IdentityComputerPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class AccessEvent(_message.Message):
    __slots__ = ("acl_event", "permission_event")
    ACL_EVENT_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_EVENT_FIELD_NUMBER: _ClassVar[int]
    acl_event: AccessACLPayload
    permission_event: AccessPermissionPayload
    def __init__(self, acl_event: _Optional[_Union[AccessACLPayload, _Mapping[str, _Any]]] = ..., permission_event: _Optional[_Union[AccessPermissionPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class SharingEvent(_message.Message):
    __slots__ = ("share_event", "connection_event", "file_access_event")
    SHARE_EVENT_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_EVENT_FIELD_NUMBER: _ClassVar[int]
    FILE_ACCESS_EVENT_FIELD_NUMBER: _ClassVar[int]
    share_event: SharingSharePayload
    connection_event: SharingConnectionPayload
    file_access_event: SharingFileAccessPayload
    def __init__(self, share_event: _Optional[_Union[SharingSharePayload, _Mapping[str, _Any]]] = ..., connection_event: _Optional[_Union[SharingConnectionPayload, _Mapping[str, _Any]]] = ..., file_access_event: _Optional[_Union[SharingFileAccessPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class UsageEvent(_message.Message):
    __slots__ = ("quota_event", "resource_event", "threshold_event")
    QUOTA_EVENT_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_EVENT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_EVENT_FIELD_NUMBER: _ClassVar[int]
    quota_event: UsageQuotaPayload
    resource_event: UsageResourcePayload
    threshold_event: UsageThresholdPayload
    def __init__(self, quota_event: _Optional[_Union[UsageQuotaPayload, _Mapping[str, _Any]]] = ..., resource_event: _Optional[_Union[UsageResourcePayload, _Mapping[str, _Any]]] = ..., threshold_event: _Optional[_Union[UsageThresholdPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class DataTransferEvent(_message.Message):
    __slots__ = ("transfer_event",)
    TRANSFER_EVENT_FIELD_NUMBER: _ClassVar[int]
    transfer_event: DataTransferTransferPayload
    def __init__(self, transfer_event: _Optional[_Union[DataTransferTransferPayload, _Mapping[str, _Any]]] = ...) -> None: ...

class SystemStartupPayload(_message.Message):
    __slots__ = ("boot_time_seconds", "services_started", "operation")
    class SystemStartupOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SYSTEM_STARTUP_OPERATION_UNSPECIFIED: _ClassVar[SystemStartupPayload.SystemStartupOperation]
        SYSTEM_STARTUP_OPERATION_COLD_BOOT: _ClassVar[SystemStartupPayload.SystemStartupOperation]
        SYSTEM_STARTUP_OPERATION_WARM_RESTART: _ClassVar[SystemStartupPayload.SystemStartupOperation]
        SYSTEM_STARTUP_OPERATION_SERVICE_RESTART: _ClassVar[SystemStartupPayload.SystemStartupOperation]
        SYSTEM_STARTUP_OPERATION_STARTED: _ClassVar[SystemStartupPayload.SystemStartupOperation]
        SYSTEM_STARTUP_OPERATION_REGISTERED: _ClassVar[SystemStartupPayload.SystemStartupOperation]
    SYSTEM_STARTUP_OPERATION_UNSPECIFIED: SystemStartupPayload.SystemStartupOperation
    SYSTEM_STARTUP_OPERATION_COLD_BOOT: SystemStartupPayload.SystemStartupOperation
    SYSTEM_STARTUP_OPERATION_WARM_RESTART: SystemStartupPayload.SystemStartupOperation
    SYSTEM_STARTUP_OPERATION_SERVICE_RESTART: SystemStartupPayload.SystemStartupOperation
    SYSTEM_STARTUP_OPERATION_STARTED: SystemStartupPayload.SystemStartupOperation
    SYSTEM_STARTUP_OPERATION_REGISTERED: SystemStartupPayload.SystemStartupOperation
    BOOT_TIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SERVICES_STARTED_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    boot_time_seconds: int
    services_started: _containers.RepeatedScalarFieldContainer[str]
    operation: SystemStartupPayload.SystemStartupOperation
    def __init__(self, boot_time_seconds: _Optional[int] = ..., services_started: _Optional[_Iterable[str]] = ..., operation: _Optional[_Union[SystemStartupPayload.SystemStartupOperation, str]] = ...) -> None: ...

class SystemShutdownPayload(_message.Message):
    __slots__ = ("operation", "reason", "graceful")
    class SystemShutdownOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SYSTEM_SHUTDOWN_OPERATION_UNSPECIFIED: _ClassVar[SystemShutdownPayload.SystemShutdownOperation]
        SYSTEM_SHUTDOWN_OPERATION_SHUTDOWN: _ClassVar[SystemShutdownPayload.SystemShutdownOperation]
        SYSTEM_SHUTDOWN_OPERATION_RESTART: _ClassVar[SystemShutdownPayload.SystemShutdownOperation]
        SYSTEM_SHUTDOWN_OPERATION_EMERGENCY: _ClassVar[SystemShutdownPayload.SystemShutdownOperation]
    SYSTEM_SHUTDOWN_OPERATION_UNSPECIFIED: SystemShutdownPayload.SystemShutdownOperation
    SYSTEM_SHUTDOWN_OPERATION_SHUTDOWN: SystemShutdownPayload.SystemShutdownOperation
    SYSTEM_SHUTDOWN_OPERATION_RESTART: SystemShutdownPayload.SystemShutdownOperation
    SYSTEM_SHUTDOWN_OPERATION_EMERGENCY: SystemShutdownPayload.SystemShutdownOperation
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRACEFUL_FIELD_NUMBER: _ClassVar[int]
    operation: SystemShutdownPayload.SystemShutdownOperation
    reason: str
    graceful: bool
    def __init__(self, operation: _Optional[_Union[SystemShutdownPayload.SystemShutdownOperation, str]] = ..., reason: _Optional[str] = ..., graceful: bool = ...) -> None: ...

class SystemConfigChangePayload(_message.Message):
    __slots__ = ("config_section", "changed_keys", "operation")
    class SystemConfigOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SYSTEM_CONFIG_OPERATION_UNSPECIFIED: _ClassVar[SystemConfigChangePayload.SystemConfigOperation]
        SYSTEM_CONFIG_OPERATION_UPDATED: _ClassVar[SystemConfigChangePayload.SystemConfigOperation]
        SYSTEM_CONFIG_OPERATION_RELOADED: _ClassVar[SystemConfigChangePayload.SystemConfigOperation]
        SYSTEM_CONFIG_OPERATION_VALIDATED: _ClassVar[SystemConfigChangePayload.SystemConfigOperation]
    SYSTEM_CONFIG_OPERATION_UNSPECIFIED: SystemConfigChangePayload.SystemConfigOperation
    SYSTEM_CONFIG_OPERATION_UPDATED: SystemConfigChangePayload.SystemConfigOperation
    SYSTEM_CONFIG_OPERATION_RELOADED: SystemConfigChangePayload.SystemConfigOperation
    SYSTEM_CONFIG_OPERATION_VALIDATED: SystemConfigChangePayload.SystemConfigOperation
    CONFIG_SECTION_FIELD_NUMBER: _ClassVar[int]
    CHANGED_KEYS_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    config_section: str
    changed_keys: _containers.RepeatedScalarFieldContainer[str]
    operation: SystemConfigChangePayload.SystemConfigOperation
    def __init__(self, config_section: _Optional[str] = ..., changed_keys: _Optional[_Iterable[str]] = ..., operation: _Optional[_Union[SystemConfigChangePayload.SystemConfigOperation, str]] = ...) -> None: ...

class SystemUserPayload(_message.Message):
    __slots__ = ("username", "display_name", "uid", "groups", "operation")
    class SystemUserOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SYSTEM_USER_OPERATION_UNSPECIFIED: _ClassVar[SystemUserPayload.SystemUserOperation]
        SYSTEM_USER_OPERATION_CREATED: _ClassVar[SystemUserPayload.SystemUserOperation]
        SYSTEM_USER_OPERATION_DELETED: _ClassVar[SystemUserPayload.SystemUserOperation]
        SYSTEM_USER_OPERATION_MODIFIED: _ClassVar[SystemUserPayload.SystemUserOperation]
        SYSTEM_USER_OPERATION_LOCKED: _ClassVar[SystemUserPayload.SystemUserOperation]
        SYSTEM_USER_OPERATION_UNLOCKED: _ClassVar[SystemUserPayload.SystemUserOperation]
    SYSTEM_USER_OPERATION_UNSPECIFIED: SystemUserPayload.SystemUserOperation
    SYSTEM_USER_OPERATION_CREATED: SystemUserPayload.SystemUserOperation
    SYSTEM_USER_OPERATION_DELETED: SystemUserPayload.SystemUserOperation
    SYSTEM_USER_OPERATION_MODIFIED: SystemUserPayload.SystemUserOperation
    SYSTEM_USER_OPERATION_LOCKED: SystemUserPayload.SystemUserOperation
    SYSTEM_USER_OPERATION_UNLOCKED: SystemUserPayload.SystemUserOperation
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    username: str
    display_name: str
    uid: int
    groups: _containers.RepeatedScalarFieldContainer[str]
    operation: SystemUserPayload.SystemUserOperation
    def __init__(self, username: _Optional[str] = ..., display_name: _Optional[str] = ..., uid: _Optional[int] = ..., groups: _Optional[_Iterable[str]] = ..., operation: _Optional[_Union[SystemUserPayload.SystemUserOperation, str]] = ...) -> None: ...

class StoragePoolPayload(_message.Message):
    __slots__ = ("pool_name", "devices", "raid_type", "size_bytes", "used_bytes", "operation")
    class StoragePoolOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STORAGE_POOL_OPERATION_UNSPECIFIED: _ClassVar[StoragePoolPayload.StoragePoolOperation]
        STORAGE_POOL_OPERATION_CREATED: _ClassVar[StoragePoolPayload.StoragePoolOperation]
        STORAGE_POOL_OPERATION_DELETED: _ClassVar[StoragePoolPayload.StoragePoolOperation]
        STORAGE_POOL_OPERATION_EXPANDED: _ClassVar[StoragePoolPayload.StoragePoolOperation]
        STORAGE_POOL_OPERATION_SCRUB_STARTED: _ClassVar[StoragePoolPayload.StoragePoolOperation]
        STORAGE_POOL_OPERATION_SCRUB_COMPLETED: _ClassVar[StoragePoolPayload.StoragePoolOperation]
        STORAGE_POOL_OPERATION_EXPORTED: _ClassVar[StoragePoolPayload.StoragePoolOperation]
        STORAGE_POOL_OPERATION_IMPORTED: _ClassVar[StoragePoolPayload.StoragePoolOperation]
    STORAGE_POOL_OPERATION_UNSPECIFIED: StoragePoolPayload.StoragePoolOperation
    STORAGE_POOL_OPERATION_CREATED: StoragePoolPayload.StoragePoolOperation
    STORAGE_POOL_OPERATION_DELETED: StoragePoolPayload.StoragePoolOperation
    STORAGE_POOL_OPERATION_EXPANDED: StoragePoolPayload.StoragePoolOperation
    STORAGE_POOL_OPERATION_SCRUB_STARTED: StoragePoolPayload.StoragePoolOperation
    STORAGE_POOL_OPERATION_SCRUB_COMPLETED: StoragePoolPayload.StoragePoolOperation
    STORAGE_POOL_OPERATION_EXPORTED: StoragePoolPayload.StoragePoolOperation
    STORAGE_POOL_OPERATION_IMPORTED: StoragePoolPayload.StoragePoolOperation
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    RAID_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    USED_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    pool_name: str
    devices: _containers.RepeatedScalarFieldContainer[str]
    raid_type: str
    size_bytes: int
    used_bytes: int
    operation: StoragePoolPayload.StoragePoolOperation
    def __init__(self, pool_name: _Optional[str] = ..., devices: _Optional[_Iterable[str]] = ..., raid_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., used_bytes: _Optional[int] = ..., operation: _Optional[_Union[StoragePoolPayload.StoragePoolOperation, str]] = ...) -> None: ...

class StorageDatasetPayload(_message.Message):
    __slots__ = ("dataset_name", "pool_name", "type", "mountpoint", "size_bytes", "operation")
    class StorageDatasetOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STORAGE_DATASET_OPERATION_UNSPECIFIED: _ClassVar[StorageDatasetPayload.StorageDatasetOperation]
        STORAGE_DATASET_OPERATION_CREATED: _ClassVar[StorageDatasetPayload.StorageDatasetOperation]
        STORAGE_DATASET_OPERATION_DELETED: _ClassVar[StorageDatasetPayload.StorageDatasetOperation]
        STORAGE_DATASET_OPERATION_MOUNTED: _ClassVar[StorageDatasetPayload.StorageDatasetOperation]
        STORAGE_DATASET_OPERATION_UNMOUNTED: _ClassVar[StorageDatasetPayload.StorageDatasetOperation]
        STORAGE_DATASET_OPERATION_PROPERTY_CHANGED: _ClassVar[StorageDatasetPayload.StorageDatasetOperation]
    STORAGE_DATASET_OPERATION_UNSPECIFIED: StorageDatasetPayload.StorageDatasetOperation
    STORAGE_DATASET_OPERATION_CREATED: StorageDatasetPayload.StorageDatasetOperation
    STORAGE_DATASET_OPERATION_DELETED: StorageDatasetPayload.StorageDatasetOperation
    STORAGE_DATASET_OPERATION_MOUNTED: StorageDatasetPayload.StorageDatasetOperation
    STORAGE_DATASET_OPERATION_UNMOUNTED: StorageDatasetPayload.StorageDatasetOperation
    STORAGE_DATASET_OPERATION_PROPERTY_CHANGED: StorageDatasetPayload.StorageDatasetOperation
    DATASET_NAME_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MOUNTPOINT_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    dataset_name: str
    pool_name: str
    type: str
    mountpoint: str
    size_bytes: int
    operation: StorageDatasetPayload.StorageDatasetOperation
    def __init__(self, dataset_name: _Optional[str] = ..., pool_name: _Optional[str] = ..., type: _Optional[str] = ..., mountpoint: _Optional[str] = ..., size_bytes: _Optional[int] = ..., operation: _Optional[_Union[StorageDatasetPayload.StorageDatasetOperation, str]] = ...) -> None: ...

class StorageTransferPayload(_message.Message):
    __slots__ = ("source", "destination", "size_bytes", "transferred_bytes", "progress_percent", "operation")
    class StorageTransferOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STORAGE_TRANSFER_OPERATION_UNSPECIFIED: _ClassVar[StorageTransferPayload.StorageTransferOperation]
        STORAGE_TRANSFER_OPERATION_STARTED: _ClassVar[StorageTransferPayload.StorageTransferOperation]
        STORAGE_TRANSFER_OPERATION_PROGRESS: _ClassVar[StorageTransferPayload.StorageTransferOperation]
        STORAGE_TRANSFER_OPERATION_COMPLETED: _ClassVar[StorageTransferPayload.StorageTransferOperation]
        STORAGE_TRANSFER_OPERATION_FAILED: _ClassVar[StorageTransferPayload.StorageTransferOperation]
        STORAGE_TRANSFER_OPERATION_CANCELLED: _ClassVar[StorageTransferPayload.StorageTransferOperation]
    STORAGE_TRANSFER_OPERATION_UNSPECIFIED: StorageTransferPayload.StorageTransferOperation
    STORAGE_TRANSFER_OPERATION_STARTED: StorageTransferPayload.StorageTransferOperation
    STORAGE_TRANSFER_OPERATION_PROGRESS: StorageTransferPayload.StorageTransferOperation
    STORAGE_TRANSFER_OPERATION_COMPLETED: StorageTransferPayload.StorageTransferOperation
    STORAGE_TRANSFER_OPERATION_FAILED: StorageTransferPayload.StorageTransferOperation
    STORAGE_TRANSFER_OPERATION_CANCELLED: StorageTransferPayload.StorageTransferOperation
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_BYTES_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_PERCENT_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    source: str
    destination: str
    size_bytes: int
    transferred_bytes: int
    progress_percent: int
    operation: StorageTransferPayload.StorageTransferOperation
    def __init__(self, source: _Optional[str] = ..., destination: _Optional[str] = ..., size_bytes: _Optional[int] = ..., transferred_bytes: _Optional[int] = ..., progress_percent: _Optional[int] = ..., operation: _Optional[_Union[StorageTransferPayload.StorageTransferOperation, str]] = ...) -> None: ...

class StorageSnapshotPayload(_message.Message):
    __slots__ = ("snapshot_name", "dataset_name", "creation_time", "size_bytes", "operation")
    class StorageSnapshotOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STORAGE_SNAPSHOT_OPERATION_UNSPECIFIED: _ClassVar[StorageSnapshotPayload.StorageSnapshotOperation]
        STORAGE_SNAPSHOT_OPERATION_CREATED: _ClassVar[StorageSnapshotPayload.StorageSnapshotOperation]
        STORAGE_SNAPSHOT_OPERATION_DELETED: _ClassVar[StorageSnapshotPayload.StorageSnapshotOperation]
        STORAGE_SNAPSHOT_OPERATION_ROLLED_BACK: _ClassVar[StorageSnapshotPayload.StorageSnapshotOperation]
        STORAGE_SNAPSHOT_OPERATION_CLONED: _ClassVar[StorageSnapshotPayload.StorageSnapshotOperation]
    STORAGE_SNAPSHOT_OPERATION_UNSPECIFIED: StorageSnapshotPayload.StorageSnapshotOperation
    STORAGE_SNAPSHOT_OPERATION_CREATED: StorageSnapshotPayload.StorageSnapshotOperation
    STORAGE_SNAPSHOT_OPERATION_DELETED: StorageSnapshotPayload.StorageSnapshotOperation
    STORAGE_SNAPSHOT_OPERATION_ROLLED_BACK: StorageSnapshotPayload.StorageSnapshotOperation
    STORAGE_SNAPSHOT_OPERATION_CLONED: StorageSnapshotPayload.StorageSnapshotOperation
    SNAPSHOT_NAME_FIELD_NUMBER: _ClassVar[int]
    DATASET_NAME_FIELD_NUMBER: _ClassVar[int]
    CREATION_TIME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    snapshot_name: str
    dataset_name: str
    creation_time: int
    size_bytes: int
    operation: StorageSnapshotPayload.StorageSnapshotOperation
    def __init__(self, snapshot_name: _Optional[str] = ..., dataset_name: _Optional[str] = ..., creation_time: _Optional[int] = ..., size_bytes: _Optional[int] = ..., operation: _Optional[_Union[StorageSnapshotPayload.StorageSnapshotOperation, str]] = ...) -> None: ...

class ServiceStatusPayload(_message.Message):
    __slots__ = ("service_name", "status", "pid", "uptime_seconds", "operation")
    class ServiceStatusOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SERVICE_STATUS_OPERATION_UNSPECIFIED: _ClassVar[ServiceStatusPayload.ServiceStatusOperation]
        SERVICE_STATUS_OPERATION_STARTED: _ClassVar[ServiceStatusPayload.ServiceStatusOperation]
        SERVICE_STATUS_OPERATION_STOPPED: _ClassVar[ServiceStatusPayload.ServiceStatusOperation]
        SERVICE_STATUS_OPERATION_RESTARTED: _ClassVar[ServiceStatusPayload.ServiceStatusOperation]
        SERVICE_STATUS_OPERATION_FAILED: _ClassVar[ServiceStatusPayload.ServiceStatusOperation]
        SERVICE_STATUS_OPERATION_HEALTH_CHECK: _ClassVar[ServiceStatusPayload.ServiceStatusOperation]
    SERVICE_STATUS_OPERATION_UNSPECIFIED: ServiceStatusPayload.ServiceStatusOperation
    SERVICE_STATUS_OPERATION_STARTED: ServiceStatusPayload.ServiceStatusOperation
    SERVICE_STATUS_OPERATION_STOPPED: ServiceStatusPayload.ServiceStatusOperation
    SERVICE_STATUS_OPERATION_RESTARTED: ServiceStatusPayload.ServiceStatusOperation
    SERVICE_STATUS_OPERATION_FAILED: ServiceStatusPayload.ServiceStatusOperation
    SERVICE_STATUS_OPERATION_HEALTH_CHECK: ServiceStatusPayload.ServiceStatusOperation
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    status: str
    pid: int
    uptime_seconds: int
    operation: ServiceStatusPayload.ServiceStatusOperation
    def __init__(self, service_name: _Optional[str] = ..., status: _Optional[str] = ..., pid: _Optional[int] = ..., uptime_seconds: _Optional[int] = ..., operation: _Optional[_Union[ServiceStatusPayload.ServiceStatusOperation, str]] = ...) -> None: ...

class NetworkInterfacePayload(_message.Message):
    __slots__ = ("interface_name", "ip_address", "mac_address", "is_up", "operation")
    class NetworkInterfaceOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NETWORK_INTERFACE_OPERATION_UNSPECIFIED: _ClassVar[NetworkInterfacePayload.NetworkInterfaceOperation]
        NETWORK_INTERFACE_OPERATION_UP: _ClassVar[NetworkInterfacePayload.NetworkInterfaceOperation]
        NETWORK_INTERFACE_OPERATION_DOWN: _ClassVar[NetworkInterfacePayload.NetworkInterfaceOperation]
        NETWORK_INTERFACE_OPERATION_CONFIGURED: _ClassVar[NetworkInterfacePayload.NetworkInterfaceOperation]
        NETWORK_INTERFACE_OPERATION_LINK_CHANGED: _ClassVar[NetworkInterfacePayload.NetworkInterfaceOperation]
    NETWORK_INTERFACE_OPERATION_UNSPECIFIED: NetworkInterfacePayload.NetworkInterfaceOperation
    NETWORK_INTERFACE_OPERATION_UP: NetworkInterfacePayload.NetworkInterfaceOperation
    NETWORK_INTERFACE_OPERATION_DOWN: NetworkInterfacePayload.NetworkInterfaceOperation
    NETWORK_INTERFACE_OPERATION_CONFIGURED: NetworkInterfacePayload.NetworkInterfaceOperation
    NETWORK_INTERFACE_OPERATION_LINK_CHANGED: NetworkInterfacePayload.NetworkInterfaceOperation
    INTERFACE_NAME_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    MAC_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    IS_UP_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    interface_name: str
    ip_address: str
    mac_address: str
    is_up: bool
    operation: NetworkInterfacePayload.NetworkInterfaceOperation
    def __init__(self, interface_name: _Optional[str] = ..., ip_address: _Optional[str] = ..., mac_address: _Optional[str] = ..., is_up: bool = ..., operation: _Optional[_Union[NetworkInterfacePayload.NetworkInterfaceOperation, str]] = ...) -> None: ...

class NetworkConnectionPayload(_message.Message):
    __slots__ = ("source_ip", "destination_ip", "source_port", "destination_port", "protocol", "operation")
    class NetworkConnectionOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NETWORK_CONNECTION_OPERATION_UNSPECIFIED: _ClassVar[NetworkConnectionPayload.NetworkConnectionOperation]
        NETWORK_CONNECTION_OPERATION_ESTABLISHED: _ClassVar[NetworkConnectionPayload.NetworkConnectionOperation]
        NETWORK_CONNECTION_OPERATION_CLOSED: _ClassVar[NetworkConnectionPayload.NetworkConnectionOperation]
        NETWORK_CONNECTION_OPERATION_FAILED: _ClassVar[NetworkConnectionPayload.NetworkConnectionOperation]
        NETWORK_CONNECTION_OPERATION_TIMEOUT: _ClassVar[NetworkConnectionPayload.NetworkConnectionOperation]
    NETWORK_CONNECTION_OPERATION_UNSPECIFIED: NetworkConnectionPayload.NetworkConnectionOperation
    NETWORK_CONNECTION_OPERATION_ESTABLISHED: NetworkConnectionPayload.NetworkConnectionOperation
    NETWORK_CONNECTION_OPERATION_CLOSED: NetworkConnectionPayload.NetworkConnectionOperation
    NETWORK_CONNECTION_OPERATION_FAILED: NetworkConnectionPayload.NetworkConnectionOperation
    NETWORK_CONNECTION_OPERATION_TIMEOUT: NetworkConnectionPayload.NetworkConnectionOperation
    SOURCE_IP_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_IP_FIELD_NUMBER: _ClassVar[int]
    SOURCE_PORT_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_PORT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    source_ip: str
    destination_ip: str
    source_port: int
    destination_port: int
    protocol: str
    operation: NetworkConnectionPayload.NetworkConnectionOperation
    def __init__(self, source_ip: _Optional[str] = ..., destination_ip: _Optional[str] = ..., source_port: _Optional[int] = ..., destination_port: _Optional[int] = ..., protocol: _Optional[str] = ..., operation: _Optional[_Union[NetworkConnectionPayload.NetworkConnectionOperation, str]] = ...) -> None: ...

class SecurityAuthPayload(_message.Message):
    __slots__ = ("username", "method", "source_ip", "operation")
    class SecurityAuthOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SECURITY_AUTH_OPERATION_UNSPECIFIED: _ClassVar[SecurityAuthPayload.SecurityAuthOperation]
        SECURITY_AUTH_OPERATION_LOGIN_SUCCESS: _ClassVar[SecurityAuthPayload.SecurityAuthOperation]
        SECURITY_AUTH_OPERATION_LOGIN_FAILED: _ClassVar[SecurityAuthPayload.SecurityAuthOperation]
        SECURITY_AUTH_OPERATION_LOGOUT: _ClassVar[SecurityAuthPayload.SecurityAuthOperation]
        SECURITY_AUTH_OPERATION_SESSION_EXPIRED: _ClassVar[SecurityAuthPayload.SecurityAuthOperation]
    SECURITY_AUTH_OPERATION_UNSPECIFIED: SecurityAuthPayload.SecurityAuthOperation
    SECURITY_AUTH_OPERATION_LOGIN_SUCCESS: SecurityAuthPayload.SecurityAuthOperation
    SECURITY_AUTH_OPERATION_LOGIN_FAILED: SecurityAuthPayload.SecurityAuthOperation
    SECURITY_AUTH_OPERATION_LOGOUT: SecurityAuthPayload.SecurityAuthOperation
    SECURITY_AUTH_OPERATION_SESSION_EXPIRED: SecurityAuthPayload.SecurityAuthOperation
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SOURCE_IP_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    username: str
    method: str
    source_ip: str
    operation: SecurityAuthPayload.SecurityAuthOperation
    def __init__(self, username: _Optional[str] = ..., method: _Optional[str] = ..., source_ip: _Optional[str] = ..., operation: _Optional[_Union[SecurityAuthPayload.SecurityAuthOperation, str]] = ...) -> None: ...

class SecurityKeyPayload(_message.Message):
    __slots__ = ("key_id", "key_type", "username", "expiry_time", "operation")
    class SecurityKeyOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SECURITY_KEY_OPERATION_UNSPECIFIED: _ClassVar[SecurityKeyPayload.SecurityKeyOperation]
        SECURITY_KEY_OPERATION_GENERATED: _ClassVar[SecurityKeyPayload.SecurityKeyOperation]
        SECURITY_KEY_OPERATION_INSTALLED: _ClassVar[SecurityKeyPayload.SecurityKeyOperation]
        SECURITY_KEY_OPERATION_REMOVED: _ClassVar[SecurityKeyPayload.SecurityKeyOperation]
        SECURITY_KEY_OPERATION_EXPIRED: _ClassVar[SecurityKeyPayload.SecurityKeyOperation]
    SECURITY_KEY_OPERATION_UNSPECIFIED: SecurityKeyPayload.SecurityKeyOperation
    SECURITY_KEY_OPERATION_GENERATED: SecurityKeyPayload.SecurityKeyOperation
    SECURITY_KEY_OPERATION_INSTALLED: SecurityKeyPayload.SecurityKeyOperation
    SECURITY_KEY_OPERATION_REMOVED: SecurityKeyPayload.SecurityKeyOperation
    SECURITY_KEY_OPERATION_EXPIRED: SecurityKeyPayload.SecurityKeyOperation
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    key_type: str
    username: str
    expiry_time: int
    operation: SecurityKeyPayload.SecurityKeyOperation
    def __init__(self, key_id: _Optional[str] = ..., key_type: _Optional[str] = ..., username: _Optional[str] = ..., expiry_time: _Optional[int] = ..., operation: _Optional[_Union[SecurityKeyPayload.SecurityKeyOperation, str]] = ...) -> None: ...

class SecurityCertificatePayload(_message.Message):
    __slots__ = ("cert_id", "domain", "issued_time", "expiry_time", "operation")
    class SecurityCertificateOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SECURITY_CERTIFICATE_OPERATION_UNSPECIFIED: _ClassVar[SecurityCertificatePayload.SecurityCertificateOperation]
        SECURITY_CERTIFICATE_OPERATION_ISSUED: _ClassVar[SecurityCertificatePayload.SecurityCertificateOperation]
        SECURITY_CERTIFICATE_OPERATION_INSTALLED: _ClassVar[SecurityCertificatePayload.SecurityCertificateOperation]
        SECURITY_CERTIFICATE_OPERATION_RENEWED: _ClassVar[SecurityCertificatePayload.SecurityCertificateOperation]
        SECURITY_CERTIFICATE_OPERATION_EXPIRED: _ClassVar[SecurityCertificatePayload.SecurityCertificateOperation]
        SECURITY_CERTIFICATE_OPERATION_REVOKED: _ClassVar[SecurityCertificatePayload.SecurityCertificateOperation]
    SECURITY_CERTIFICATE_OPERATION_UNSPECIFIED: SecurityCertificatePayload.SecurityCertificateOperation
    SECURITY_CERTIFICATE_OPERATION_ISSUED: SecurityCertificatePayload.SecurityCertificateOperation
    SECURITY_CERTIFICATE_OPERATION_INSTALLED: SecurityCertificatePayload.SecurityCertificateOperation
    SECURITY_CERTIFICATE_OPERATION_RENEWED: SecurityCertificatePayload.SecurityCertificateOperation
    SECURITY_CERTIFICATE_OPERATION_EXPIRED: SecurityCertificatePayload.SecurityCertificateOperation
    SECURITY_CERTIFICATE_OPERATION_REVOKED: SecurityCertificatePayload.SecurityCertificateOperation
    CERT_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    ISSUED_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    cert_id: str
    domain: str
    issued_time: int
    expiry_time: int
    operation: SecurityCertificatePayload.SecurityCertificateOperation
    def __init__(self, cert_id: _Optional[str] = ..., domain: _Optional[str] = ..., issued_time: _Optional[int] = ..., expiry_time: _Optional[int] = ..., operation: _Optional[_Union[SecurityCertificatePayload.SecurityCertificateOperation, str]] = ...) -> None: ...

class IdentityUserPayload(_message.Message):
    __slots__ = ("username", "display_name", "email", "groups", "domain", "enabled", "operation")
    class IdentityUserOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        IDENTITY_USER_OPERATION_UNSPECIFIED: _ClassVar[IdentityUserPayload.IdentityUserOperation]
        IDENTITY_USER_OPERATION_CREATED: _ClassVar[IdentityUserPayload.IdentityUserOperation]
        IDENTITY_USER_OPERATION_DELETED: _ClassVar[IdentityUserPayload.IdentityUserOperation]
        IDENTITY_USER_OPERATION_MODIFIED: _ClassVar[IdentityUserPayload.IdentityUserOperation]
        IDENTITY_USER_OPERATION_ENABLED: _ClassVar[IdentityUserPayload.IdentityUserOperation]
        IDENTITY_USER_OPERATION_DISABLED: _ClassVar[IdentityUserPayload.IdentityUserOperation]
        IDENTITY_USER_OPERATION_PASSWORD_CHANGED: _ClassVar[IdentityUserPayload.IdentityUserOperation]
    IDENTITY_USER_OPERATION_UNSPECIFIED: IdentityUserPayload.IdentityUserOperation
    IDENTITY_USER_OPERATION_CREATED: IdentityUserPayload.IdentityUserOperation
    IDENTITY_USER_OPERATION_DELETED: IdentityUserPayload.IdentityUserOperation
    IDENTITY_USER_OPERATION_MODIFIED: IdentityUserPayload.IdentityUserOperation
    IDENTITY_USER_OPERATION_ENABLED: IdentityUserPayload.IdentityUserOperation
    IDENTITY_USER_OPERATION_DISABLED: IdentityUserPayload.IdentityUserOperation
    IDENTITY_USER_OPERATION_PASSWORD_CHANGED: IdentityUserPayload.IdentityUserOperation
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    username: str
    display_name: str
    email: str
    groups: _containers.RepeatedScalarFieldContainer[str]
    domain: str
    enabled: bool
    operation: IdentityUserPayload.IdentityUserOperation
    def __init__(self, username: _Optional[str] = ..., display_name: _Optional[str] = ..., email: _Optional[str] = ..., groups: _Optional[_Iterable[str]] = ..., domain: _Optional[str] = ..., enabled: bool = ..., operation: _Optional[_Union[IdentityUserPayload.IdentityUserOperation, str]] = ...) -> None: ...

class IdentityGroupPayload(_message.Message):
    __slots__ = ("group_name", "description", "members", "domain", "operation")
    class IdentityGroupOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        IDENTITY_GROUP_OPERATION_UNSPECIFIED: _ClassVar[IdentityGroupPayload.IdentityGroupOperation]
        IDENTITY_GROUP_OPERATION_CREATED: _ClassVar[IdentityGroupPayload.IdentityGroupOperation]
        IDENTITY_GROUP_OPERATION_DELETED: _ClassVar[IdentityGroupPayload.IdentityGroupOperation]
        IDENTITY_GROUP_OPERATION_MODIFIED: _ClassVar[IdentityGroupPayload.IdentityGroupOperation]
        IDENTITY_GROUP_OPERATION_MEMBER_ADDED: _ClassVar[IdentityGroupPayload.IdentityGroupOperation]
        IDENTITY_GROUP_OPERATION_MEMBER_REMOVED: _ClassVar[IdentityGroupPayload.IdentityGroupOperation]
    IDENTITY_GROUP_OPERATION_UNSPECIFIED: IdentityGroupPayload.IdentityGroupOperation
    IDENTITY_GROUP_OPERATION_CREATED: IdentityGroupPayload.IdentityGroupOperation
    IDENTITY_GROUP_OPERATION_DELETED: IdentityGroupPayload.IdentityGroupOperation
    IDENTITY_GROUP_OPERATION_MODIFIED: IdentityGroupPayload.IdentityGroupOperation
    IDENTITY_GROUP_OPERATION_MEMBER_ADDED: IdentityGroupPayload.IdentityGroupOperation
    IDENTITY_GROUP_OPERATION_MEMBER_REMOVED: IdentityGroupPayload.IdentityGroupOperation
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    group_name: str
    description: str
    members: _containers.RepeatedScalarFieldContainer[str]
    domain: str
    operation: IdentityGroupPayload.IdentityGroupOperation
    def __init__(self, group_name: _Optional[str] = ..., description: _Optional[str] = ..., members: _Optional[_Iterable[str]] = ..., domain: _Optional[str] = ..., operation: _Optional[_Union[IdentityGroupPayload.IdentityGroupOperation, str]] = ...) -> None: ...

class IdentityComputerPayload(_message.Message):
    __slots__ = ("computer_name", "ip_address", "os_version", "domain", "enabled", "operation")
    class IdentityComputerOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        IDENTITY_COMPUTER_OPERATION_UNSPECIFIED: _ClassVar[IdentityComputerPayload.IdentityComputerOperation]
        IDENTITY_COMPUTER_OPERATION_JOINED: _ClassVar[IdentityComputerPayload.IdentityComputerOperation]
        IDENTITY_COMPUTER_OPERATION_LEFT: _ClassVar[IdentityComputerPayload.IdentityComputerOperation]
        IDENTITY_COMPUTER_OPERATION_UPDATED: _ClassVar[IdentityComputerPayload.IdentityComputerOperation]
        IDENTITY_COMPUTER_OPERATION_ENABLED: _ClassVar[IdentityComputerPayload.IdentityComputerOperation]
        IDENTITY_COMPUTER_OPERATION_DISABLED: _ClassVar[IdentityComputerPayload.IdentityComputerOperation]
    IDENTITY_COMPUTER_OPERATION_UNSPECIFIED: IdentityComputerPayload.IdentityComputerOperation
    IDENTITY_COMPUTER_OPERATION_JOINED: IdentityComputerPayload.IdentityComputerOperation
    IDENTITY_COMPUTER_OPERATION_LEFT: IdentityComputerPayload.IdentityComputerOperation
    IDENTITY_COMPUTER_OPERATION_UPDATED: IdentityComputerPayload.IdentityComputerOperation
    IDENTITY_COMPUTER_OPERATION_ENABLED: IdentityComputerPayload.IdentityComputerOperation
    IDENTITY_COMPUTER_OPERATION_DISABLED: IdentityComputerPayload.IdentityComputerOperation
    COMPUTER_NAME_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    OS_VERSION_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    computer_name: str
    ip_address: str
    os_version: str
    domain: str
    enabled: bool
    operation: IdentityComputerPayload.IdentityComputerOperation
    def __init__(self, computer_name: _Optional[str] = ..., ip_address: _Optional[str] = ..., os_version: _Optional[str] = ..., domain: _Optional[str] = ..., enabled: bool = ..., operation: _Optional[_Union[IdentityComputerPayload.IdentityComputerOperation, str]] = ...) -> None: ...

class AccessACLPayload(_message.Message):
    __slots__ = ("resource_path", "principal", "permissions", "operation")
    class AccessACLOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACCESS_ACL_OPERATION_UNSPECIFIED: _ClassVar[AccessACLPayload.AccessACLOperation]
        ACCESS_ACL_OPERATION_GRANTED: _ClassVar[AccessACLPayload.AccessACLOperation]
        ACCESS_ACL_OPERATION_DENIED: _ClassVar[AccessACLPayload.AccessACLOperation]
        ACCESS_ACL_OPERATION_MODIFIED: _ClassVar[AccessACLPayload.AccessACLOperation]
        ACCESS_ACL_OPERATION_REMOVED: _ClassVar[AccessACLPayload.AccessACLOperation]
    ACCESS_ACL_OPERATION_UNSPECIFIED: AccessACLPayload.AccessACLOperation
    ACCESS_ACL_OPERATION_GRANTED: AccessACLPayload.AccessACLOperation
    ACCESS_ACL_OPERATION_DENIED: AccessACLPayload.AccessACLOperation
    ACCESS_ACL_OPERATION_MODIFIED: AccessACLPayload.AccessACLOperation
    ACCESS_ACL_OPERATION_REMOVED: AccessACLPayload.AccessACLOperation
    RESOURCE_PATH_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    resource_path: str
    principal: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    operation: AccessACLPayload.AccessACLOperation
    def __init__(self, resource_path: _Optional[str] = ..., principal: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ..., operation: _Optional[_Union[AccessACLPayload.AccessACLOperation, str]] = ...) -> None: ...

class AccessPermissionPayload(_message.Message):
    __slots__ = ("resource_path", "username", "permission", "granted", "operation")
    class AccessPermissionOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACCESS_PERMISSION_OPERATION_UNSPECIFIED: _ClassVar[AccessPermissionPayload.AccessPermissionOperation]
        ACCESS_PERMISSION_OPERATION_CHECKED: _ClassVar[AccessPermissionPayload.AccessPermissionOperation]
        ACCESS_PERMISSION_OPERATION_GRANTED: _ClassVar[AccessPermissionPayload.AccessPermissionOperation]
        ACCESS_PERMISSION_OPERATION_DENIED: _ClassVar[AccessPermissionPayload.AccessPermissionOperation]
        ACCESS_PERMISSION_OPERATION_CHANGED: _ClassVar[AccessPermissionPayload.AccessPermissionOperation]
    ACCESS_PERMISSION_OPERATION_UNSPECIFIED: AccessPermissionPayload.AccessPermissionOperation
    ACCESS_PERMISSION_OPERATION_CHECKED: AccessPermissionPayload.AccessPermissionOperation
    ACCESS_PERMISSION_OPERATION_GRANTED: AccessPermissionPayload.AccessPermissionOperation
    ACCESS_PERMISSION_OPERATION_DENIED: AccessPermissionPayload.AccessPermissionOperation
    ACCESS_PERMISSION_OPERATION_CHANGED: AccessPermissionPayload.AccessPermissionOperation
    RESOURCE_PATH_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    resource_path: str
    username: str
    permission: str
    granted: bool
    operation: AccessPermissionPayload.AccessPermissionOperation
    def __init__(self, resource_path: _Optional[str] = ..., username: _Optional[str] = ..., permission: _Optional[str] = ..., granted: bool = ..., operation: _Optional[_Union[AccessPermissionPayload.AccessPermissionOperation, str]] = ...) -> None: ...

class SharingSharePayload(_message.Message):
    __slots__ = ("share_name", "path", "protocol", "allowed_users", "read_only", "operation")
    class SharingShareOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SHARING_SHARE_OPERATION_UNSPECIFIED: _ClassVar[SharingSharePayload.SharingShareOperation]
        SHARING_SHARE_OPERATION_CREATED: _ClassVar[SharingSharePayload.SharingShareOperation]
        SHARING_SHARE_OPERATION_DELETED: _ClassVar[SharingSharePayload.SharingShareOperation]
        SHARING_SHARE_OPERATION_MODIFIED: _ClassVar[SharingSharePayload.SharingShareOperation]
        SHARING_SHARE_OPERATION_ENABLED: _ClassVar[SharingSharePayload.SharingShareOperation]
        SHARING_SHARE_OPERATION_DISABLED: _ClassVar[SharingSharePayload.SharingShareOperation]
    SHARING_SHARE_OPERATION_UNSPECIFIED: SharingSharePayload.SharingShareOperation
    SHARING_SHARE_OPERATION_CREATED: SharingSharePayload.SharingShareOperation
    SHARING_SHARE_OPERATION_DELETED: SharingSharePayload.SharingShareOperation
    SHARING_SHARE_OPERATION_MODIFIED: SharingSharePayload.SharingShareOperation
    SHARING_SHARE_OPERATION_ENABLED: SharingSharePayload.SharingShareOperation
    SHARING_SHARE_OPERATION_DISABLED: SharingSharePayload.SharingShareOperation
    SHARE_NAME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_USERS_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    share_name: str
    path: str
    protocol: str
    allowed_users: _containers.RepeatedScalarFieldContainer[str]
    read_only: bool
    operation: SharingSharePayload.SharingShareOperation
    def __init__(self, share_name: _Optional[str] = ..., path: _Optional[str] = ..., protocol: _Optional[str] = ..., allowed_users: _Optional[_Iterable[str]] = ..., read_only: bool = ..., operation: _Optional[_Union[SharingSharePayload.SharingShareOperation, str]] = ...) -> None: ...

class SharingConnectionPayload(_message.Message):
    __slots__ = ("share_name", "username", "client_ip", "protocol", "operation")
    class SharingConnectionOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SHARING_CONNECTION_OPERATION_UNSPECIFIED: _ClassVar[SharingConnectionPayload.SharingConnectionOperation]
        SHARING_CONNECTION_OPERATION_CONNECTED: _ClassVar[SharingConnectionPayload.SharingConnectionOperation]
        SHARING_CONNECTION_OPERATION_DISCONNECTED: _ClassVar[SharingConnectionPayload.SharingConnectionOperation]
        SHARING_CONNECTION_OPERATION_FAILED: _ClassVar[SharingConnectionPayload.SharingConnectionOperation]
        SHARING_CONNECTION_OPERATION_TIMEOUT: _ClassVar[SharingConnectionPayload.SharingConnectionOperation]
    SHARING_CONNECTION_OPERATION_UNSPECIFIED: SharingConnectionPayload.SharingConnectionOperation
    SHARING_CONNECTION_OPERATION_CONNECTED: SharingConnectionPayload.SharingConnectionOperation
    SHARING_CONNECTION_OPERATION_DISCONNECTED: SharingConnectionPayload.SharingConnectionOperation
    SHARING_CONNECTION_OPERATION_FAILED: SharingConnectionPayload.SharingConnectionOperation
    SHARING_CONNECTION_OPERATION_TIMEOUT: SharingConnectionPayload.SharingConnectionOperation
    SHARE_NAME_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    CLIENT_IP_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    share_name: str
    username: str
    client_ip: str
    protocol: str
    operation: SharingConnectionPayload.SharingConnectionOperation
    def __init__(self, share_name: _Optional[str] = ..., username: _Optional[str] = ..., client_ip: _Optional[str] = ..., protocol: _Optional[str] = ..., operation: _Optional[_Union[SharingConnectionPayload.SharingConnectionOperation, str]] = ...) -> None: ...

class SharingFileAccessPayload(_message.Message):
    __slots__ = ("file_path", "username", "operation_type", "file_size", "operation")
    class SharingFileAccessOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SHARING_FILE_ACCESS_OPERATION_UNSPECIFIED: _ClassVar[SharingFileAccessPayload.SharingFileAccessOperation]
        SHARING_FILE_ACCESS_OPERATION_READ: _ClassVar[SharingFileAccessPayload.SharingFileAccessOperation]
        SHARING_FILE_ACCESS_OPERATION_WRITE: _ClassVar[SharingFileAccessPayload.SharingFileAccessOperation]
        SHARING_FILE_ACCESS_OPERATION_DELETE: _ClassVar[SharingFileAccessPayload.SharingFileAccessOperation]
        SHARING_FILE_ACCESS_OPERATION_RENAME: _ClassVar[SharingFileAccessPayload.SharingFileAccessOperation]
        SHARING_FILE_ACCESS_OPERATION_DENIED: _ClassVar[SharingFileAccessPayload.SharingFileAccessOperation]
    SHARING_FILE_ACCESS_OPERATION_UNSPECIFIED: SharingFileAccessPayload.SharingFileAccessOperation
    SHARING_FILE_ACCESS_OPERATION_READ: SharingFileAccessPayload.SharingFileAccessOperation
    SHARING_FILE_ACCESS_OPERATION_WRITE: SharingFileAccessPayload.SharingFileAccessOperation
    SHARING_FILE_ACCESS_OPERATION_DELETE: SharingFileAccessPayload.SharingFileAccessOperation
    SHARING_FILE_ACCESS_OPERATION_RENAME: SharingFileAccessPayload.SharingFileAccessOperation
    SHARING_FILE_ACCESS_OPERATION_DENIED: SharingFileAccessPayload.SharingFileAccessOperation
    FILE_PATH_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    OPERATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_SIZE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    file_path: str
    username: str
    operation_type: str
    file_size: int
    operation: SharingFileAccessPayload.SharingFileAccessOperation
    def __init__(self, file_path: _Optional[str] = ..., username: _Optional[str] = ..., operation_type: _Optional[str] = ..., file_size: _Optional[int] = ..., operation: _Optional[_Union[SharingFileAccessPayload.SharingFileAccessOperation, str]] = ...) -> None: ...

class UsageQuotaPayload(_message.Message):
    __slots__ = ("organization_id", "resource_type", "current_usage", "quota_limit", "usage_percentage", "operation")
    class UsageQuotaOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        USAGE_QUOTA_OPERATION_UNSPECIFIED: _ClassVar[UsageQuotaPayload.UsageQuotaOperation]
        USAGE_QUOTA_OPERATION_WARNING: _ClassVar[UsageQuotaPayload.UsageQuotaOperation]
        USAGE_QUOTA_OPERATION_EXCEEDED: _ClassVar[UsageQuotaPayload.UsageQuotaOperation]
        USAGE_QUOTA_OPERATION_RESET: _ClassVar[UsageQuotaPayload.UsageQuotaOperation]
        USAGE_QUOTA_OPERATION_UPDATED: _ClassVar[UsageQuotaPayload.UsageQuotaOperation]
    USAGE_QUOTA_OPERATION_UNSPECIFIED: UsageQuotaPayload.UsageQuotaOperation
    USAGE_QUOTA_OPERATION_WARNING: UsageQuotaPayload.UsageQuotaOperation
    USAGE_QUOTA_OPERATION_EXCEEDED: UsageQuotaPayload.UsageQuotaOperation
    USAGE_QUOTA_OPERATION_RESET: UsageQuotaPayload.UsageQuotaOperation
    USAGE_QUOTA_OPERATION_UPDATED: UsageQuotaPayload.UsageQuotaOperation
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    CURRENT_USAGE_FIELD_NUMBER: _ClassVar[int]
    QUOTA_LIMIT_FIELD_NUMBER: _ClassVar[int]
    USAGE_PERCENTAGE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    organization_id: str
    resource_type: str
    current_usage: int
    quota_limit: int
    usage_percentage: float
    operation: UsageQuotaPayload.UsageQuotaOperation
    def __init__(self, organization_id: _Optional[str] = ..., resource_type: _Optional[str] = ..., current_usage: _Optional[int] = ..., quota_limit: _Optional[int] = ..., usage_percentage: _Optional[float] = ..., operation: _Optional[_Union[UsageQuotaPayload.UsageQuotaOperation, str]] = ...) -> None: ...

class UsageResourcePayload(_message.Message):
    __slots__ = ("resource_id", "resource_type", "bytes_used", "objects_count", "operation")
    class UsageResourceOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        USAGE_RESOURCE_OPERATION_UNSPECIFIED: _ClassVar[UsageResourcePayload.UsageResourceOperation]
        USAGE_RESOURCE_OPERATION_MEASURED: _ClassVar[UsageResourcePayload.UsageResourceOperation]
        USAGE_RESOURCE_OPERATION_INCREASED: _ClassVar[UsageResourcePayload.UsageResourceOperation]
        USAGE_RESOURCE_OPERATION_DECREASED: _ClassVar[UsageResourcePayload.UsageResourceOperation]
    USAGE_RESOURCE_OPERATION_UNSPECIFIED: UsageResourcePayload.UsageResourceOperation
    USAGE_RESOURCE_OPERATION_MEASURED: UsageResourcePayload.UsageResourceOperation
    USAGE_RESOURCE_OPERATION_INCREASED: UsageResourcePayload.UsageResourceOperation
    USAGE_RESOURCE_OPERATION_DECREASED: UsageResourcePayload.UsageResourceOperation
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    BYTES_USED_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    resource_id: str
    resource_type: str
    bytes_used: int
    objects_count: int
    operation: UsageResourcePayload.UsageResourceOperation
    def __init__(self, resource_id: _Optional[str] = ..., resource_type: _Optional[str] = ..., bytes_used: _Optional[int] = ..., objects_count: _Optional[int] = ..., operation: _Optional[_Union[UsageResourcePayload.UsageResourceOperation, str]] = ...) -> None: ...

class UsageThresholdPayload(_message.Message):
    __slots__ = ("threshold_name", "metric_name", "current_value", "threshold_value", "operation")
    class UsageThresholdOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        USAGE_THRESHOLD_OPERATION_UNSPECIFIED: _ClassVar[UsageThresholdPayload.UsageThresholdOperation]
        USAGE_THRESHOLD_OPERATION_APPROACHED: _ClassVar[UsageThresholdPayload.UsageThresholdOperation]
        USAGE_THRESHOLD_OPERATION_EXCEEDED: _ClassVar[UsageThresholdPayload.UsageThresholdOperation]
        USAGE_THRESHOLD_OPERATION_CLEARED: _ClassVar[UsageThresholdPayload.UsageThresholdOperation]
    USAGE_THRESHOLD_OPERATION_UNSPECIFIED: UsageThresholdPayload.UsageThresholdOperation
    USAGE_THRESHOLD_OPERATION_APPROACHED: UsageThresholdPayload.UsageThresholdOperation
    USAGE_THRESHOLD_OPERATION_EXCEEDED: UsageThresholdPayload.UsageThresholdOperation
    USAGE_THRESHOLD_OPERATION_CLEARED: UsageThresholdPayload.UsageThresholdOperation
    THRESHOLD_NAME_FIELD_NUMBER: _ClassVar[int]
    METRIC_NAME_FIELD_NUMBER: _ClassVar[int]
    CURRENT_VALUE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_VALUE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    threshold_name: str
    metric_name: str
    current_value: float
    threshold_value: float
    operation: UsageThresholdPayload.UsageThresholdOperation
    def __init__(self, threshold_name: _Optional[str] = ..., metric_name: _Optional[str] = ..., current_value: _Optional[float] = ..., threshold_value: _Optional[float] = ..., operation: _Optional[_Union[UsageThresholdPayload.UsageThresholdOperation, str]] = ...) -> None: ...

class DataTransferTransferPayload(_message.Message):
    __slots__ = ("source", "destination", "size_bytes", "transferred_bytes", "progress_percent", "operation")
    class DataTransferOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DATA_TRANSFER_OPERATION_UNSPECIFIED: _ClassVar[DataTransferTransferPayload.DataTransferOperation]
        DATA_TRANSFER_OPERATION_STARTED: _ClassVar[DataTransferTransferPayload.DataTransferOperation]
        DATA_TRANSFER_OPERATION_PROGRESS: _ClassVar[DataTransferTransferPayload.DataTransferOperation]
        DATA_TRANSFER_OPERATION_COMPLETED: _ClassVar[DataTransferTransferPayload.DataTransferOperation]
        DATA_TRANSFER_OPERATION_FAILED: _ClassVar[DataTransferTransferPayload.DataTransferOperation]
        DATA_TRANSFER_OPERATION_CANCELLED: _ClassVar[DataTransferTransferPayload.DataTransferOperation]
    DATA_TRANSFER_OPERATION_UNSPECIFIED: DataTransferTransferPayload.DataTransferOperation
    DATA_TRANSFER_OPERATION_STARTED: DataTransferTransferPayload.DataTransferOperation
    DATA_TRANSFER_OPERATION_PROGRESS: DataTransferTransferPayload.DataTransferOperation
    DATA_TRANSFER_OPERATION_COMPLETED: DataTransferTransferPayload.DataTransferOperation
    DATA_TRANSFER_OPERATION_FAILED: DataTransferTransferPayload.DataTransferOperation
    DATA_TRANSFER_OPERATION_CANCELLED: DataTransferTransferPayload.DataTransferOperation
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_BYTES_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_PERCENT_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    source: str
    destination: str
    size_bytes: int
    transferred_bytes: int
    progress_percent: int
    operation: DataTransferTransferPayload.DataTransferOperation
    def __init__(self, source: _Optional[str] = ..., destination: _Optional[str] = ..., size_bytes: _Optional[int] = ..., transferred_bytes: _Optional[int] = ..., progress_percent: _Optional[int] = ..., operation: _Optional[_Union[DataTransferTransferPayload.DataTransferOperation, str]] = ...) -> None: ...
