"""Faults of a Rodent in what follows a SendEvents that has failed: whether, when, how."""

from __future__ import annotations

import os

from rodent_events import client, retry_policy, tokens, worker
from rodent_events.retry_policy import Action, Decision, Status
from support.sown.faults import Fault
from support.sown.settings import setting

GONE = Decision(Action.ACKNOWLEDGE)
ASIDE = Decision(Action.QUARANTINE)
AGAIN = Decision(Action.RETRY, 0.1)


def decides(decision: Decision, *statuses: Status, when=lambda **_: True):
    """Has another decision about outcomes of these statuses."""

    def sow() -> None:
        decide = worker.decide

        def changed(outcome, **more):
            if outcome.status in statuses and when(outcome=outcome, **more):
                return decision
            return decide(outcome, **more)

        worker.decide = changed

    return sow


def never_splits(*, outcome, **_):
    return outcome.too_large


def is_third_failure(*, failures, **_):
    return failures >= 3


def too_large_alone_for_ever() -> None:
    """An event that is too large alone is tried for ever."""
    setting(max_batch_bytes="15000000")()
    decides(
        AGAIN,
        Status.RESOURCE_EXHAUSTED,
        when=lambda *, events, outcome, **_: events == 1 and outcome.too_large,
    )()


def rejections_are_successes() -> None:
    """It looks at the status of an answer, and not at success."""
    send = client.EventClient._send

    def blind(self, data):
        outcome = send(self, data)
        return retry_policy.Outcome(Status.OK) if outcome.status is Status.REJECTED else outcome

    client.EventClient._send = blind


def keeps_dead_connections() -> None:
    """It stays with its connection, whatever becomes of its calls."""
    client.EventClient._renew_after = lambda *_: None


def backs_off(pause):
    """Waits so long, by the failures, the policy and chance."""

    def sow() -> None:
        retry_policy.backoff = pause

    return sow


_BACKOFF = retry_policy.backoff


def ignores_retry_info() -> None:
    """It does not wait as long as Toggle asks for."""
    client.retry_after = lambda _details: 0.0


def keeps_its_token() -> None:
    """It reads its token once."""
    current = tokens.TokenSource.current
    tokens.TokenSource.current = lambda self: self._token or current(self)
    tokens.TokenSource.forget = lambda _self: None


def needs_its_token_file() -> None:
    """It ends if the token file is gone."""
    read = tokens._read
    tokens._read = lambda path: read(path) if path.exists() else os._exit(1)


FAULTS = {
    "three-tries": Fault(
        decides(GONE, Status.UNAVAILABLE, when=is_third_failure),
        {
            "outage.many-tries": "there were not 7 calls",
            "outage.short": "did not arrive",
            "outage.long": "did not arrive",
            "outage.at-start": "did not arrive",
            "order.outage": "did not arrive",
        },
        also="whatever outlasts three tries",
    ),
    "one-try": Fault(
        decides(GONE, Status.UNAVAILABLE),
        {"status.unavailable": "did not arrive", "outage.restart": "did not arrive"},
        also="whatever begins with UNAVAILABLE",
    ),
    "retries-unavailable-alone": Fault(
        decides(
            GONE,
            Status.DEADLINE_EXCEEDED,
            Status.ABORTED,
            Status.CANCELLED,
            Status.UNKNOWN,
            Status.INTERNAL,
            Status.OUT_OF_RANGE,
            Status.DATA_LOSS,
        ),
        {
            "status.unknown": "did not arrive",
            "status.deadline-exceeded": "did not arrive",
            "status.aborted": "did not arrive",
            "status.cancelled": "did not arrive",
            "status.internal": "did not arrive",
            "status.out-of-range": "did not arrive",
            "status.data-loss": "did not arrive",
            "status.one-after-the-other": "did not arrive",
            "outage.partition": "did not arrive",
            "order.retries": "did not arrive",
        },
    ),
    "drops-if-locked-out": Fault(
        decides(GONE, Status.PERMISSION_DENIED, Status.FAILED_PRECONDITION, Status.UNIMPLEMENTED),
        {
            "status.permission-denied": "there were not 4 calls",
            "status.failed-precondition": "there were not 4 calls",
            "status.unimplemented": "there were not 4 calls",
            "token.revoked": "there were not 4 calls",
        },
    ),
    "drops-if-token-refused": Fault(
        decides(GONE, Status.UNAUTHENTICATED),
        {
            "status.unauthenticated": "did not arrive",
            "token.expired": "arrive",
            "token.late": "there were not 5 calls",
            "token.file-gone": "did not arrive",
        },
    ),
    "drops-if-busy": Fault(
        decides(GONE, Status.RESOURCE_EXHAUSTED),
        {
            "status.resource-exhausted": "did not arrive",
            "status.slow-down": "did not arrive",
            "status.too-large": "did not arrive",
        },
    ),
    "rejections-are-successes": Fault(
        rejections_are_successes, {"retry.rejected": "rejected events never arrived"}
    ),
    "poison-takes-all": Fault(
        decides(ASIDE, Status.INVALID_ARGUMENT),
        {"status.poison": "did not arrive"},
    ),
    "poison-for-ever": Fault(
        decides(AGAIN, Status.INVALID_ARGUMENT),
        {"status.poison": "did not arrive", "account.refused": "did not arrive"},
    ),
    "never-splits": Fault(
        decides(ASIDE, Status.RESOURCE_EXHAUSTED, when=never_splits),
        {"status.too-large": "did not arrive"},
    ),
    "too-large-for-ever": Fault(
        too_large_alone_for_ever, {"load.too-large-event": "did not arrive"}
    ),
    "waits-for-ever": Fault(
        setting(send_timeout="600"),
        {"retry.hung-call": "there were not 2 calls", "outage.half-open": "did not arrive"},
    ),
    "keeps-dead-connections": Fault(keeps_dead_connections, {"outage.half-open": "did not arrive"}),
    "hot": Fault(
        backs_off(lambda *_: 0.0),
        {
            "backoff.not-hot": "times in",
            "backoff.grows": "the longest is",
            "backoff.not-hot-for-a-token": "times in",
        },
    ),
    "hot-for-a-token": Fault(
        decides(Decision(Action.REAUTHENTICATE), Status.UNAUTHENTICATED),
        {"backoff.not-hot-for-a-token": "times in"},
    ),
    "constant-pauses": Fault(
        backs_off(lambda _failures, policy, jitter: _BACKOFF(1, policy, jitter)),
        {"backoff.grows": "the longest is"},
    ),
    "no-jitter": Fault(
        backs_off(lambda failures, policy, _jitter: _BACKOFF(failures, policy, 1.0)),
        {"backoff.jitter": "pauses are between"},
    ),
    "endless-pauses": Fault(
        backs_off(lambda failures, policy, _: policy.retry_backoff_base * 2.0 ** (failures - 1)),
        {"backoff.ends": "did not arrive"},
    ),
    "ignores-retry-info": Fault(ignores_retry_info, {"status.slow-down": "it has tried again"}),
    "keeps-its-token": Fault(
        keeps_its_token,
        {
            "token.expired": "did not arrive",
            "token.at-hand": "did not arrive",
            "token.late": "did not arrive",
            "token.file-gone": "did not arrive",
        },
    ),
    "needs-its-token-file": Fault(needs_its_token_file, {"token.file-gone": "has ended"}),
}
