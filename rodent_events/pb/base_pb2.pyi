from rodent_events.pb.events import event_messages_pb2 as _event_messages_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import Any as _Any, ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterRequest(_message.Message):
    __slots__ = ("system_info",)
    SYSTEM_INFO_FIELD_NUMBER: _ClassVar[int]
    system_info: SystemInfo
    def __init__(self, system_info: _Optional[_Union[SystemInfo, _Mapping[str, _Any]]] = ...) -> None: ...

class RegisterResponse(_message.Message):
    __slots__ = ("success", "message", "domain", "certificate", "private_key", "expires_on")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_KEY_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_ON_FIELD_NUMBER: _ClassVar[int]
    success: bool
    message: str
    domain: str
    certificate: str
    private_key: str
    expires_on: str
    def __init__(self, success: bool = ..., message: _Optional[str] = ..., domain: _Optional[str] = ..., certificate: _Optional[str] = ..., private_key: _Optional[str] = ..., expires_on: _Optional[str] = ...) -> None: ...

class SystemInfo(_message.Message):
    __slots__ = ("cpu_usage", "memory_usage", "disk_usage", "warnings", "errors")
    CPU_USAGE_FIELD_NUMBER: _ClassVar[int]
    MEMORY_USAGE_FIELD_NUMBER: _ClassVar[int]
    DISK_USAGE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    cpu_usage: float
    memory_usage: float
    disk_usage: float
    warnings: _containers.RepeatedScalarFieldContainer[str]
    errors: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cpu_usage: _Optional[float] = ..., memory_usage: _Optional[float] = ..., disk_usage: _Optional[float] = ..., warnings: _Optional[_Iterable[str]] = ..., errors: _Optional[_Iterable[str]] = ...) -> None: ...

class RodentRequest(_message.Message):
    __slots__ = ("request_id", "command_response", "event", "ack")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    command_response: CommandResponse
    event: EventNotification
    ack: Acknowledgement
    def __init__(self, request_id: _Optional[str] = ..., command_response: _Optional[_Union[CommandResponse, _Mapping[str, _Any]]] = ..., event: _Optional[_Union[EventNotification, _Mapping[str, _Any]]] = ..., ack: _Optional[_Union[Acknowledgement, _Mapping[str, _Any]]] = ...) -> None: ...

class ToggleRequest(_message.Message):
    __slots__ = ("request_id", "command", "config", "ack")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    command: CommandRequest
    config: ConfigUpdate
    ack: Acknowledgement
    def __init__(self, request_id: _Optional[str] = ..., command: _Optional[_Union[CommandRequest, _Mapping[str, _Any]]] = ..., config: _Optional[_Union[ConfigUpdate, _Mapping[str, _Any]]] = ..., ack: _Optional[_Union[Acknowledgement, _Mapping[str, _Any]]] = ...) -> None: ...

class CommandRequest(_message.Message):
    __slots__ = ("command_type", "target", "payload")
    COMMAND_TYPE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    command_type: str
    target: str
    payload: bytes
    def __init__(self, command_type: _Optional[str] = ..., target: _Optional[str] = ..., payload: _Optional[bytes] = ...) -> None: ...

class CommandResponse(_message.Message):
    __slots__ = ("request_id", "success", "message", "payload", "error")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    success: bool
    message: str
    payload: bytes
    error: RodentError
    def __init__(self, request_id: _Optional[str] = ..., success: bool = ..., message: _Optional[str] = ..., payload: _Optional[bytes] = ..., error: _Optional[_Union[RodentError, _Mapping[str, _Any]]] = ...) -> None: ...

class RodentError(_message.Message):
    __slots__ = ("code", "domain", "message", "details", "http_status", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    code: int
    domain: str
    message: str
    details: str
    http_status: int
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, code: _Optional[int] = ..., domain: _Optional[str] = ..., message: _Optional[str] = ..., details: _Optional[str] = ..., http_status: _Optional[int] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class EventNotification(_message.Message):
    __slots__ = ("event_type", "source", "timestamp", "payload")
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    event_type: str
    source: str
    timestamp: int
    payload: bytes
    def __init__(self, event_type: _Optional[str] = ..., source: _Optional[str] = ..., timestamp: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class ConfigUpdate(_message.Message):
    __slots__ = ("config_type", "payload")
    CONFIG_TYPE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    config_type: str
    payload: bytes
    def __init__(self, config_type: _Optional[str] = ..., payload: _Optional[bytes] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("request_id", "success", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    success: bool
    message: str
    def __init__(self, request_id: _Optional[str] = ..., success: bool = ..., message: _Optional[str] = ...) -> None: ...

class EventBatch(_message.Message):
    __slots__ = ("events", "batch_timestamp", "batch_id")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    BATCH_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_messages_pb2.Event]
    batch_timestamp: int
    batch_id: str
    def __init__(self, events: _Optional[_Iterable[_Union[_event_messages_pb2.Event, _Mapping[str, _Any]]]] = ..., batch_timestamp: _Optional[int] = ..., batch_id: _Optional[str] = ...) -> None: ...

class EventBatchResponse(_message.Message):
    __slots__ = ("success", "message")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    success: bool
    message: str
    def __init__(self, success: bool = ..., message: _Optional[str] = ...) -> None: ...
