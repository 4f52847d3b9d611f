"""What docs/payloads.md says of each payload type is so; that proto/ makes it, make lint says."""

import re
from pathlib import Path

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from support.payloads import PLACES
from support.recorded import recorded_event

from rodent_events.payload_types import PayloadType, message_of
from toggle_mock.matching.matchers import matcher_of
from toggle_mock.schema import is_map

PAGE = (Path(__file__).parents[2] / "docs" / "payloads.md").read_text()
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| (\d+) \| `(\w+)` \| ([\w ]+) \| (.*?) \| (?:`(.+)`)? \|$", re.MULTILINE)

OF_TEXT = {
    FieldDescriptor.TYPE_STRING: str,
    FieldDescriptor.TYPE_BYTES: str.encode,
    FieldDescriptor.TYPE_BOOL: {"true": True, "false": False}.__getitem__,
    FieldDescriptor.TYPE_FLOAT: float,
    FieldDescriptor.TYPE_DOUBLE: float,
}


def value(field: FieldDescriptor, text: str) -> object:
    """What the page shows, as Python has it."""
    if is_map(field):
        of_key, of_value = message_of(field).fields
        pairs = [part.split(": ") for part in text.split(", ")]
        return {value(of_key, key): value(of_value, one) for key, one in pairs}
    if field.is_repeated:
        return [of_one(field, part) for part in text.split(", ")]
    return of_one(field, text)


def of_one(field: FieldDescriptor, text: str) -> object:
    if field.enum_type is not None:
        (found,) = (one for one in field.enum_type.values if one.name.endswith(f"OPERATION_{text}"))
        return found.number
    return OF_TEXT.get(field.type, int)(text)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_its_examples_are_an_event_that_its_query_finds(place: PayloadType):
    section = SECTIONS[place.name]
    rows = {name: example for _, name, _, meaning, example in ROW.findall(section) if meaning}
    fields = place.descriptor.fields_by_name
    assert list(rows) == list(fields)
    payload = GetMessageClass(place.descriptor)(
        **{name: value(fields[name], example) for name, example in rows.items()}
    )
    assert len(payload.ListFields()) == len(fields), "an example is the value of a field not set"
    (query,) = re.findall(r"^- Query: `(.*)`$", section, re.MULTILINE)
    assert matcher_of(query)(recorded_event(payload))


def test_it_has_the_payload_types_of_all_revisions():
    assert "SystemRegistrationPayload" in SECTIONS
    assert {place.name for place in PLACES} < SECTIONS.keys()
    assert "- Revision 2025-12-09: " in SECTIONS["DataTransferTransferPayload"]
    assert "- Since revision 2025-10-10" in SECTIONS["StorageDiskPayload"]
    assert "- Revision 2025-10-03 has it no more" in SECTIONS["StorageTransferPayload"]
