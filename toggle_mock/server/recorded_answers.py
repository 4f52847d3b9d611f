"""What a recording knows of answers: found by what was asked, whoever asks it again, and whenever.

Of events and batches, ids and times do not count: they are others each time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import TypeAlias

from google.protobuf.message import DecodeError

from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.clients.replay import recorded_answer
from toggle_mock.recording.records import RecordedCall
from toggle_mock.tokens.redaction import without_secrets

_Key: TypeAlias = tuple[str | None, str, bytes]
"""The Rodent that asks, or None for any; the method; a digest of what is asked."""

_UNANSWERED = {None, "CANCELLED"}
"""How calls end that nobody has answered."""


class RecordedAnswers:
    """The answers of recorded calls.

    Args:
        calls: The calls, in the order of their arrival.
    """

    def __init__(self, calls: Iterable[RecordedCall]) -> None:
        self._calls: dict[_Key, list[RecordedCall]] = defaultdict(list)
        self._by_event: dict[bytes, RecordedCall] = {}
        self._taken: Counter[_Key] = Counter()
        for call in calls:
            self._add(call)

    def _add(self, call: RecordedCall) -> None:
        is_stream = call.method == "Connect"
        if not is_stream and (call.status in _UNANSWERED or not call.requests):
            return
        request = b"" if is_stream else call.requests[0]
        for key in _keys(call.method, call.rid, request):
            self._calls[key].append(call)
        for event in _events_of(call.method, request):
            self._by_event[_content(event)] = call

    def next(self, method: str, rid: str, request: bytes = b"") -> RecordedCall | None:
        """The call whose answer a request gets; None if the recording has none.

        A request that was sent more than once gets its answers in turn, and the last of them from
        then on. Calls of the same Rodent come first. The events of a batch may have been sent in
        other batches, if all of these were finally answered alike.
        """
        for key in _keys(method, rid, request):
            if calls := self._calls.get(key):
                place = min(self._taken[key], len(calls) - 1)
                self._taken[key] += 1
                return calls[place]
        events = _events_of(method, request)
        known = [self._by_event.get(_content(event)) for event in events]
        found = [call for call in known if call is not None]
        if not found or len(found) < len(events):
            return None
        answers = [recorded_answer(call) for call in found]
        return found[-1] if all(map(answers[-1].agrees_with, answers)) else None

    def unknown_events(self, batch: bytes) -> list[Event]:
        """Those events of a batch that were sent in none of the recorded ones."""
        events = _events_of("SendEvents", batch)
        return [event for event in events if _content(event) not in self._by_event]

    def rewind(self) -> None:
        """Begin with the first answers again."""
        self._taken = Counter()


def _events_of(method: str, request: bytes) -> list[Event]:
    """The events of a request, without secrets; none if it is no batch."""
    if method != "SendEvents":
        return []
    try:
        return list(EventBatch.FromString(without_secrets(request)).events)
    except DecodeError:
        return []


def _keys(method: str, rid: str, request: bytes) -> Iterator[_Key]:
    """What a request may be found by, the closest first."""
    raw = without_secrets(request)
    digests = (_digest(b"raw", raw), _digest(b"content", *_parts(method, raw)))
    for asking in (rid, None):
        for digest in digests:
            yield asking, method, digest


def _parts(method: str, raw: bytes) -> Iterator[bytes]:
    """What a request consists of, without ids and times."""
    if method == "SendEvents":
        try:
            batch = EventBatch.FromString(raw)
        except DecodeError:
            pass
        else:
            yield from (_content(event) for event in batch.events)
            for field in ("events", "batch_id", "batch_timestamp"):
                batch.ClearField(field)
            raw = batch.SerializeToString(deterministic=True)  # what this schema does not know
    yield raw


def _content(event: Event) -> bytes:
    """A digest of an event, without its id and its time."""
    plain = Event()
    plain.CopyFrom(event)
    plain.ClearField("event_id")
    plain.ClearField("timestamp")
    return _digest(plain.SerializeToString(deterministic=True))


def _digest(*parts: bytes) -> bytes:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
