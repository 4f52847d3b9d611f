"""Toggle's part of a schedule, call by call."""

import grpc
import pytest

from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.contract.explore.script import GENERATION, POISON, Script

OK, INVALID = grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture
def resets():
    return []


@pytest.fixture
def script(resets):
    return Script(lambda: resets.append(True))


def ask(script, request=b"", generation=0):
    return script.outcome({GENERATION: generation}, request)


def statuses(script, count):
    return [ask(script).status for _ in range(count)]


def test_an_answer_is_for_one_call_from_now(script):
    assert statuses(script, 1) == [OK]
    script.answer("ABORTED", 1)
    assert not script.is_used_up
    assert statuses(script, 3) == [OK, grpc.StatusCode.ABORTED, OK]
    assert script.is_used_up
    assert script.effects == {"ABORTED": 1}


def test_an_answer_takes_no_call_of_an_older_one(script):
    script.answer("ABORTED", 1)
    script.answer("INTERNAL", calls=2)
    internal = grpc.StatusCode.INTERNAL
    assert statuses(script, 4) == [internal, grpc.StatusCode.ABORTED, internal, OK]


def test_a_token_expires(script):
    assert script.expire() == 1
    assert ask(script).status is grpc.StatusCode.UNAUTHENTICATED
    assert ask(script, generation=1).status is OK


def test_a_limit_is_in_grpcs_words(script):
    script.limit(3)
    assert ask(script, b"abc").status is OK
    refused = ask(script, b"abcd")
    assert refused.status is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max (4 vs. 3)" in refused.message


def test_poison_is_refused_also_once_all_is_healed(script):
    batch = EventBatch()
    batch.events.add().metadata[POISON] = "yes"
    script.answer("ABORTED", 3)
    script.heal()
    assert script.is_used_up
    assert ask(script, batch.SerializeToString()).status is INVALID
    assert ask(script, b"").status is OK


def test_a_held_call_is_told_of(script):
    script.hold(accepted=True)
    assert not script.amid.is_set()
    held = ask(script)
    assert (held.hang, held.accepted, script.amid.is_set()) == (True, True, True)
    assert ask(script).status is OK


def test_a_reset_is_asked_for_amid_its_call(script, resets):
    script.answer("reset", 0)
    assert ask(script).hang
    assert resets == [True]
