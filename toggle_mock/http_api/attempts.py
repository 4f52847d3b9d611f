"""The calls that one batch came with: the first try, and those after it."""

from __future__ import annotations

from collections.abc import Iterator

from rodent_events import wire
from toggle_mock.recording.records import RecordedBatch, RecordedCall
from toggle_mock.toggle.toggle import LocalToggle

_BATCH_ID = 3
"""The number of EventBatch.batch_id."""

_MOST = 1_000
"""Tries that are told of."""


def attempts_of(
    toggle: LocalToggle, batch_id: str, batch: RecordedBatch | None = None
) -> list[RecordedCall]:
    """The calls of SendEvents whose batch has an id, in the order of their arrival.

    Args:
        toggle: Where they arrived.
        batch_id: The id; what has none was sent by one call alone, as far as one can tell.
        batch: One of them, which is accepted.
    """
    if not batch_id:
        return [] if batch is None else [batch.call]
    return list(_attempts(toggle, batch_id.encode(errors="surrogateescape")))[-_MOST:]


def _attempts(toggle: LocalToggle, batch_id: bytes) -> Iterator[RecordedCall]:
    for call in toggle.calls:
        # A look at the bytes costs little; only those that may have it are taken apart.
        if call.method == "SendEvents" and any(
            batch_id in raw and _has_id(raw, batch_id) for raw in call.requests
        ):
            yield call


def _has_id(raw: bytes, batch_id: bytes) -> bool:
    found = b""
    try:
        for field in wire.fields(raw):
            if (field.number, field.wire_type) == (_BATCH_ID, wire.LENGTH_DELIMITED):
                found = raw[field.content : field.end]
    except wire.WireError:
        return False
    return found == batch_id
