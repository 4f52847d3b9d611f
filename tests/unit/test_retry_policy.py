"""The fate of a batch: every outcome, every count of failures, every setting."""

from dataclasses import replace
from itertools import product

import grpc
import pytest

from rodent_events.retry_policy import (
    RULES,
    UNREACHABLE_PAUSE,
    Action,
    Outcome,
    Policy,
    Status,
    backoff,
    decide,
)

POLICY = Policy(
    max_retry_attempts=3, retry_backoff_base=1.0, retry_backoff_max=30.0, retry_rejected=False
)
RETRYABLE = [
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "ABORTED",
    "CANCELLED",
    "UNKNOWN",
    "INTERNAL",
    "OUT_OF_RANGE",
    "DATA_LOSS",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "RESOURCE_EXHAUSTED",
]
WAITING = ("PERMISSION_DENIED", "FAILED_PRECONDITION", "UNIMPLEMENTED")


def decided(status, failures=1, events=100, jitter=0.5, policy=POLICY, **outcome):
    return decide(
        Outcome(Status[status], **outcome),
        failures=failures,
        events=events,
        policy=policy,
        jitter=jitter,
    )


def test_statuses_are_those_of_grpc():
    ours = {status.name: int(status) for status in Status if status is not Status.REJECTED}
    assert ours == {code.name: code.value[0] for code in grpc.StatusCode}


def test_every_status_has_a_rule():
    assert set(RULES) == set(Status)


def test_ok_is_acknowledged():
    assert decided("OK").action is Action.ACKNOWLEDGE


@pytest.mark.parametrize("status", RETRYABLE)
def test_retried_with_the_same_bytes_then_requeued_on_disk(status):
    assert [decided(status, failures).action for failures in (1, 2, 3, 4, 100)] == [
        Action.RETRY,
        Action.RETRY,
        Action.REQUEUE,
        Action.REQUEUE,
        Action.REQUEUE,
    ]


@pytest.mark.parametrize(("status", "events"), list(product(WAITING, (1, 100))))
def test_requeued_on_disk_at_once_with_slow_retries(status, events):
    decision = decided(status, events=events)
    assert (decision.action, decision.delay) == (Action.REQUEUE, 30.0)


def test_unauthenticated_asks_for_a_token_once_at_once_then_with_backoff():
    first, second, third = (decided("UNAUTHENTICATED", failures) for failures in (1, 2, 3))
    assert {first.action, second.action, third.action} == {Action.REAUTHENTICATE}
    assert (first.delay, second.delay, third.delay) == (0.0, 1.0, 2.0)


def test_invalid_argument_is_halved_until_the_event_is_alone():
    assert decided("INVALID_ARGUMENT", events=2).action is Action.SPLIT
    assert decided("INVALID_ARGUMENT", events=1).action is Action.QUARANTINE


def test_too_large_is_split_and_an_event_alone_quarantined():
    assert decided("RESOURCE_EXHAUSTED", too_large=True).action is Action.SPLIT
    assert decided("RESOURCE_EXHAUSTED", events=1, too_large=True).action is Action.QUARANTINE


def test_rejected_is_quarantined_whole_or_retried_by_setting():
    assert decided("REJECTED").action is Action.QUARANTINE
    patient = Policy(3, 1.0, 30.0, retry_rejected=True)
    assert decided("REJECTED", policy=patient).action is Action.RETRY
    assert decided("REJECTED", 3, policy=patient).action is Action.REQUEUE


@pytest.mark.parametrize("status", [s.name for s in Status if s is not Status.OK])
def test_nothing_but_ok_is_ever_acknowledged(status):
    for failures, events, too_large in product((1, 2, 3, 50), (1, 2, 20_000), (False, True)):
        decision = decided(status, failures, events, too_large=too_large)
        assert decision.action is not Action.ACKNOWLEDGE
        assert decision.delay >= 0


@pytest.mark.parametrize("status", [*RETRYABLE, *WAITING, "UNAUTHENTICATED"])
def test_never_sooner_than_the_server_asks(status):
    for failures in (1, 2, 3, 10):
        assert decided(status, failures, retry_after=77.0).delay == 77.0


def test_backoff_doubles_up_to_its_maximum_and_is_jittered_in_full():
    assert [backoff(n, POLICY, 1.0) for n in (1, 2, 3, 4, 5, 6, 2000)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff(3, POLICY, 0.0) == 0
    assert backoff(3, POLICY, 0.25) == 1.0


@pytest.mark.parametrize("failures", [1, 5, 1000])
def test_while_no_connection_can_be_made_pauses_stay_short(failures):
    policy = replace(POLICY, retry_backoff_base=60.0, retry_backoff_max=3600.0)
    outcome = Outcome(Status.UNAVAILABLE, unreachable=True)
    decision = decide(outcome, failures=failures, events=1, policy=policy, jitter=0.999)
    assert decision.delay == UNREACHABLE_PAUSE
    asked = decide(
        replace(outcome, retry_after=7.0), failures=failures, events=1, policy=policy, jitter=0.9
    )
    assert asked.delay == 7.0
    reached = decide(
        replace(outcome, unreachable=False), failures=failures, events=1, policy=policy, jitter=0.9
    )
    assert reached.delay > 30
