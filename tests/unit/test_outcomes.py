"""Scripts and faults, without a server."""

from collections import Counter

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from support.recorded import recorded_event

from rodent_events import EventBatch, EventBatchResponse, StoragePoolPayload
from rodent_events.client import retry_after
from toggle_mock import cut, delay, fail, hang, lose_answer, reject, reorder
from toggle_mock.faults.book import FaultBook
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.faults.plans import Incoming
from toggle_mock.faults.script import Script
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.scope import Scope

Code = grpc.StatusCode
POOL = recorded_event(StoragePoolPayload(pool_name="tank")).message
USUAL = Outcome()


def incoming(rid="r1", sub="o1", method="SendEvents", events=()) -> Incoming:
    call = RecordedCall(method, "peer", (), claims={"rid": rid, "sub": sub})
    return Incoming(call, EventBatch(events=events).SerializeToString())


@pytest.fixture
def book():
    return FaultBook()


@pytest.fixture
def script(book):
    return script_for(book, Scope())


def script_for(book, owner: Scope) -> Script:
    return Script(lambda spec: book.add(spec, owner, owner), "SendEvents")


def statuses(book, count, **call):
    return [book.decide(incoming(**call))[0].status.name for _ in range(count)]


def test_without_a_script_all_is_usual(book):
    assert book.decide(incoming()) == (USUAL, None)
    assert USUAL.takes_effect


def test_outcomes_come_in_turn_and_then_the_usual(book, script):
    fault = script.returns([Code.UNAVAILABLE, Code.OK, fail(Code.ABORTED)])
    assert fault.remaining == 3
    assert statuses(book, 5) == ["UNAVAILABLE", "OK", "ABORTED", "OK", "OK"]
    assert fault.remaining == 0


def test_scripts_queue_up_behind_each_other(book, script):
    script.returns(Code.ABORTED)
    script.returns([Code.UNAVAILABLE])
    assert statuses(book, 3) == ["ABORTED", "UNAVAILABLE", "OK"]


def test_a_call_is_hit_by_its_index(book, script):
    script.at(2, Code.DATA_LOSS)
    assert statuses(book, 4) == ["OK", "OK", "DATA_LOSS", "OK"]
    with pytest.raises(ValueError, match="index is -1"):
        script.at(-1, Code.OK)


def test_an_outcome_is_always_there_until_it_is_healed(book, script):
    with script.always(Code.UNAVAILABLE) as fault:
        assert statuses(book, 3) == ["UNAVAILABLE"] * 3
        assert fault.remaining is None
    assert statuses(book, 1) == ["OK"]


def test_only_the_scripted_method_fails(book, script):
    script.always(Code.UNAVAILABLE)
    assert statuses(book, 1, method="Register") == ["OK"]


def test_only_one_rodent_fails(book, script):
    script.returns([Code.UNAVAILABLE] * 2, rid="r2")
    assert statuses(book, 2, rid="r1") == ["OK", "OK"]
    assert statuses(book, 3, rid="r2") == ["UNAVAILABLE", "UNAVAILABLE", "OK"]


def test_only_batches_with_a_matching_event_fail(book, script):
    script.always(Code.INVALID_ARGUMENT, matching="payload:pool pool_name:tank")
    assert statuses(book, 1, events=[POOL]) == ["INVALID_ARGUMENT"]
    assert statuses(book, 1) == ["OK"]


def test_a_session_scripts_its_own_calls(book):
    script_for(book, Scope(sub="mine")).always(Code.UNAVAILABLE)
    assert statuses(book, 1, sub="other") == ["OK"]
    assert statuses(book, 1, sub="mine") == ["UNAVAILABLE"]
    book.heal(Scope(sub="other"))
    assert statuses(book, 1, sub="mine") == ["UNAVAILABLE"]
    book.heal(Scope(sub="mine"))
    assert statuses(book, 1, sub="mine") == ["OK"]


def test_a_function_decides_with_the_call(book, script):
    script.always(lambda call: Code.ABORTED if call.rid == "bad" else Code.OK)
    assert statuses(book, 1, rid="bad") == ["ABORTED"]
    assert statuses(book, 1, rid="good") == ["OK"]


def test_rates_repeat_with_their_seed(script, book):
    runs = []
    for _ in range(2):
        with script.rates({Code.UNAVAILABLE: 0.5, Code.ABORTED: 0.2}, seed=7):
            runs.append(statuses(book, 1000))
    assert runs[0] == runs[1]
    counts = Counter(runs[0])
    assert 400 < counts["UNAVAILABLE"] < 600
    assert 120 < counts["ABORTED"] < 280
    with pytest.raises(ValueError, match=r"rates add up to 1.2"):
        script.rates({Code.OK: 0.6, Code.ABORTED: 0.6}, seed=1)


def test_the_message_limit_refuses_what_is_larger(script, book):
    made = script.message_limit(20)
    assert book.decide(incoming()) == (USUAL, None)
    outcome, fault = book.decide(incoming(events=[POOL]))
    assert outcome.status is Code.RESOURCE_EXHAUSTED
    assert "larger than max" in outcome.message
    assert fault is made


@pytest.mark.parametrize(
    ("outcome", "takes_effect"),
    [
        (fail(), False),
        (lose_answer(), True),
        (reject(), False),
        (hang(), False),
        (hang(accepted=True), True),
        (delay(1.0), True),
        (delay(1.0, Code.ABORTED), False),
        (cut(after_messages=2), False),
        (Outcome(response=EventBatchResponse(success=True)), True),
        (Outcome(response=EventBatchResponse(success=False)), False),
    ],
)
def test_which_outcomes_record_the_batch(outcome, takes_effect):
    assert outcome.takes_effect is takes_effect


def test_a_function_that_says_what_is_of_a_stream_is_told(book, script):
    script.always(lambda _call: reorder())
    with pytest.raises(ValueError, match="a call of SendEvents has one answer"):
        book.decide(incoming())


@pytest.mark.parametrize("nothing", [5, "UNAVAILABLE", None])
def test_what_is_no_outcome_is_told(script, nothing):
    with pytest.raises(TypeError, match="an outcome is"):
        script.returns([nothing])


def test_fail_with_ok_is_a_mistake():
    with pytest.raises(ValueError, match="other than OK"):
        fail(Code.OK)


@pytest.mark.parametrize(
    ("trailers", "problem"),
    [
        ({"X": "a"}, "another key"),
        ({"": "a"}, "another key"),
        ({"a": "b\n"}, "printable ASCII"),
        ({"a": b"b"}, "bytes go under keys that end with -bin"),
        ({"a-bin": "b"}, "bytes go under keys that end with -bin"),
        ({"grpc-status-details-bin": b""}, "is gRPC's own"),
    ],
)
@pytest.mark.parametrize("outcome", [fail, lose_answer, cut])
def test_a_trailer_that_grpc_would_refuse_is_told_at_once(outcome, trailers, problem):
    with pytest.raises(ValueError, match=problem):
        outcome(trailers=trailers)


def test_details_and_trailers_stand_in_the_status():
    info = error_details_pb2.ErrorInfo(reason="QUOTA")
    outcome = fail(
        Code.RESOURCE_EXHAUSTED,
        "slow down",
        retry_after=1.5,
        details=[info],
        trailers={"x-shard": "7"},
    )
    trailers = dict(outcome.trailing_metadata())
    assert trailers["x-shard"] == "7"
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert (status.code, status.message) == (8, "slow down")
    unpacked = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(unpacked)
    assert unpacked.reason == "QUOTA"
    assert retry_after(trailers["grpc-status-details-bin"]) == 1.5
    assert fail().trailing_metadata() == ()
