"""SendEvents: which batches are taken, and how the others are refused."""

from __future__ import annotations

from grpc import Compression, StatusCode

from rodent_events.pb.base_pb2 import EventBatch, EventBatchResponse
from rodent_events.pb.events.event_messages_pb2 import EventCategory, EventLevel
from toggle_mock.contract.cases import Group
from toggle_mock.contract.toggle.batches import batch_with_unknown_fields, split
from toggle_mock.contract.toggle.caller import Answer, at_once
from toggle_mock.contract.toggle.http2 import Http2Connection
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.faults.frames import Kind

SEND_EVENTS: Group[ToggleRig] = Group("send_events", "SendEvents")

_SCHEMA = "the schema: EventBatch, Event"
_UNREADABLE = frozenset({StatusCode.INVALID_ARGUMENT, StatusCode.INTERNAL})

_MANY = 20_000
_IN_A_BATCH = 1_000
_AT_ONCE = 20
_UNHEARD_OF = 4711
"""A number that no enum has."""


@SEND_EVENTS.case(
    "success",
    "A batch that is taken is answered with OK and success=true",
    rule="SendEvents with a batch of three events ends with OK, and the response says "
    "success=true.",
    source="the schema: EventBatchResponse.success; the published Rodent takes any OK for success, "
    "so success=false beside OK loses the batch",
    cost="Events are lost at Rodents that look at nothing but the status, or sent again for ever "
    "by those that look at success.",
)
def success(rig: ToggleRig) -> None:
    """Three events."""
    rig.caller().stored(rig.batches.batch(3))


@SEND_EVENTS.case(
    "all-payloads",
    "Each payload type of the schema is taken",
    rule="A batch with one event of each payload type, all of its fields set, ends with "
    "success=true; so does each of them alone.",
    source=_SCHEMA + ".event_payload",
    cost="One kind of event takes the other 99 of its batch with it.",
)
def all_payloads(rig: ToggleRig) -> None:
    """Alone first, which says which one it is."""
    caller = rig.caller()
    events = rig.batches.filled()
    for event in events:
        answer = caller.send(rig.batches.batch([event]))
        wrapper = event.WhichOneof("event_payload") or ""
        kind = getattr(event, wrapper).WhichOneof("event_type")
        rig.expect(answer.ok, f"with an event of {wrapper}.{kind}, {answer}")
    caller.stored(rig.batches.batch(events))


@SEND_EVENTS.case(
    "all-levels",
    "Each level and each category is taken",
    rule="Events of each EventLevel and each EventCategory, UNSPECIFIED too, end with "
    "success=true.",
    source=_SCHEMA,
    cost="What Rodents are told to report, DEBUG or USAGE, takes its batch with it.",
)
def all_levels(rig: ToggleRig) -> None:
    """The category need not be the payload's."""
    caller = rig.caller()
    for level in EventLevel.values():
        answer = caller.send(rig.batches.batch([rig.batches.event(level=level)]))
        rig.expect(answer.ok, f"with an event of {EventLevel.Name(level)}, {answer}")
    for category in EventCategory.values():
        answer = caller.send(rig.batches.batch([rig.batches.event(category=category)]))
        rig.expect(answer.ok, f"with an event of {EventCategory.Name(category)}, {answer}")


@SEND_EVENTS.case(
    "unknown-fields",
    "Fields of a later schema are taken",
    rule="A batch with a field that the schema does not know, in it, in its events, their wrappers "
    "and payloads, ends with success=true.",
    source="protobuf: unknown fields are no error",
    cost="Rodents can be updated only after Toggle.",
)
def unknown_fields(rig: ToggleRig) -> None:
    """On each level."""
    rig.caller().stored(batch_with_unknown_fields(rig.batches.batch(2)))


@SEND_EVENTS.case(
    "unknown-enums",
    "Numbers of a later enum are taken",
    rule="An event whose level and category have a number that the schema does not know ends with "
    "success=true.",
    source="protobuf: enums of proto3 are open",
    cost="Rodents can be updated only after Toggle.",
)
def unknown_enums(rig: ToggleRig) -> None:
    """4711."""
    event = rig.batches.event(level=_UNHEARD_OF, category=_UNHEARD_OF)
    rig.caller().stored(rig.batches.batch([event]))


@SEND_EVENTS.case(
    "bare",
    "An event of which next to nothing is said is taken",
    rule="An event without id, level, time and source ends with success=true.",
    source="protobuf: a field of proto3 that is zero is not on the wire",
    cost="One event that is incomplete takes the other 99 of its batch with it.",
)
def bare(rig: ToggleRig) -> None:
    """It has its payload, and the metadata by which it is known again."""
    event = rig.batches.event(event_id="", level=0, category=0, source="", timestamp=0)
    rig.caller().stored(rig.batches.batch([event]))


@SEND_EVENTS.case(
    "long-texts",
    "Long texts and beyond ASCII are taken",
    rule="Events whose source and metadata have characters of all planes, line ends, NUL, and "
    "64 KiB, end with success=true.",
    source="protobuf: a string is any text of UTF-8",
    cost="A dataset with a name in another script takes its batch with it.",
)
def long_texts(rig: ToggleRig) -> None:
    """In one batch."""
    texts = ("Größe ☃ 漢字 🐀", "a\nb\r\nc\td\x00e", "x" * 65_536)
    events = [rig.batches.event(source=text, metadata={text[:8]: text}) for text in texts]
    rig.caller().stored(rig.batches.batch(events))


@SEND_EVENTS.case(
    "empty",
    "An empty batch is answered, and does no harm",
    rule="A batch without events, and one of no bytes at all, are answered with OK or "
    "INVALID_ARGUMENT; the next batch is taken.",
    source="the published Rodent sends none, but another may; gRPC: each call ends with a status",
    cost="One timer that fires too early stops a Rodent.",
)
def empty(rig: ToggleRig) -> None:
    """Both kinds."""
    caller = rig.caller()
    for batch in (rig.batches.batch(0), EventBatch()):
        answer = caller.send(batch)
        rig.expect(
            answer.status in {StatusCode.OK, StatusCode.INVALID_ARGUMENT},
            f"with a batch of no events, {answer}",
        )
    caller.stored(rig.batches.batch())


@SEND_EVENTS.case(
    "without-id",
    "A batch without an id is answered, and is no other one's duplicate",
    rule="Two batches without a batch_id are both answered alike: taken with success=true, or "
    "refused with INVALID_ARGUMENT.",
    source=_SCHEMA + ".batch_id: UUIDv7 as text; protobuf: what is empty is not on the wire",
    cost="Rodents in other languages lose all of their batches but the first.",
)
def without_id(rig: ToggleRig) -> None:
    """That the second one is stored as well, stored.without-id judges."""
    caller = rig.caller()
    answers = [caller.send(without_batch_id(rig.batches.batch())) for _ in range(2)]
    for answer in answers:
        if answer.status is not StatusCode.INVALID_ARGUMENT:
            _taken(answer)
    rig.expect(
        answers[0].status is answers[1].status,
        f"without batch_id, first {answers[0]}, then {answers[1]}",
    )


@SEND_EVENTS.case(
    "many",
    "20,000 events are taken",
    rule="20,000 events in batches of 1,000, one after the other, each end with success=true in "
    "the time of an answer.",
    source="the published Rodent on the wire: its buffer has 20,000 events by default, and they "
    "come all at once after an outage",
    cost="After an outage a Rodent does not get rid of what it has kept.",
)
def many(rig: ToggleRig) -> None:
    """What a full buffer has."""
    caller = rig.caller()
    for events in split(rig.batches.alike(_MANY), _IN_A_BATCH):
        caller.stored(rig.batches.batch(events))


@SEND_EVENTS.case(
    "largest",
    "A batch of just the largest size is taken",
    rule="A request of exactly as many bytes as Toggle is said to take (max_message_bytes) ends "
    "with success=true.",
    source="gRPC: the limit of received messages, 4 MiB by default, is inclusive",
    cost="Rodents that fill their batches up to the limit lose them.",
)
def largest(rig: ToggleRig) -> None:
    """To the byte."""
    rig.caller().stored(rig.batches.batch_of_size(rig.contract.max_message_bytes))


@SEND_EVENTS.case(
    "too-large",
    "A batch that is too large is refused with RESOURCE_EXHAUSTED",
    rule="A request of 64 KiB more than Toggle is said to take ends with RESOURCE_EXHAUSTED, and "
    "the next batch on the connection is taken.",
    source="gRPC, status codes: RESOURCE_EXHAUSTED for a message over the limit; rodent_events, "
    "docs/delivery.md: only this status has a batch split",
    cost="A Rodent does not learn that it has to split: it sends the same batch for ever.",
)
def too_large(rig: ToggleRig) -> None:
    """Clearly so."""
    caller = rig.caller()
    answer = caller.send(rig.batches.batch_of_size(rig.contract.max_message_bytes + 65_536))
    rig.expect(
        answer.status is StatusCode.RESOURCE_EXHAUSTED,
        f"with {65_536} bytes more than {rig.contract.max_message_bytes}, {answer}",
    )
    caller.stored(rig.batches.batch())


@SEND_EVENTS.case(
    "garbage",
    "Bytes that are no batch are refused",
    rule="A field that is longer than the message, text that is no UTF-8, and random bytes end "
    "with INVALID_ARGUMENT or INTERNAL, never with OK; the next batch is taken.",
    source="gRPC: a request that cannot be read ends with INTERNAL; status codes: INVALID_ARGUMENT",
    cost="What a Rodent has damaged is lost, and seems to be delivered.",
)
def garbage(rig: ToggleRig) -> None:
    """Each is damaged in another way."""
    caller = rig.caller()
    no_text = b"\x1a\x02\xff\xfe"  # batch_id
    for raw in (b"\x0a\xff\x01", no_text, b"\xff" * 64):
        answer = caller.send(raw)
        rig.expect(
            answer.status in _UNREADABLE, f"with bytes that are no batch ({raw[:4]!r}…), {answer}"
        )
    caller.stored(rig.batches.batch())


@SEND_EVENTS.case(
    "truncated",
    "A batch without its end is refused",
    rule="A batch of which the last event is cut ends with INVALID_ARGUMENT or INTERNAL, never "
    "with OK.",
    source="protobuf: a message that ends within a field cannot be read",
    cost="What is left of a damaged file is taken for all of it.",
)
def truncated(rig: ToggleRig) -> None:
    """In the middle of its last event."""
    events = EventBatch(events=rig.batches.events(3)).SerializeToString()
    answer = rig.caller().send(events[:-20])
    rig.expect(answer.status in _UNREADABLE, f"with a batch that is cut, {answer}")


@SEND_EVENTS.case(
    "same-again",
    "A batch that is sent again is answered as before",
    rule="The same batch, sent again after it was taken, ends with OK and success=true.",
    source="the published Rodent on the wire: a batch whose answer was lost is sent again with the "
    "same batch_id and bytes",
    cost="A Rodent whose answer was lost never gets rid of the batch, and stops behind it.",
)
def same_again(rig: ToggleRig) -> None:
    """On the same connection, and on another one."""
    batch = rig.batches.batch(3)
    caller = rig.caller()
    caller.stored(batch)
    caller.stored(batch)
    rig.caller().stored(batch)


@SEND_EVENTS.case(
    "at-once",
    "Many calls at once are all answered",
    rule="Twenty batches of one Rodent at the same time, over one connection, all end with "
    "success=true; so do those of twenty Rodents over twenty connections.",
    source="gRPC: calls on one connection are independent of each other",
    cost="When a fleet reports an outage, some of it goes unheard.",
)
def send_at_once(rig: ToggleRig) -> None:
    """Both ways."""
    batches = [rig.batches.batch(6) for _ in range(_AT_ONCE)]
    for answer in rig.caller().call_at_once("SendEvents", batches):
        _taken(answer)
    callers = rig.callers(_AT_ONCE)
    at_once(lambda caller: caller.stored(rig.batches.batch(5)), callers)


@SEND_EVENTS.case(
    "compressed",
    "A compressed batch is taken",
    rule="A batch that the client has compressed with gzip ends with success=true.",
    source="gRPC, compression: a server should support gzip; one that does not ends the call with "
    "UNIMPLEMENTED and names what it does support",
    cost="Rodents behind slow lines cannot compress what they send.",
    severity="should",
)
def compressed(rig: ToggleRig) -> None:
    """A hundred events, which are worth it."""
    rig.caller().stored(rig.batches.batch(100), compression=Compression.Gzip)


@SEND_EVENTS.case(
    "cancelled",
    "Calls that are taken back do no harm",
    rule="Twenty calls are cancelled while Toggle waits for the rest of their message, and twenty "
    "have a deadline of a millisecond. After that, batches of the same Rodent are taken.",
    source="gRPC: a client may cancel a call at any time, and each call of the published Rodent "
    "has a deadline",
    cost="After a time in which Toggle was slow, it stays so.",
)
def cancelled(rig: ToggleRig) -> None:
    """A ping shows that Toggle has seen what was sent before it."""
    connection = rig.http2()
    streams = []
    for _ in range(_AT_ONCE):
        streams.append(connection.call("SendEvents", rig.headers()))
        connection.data(streams[-1], rig.half_a_batch(), ends=False)
    _seen(rig, connection)
    for stream in streams:
        connection.cancel(stream)
    _seen(rig, connection)
    caller = rig.caller()
    for _ in range(_AT_ONCE):
        caller.begin("SendEvents", rig.batches.batch(), timeout=0.001).answer()
    for _ in range(_AT_ONCE):
        caller.stored(rig.batches.batch())


def without_batch_id(batch: EventBatch) -> EventBatch:
    """The same batch without its id."""
    changed = EventBatch.FromString(batch.SerializeToString())
    changed.ClearField("batch_id")
    return changed


def _taken(answer: Answer) -> None:
    """See that a batch was taken."""
    answer.successful(EventBatchResponse)


def _seen(rig: ToggleRig, connection: Http2Connection) -> None:
    """Wait until Toggle has seen what was sent so far."""
    for frame in connection.pinged(rig.patience("answer")):
        rig.reached(frame.kind != Kind.GOAWAY, f"Toggle ends the connection: {frame.last_words}")
