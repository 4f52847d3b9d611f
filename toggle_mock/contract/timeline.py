"""What a mock Toggle has recorded, as moments of a story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.protobuf.message import DecodeError

from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.contract.verdicts import Moment
from toggle_mock.recording.records import RecordedCall, RecordedMessage
from toggle_mock.wording import in_a_line

_SENT = {True: "Toggle", False: "Rodent"}


def moments_of(calls: Iterable[RecordedCall]) -> Iterator[Moment]:
    """What happened in some calls, call by call."""
    for call in calls:
        ended = "goes on" if call.status is None else f"ends with {call.status}"
        details = f" ({call.details})" if call.details else ""
        yield Moment(call.arrived, "Rodent", f"{call.method} #{call.number}: it {ended}{details}")
        for message in call.messages:
            yield Moment(message.at, _SENT[message.sent], f"  #{call.number} {_told(message)}")


def _told(message: RecordedMessage) -> str:
    """A message, in a line."""
    if message.method == "SendEvents" and not message.sent:
        return _told_batch(message.raw)
    try:
        text = in_a_line(message.message)
    except DecodeError:
        return f"{len(message.raw)} bytes that are no message"
    return text or "an empty message"


def _told_batch(raw: bytes) -> str:
    try:
        batch = EventBatch.FromString(raw)
    except DecodeError:
        return f"{len(raw)} bytes that are no batch"
    return f"batch {batch.batch_id} of {len(batch.events)} events, {len(raw)} bytes"
