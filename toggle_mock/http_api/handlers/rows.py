"""Events for a page: rows of those that match a query, and one with all that is known of it."""

from __future__ import annotations

from google.protobuf.text_format import MessageToString

from rodent_events.wire import WireError
from toggle_mock.errors import UnknownIdError
from toggle_mock.http_api.attempts import attempts_of
from toggle_mock.http_api.bodies.calls import Attempt
from toggle_mock.http_api.bodies.rows import (
    FindRows,
    OneEvent,
    OneFoundEvent,
    Row,
    Rows,
    WireField,
)
from toggle_mock.http_api.state import Api
from toggle_mock.matching.names import names_of
from toggle_mock.recording.annotated import annotated
from toggle_mock.recording.records import RecordedEvent
from toggle_mock.toggle.toggle import LocalToggle


def find(api: Api, given: FindRows) -> Rows:
    """Some of the events that match a query, in a line each; what was found once stays found."""
    found = api.findings.of(api.toggle(given.session), given.session, given.query)
    span = found.read(given.first, given.count)
    return Rows(span.begin, span.end, span.first, [Row.of(event) for event in span.events])


def one(api: Api, given: OneEvent) -> OneFoundEvent:
    """One event, with its bytes field by field, and the calls that its batch came with."""
    toggle = api.toggle(given.session)
    event = _event(toggle, given)
    fields, problem = _annotated(event)
    return OneFoundEvent.with_more(
        event,
        text=MessageToString(event.message, as_utf8=True),
        schema=names_of(event.schema).title,
        fields=fields,
        problem=problem,
        attempts=[
            Attempt.of(one) for one in attempts_of(toggle, event.batch.batch_id, event.batch)
        ],
    )


def _event(toggle: LocalToggle, given: OneEvent) -> RecordedEvent:
    for batch in (*toggle.batches, *toggle.duplicates):
        if batch.call.number == given.number and given.place < batch.count:
            return RecordedEvent(batch, given.place, toggle.schema)
    raise UnknownIdError(f"there is no event {given.place} of an accepted call {given.number}")


def _annotated(event: RecordedEvent) -> tuple[list[WireField], str | None]:
    fields: list[WireField] = []
    try:
        for field in annotated(event.raw, names_of(event.schema).event):
            fields.append(WireField.of(field))  # noqa: PERF401 - what stands before stays
    except WireError as error:
        return fields, str(error)
    return fields, None
