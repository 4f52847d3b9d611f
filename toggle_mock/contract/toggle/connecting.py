"""Connect: the stream over which Toggle speaks first, and what a Rodent may do on it."""

from __future__ import annotations

from grpc import StatusCode

from rodent_events.ids import new_id
from rodent_events.pb.base_pb2 import (
    Acknowledgement,
    CommandResponse,
    EventNotification,
    RodentRequest,
    ToggleRequest,
)
from toggle_mock.contract.cases import Group
from toggle_mock.contract.filling import now_ms
from toggle_mock.contract.toggle.batches import with_unknown_fields
from toggle_mock.contract.toggle.caller import Caller, at_once
from toggle_mock.contract.toggle.http2 import Http2Connection
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.contract.toggle.stream import Stream, answer_to
from toggle_mock.contract.verdicts import Breach
from toggle_mock.faults.frames import Kind

CONNECT: Group[ToggleRig] = Group("connect", "Connect")

_NEEDS = ("connect",)
_BEATS = ("connect", "heartbeat")

_SILENT = "the published Rodent on the wire: it sends nothing unasked, so Toggle speaks first"
_MATCHED = "the schema: request_id tells which request is answered"

_AT_ONCE = 50
_CONNECTIONS = 5
_IN_A_ROW = 10


@CONNECT.case(
    "stays",
    "A stream on which the Rodent says nothing stays open",
    rule="Connect is not ended by Toggle while other calls on its connection are answered.",
    source=_SILENT,
    cost="The Rodent dials for ever, and no command reaches it.",
    needs=_NEEDS,
)
def stays(rig: ToggleRig) -> None:
    """Other calls show that time has gone by."""
    caller = rig.caller()
    stream = caller.connect()
    for _ in range(_IN_A_ROW):
        caller.stored(rig.batches.batch())
    stream.must_be_open()


@CONNECT.case(
    "idle",
    "An idle stream stays up",
    rule="A stream on which the Rodent says nothing unasked is not ended by Toggle for the time "
    "that is said of it (idle, 300 s by default), and serves after that.",
    source=_SILENT + "; a default gRPC server drops an idle stream after about 200 s",
    cost="Each Rodent is away for half a minute every few minutes; commands fail meanwhile.",
    needs=_NEEDS,
    waits=("idle",),
)
def idle(rig: ToggleRig) -> None:
    """The time itself is the rule."""
    stream = rig.caller().connect()
    rig.expect(stream.ended(rig.contract.times.idle) is None, stream.told)
    rig.serves(stream)


@CONNECT.case(
    "speaks-first",
    "The first words on a stream are Toggle's",
    rule="Though the Rodent says nothing, system.status comes within the time of a heartbeat.",
    source=_SILENT + "; its heartbeat is the command system.status",
    cost="A Rodent that is gone is listed as connected.",
    needs=_BEATS,
    waits=("heartbeat",),
)
def speaks_first(rig: ToggleRig) -> None:
    """And no other command before it."""
    stream = rig.caller().connect()
    rig.heartbeat(stream)


@CONNECT.case(
    "goes-on",
    "Heartbeats go on",
    rule="After a heartbeat was answered, the next one comes within the time of a heartbeat, and "
    "so does the one after that.",
    source="the published Rodent on the wire: each system.status is answered, and more follow",
    cost="A Rodent that has gone after the first heartbeat is listed as connected for ever.",
    needs=_BEATS,
    waits=("heartbeat",) * 3,
)
def goes_on(rig: ToggleRig) -> None:
    """Three of them, answered."""
    stream = rig.caller().connect()
    for _ in range(3):
        rig.heartbeat(stream)


@CONNECT.case(
    "request-ids",
    "Each request has an id that no other one has",
    rule="The request_id of a request is not empty, and was in no other request: not on this "
    "stream, not after the Rodent has connected again, not for another Rodent.",
    source=_MATCHED,
    cost="A late answer is taken for that of another command: an operator sees the wrong result.",
    needs=_BEATS,
    waits=("heartbeat",) * 3,
)
def request_ids(rig: ToggleRig) -> None:
    """Three streams one after the other, of two Rodents."""
    said: list[ToggleRequest] = []
    for number in (0, 0, 1):
        with rig.caller(number) as caller:
            stream = caller.connect()
            said += [rig.heartbeat(stream), rig.heartbeat(stream)]
    ids = [request.request_id for request in said]
    rig.expect(all(ids), "a request has an empty request_id")
    again = sorted({one for one in ids if ids.count(one) > 1})
    rig.expect(not again, f"of {len(ids)} requests, several have the request_id {again[:1]}")


@CONNECT.case(
    "no-reply",
    "A heartbeat that is not answered is no reason to stop",
    rule="Though a Rodent answers no heartbeat, Toggle goes on to send them, or ends the stream; "
    "it does not fall silent.",
    source=_SILENT,
    cost="One answer that was lost, and a Rodent that has gone is listed as connected for ever.",
    needs=_BEATS,
    waits=("heartbeat",) * 3,
)
def no_reply(rig: ToggleRig) -> None:
    """Three of them, none answered."""
    stream = rig.caller().connect(answers=False)
    for _ in range(3):
        try:
            rig.heartbeat(stream)
        except Breach:
            if stream.ended(0.0) is None:
                raise
            return


@CONNECT.case(
    "unknown-answer",
    "An answer to nothing does no harm",
    rule="A CommandResponse whose request_id no request had leaves the stream as it was.",
    source=_MATCHED + ", and an answer that is late after Toggle was restarted matches nothing",
    cost="A Rodent whose answer outlives a restart of Toggle is cut off, and again, and again.",
    needs=_NEEDS,
)
def unknown_answer(rig: ToggleRig) -> None:
    """An id that was made just now."""
    _harmless(rig, response_with_id(new_id()))


@CONNECT.case(
    "late-answer",
    "An answer that comes late, or twice, does no harm",
    rule="The answer to a heartbeat is sent again after the next heartbeat, and on the Rodent's "
    "next stream; both streams go on.",
    source="the published Rodent on the wire: answers come out of order, and late",
    cost="A Rodent on a slow disk is cut off because it answers.",
    needs=_BEATS,
    waits=("heartbeat",) * 3,
)
def late_answer(rig: ToggleRig) -> None:
    """It was answered the first time by the stream itself."""
    caller = rig.caller()
    stream = caller.connect()
    late = answer_to(rig.heartbeat(stream))
    assert late is not None
    rig.heartbeat(stream)
    stream.write(late)
    rig.serves(stream)
    stream = caller.connect()
    rig.heartbeat(stream)
    stream.write(late)
    rig.serves(stream)


@CONNECT.case(
    "strange-ids",
    "A request id that is none does no harm",
    rule="Answers whose request_id is empty, is text of control characters, or has 64 KiB, leave "
    "the stream as it was; so do ones that differ outside and inside.",
    source="the published Rodent on the wire: an empty request_id is answered by an empty one",
    cost="A Rodent with a fault of its own takes its stream down with it.",
    needs=_NEEDS,
)
def strange_ids(rig: ToggleRig) -> None:
    """Each on the same stream."""
    ids = ("", "\x00\n\x1b[31m", "☃" * 21_845, "' OR 1=1 --")
    apart = RodentRequest(
        request_id=new_id(), command_response=CommandResponse(request_id=new_id())
    )
    _harmless(rig, *map(response_with_id, ids), apart)


@CONNECT.case(
    "unasked-ack",
    "An Acknowledgement that nobody waits for does no harm",
    rule="An Acknowledgement of an unknown id, and one that says success=false, leave the stream "
    "as it was.",
    source=_MATCHED,
    cost="A Rodent that acknowledges once too often is cut off.",
    needs=_NEEDS,
)
def unasked_ack(rig: ToggleRig) -> None:
    """Two of them."""
    acks = [
        RodentRequest(request_id=one, ack=Acknowledgement(request_id=one, success=success))
        for one, success in ((new_id(), True), (new_id(), False))
    ]
    _harmless(rig, *acks)


@CONNECT.case(
    "other-messages",
    "A notification, a message of nothing and one of a later schema do no harm",
    rule="An EventNotification, a RodentRequest whose oneof is empty, and one with only fields "
    "that the schema does not know leave the stream as it was.",
    source="the schema: RodentRequest; protobuf: unknown fields are no error, and a oneof of a "
    "later schema reads as an empty one",
    cost="Rodents can be updated only after Toggle.",
    needs=_NEEDS,
)
def other_messages(rig: ToggleRig) -> None:
    """Three of them."""
    event = EventNotification(event_type="test", source="suite", timestamp=now_ms(), payload=b"{}")
    _harmless(
        rig,
        RodentRequest(request_id=new_id(), event=event),
        RodentRequest(),
        with_unknown_fields(RodentRequest()),
    )


@CONNECT.case(
    "garbage",
    "Garbage on a stream harms only that stream",
    rule="Bytes that are no RodentRequest end their stream with an error, or are passed over; they "
    "never end it with OK. Another stream of the same connection stays open, and the Rodent may "
    "connect again.",
    source="gRPC: a message that cannot be read ends its call, with INTERNAL, not its connection",
    cost="One broken Rodent takes others down, or a broken one seems to have left in peace.",
    needs=_NEEDS,
)
def garbage(rig: ToggleRig) -> None:
    """A field that is longer than the message."""
    caller = rig.caller()
    other = caller.connect(rig.metadata(1))
    stream = caller.connect()
    stream.write(b"\x0a\xff\x01")
    caller.stored(rig.batches.batch())
    stream.end()
    rig.expect(stream.ended() is not StatusCode.OK, f"after garbage, {stream.told}")
    rig.serves(other)
    rig.serves(caller.connect())


@CONNECT.case(
    "half-close",
    "A stream ends when the Rodent has nothing more to say",
    rule="Once the Rodent has ended its side, Toggle ends the stream with OK, within the time of "
    "an answer.",
    source="gRPC: a server whose client has half-closed a call ends it with a status",
    cost="Streams of Rodents that have left pile up, until Toggle takes no more.",
    needs=_NEEDS,
)
def half_close(rig: ToggleRig) -> None:
    """At once, and after it has said something."""
    for said in ([], [response_with_id(new_id())]):
        stream = rig.caller().connect()
        for message in said:
            stream.write(message)
        stream.end()
        rig.expect(
            stream.ended() is StatusCode.OK,
            f"the Rodent has nothing more to say, and {stream.told}",
        )


@CONNECT.case(
    "again",
    "A Rodent may connect again at once",
    rule="Ten times one after the other: a stream is opened, and is cancelled. The last one stays "
    "open, and is served.",
    source="the published Rodent on the wire: it dials again after each end of its stream",
    cost="A Rodent whose connection was cut is refused while the old stream is still listed.",
    needs=_NEEDS,
)
def again(rig: ToggleRig) -> None:
    """On one connection, and then on another."""
    caller = rig.caller()
    for _ in range(_IN_A_ROW):
        stream = caller.connect()
        caller.stored(rig.batches.batch())
        stream.must_be_open()
        stream.close()
    other = rig.caller()
    stream = other.connect()
    other.stored(rig.batches.batch())
    rig.serves(stream)


@CONNECT.case(
    "twice",
    "The second stream of a Rodent is served",
    rule="While a stream of a Rodent is open, it opens another one, from another connection: that "
    "stays open, whatever becomes of the first.",
    source="the published Rodent on the wire: it notices after 90 s at the latest that its "
    "connection is half open; Toggle may still hold the old stream then",
    cost="A Rodent whose network was gone is refused until Toggle notices, too.",
    needs=_NEEDS,
)
def twice(rig: ToggleRig) -> None:
    """The second is the one that counts."""
    rig.caller().connect()
    caller = rig.caller()
    stream = caller.connect()
    for _ in range(_IN_A_ROW):
        caller.stored(rig.batches.batch())
    stream.must_be_open()
    rig.serves(stream)


@CONNECT.case(
    "many",
    "Fifty Rodents are connected at once",
    rule="Fifty streams of fifty Rodents over five connections stay open while events of all of "
    "them are taken.",
    source="gRPC: servers allow 100 streams on a connection and more, unless they are told less",
    cost="Some Rodents of a fleet are never connected.",
    needs=_NEEDS,
)
def many(rig: ToggleRig) -> None:
    """Ten on each."""
    callers = rig.callers(_CONNECTIONS)
    streams = [
        callers[number % _CONNECTIONS].connect(rig.metadata(number)) for number in range(_AT_ONCE)
    ]
    at_once(lambda caller: caller.stored(rig.batches.batch()), callers)
    for stream in streams:
        stream.must_be_open()
    for stream in streams:
        stream.end()
    for stream in streams:
        stream.ended()
    usual = _usual_end(rig)
    unlike = [stream.told for stream in streams if stream.status is not usual.status]
    rig.expect(
        not unlike,
        f"of {_AT_ONCE} streams at once, {len(unlike)} end unlike a single one: "
        f"{unlike[:1]}; a single one: {usual.told}",
    )


@CONNECT.case(
    "deaf",
    "A Rodent that does not read does not stop others",
    rule="A Rodent lets nothing of its stream through (a window of HTTP/2 of no bytes). Meanwhile "
    "another one has its heartbeats, and its events are taken.",
    source="gRPC: flow control is for each stream",
    cost="One node that hangs stops the commands to all.",
    needs=_BEATS,
    waits=("heartbeat",) * 3,
)
def deaf(rig: ToggleRig) -> None:
    """The other one's third heartbeat is sent after the first that the deaf one does not read."""
    deaf_one = rig.http2(window=0)
    _open_stream(rig, deaf_one)
    caller = rig.caller(1)
    stream = caller.connect()
    for _ in range(3):
        rig.heartbeat(stream)
        caller.stored(rig.batches.batch())
    stream.must_be_open()


def _open_stream(rig: ToggleRig, connection: Http2Connection) -> None:
    """Have a Connect stream on a connection by hand; a ping shows that Toggle has seen it."""
    connection.call("Connect", rig.headers())
    seen = [
        frame.kind
        for frame in connection.pinged(rig.patience("answer"))
        if frame.kind in {Kind.RST_STREAM, Kind.GOAWAY}
    ]
    rig.reached(not seen, "the stream of the Rodent that does not read was refused")


def response_with_id(request_id: str) -> RodentRequest:
    """A successful answer to a command of this id."""
    response = CommandResponse(request_id=request_id, success=True, payload=b"{}")
    return RodentRequest(request_id=request_id, command_response=response)


def _harmless(rig: ToggleRig, *messages: RodentRequest | bytes) -> None:
    """See that these messages leave a stream as it was, and the Rodent welcome."""
    caller: Caller = rig.caller()
    stream = caller.connect()
    for message in messages:
        stream.write(message)
    rig.serves(stream)
    caller.stored(rig.batches.batch())


def _usual_end(rig: ToggleRig) -> Stream:
    stream = rig.caller().connect()
    stream.end()
    stream.ended()
    return stream
