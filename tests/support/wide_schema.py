"""A schema whose StoragePoolPayload has fields of every shape, which the published ones lack."""

from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet

from rodent_events import Event, EventBatch
from toggle_mock.recording.records import RecordedBatch, RecordedCall, RecordedEvent
from toggle_mock.schema import Schema, load_schema

_PLACE = ".rodent.events.StoragePoolPayload"
_FIELDS = f"""
field {{ name: "ratio" number: 100 label: LABEL_OPTIONAL type: TYPE_FLOAT }}
field {{ name: "exact" number: 101 label: LABEL_OPTIONAL type: TYPE_DOUBLE }}
field {{ name: "blob" number: 102 label: LABEL_OPTIONAL type: TYPE_BYTES }}
field {{ name: "huge" number: 103 label: LABEL_OPTIONAL type: TYPE_UINT64 }}
field {{ name: "online" number: 104 label: LABEL_OPTIONAL type: TYPE_BOOL }}
field {{ name: "limit" number: 105 label: LABEL_OPTIONAL type: TYPE_INT32
         proto3_optional: true oneof_index: 0 }}
field {{ name: "item" number: 106 label: LABEL_OPTIONAL type: TYPE_MESSAGE
         type_name: "{_PLACE}.Item" }}
field {{ name: "items" number: 107 label: LABEL_REPEATED type: TYPE_MESSAGE
         type_name: "{_PLACE}.Item" }}
field {{ name: "labels" number: 108 label: LABEL_REPEATED type: TYPE_MESSAGE
         type_name: "{_PLACE}.LabelsEntry" }}
field {{ name: "slots" number: 109 label: LABEL_REPEATED type: TYPE_MESSAGE
         type_name: "{_PLACE}.SlotsEntry" }}
oneof_decl {{ name: "_limit" }}
nested_type {{
  name: "Item"
  field {{ name: "name" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }}
  field {{ name: "share" number: 2 label: LABEL_OPTIONAL type: TYPE_DOUBLE }}
}}
nested_type {{
  name: "LabelsEntry" options {{ map_entry: true }}
  field {{ name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }}
  field {{ name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING }}
}}
nested_type {{
  name: "SlotsEntry" options {{ map_entry: true }}
  field {{ name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_INT32 }}
  field {{ name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE
           type_name: "{_PLACE}.Item" }}
}}
"""


def _wide_schema() -> Schema:
    files = FileDescriptorSet()
    files.CopyFrom(load_schema("2025-09-17").files)
    (pool,) = [
        message
        for file in files.file
        for message in file.message_type
        if message.name == "StoragePoolPayload"
    ]
    pool.MergeFrom(text_format.Parse(_FIELDS, DescriptorProto()))
    return Schema("wide", files)


WIDE = _wide_schema()
Pool = WIDE.message_class("rodent.events.StoragePoolPayload")
Item = WIDE.message_class("rodent.events.StoragePoolPayload.Item")


def wide_event(**fields) -> RecordedEvent:
    """An event about a pool with these fields, read under this schema."""
    event = WIDE.event_class(event_id="e1", level=1, category=2)
    event.storage_event.pool_event.CopyFrom(Pool(**fields))
    batch = EventBatch(events=[Event.FromString(event.SerializeToString())])
    call = RecordedCall("SendEvents", "peer", ())
    return RecordedBatch(call, batch.SerializeToString(), 1).events[0].under(WIDE)
