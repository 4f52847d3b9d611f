"""Payload messages with every field set, with none, and with the largest values."""

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from rodent_events import Event
from rodent_events.payload_types import PayloadType, payload_types

PLACES: list[PayloadType] = list(payload_types(Event.DESCRIPTOR).values())

_T = FieldDescriptor
_PLAIN = {_T.TYPE_STRING: "tank/datä", _T.TYPE_BOOL: True, _T.TYPE_FLOAT: 0.5}
_LARGEST = {
    _T.TYPE_STRING: "\U0010ffff" * 1000,
    _T.TYPE_BOOL: True,
    _T.TYPE_INT32: 2**31 - 1,
    _T.TYPE_INT64: 2**63 - 1,
    _T.TYPE_FLOAT: 3.4028234663852886e38,
}


def empty(place: PayloadType) -> Message:
    """No field is set."""
    return GetMessageClass(place.descriptor)()


def filled(place: PayloadType) -> Message:
    """Every field is set, each number to another one."""
    return _fill(empty(place), lambda field: _PLAIN.get(field.type, 1000 + field.number))


def largest(place: PayloadType) -> Message:
    """Every field has the largest value of its type."""
    return _fill(empty(place), lambda field: _LARGEST[field.type])


def _fill(payload: Message, value_of) -> Message:
    for field in payload.DESCRIPTOR.fields:
        if field.enum_type is not None:
            setattr(payload, field.name, max(field.enum_type.values_by_number))
        elif field.is_repeated:
            getattr(payload, field.name).extend([value_of(field)] * 3)
        else:
            setattr(payload, field.name, value_of(field))
    assert len(payload.ListFields()) == len(payload.DESCRIPTOR.fields)
    return payload
