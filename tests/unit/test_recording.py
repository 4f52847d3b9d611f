"""The store of what arrived: limits, readers, waiting."""

import threading

import pytest
from support.blocks import ends_elsewhere
from support.recorded import recorded_event

from rodent_events import EventBatch, StoragePoolPayload
from toggle_mock import Assertions
from toggle_mock.recording.recorder import MAX_STREAM_MESSAGES, Position, Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.scope import Scope

EVENT = recorded_event(StoragePoolPayload(pool_name="tank")).message


def send(recording: Recording, batch_id: str = "", events: int = 1) -> RecordedCall:
    raw = EventBatch(events=[EVENT] * events, batch_id=batch_id).SerializeToString()
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": "r1", "sub": "o1"})
    recording.begin(call)
    recording.message(call, raw, sent=False)
    recording.accept(call, raw, batch_id=batch_id, count=events)
    recording.end(call, "OK")
    return call


def test_the_oldest_go_first_beyond_a_number_of_calls():
    recording = Recording(max_calls=3)
    for number in range(5):
        send(recording, f"b{number}")
    assert [batch.batch_id for batch in recording.batches] == ["b2", "b3", "b4"]
    assert [call.number for call in recording.calls] == [3, 4, 5]
    assert recording.evicted == 2


def test_the_oldest_go_first_beyond_a_number_of_bytes():
    recording = Recording(max_bytes=20_000)
    for number in range(100):
        send(recording, f"b{number}", events=10)
    assert recording.size <= 20_000
    assert recording.evicted + len(recording.calls) == 100
    assert recording.batches[-1].batch_id == "b99"
    assert len(recording.batches) == len(recording.calls)


def test_what_is_too_large_alone_is_not_kept():
    recording = Recording(max_bytes=1_000)
    send(recording, events=100)
    assert recording.batches == []
    assert recording.size == 0
    send(recording)
    assert len(recording.batches) == 1


def test_a_stream_keeps_its_most_recent_messages():
    recording = Recording()
    call = RecordedCall("Connect", "peer", ())
    recording.begin(call)
    for number in range(MAX_STREAM_MESSAGES + 5):
        recording.message(call, b"%d" % number, sent=True)
    assert len(call.messages) == MAX_STREAM_MESSAGES
    assert call.responses[-1] == b"%d" % (MAX_STREAM_MESSAGES + 4)
    recording.clear()
    assert recording.size == 0
    recording.message(call, b"after the clear", sent=True)
    assert recording.size == 0


def test_an_evicted_batch_id_is_no_duplicate():
    recording = Recording(max_calls=2)
    for _ in range(3):
        send(recording, "same")
    assert len(recording.duplicates) == 2  # the second was kept while the first was evicted
    for batch_id in ("other", "another", "same"):
        send(recording, batch_id)
    assert recording.duplicates == []


def test_with_deduplication_a_batch_that_is_sent_again_is_a_duplicate_alone():
    recording = Recording(deduplicate=True)
    for _ in range(3):
        send(recording, "same")
    assert len(recording.batches) == 1
    assert len(recording.duplicates) == 2
    for _ in range(2):
        send(recording, "")  # without an id nothing can be told apart
    assert len(recording.batches) == 3


def test_a_reader_goes_on_over_evictions_and_notices_a_clear():
    recording = Recording(max_calls=2)
    position = recording.read(Position(-1, 0)).position
    send(recording, "b0")
    news = recording.read(position)
    assert [batch.batch_id for batch in news.batches] == ["b0"]
    for number in range(1, 5):
        send(recording, f"b{number}")
    news = recording.read(news.position)
    assert [batch.batch_id for batch in news.batches] == ["b3", "b4"]
    recording.clear()
    send(recording, "new")
    news = recording.read(news.position)
    assert news.cleared
    assert [batch.batch_id for batch in news.batches] == ["new"]


def test_a_reader_gets_each_refusal_once():
    recording = Recording()
    told = []
    position = Position(-1, 0)
    for number in range(3):
        recording.refuse(Refusal("http1", "peer", f"GET /{number}"))
        news = recording.read(position)
        position = news.position
        told += [(refusal.number, refusal.details) for refusal in news.refusals]
    assert told == [(1, "GET /0"), (2, "GET /1"), (3, "GET /2")]
    assert recording.read(position).refusals == []


def test_waiting_wakes_on_arrival():
    recording = Recording()
    assertions = Assertions(recording)
    found = []
    waiting = threading.Thread(target=lambda: found.extend(assertions.wait_for(timeout=20)))
    waiting.start()
    send(recording)
    waiting.join(20)
    assert len(found) == 1


def test_a_sequence_may_come_bit_by_bit():
    recording = Recording()
    assertions = Assertions(recording)
    found = []
    waiting = threading.Thread(
        target=lambda: found.extend(
            assertions.wait_for_sequence("batch_id:a", "batch_id:b", timeout=20)
        )
    )
    waiting.start()
    for batch_id in ("b", "a", "x", "b"):
        send(recording, batch_id)
    waiting.join(20)
    assert [event.batch.batch_id for event in found] == ["a", "b"]


def test_asserting_that_nothing_comes_fails_as_soon_as_it_does():
    recording = Recording()
    assertions = Assertions(recording)
    assertions.assert_not_received(within=0.01)
    later = threading.Timer(0.05, lambda: send(recording))
    later.start()
    with pytest.raises(AssertionError, match="expected no event that matches, received 1"):
        assertions.assert_not_received(within=60)
    later.join()


def test_an_assertion_takes_a_count_or_none():
    recording = Recording()
    assertions = Assertions(recording)
    for batch_id in ("a", "b"):
        send(recording, batch_id)
    assert len(assertions.assert_received(count=2)) == 2
    assert assertions.assert_received("batch_id:z", count=0) == []
    assert len(assertions.assert_only("payload:pool")) == 2
    assert len(assertions.assert_in_order("batch_id:a", "batch_id:b")) == 2
    with pytest.raises(AssertionError):
        assertions.assert_only("payload:pool", count=3)
    with pytest.raises(AssertionError):
        assertions.assert_received("batch_id:a", count=0)


def test_following_ends_with_all_given_out():
    recording = Recording()
    for _ in range(3):
        send(recording)
    assert len(list(recording.follow(lambda: True))) == 3
    assert len(recording.read(Position(0, 0)).batches) == 3


WRITERS = 4


def test_many_threads_write_and_read():
    recording = Recording(max_calls=50)
    assertions = Assertions(recording)
    stop = threading.Event()

    def read():
        while not stop.is_set():
            # A batch goes with its call, but for one that was accepted after later ones.
            assert len(assertions.find("payload:pool")) < 50 + WRITERS

    reader = threading.Thread(target=read)
    reader.start()
    writers = [
        threading.Thread(target=lambda: [send(recording) for _ in range(100)])
        for _ in range(WRITERS)
    ]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert recording.evicted == 350
    assert [call.number for call in recording.calls] == list(range(351, 401))


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope(), "everybody"),
        (Scope(rid="r1"), "rid r1"),
        (Scope(sub="o1"), "sub o1"),
        (Scope("r1", "o1"), "rid r1 and sub o1"),
    ],
)
def test_a_scope_says_whose_records_are_meant(scope, text):
    assert str(scope) == text


def test_who_was_told_waits_for_no_lock_as_its_block_ends():
    recording, ended = Recording(), []
    first = recording.calling(lambda: None, due=lambda: True)
    first.__enter__()
    with recording.calling(lambda: ended.append(ends_elsewhere(first)), due=lambda: True):
        assert ended == [True]  # asked under the lock


def accept_of(recording: Recording, sub: str, batch_id: str) -> None:
    call = RecordedCall("SendEvents", "peer", (), claims={"sub": sub})
    recording.begin(call)
    recording.accept(call, b"", batch_id=batch_id, count=0)


def ids(batches):
    return [batch.batch_id for batch in batches]


def test_an_organization_has_its_own_batches_over_evictions_and_a_clear():
    recording = Recording(max_calls=4)
    for number in range(6):
        accept_of(recording, "even" if number % 2 == 0 else "odd", f"b{number}")
    assert ids(recording.batches_of("even")) == ["b2", "b4"]
    assert ids(recording.batches_of("odd")) == ["b3", "b5"]
    assert ids(recording.batches_of(None)) == ["b2", "b3", "b4", "b5"]
    assert recording.batches_of("nobody") == []
    recording.clear()
    assert recording.batches_of("even") == []
    accept_of(recording, "even", "b6")
    assert ids(recording.batches_of("even")) == ["b6"]


def test_a_reader_of_an_organization_misses_nothing_of_it():
    recording = Recording()
    accept_of(recording, "mine", "m1")
    accept_of(recording, "other", "o1")
    accept_of(recording, "mine", "m2")
    first = recording.read(Position(0, 0), sub="mine")
    assert ids(first.batches) == ["m1", "m2"]
    accept_of(recording, "other", "o2")
    accept_of(recording, "mine", "m3")
    assert ids(recording.read(first.position, sub="mine").batches)[-1:] == ["m3"]
    assert ids(recording.read(first.position).batches) == ["o2", "m3"]


def test_what_a_session_waits_for_is_found_without_a_look_at_what_others_have():
    """A server for all tests has batches of many sessions, of which each is about a few."""
    recording = Recording()
    for number in range(500):
        accept_of(recording, f"other{number}", f"o{number}")
    asked = []

    class Mine(Scope):
        def covers(self, record):
            asked.append(record)
            return super().covers(record)

    send(recording, "b1")
    mine = Assertions(recording, Mine(sub="o1"))
    assert len(mine.wait_for(timeout=1)) == len(mine.find()) == 1
    assert len(asked) == 2
