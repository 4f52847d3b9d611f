"""Entries of a recording: as lines of JSON and back, and the order that they come in."""

import json
import math
from queue import SimpleQueue

import msgspec
import pytest
from support.recorded import recorded_event

from rodent_events import EventBatch
from toggle_mock.errors import StorageError
from toggle_mock.recording.entries import (
    AcceptEntry,
    Binary,
    CallEntry,
    ClearEntry,
    EndEntry,
    FeedEntry,
    MarkEntry,
    MessageEntry,
    RefusalEntry,
    StreamEntry,
    decode,
    encode_line,
    sliced,
    waiting,
)
from toggle_mock.recording.feed import EntryFeed
from toggle_mock.recording.playback import Player
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.scope import Scope

EVENT = recorded_event().message
CALL = CallEntry(1, "SendEvents", "peer", 1.5, (("k", "v"), ("x-bin", Binary(b"\0\xff"))), {})


def accept(recording: Recording, call: RecordedCall, batch_id: str) -> None:
    raw = EventBatch(events=[EVENT], batch_id=batch_id).SerializeToString()
    recording.message(call, raw, sent=False)
    recording.accept(call, raw, batch_id=batch_id, count=1)


def begin(recording: Recording) -> RecordedCall:
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": "r1"})
    recording.begin(call)
    return call


def played(entries) -> Recording:
    again = Recording(deduplicate=True)
    player = Player(again)
    for entry in entries:
        player.play(entry)
    return again


# Lines


@pytest.mark.parametrize(
    "entry",
    [
        CALL,
        msgspec.structs.replace(CALL, claims={"rid": "r\ud800", "n": 2**70, "of": [None, {}]}),
        MessageEntry(1, sent=True, at=2.0, raw=bytes(range(256))),
        StreamEntry(1, server=2),
        AcceptEntry(1),
        EndEntry(1, "OK", "a\nb"),
        EndEntry(1, "OK", "", (("k", "v"), ("x-bin", Binary(b"\0\xff")))),
        RefusalEntry(0, "http1", "peer", "GET /", "", {"rid": "r1"}, 1.5),
        ClearEntry(),
        FeedEntry("f"),
        MarkEntry([1, "two"]),
    ],
)
def test_a_line_says_all_of_an_entry(entry):
    line = encode_line(entry)
    assert line.count(b"\n") == 1
    assert json.loads(line)["entry"] == type(entry).__name__.removesuffix("Entry").lower()
    assert decode(line) == entry


def test_what_python_calls_json_is_read():
    line = encode_line(CALL).replace(b'"claims":{}', b'"claims":{"n":NaN}')
    (claim,) = decode(line).claims.values()
    assert math.isnan(claim)


@pytest.mark.parametrize(
    "line", ["5", "{}", '{"entry": "call"}', '{"entry": "accept", "call": "1"}']
)
def test_what_is_no_entry_is_told(line):
    with pytest.raises(StorageError, match="no entry of a recording"):
        decode(line)


# Slices


def test_slices_are_of_a_bounded_size_and_have_all():
    entries = [MessageEntry(n, sent=True, at=0.0, raw=bytes(10_000)) for n in range(200)]
    slices = list(sliced(entries))
    assert [entry for some in slices for entry in some] == entries
    assert 4 < len(slices) < 20
    assert list(sliced([])) == []


def test_a_slice_of_a_queue_is_all_that_waits():
    queue = SimpleQueue()
    assert waiting(queue, timeout=0.0) == []
    for entry in (CALL, AcceptEntry(1)):
        queue.put(entry)
    assert waiting(queue) == [CALL, AcceptEntry(1)]


# What was recorded at one moment


def test_batches_keep_the_order_in_which_they_were_accepted():
    recording = Recording()
    first, second, third = (begin(recording) for _ in range(3))
    for call, batch_id in ((second, "a"), (third, "b"), (first, "c")):
        accept(recording, call, batch_id)
        recording.end(call, "OK")
    again = played(recording.snapshot().entries())
    assert [batch.batch_id for batch in again.batches] == ["a", "b", "c"]
    assert [call.number for call in again.calls] == [1, 2, 3]
    assert [call.status for call in again.calls] == ["OK"] * 3


def refusal(details: str, rid: str = "") -> Refusal:
    return Refusal("http1", "peer", details, claims={"rid": rid} if rid else {}, at=1.5)


def test_refusals_are_recorded_again():
    recording = Recording()
    for details in ("a", "b"):
        recording.refuse(refusal(details, "r1"))
    again = played(recording.snapshot().entries())
    assert [(one.number, one.details, one.rid, one.at) for one in again.refusals] == [
        (1, "a", "r1", 1.5),
        (2, "b", "r1", 1.5),
    ]


def test_a_feed_has_the_refusals_of_its_scope_and_those_of_nobody():
    recording, feed = Recording(), EntryFeed(Scope("r1").covers)
    for details, rid in (("mine", "r1"), ("other", "r2"), ("nobody", "")):
        recording.refuse(refusal(f"{details} before", rid))
    feed.attach(recording)
    for details, rid in (("mine", "r1"), ("other", "r2"), ("nobody", "")):
        recording.refuse(refusal(details, rid))
    told = [*feed.take(0.0), *feed.take(0.0)]
    assert [entry.details for entry in told if isinstance(entry, RefusalEntry)] == [
        "mine before",
        "nobody before",
        "mine",
        "nobody",
    ]


def test_what_repeats_a_batch_repeats_it_again():
    recording = Recording(deduplicate=True)
    late, original = begin(recording), begin(recording)
    accept(recording, original, "same")
    accept(recording, late, "same")
    again = played(recording.snapshot().entries())
    assert [batch.call.number for batch in again.batches] == [original.number]
    assert [batch.call.number for batch in again.duplicates] == [late.number]


def test_what_comes_later_is_not_in_it():
    recording = Recording()
    call = begin(recording)
    recording.message(call, b"early", sent=False)
    snapshot = recording.snapshot()
    recording.message(call, b"later", sent=False)
    recording.end(call, "OK")
    begin(recording)
    kinds = [(type(entry), getattr(entry, "raw", None)) for entry in snapshot.entries()]
    assert kinds == [(CallEntry, None), (MessageEntry, b"early")]


def test_a_feed_has_nothing_twice_and_leaves_nothing_out():
    recording = Recording()
    call = begin(recording)
    recording.message(call, b"early", sent=False)
    feed = EntryFeed(lambda call: call.rid == "r1")
    feed.attach(recording)
    recording.begin(RecordedCall("SendEvents", "peer", (), claims={"rid": "r2"}))
    recording.message(call, b"later", sent=False)
    recording.end(call, "OK")
    feed.mark(5)
    recording.clear()
    recording.detach(feed)
    begin(recording)
    taken = []
    while some := feed.take(0.0):
        taken += some
    assert [getattr(entry, "raw", type(entry)) for entry in taken] == [
        FeedEntry,
        CallEntry,
        b"early",
        b"later",
        EndEntry,
        MarkEntry,
        ClearEntry,
    ]
