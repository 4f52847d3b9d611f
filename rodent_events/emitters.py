# Generated from proto/ by tools/generate.py. Do not edit.
"""One typed emitter for each payload type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from google.protobuf.message import Message

from rodent_events.errors import wrong_payload
from rodent_events.pb.events.event_messages_pb2 import (
    EVENT_LEVEL_INFO,
    AccessACLPayload,
    AccessPermissionPayload,
    DataTransferTransferPayload,
    IdentityComputerPayload,
    IdentityGroupPayload,
    IdentityUserPayload,
    NetworkConnectionPayload,
    NetworkInterfacePayload,
    SecurityAuthPayload,
    SecurityCertificatePayload,
    SecurityKeyPayload,
    ServiceStatusPayload,
    SharingConnectionPayload,
    SharingFileAccessPayload,
    SharingSharePayload,
    StorageDatasetPayload,
    StoragePoolPayload,
    StorageSnapshotPayload,
    StorageTransferPayload,
    SystemConfigChangePayload,
    SystemShutdownPayload,
    SystemStartupPayload,
    SystemUserPayload,
    UsageQuotaPayload,
    UsageResourcePayload,
    UsageThresholdPayload,
)

Metadata = Mapping[str, str] | None


class Emitters(ABC):
    """The typed ``emit_*`` methods over one :meth:`emit`."""

    @abstractmethod
    def emit(
        self,
        payload: Message,
        *,
        level: int = EVENT_LEVEL_INFO,
        metadata: Metadata = None,
        source: str | None = None,
    ) -> str | None:
        """Emit a payload of any type.

        Args:
            payload: A payload message, of this schema or of any loaded revision.
            level: A number of EventLevel.
            metadata: Text by text; usual keys are component, action, and an id of the thing.
            source: The component that emits; the payload type's usual one if it is None.

        Returns:
            The event's id, a UUIDv7 as text; None if its level or its category is not enabled,
            ``rate_limits`` or ``before_emit`` keeps it back, or after shutdown.

        Raises:
            EventTypeError: The payload, the level, the metadata or the source has a wrong type.
            EventValueError: The level is unknown, or a text cannot be encoded as UTF-8.
        """

    def emit_system_startup(
        self,
        payload: SystemStartupPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
        level: int = EVENT_LEVEL_INFO,
    ) -> str | None:
        """A node or its agent came up, or registered with Toggle.

        Category SYSTEM, usual source ``system``. See :meth:`emit`.
        """
        if not isinstance(payload, SystemStartupPayload):
            raise wrong_payload("emit_system_startup", SystemStartupPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_system_shutdown(
        self,
        payload: SystemShutdownPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
        level: int = EVENT_LEVEL_INFO,
    ) -> str | None:
        """A node is going down or restarting.

        Category SYSTEM, usual source ``system``. See :meth:`emit`.
        """
        if not isinstance(payload, SystemShutdownPayload):
            raise wrong_payload("emit_system_shutdown", SystemShutdownPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_system_config_change(
        self,
        payload: SystemConfigChangePayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
        level: int = EVENT_LEVEL_INFO,
    ) -> str | None:
        """A section of the configuration was updated, reloaded or validated.

        Category SYSTEM, usual source ``rodent.system``. See :meth:`emit`.
        """
        if not isinstance(payload, SystemConfigChangePayload):
            raise wrong_payload("emit_system_config_change", SystemConfigChangePayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_system_user(
        self,
        level: int,
        payload: SystemUserPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A local user of the node was created, changed or removed.

        Category SYSTEM, usual source ``system-user-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, SystemUserPayload):
            raise wrong_payload("emit_system_user", SystemUserPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_storage_pool(
        self,
        level: int,
        payload: StoragePoolPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A ZFS pool was created, changed, scrubbed, exported or imported.

        Category STORAGE, usual source ``zfs-pool-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, StoragePoolPayload):
            raise wrong_payload("emit_storage_pool", StoragePoolPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_storage_dataset(
        self,
        level: int,
        payload: StorageDatasetPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A ZFS dataset was created, changed, mounted or removed.

        Category STORAGE, usual source ``zfs-dataset-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, StorageDatasetPayload):
            raise wrong_payload("emit_storage_dataset", StorageDatasetPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_storage_transfer(
        self,
        level: int,
        payload: StorageTransferPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A ZFS send/receive started, progressed or ended.

        Category STORAGE, usual source ``rodent.zfs-transfer-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, StorageTransferPayload):
            raise wrong_payload("emit_storage_transfer", StorageTransferPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_storage_snapshot(
        self,
        level: int,
        payload: StorageSnapshotPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A ZFS snapshot was created, removed, rolled back to or cloned.

        Category STORAGE, usual source ``zfs-dataset-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, StorageSnapshotPayload):
            raise wrong_payload("emit_storage_snapshot", StorageSnapshotPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_network_interface(
        self,
        level: int,
        payload: NetworkInterfacePayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A network interface changed its state or its addresses.

        Category NETWORK, usual source ``network-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, NetworkInterfacePayload):
            raise wrong_payload("emit_network_interface", NetworkInterfacePayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_network_connection(
        self,
        level: int,
        payload: NetworkConnectionPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A network connection was established, ended or failed.

        Category NETWORK, usual source ``network-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, NetworkConnectionPayload):
            raise wrong_payload("emit_network_connection", NetworkConnectionPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_security_auth(
        self,
        level: int,
        payload: SecurityAuthPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """Somebody logged in or out, or failed to.

        Category SECURITY, usual source ``auth-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, SecurityAuthPayload):
            raise wrong_payload("emit_security_auth", SecurityAuthPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_security_key(
        self,
        level: int,
        payload: SecurityKeyPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """An SSH key was generated, installed, removed or expired.

        Category SECURITY, usual source ``ssh-key-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, SecurityKeyPayload):
            raise wrong_payload("emit_security_key", SecurityKeyPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_security_certificate(
        self,
        level: int,
        payload: SecurityCertificatePayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A certificate was issued, installed, renewed, expired or revoked.

        Category SECURITY, usual source ``certificate-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, SecurityCertificatePayload):
            raise wrong_payload("emit_security_certificate", SecurityCertificatePayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_service_status(
        self,
        level: int,
        payload: ServiceStatusPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A service started, stopped, failed, or was checked.

        Category SERVICE, usual source ``service-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, ServiceStatusPayload):
            raise wrong_payload("emit_service_status", ServiceStatusPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_identity_user(
        self,
        level: int,
        payload: IdentityUserPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A user of the directory was created, changed or removed.

        Category IDENTITY, usual source ``identity-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, IdentityUserPayload):
            raise wrong_payload("emit_identity_user", IdentityUserPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_identity_group(
        self,
        level: int,
        payload: IdentityGroupPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A group of the directory or its members changed.

        Category IDENTITY, usual source ``identity-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, IdentityGroupPayload):
            raise wrong_payload("emit_identity_group", IdentityGroupPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_identity_computer(
        self,
        level: int,
        payload: IdentityComputerPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A computer joined or left the directory, or changed.

        Category IDENTITY, usual source ``identity-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, IdentityComputerPayload):
            raise wrong_payload("emit_identity_computer", IdentityComputerPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_access_acl(
        self,
        level: int,
        payload: AccessACLPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """An entry of an access control list was granted, denied, changed or removed.

        Category ACCESS, usual source ``access-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, AccessACLPayload):
            raise wrong_payload("emit_access_acl", AccessACLPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_access_permission(
        self,
        level: int,
        payload: AccessPermissionPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A permission was checked, granted, denied or changed.

        Category ACCESS, usual source ``access-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, AccessPermissionPayload):
            raise wrong_payload("emit_access_permission", AccessPermissionPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_sharing_share(
        self,
        level: int,
        payload: SharingSharePayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """An SMB or NFS share was created, changed or removed.

        Category SHARING, usual source ``sharing-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, SharingSharePayload):
            raise wrong_payload("emit_sharing_share", SharingSharePayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_sharing_connection(
        self,
        level: int,
        payload: SharingConnectionPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A client connected to a share or disconnected.

        Category SHARING, usual source ``sharing-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, SharingConnectionPayload):
            raise wrong_payload("emit_sharing_connection", SharingConnectionPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_sharing_file_access(
        self,
        level: int,
        payload: SharingFileAccessPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A file of a share was read, written, renamed or removed, or access was denied.

        Category SHARING, usual source ``sharing-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, SharingFileAccessPayload):
            raise wrong_payload("emit_sharing_file_access", SharingFileAccessPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_usage_quota(
        self,
        level: int,
        payload: UsageQuotaPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """An organization's use of a resource came near its quota, or the quota changed.

        Category USAGE, usual source ``usage-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, UsageQuotaPayload):
            raise wrong_payload("emit_usage_quota", UsageQuotaPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_usage_resource(
        self,
        level: int,
        payload: UsageResourcePayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """The use of a resource was measured.

        Category USAGE, usual source ``usage-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, UsageResourcePayload):
            raise wrong_payload("emit_usage_resource", UsageResourcePayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_usage_threshold(
        self,
        level: int,
        payload: UsageThresholdPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A metric came near a threshold, exceeded it or fell below it again.

        Category USAGE, usual source ``usage-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, UsageThresholdPayload):
            raise wrong_payload("emit_usage_threshold", UsageThresholdPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)

    def emit_data_transfer(
        self,
        level: int,
        payload: DataTransferTransferPayload,
        metadata: Metadata = None,
        *,
        source: str | None = None,
    ) -> str | None:
        """A transfer of data between nodes started, progressed or ended.

        Category DATA_TRANSFER, usual source ``rodent.zfs-transfer-manager``. See :meth:`emit`.
        """
        if not isinstance(payload, DataTransferTransferPayload):
            raise wrong_payload("emit_data_transfer", DataTransferTransferPayload, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)
