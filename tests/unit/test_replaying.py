"""What a recording answers that is replayed: to which calls, and when in a stream."""

import asyncio

import grpc
import pytest

from rodent_events import Event, EventBatch, EventBatchResponse, StoragePoolPayload, wire
from toggle_mock import Recording, ToggleServer
from toggle_mock.recording.records import RecordedCall
from toggle_mock.rodents.stream import Accepted, Ending, Stream
from toggle_mock.server.answering import Asked
from toggle_mock.server.replaying import ReplayedAnswers

Code = grpc.StatusCode
TRAILERS = (("x", "1"),)


def event(name: str, **fields) -> Event:
    made = Event(source=name, metadata={"b": "1", "a": "2"}, **fields)
    made.storage_event.pool_event.CopyFrom(StoragePoolPayload(pool_name=name))
    return made


def batch(*names: str, run: int = 1) -> bytes:
    """A batch of events of these names; ids and times are others in each run."""
    events = [event(name, event_id=f"e{run}", timestamp=run) for name in names]
    made = EventBatch(events=events, batch_id=f"b{run}", batch_timestamp=run)
    return made.SerializeToString()


def register(warning: str) -> bytes:
    return wire.delimited(1, wire.delimited(4, warning.encode()))


def said(message: str, *, success: bool = True) -> bytes:
    return EventBatchResponse(success=success, message=message).SerializeToString()


class Recorded:
    """A recording that is made by hand."""

    def __init__(self):
        self.recording = Recording()

    def call(
        self, request, response=b"", status="OK", *, method="SendEvents", rid="r1", details=""
    ):
        call = RecordedCall(method, "peer", (), claims={"rid": rid})
        self.recording.begin(call)
        for raw, sent in ((request, False), (response, True)):
            if raw:
                self.recording.message(call, raw, sent=sent)
        self.recording.end(call, status, details, TRAILERS)

    def replayed(self, *, strict: bool = True) -> "Replayed":
        return Replayed(ReplayedAnswers(self.recording, "run.ndjson", is_strict=strict))


class Replayed:
    def __init__(self, answers: ReplayedAnswers):
        self.answers = answers

    def ask(self, request, method="SendEvents", rid="r1"):
        call = RecordedCall(method, "peer", (), claims={"rid": rid})
        message = EventBatch.FromString(request) if method == "SendEvents" else None
        return asyncio.run(self.answers.answer(Asked(call, request, message, None)))

    def text(self, request, **which) -> str:
        return EventBatchResponse.FromString(self.ask(request, **which).response).message


@pytest.fixture
def recorded():
    return Recorded()


def test_the_same_content_gets_the_recorded_answer_whatever_its_ids_and_times(recorded):
    recorded.call(batch("a", "b"), said("first"))
    recorded.call(batch("a", "c"), said("second"))
    answer = recorded.replayed().ask(batch("a", "c", run=2))
    assert (answer.response, answer.trailers) == (said("second"), TRAILERS)
    assert answer.is_success("SendEvents")


def test_a_status_comes_with_its_text_and_trailers(recorded):
    recorded.call(batch("a"), status="ABORTED", details="why")
    answer = recorded.replayed().ask(batch("a", run=2))
    assert (answer.status, answer.details, answer.trailers) == (Code.ABORTED, "why", TRAILERS)
    assert not answer.is_success("SendEvents")


def test_a_request_that_was_repeated_gets_its_answers_in_turn_and_again_once_rewound(recorded):
    recorded.call(batch("a"), status="UNAVAILABLE")
    recorded.call(batch("a"), said("no", success=False))
    recorded.call(batch("a"), said("at last"))
    replayed = recorded.replayed()
    for _ in range(2):
        answers = [replayed.ask(batch("a", run=2)) for _ in range(4)]
        assert [answer.status for answer in answers] == [Code.UNAVAILABLE, *[Code.OK] * 3]
        assert [answer.is_success("SendEvents") for answer in answers] == [False, False, True, True]
        replayed.answers.rewind()


def test_the_very_same_request_is_before_one_of_the_same_content(recorded):
    recorded.call(batch("a", run=1), said("one"))
    recorded.call(batch("a", run=2), said("two"))
    assert recorded.replayed().text(batch("a", run=2)) == "two"
    assert recorded.replayed().text(batch("a", run=3)) == "one"


def test_a_rodents_own_calls_are_before_those_of_others(recorded):
    recorded.call(b"", said("of r1"), method="Register", rid="r1")
    assert recorded.replayed().ask(b"", "Register").status is Code.INVALID_ARGUMENT
    for rid in ("r1", "r2"):
        recorded.call(b"\x0a\0", said(f"of {rid}"), method="Register", rid=rid)
    for rid, answer in (("r2", "of r2"), ("r1", "of r1"), ("r3", "of r1")):
        assert recorded.replayed().text(b"\x0a\0", method="Register", rid=rid) == answer


def test_events_may_come_in_other_batches_if_theirs_were_finally_answered_alike(recorded):
    recorded.call(batch("a", "b"), status="UNAVAILABLE")
    recorded.call(batch("a", "b"), said("1"))
    recorded.call(batch("c"), said("2"))
    recorded.call(batch("d"), said("no", success=False))
    replayed = recorded.replayed()
    assert replayed.text(batch("b", "c", run=2)) == "2"
    assert replayed.text(batch("a", run=2)) == "1"
    refused = replayed.ask(batch("c", "d", run=2))
    assert refused.status is Code.INVALID_ARGUMENT
    assert refused.details.endswith(
        "its events stand in several batches there, answered differently"
    )


def test_what_is_not_in_it_is_refused_with_what_that_is_or_answered_as_the_mock_does(recorded):
    recorded.call(batch("a"), said("one"))
    refused = recorded.replayed().ask(batch("a", "b", "c"))
    assert (refused.status, refused.refusal) == (Code.INVALID_ARGUMENT, "unrecorded")
    assert refused.details == (
        "run.ndjson, which is replayed, has no answer to this SendEvents: 2 of its events are not "
        "in it, the first a pool_event from 'b'"
    )
    bare = EventBatch(events=[Event()]).SerializeToString()
    assert "the first one without payload from ''" in recorded.replayed().ask(bare).details
    assert recorded.replayed(strict=False).text(batch("b")) == "1 events recorded"
    register = recorded.replayed().ask(b"", "Register")
    assert register.details.endswith("has no answer to this Register")
    assert recorded.replayed(strict=False).text(b"", method="Register") == "registered"


def test_what_no_schema_knows_is_compared_too(recorded):
    recorded.call(batch("a") + wire.delimited(900, b"1"), said("one"))
    assert recorded.replayed().text(batch("a", run=2) + wire.delimited(900, b"1")) == "one"
    recorded.call(batch("a") + wire.delimited(900, b"2"), said("two"))
    assert recorded.replayed().text(batch("a", run=2) + wire.delimited(900, b"2")) == "two"


def test_secrets_that_were_not_recorded_are_not_compared(recorded):
    recorded.call(batch("Bearer [redacted]"), said("one"))
    assert recorded.replayed().text(batch("Bearer 0123456789")) == "one"
    recorded.call(batch("Bearer [redacted]*", "b"), said("with b"))
    assert recorded.replayed().text(batch("Bearer 01234567890")) == "with b"
    recorded.call(register("Bearer [redacted]"), said("two"), method="Register")
    assert recorded.replayed().text(register("Bearer 0123456789"), method="Register") == "two"


def test_what_is_no_status_is_unknown(recorded):
    recorded.call(batch("a"), status="WEIRD")
    assert recorded.replayed().ask(batch("a")).status is Code.UNKNOWN


@pytest.mark.parametrize("status", ["CANCELLED", None])
def test_a_call_that_nobody_has_answered_is_no_answer(recorded, status):
    recorded.call(batch("a"), status=status)
    assert recorded.replayed().ask(batch("a")).status is Code.INVALID_ARGUMENT


def test_a_recording_of_batches_alone_says_that_they_were_accepted(recorded):
    recorded.call(batch("a"))
    assert recorded.replayed().text(batch("a", run=2)) == "1 events recorded"


# Streams


def stream_of(recorded: Recorded, *messages: str, status: str | None = "CANCELLED") -> None:
    """Record a stream: what Toggle says begins with ``>``."""
    call = RecordedCall("Connect", "peer", (), claims={"rid": "r1"})
    recorded.recording.begin(call)
    for message in messages:
        recorded.recording.message(call, message.encode(), sent=message.startswith(">"))
    if status:
        recorded.recording.end(call, status, "why", TRAILERS)


async def outgoing(stream: Stream, count: int) -> list:
    async with asyncio.timeout(10):
        return [await stream.outgoing.get() for _ in range(count)]


async def opened(recorded: Recorded, *, strict: bool = True):
    call = RecordedCall("Connect", "peer", (), claims={"rid": "r1"})
    stream = Stream(call, asyncio.get_running_loop())
    conversation = recorded.replayed(strict=strict).answers.conversation(stream, None)
    return stream, conversation, asyncio.ensure_future(conversation.speak())


async def test_what_toggle_said_comes_when_the_rodent_has_said_as_much_as_then(recorded):
    stream_of(recorded, ">1", ">2", "a", "b", ">3", status="PERMISSION_DENIED")
    stream, conversation, speaking = await opened(recorded)
    assert await outgoing(stream, 3) == [Accepted(()), b">1", b">2"]
    await conversation.hear(b"other")
    await asyncio.sleep(0)
    assert stream.outgoing.empty()
    await conversation.hear(b"than then")
    end = Ending(Code.PERMISSION_DENIED, "why", TRAILERS)
    assert await outgoing(stream, 2) == [b">3", end]
    assert stream.others_ask
    await speaking


@pytest.mark.parametrize("status", ["OK", "CANCELLED", None])
def test_a_stream_that_toggle_has_not_ended_stays_open(recorded, status):
    async def test():
        stream, conversation, speaking = await opened(recorded)
        await speaking
        assert await outgoing(stream, 2) == [Accepted(()), b">1"]
        assert stream.outgoing.empty()
        assert (await conversation.hear_end()).status is Code.OK

    stream_of(recorded, ">1", "a", status=status)
    asyncio.run(test())


async def test_a_stream_that_was_refused_is_refused(recorded):
    stream_of(recorded, status="UNAUTHENTICATED")
    stream, _, _ = await opened(recorded)
    assert await outgoing(stream, 1) == [Ending(Code.UNAUTHENTICATED, "why", TRAILERS)]


async def test_a_recording_without_streams_refuses_them_or_says_nothing(recorded):
    stream, _, _ = await opened(recorded)
    (end,) = await outgoing(stream, 1)
    assert (end.status, end.refusal) == (Code.INVALID_ARGUMENT, "unrecorded")
    stream, conversation, speaking = await opened(recorded, strict=False)
    await speaking
    assert conversation.accepts_at_once
    assert stream.outgoing.empty()


# Options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"replay": Recording(), "forward_to": "x:1"}, "give forward_to or replay"),
        ({"replay": "a/../run.pb", "record": "run.pb"}, "record to another file"),
        ({"replay_mode": "stric"}, "replay_mode is 'stric': give strict or lenient"),
        ({"replay": __file__}, "no suffix of a recording"),
    ],
)
def test_what_cannot_be_replayed_is_told(options, problem):
    with pytest.raises(ValueError, match=problem):
        ToggleServer(**options)
