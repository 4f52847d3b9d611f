"""What happens to a batch after each outcome of a send. Pure.

Everything that decides over a batch's fate is in :data:`RULES` and :func:`decide`. This module
knows no gRPC, no clock, no disk and no thread: it is told an outcome, and says what to do.

The statuses have the names and numbers of gRPC's; REJECTED is an answer with ``success=false``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum


class Status(IntEnum):
    """The outcome of one SendEvents call."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16
    REJECTED = 100


class Action(Enum):
    """What to do with the batch."""

    ACKNOWLEDGE = "delivered; forget it"
    RETRY = "send the same bytes again after the delay"
    REQUEUE = "put it back to wait on disk, and send the same bytes again after the delay"
    REAUTHENTICATE = "ask for a new token, then send the same bytes again after the delay"
    SPLIT = "cut it in two; each half is a frozen batch of its own"
    QUARANTINE = "set it aside with the reason"


class Rule(Enum):
    """How an outcome is met; one line of the table."""

    ACKNOWLEDGE = "delivered"
    RETRY = "backoff; to disk after max_retry_attempts"
    REAUTHENTICATE = "a new token, once at once, then with backoff"
    WAIT = "on disk with slow retries, until an operator mends it"
    BISECT = "halve until the guilty event is alone, then quarantine it"
    REJECT = "quarantine"


UNREACHABLE_PAUSE = 1.0
"""Seconds between two tries at the most while no connection can be made. Such a try does not leave
this machine: when to dial is the channel's to decide, with a backoff of its own."""

# Two lines depend on more than the status; _rule has them.
RULES: Mapping[Status, Rule] = {
    Status.OK: Rule.ACKNOWLEDGE,
    Status.REJECTED: Rule.REJECT,
    Status.UNAVAILABLE: Rule.RETRY,
    Status.DEADLINE_EXCEEDED: Rule.RETRY,
    Status.ABORTED: Rule.RETRY,
    Status.CANCELLED: Rule.RETRY,
    Status.UNKNOWN: Rule.RETRY,
    Status.INTERNAL: Rule.RETRY,
    Status.OUT_OF_RANGE: Rule.RETRY,
    Status.DATA_LOSS: Rule.RETRY,
    Status.NOT_FOUND: Rule.RETRY,
    Status.ALREADY_EXISTS: Rule.RETRY,
    Status.RESOURCE_EXHAUSTED: Rule.RETRY,
    Status.UNAUTHENTICATED: Rule.REAUTHENTICATE,
    Status.PERMISSION_DENIED: Rule.WAIT,
    Status.FAILED_PRECONDITION: Rule.WAIT,
    Status.UNIMPLEMENTED: Rule.WAIT,
    Status.INVALID_ARGUMENT: Rule.BISECT,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a send ended."""

    status: Status
    message: str = ""
    retry_after: float = 0.0
    """Seconds that the server asks to wait (RetryInfo)."""
    too_large: bool = False
    """RESOURCE_EXHAUSTED on account of the message's size."""
    unreachable: bool = False
    """UNAVAILABLE since no connection could be made."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that decide."""

    max_retry_attempts: int
    """Tries in a row, at the pace of the backoff, before a batch goes to disk."""
    retry_backoff_base: float
    """Seconds; the n-th pause is drawn from 0 … base x 2^(n-1)."""
    retry_backoff_max: float
    """Seconds; no drawn pause is longer, and slow retries have this pace."""
    retry_rejected: bool
    """Whether an answer with success=false is retried instead of quarantined."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and when."""

    action: Action
    delay: float = 0.0
    """Seconds until the next send."""


def decide(
    outcome: Outcome, *, failures: int, events: int, policy: Policy, jitter: float
) -> Decision:
    """Decide what becomes of a batch.

    Args:
        outcome: How its last send ended.
        failures: Sends of this batch that failed in a row, this one included.
        events: The number of events in the batch.
        policy: The settings.
        jitter: A random number in [0, 1): the share of the full backoff that is waited.
    """
    match _rule(outcome, policy):
        case Rule.ACKNOWLEDGE:
            return Decision(Action.ACKNOWLEDGE)
        case Rule.REJECT:
            return Decision(Action.QUARANTINE)
        case Rule.BISECT:
            return Decision(Action.SPLIT if events > 1 else Action.QUARANTINE)
        case Rule.WAIT:
            return Decision(Action.REQUEUE, max(policy.retry_backoff_max, outcome.retry_after))
        case Rule.REAUTHENTICATE:
            # The first refusal is most often a token that has just expired: no reason to wait.
            delay = 0.0 if failures == 1 else backoff(failures, policy, jitter)
            return Decision(Action.REAUTHENTICATE, max(delay, outcome.retry_after))
        case Rule.RETRY:
            pause = backoff(failures, policy, jitter)
            if outcome.unreachable:
                pause = min(pause, UNREACHABLE_PAUSE)
            delay = max(pause, outcome.retry_after)
            exhausted = failures >= policy.max_retry_attempts
            return Decision(Action.REQUEUE if exhausted else Action.RETRY, delay)


def backoff(failures: int, policy: Policy, jitter: float) -> float:
    """Seconds to wait after so many failures: exponential, with full jitter."""
    exponent = min(failures - 1, 62)
    return jitter * min(policy.retry_backoff_max, policy.retry_backoff_base * 2.0**exponent)


def _rule(outcome: Outcome, policy: Policy) -> Rule:
    if outcome.status is Status.REJECTED and policy.retry_rejected:
        return Rule.RETRY
    if outcome.status is Status.RESOURCE_EXHAUSTED:
        return Rule.BISECT if outcome.too_large else Rule.RETRY
    return RULES[outcome.status]
