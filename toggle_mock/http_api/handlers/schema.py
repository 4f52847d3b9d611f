"""The schema under which events are read, and queries under it."""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor

from rodent_events.payload_types import (
    EVENT_CATEGORY,
    EVENT_LEVEL,
    enum_of,
    payload_types,
    snake_case,
)
from rodent_events.payload_types import short_names as short_names_of
from toggle_mock.http_api.bodies.base import InSession
from toggle_mock.http_api.bodies.schema import (
    CheckedQuery,
    CheckQuery,
    Mistake,
    PayloadType,
    SchemaField,
    SchemaNames,
)
from toggle_mock.http_api.state import Api
from toggle_mock.matching.keys import KEYS
from toggle_mock.matching.mistakes import mistake_in
from toggle_mock.matching.names import names_of
from toggle_mock.recording.annotated import type_name


def names(api: Api, given: InSession) -> SchemaNames:
    """The names of the schema under which events are read: types of payloads, fields, values."""
    read = names_of(api.toggle(given.session).schema)
    event = read.event
    return SchemaNames(
        schema=read.title,
        keys=list(KEYS),
        levels=list(short_names_of(enum_of(event, EVENT_LEVEL)).values()),
        categories=list(short_names_of(enum_of(event, EVENT_CATEGORY)).values()),
        payloads=[
            PayloadType(
                name=snake_case(one.name.removesuffix("Payload")),
                message=one.name,
                category=one.category_name,
                fields=[_field(field) for field in one.descriptor.fields],
            )
            for one in payload_types(event).values()
        ],
    )


def check(api: Api, given: CheckQuery) -> CheckedQuery:
    """Whether a text is a query, and if not, which word is wrong, and why."""
    toggle = api.toggle(given.session)
    found = mistake_in(given.query, toggle.recording.possible_schemas)
    mistake = None if found is None else Mistake(found.text, found.start, found.end)
    return CheckedQuery(mistake)


def _field(field: FieldDescriptor) -> SchemaField:
    values = [] if field.enum_type is None else list(short_names_of(field.enum_type).values())
    return SchemaField(field.name, field.number, type_name(field), values)
