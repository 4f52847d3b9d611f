"""Outcomes by command: which call fails, how, and when it is over.

Nothing here touches the network: the service asks, call by call, what should become of it.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from toggle_mock.asking import Scope
from toggle_mock.healing import InForce
from toggle_mock.matching import Matchable, Matcher, matcher_of
from toggle_mock.recorded import RecordedBatch, RecordedCall, RecordedEvent

OK = grpc.StatusCode.OK
_GREATEST = 1e12
"""What is more than this is a mistake, whatever it is."""

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


@dataclass(frozen=True)
class Outcome:
    """What becomes of a call. The functions of this module make the usual ones."""

    status: grpc.StatusCode = OK
    message: str = ""
    """The text that comes with the status, or with ``success=false``."""
    success: bool = True
    """False answers ``success=false`` with status OK."""
    response: Message | None = None
    """What is answered instead of the usual."""
    accepted: bool = False
    """With a status that is not OK: whether the batch is accepted and recorded all the same, so
    that only the answer is lost."""
    delay: float = 0.0
    """Seconds before anything else happens."""
    hang: bool = False
    """Whether nothing is answered until the caller gives up or the fault is healed."""
    retry_after: float | None = None
    """Seconds for a RetryInfo among the status details."""
    details: tuple[Message, ...] = ()
    """Further status details, such as a google.rpc.ErrorInfo."""
    trailers: tuple[tuple[str, str | bytes], ...] = ()
    """Trailing metadata."""
    after_messages: int = 0
    """On Connect: messages from the Rodent after which the stream ends so."""

    def __post_init__(self) -> None:
        """Check what gRPC would refuse only when the call comes.

        Raises:
            TypeError: The message, a trailer or a flag has a wrong type.
            ValueError: A time or a number is out of its range.
        """
        if not isinstance(self.message, str) or not isinstance(self.hang, bool):
            raise TypeError(f"message is text and hang a bool, got {self.message!r}, {self.hang!r}")
        for pair in self.trailers:
            if not (isinstance(pair[0], str) and isinstance(pair[1], str | bytes)):
                raise TypeError(f"a trailer is text by text or bytes, got {pair!r}")
        number("delay", self.delay, least=0.0)
        number("after_messages", self.after_messages, least=0.0)
        if self.retry_after is not None:
            number("retry_after", self.retry_after, least=0.0)

    @property
    def takes_effect(self) -> bool:
        """Whether what the call asks for is done, and a batch recorded as accepted."""
        if self.accepted:
            return True
        usual = self.success and getattr(self.response, "success", True)
        return self.status is OK and usual and not self.hang

    def trailing_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """The trailers, status details included, as gRPC's rich error model has them."""
        details = list(self.details)
        if self.retry_after is not None:
            delay = Duration()
            delay.FromNanoseconds(round(self.retry_after * 1e9))
            details.append(RetryInfo(retry_delay=delay))
        if not details:
            return self.trailers
        status = Status(code=self.status.value[0], message=self.message)
        for detail in details:
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
        return (*self.trailers, ("grpc-status-details-bin", status.SerializeToString()))


OutcomeLike: TypeAlias = (
    "Outcome | grpc.StatusCode | Message | Callable[[RecordedCall], OutcomeLike]"
)
"""What stands for an outcome: a status (OK is the usual answer), a message to answer with, or a
function that is asked with the call."""


def number(name: str, value: object, *, least: float) -> None:
    """Check a number.

    Raises:
        ValueError: It is none, or out of its range.
    """
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    if not usable or not least <= value <= _GREATEST:  # type: ignore[operator]
        raise ValueError(f"{name} is {value!r}: give a number from {least:g} to {_GREATEST:g}")


def fail(
    status: grpc.StatusCode = UNAVAILABLE,
    message: str = "",
    *,
    retry_after: float | None = None,
    details: Iterable[Message] = (),
    trailers: Mapping[str, str | bytes] | None = None,
    delay: float = 0.0,
) -> Outcome:
    """The call fails, and nothing is accepted.

    Args:
        status: Its status.
        message: The text that comes with it.
        retry_after: Seconds that the caller is asked to wait (RetryInfo).
        details: Further status details.
        trailers: Trailing metadata.
        delay: Seconds before it fails.

    Raises:
        ValueError: The status is OK.
    """
    if status is OK:
        raise ValueError("fail() needs a status other than OK")
    return Outcome(
        status,
        message or f"scripted {status.name}",
        retry_after=retry_after,
        details=tuple(details),
        trailers=tuple((trailers or {}).items()),
        delay=delay,
    )


def reject(message: str = "rejected") -> Outcome:
    """The answer is ``success=false``, and nothing is accepted."""
    return Outcome(message=message, success=False)


def lose_answer(
    status: grpc.StatusCode = UNAVAILABLE, message: str = "the answer was lost"
) -> Outcome:
    """All is accepted and recorded, but the caller gets an error instead of the answer."""
    return Outcome(status, message, accepted=True)


def hang(*, accepted: bool = False) -> Outcome:
    """Nothing is answered until the caller gives up; ``accepted`` if the batch is recorded."""
    return Outcome(hang=True, accepted=accepted)


def delay(seconds: float, then: OutcomeLike = OK) -> Outcome:
    """Something else, so many seconds later."""
    return replace(outcome_of(then, None), delay=seconds)


def cut(
    *,
    after_messages: int = 0,
    status: grpc.StatusCode = UNAVAILABLE,
    message: str = "the stream was cut",
) -> Outcome:
    """A stream ends with a status once so many messages have come from the Rodent."""
    return Outcome(status, message, after_messages=after_messages)


def outcome_of(outcome: OutcomeLike, call: RecordedCall | None) -> Outcome:
    """The outcome that something stands for.

    Raises:
        TypeError: It stands for none.
    """
    if isinstance(outcome, Outcome):
        return outcome
    if isinstance(outcome, grpc.StatusCode):
        return Outcome() if outcome is OK else fail(outcome)
    if isinstance(outcome, Message):
        return Outcome(response=outcome)
    if callable(outcome) and call is not None:
        return outcome_of(outcome(call), call)
    raise TypeError(
        "an outcome is a grpc.StatusCode, a response message, an Outcome such as fail(...), "
        f"reject(), lose_answer(), hang(), or a function of the call; got {outcome!r}"
    )


@dataclass(frozen=True)
class Incoming:
    """A call about whose fate is to be decided."""

    call: RecordedCall
    raw: bytes
    """Its request; empty for a stream."""

    @cached_property
    def events(self) -> list[RecordedEvent]:
        """The events of a SendEvents."""
        return RecordedBatch(self.call, self.raw, 0).events


class Plan(Protocol):
    """Gives out outcomes, call by call."""

    def next(self, incoming: Incoming, /) -> OutcomeLike | None:
        """The outcome of the next call; None if this plan has nothing to say of it."""

    @property
    def remaining(self) -> int | None:
        """Outcomes that are still to come; None if there is no end."""


class InTurn(Plan):
    """One outcome for each call, then nothing."""

    def __init__(self, outcomes: Iterable[OutcomeLike]) -> None:
        self.outcomes = deque(outcomes)
        """Those that are still to come."""

    def next(self, _incoming: Incoming, /) -> OutcomeLike | None:
        """See :meth:`Plan.next`."""
        return self.outcomes.popleft() if self.outcomes else None

    @property
    def remaining(self) -> int | None:
        """See :attr:`Plan.remaining`."""
        return len(self.outcomes)


@dataclass
class Always(Plan):
    """The same outcome for each call."""

    outcome: OutcomeLike
    remaining: int | None = None

    def next(self, _incoming: Incoming, /) -> OutcomeLike | None:
        """See :meth:`Plan.next`."""
        return self.outcome


class Rates(Plan):
    """Outcomes by chance, the same for the same seed and number of calls."""

    remaining = None

    def __init__(self, rates: Mapping[OutcomeLike, float], seed: int) -> None:
        total = sum(rates.values())
        if any(rate < 0 for rate in rates.values()) or total > 1:
            raise ValueError(f"rates add up to {total:g}: give shares of all calls, from 0 to 1")
        self.rates, self.seed = dict(rates), seed
        self._outcomes: list[OutcomeLike | None] = [*rates, None]
        self._weights = [*rates.values(), 1 - total]
        self._random = random.Random(seed)

    def next(self, _incoming: Incoming, /) -> OutcomeLike | None:
        """See :meth:`Plan.next`."""
        return self._random.choices(self._outcomes, self._weights)[0]


@dataclass(frozen=True)
class MessageLimit(Plan):
    """Larger requests are refused, as gRPC does it."""

    bytes: int
    remaining: int | None = None

    def next(self, incoming: Incoming, /) -> OutcomeLike | None:
        """See :meth:`Plan.next`."""
        size = len(incoming.raw)
        if size <= self.bytes:
            return None
        text = f"SERVER: Received message larger than max ({size} vs. {self.bytes})"
        return fail(grpc.StatusCode.RESOURCE_EXHAUSTED, text)


@dataclass(eq=False)
class Fault(InForce):
    """Something that goes wrong from when it is made until it is healed, at the end of ``with``."""

    plan: Plan
    method: str | None = None
    """The method that it is about; None for all."""
    scope: Scope = field(default_factory=Scope)
    """Whose calls it is about."""
    owner: Scope = field(default_factory=Scope)
    """The session that asked for it."""
    matching: Matcher | None = None
    """What one event of the batch must match; None for any call."""
    end: Callable[[], None] = lambda: None
    """Ends it; given by whoever puts it in force."""

    @property
    def remaining(self) -> int | None:
        """Scripted outcomes that no call has met yet; None if there is no end of them."""
        return self.plan.remaining

    def applies_to(self, incoming: Incoming) -> bool:
        """Whether it is about a call."""
        return (
            self.method in {None, incoming.call.method}
            and self.scope.covers(incoming.call)
            and (self.matching is None or any(map(self.matching, incoming.events)))
        )

    def heal(self) -> None:
        """End it. Does nothing if it is over."""
        self.end()


class Book(Protocol):
    """Where faults of calls are put in force."""

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""

    def heal(self, owner: Scope | None = None, /) -> None:
        """End all faults, or those that one session asked for."""


class FaultBook(Book):
    """The faults that are in force. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.on_heal: Callable[[Sequence[Fault]], None] = lambda _healed: None
        """Told what was healed."""

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; of two that are about a call, the older one decides first."""
        fault.end = lambda: self._remove(fault)
        with self._lock:
            self._faults.append(fault)
        return fault

    def _remove(self, fault: Fault) -> None:
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)
        self.on_heal([fault])

    def heal(self, owner: Scope | None = None, /) -> None:
        """End all faults, or those that one session asked for."""
        with self._lock:
            healed = [fault for fault in self._faults if owner in {None, fault.owner}]
            self._faults = [fault for fault in self._faults if fault not in healed]
        self.on_heal(healed)

    def decide(self, incoming: Incoming) -> tuple[Outcome, Fault | None]:
        """What becomes of a call, and which fault says so."""
        with self._lock:
            faults = list(self._faults)
        for fault in faults:
            if fault.applies_to(incoming):
                with self._lock:
                    outcome = fault.plan.next(incoming)
                if outcome is not None:
                    return outcome_of(outcome, incoming.call), fault
        return Outcome(), None


class Script:
    """Scripts the outcomes of one method: ``toggle.on_send_events.returns([UNAVAILABLE, OK])``."""

    def __init__(self, book: Book, method: str, scope: Scope) -> None:
        self._book = book
        self._method = method
        self._scope = scope

    def returns(
        self,
        outcomes: Sequence[OutcomeLike] | OutcomeLike,
        *,
        matching: Matchable = None,
        rid: str | None = None,
    ) -> Fault:
        """Answer the next calls so, one outcome for each, and those after them as usual.

        Args:
            outcomes: See :data:`OutcomeLike`; ``OK`` stands for the usual answer.
            matching: Count only batches in which an event matches.
            rid: Count only calls of this Rodent.

        Raises:
            TypeError: One is no outcome.
        """
        listed = list(outcomes) if isinstance(outcomes, Sequence) else [outcomes]
        return self._add(InTurn(map(_checked, listed)), matching, rid)

    def at(
        self,
        index: int,
        outcome: OutcomeLike,
        *,
        matching: Matchable = None,
        rid: str | None = None,
    ) -> Fault:
        """Answer one call so: that with this index, counted from now on and from 0."""
        if index < 0:
            raise ValueError(f"index is {index}: the next call has index 0")
        return self.returns([*[OK] * index, outcome], matching=matching, rid=rid)

    def always(
        self, outcome: OutcomeLike, *, matching: Matchable = None, rid: str | None = None
    ) -> Fault:
        """Answer all calls so until it is healed."""
        return self._add(Always(_checked(outcome)), matching, rid)

    def rates(
        self,
        rates: Mapping[OutcomeLike, float],
        *,
        seed: int,
        matching: Matchable = None,
        rid: str | None = None,
    ) -> Fault:
        """Answer calls by chance: each outcome with its share of the calls, from 0 to 1.

        Args:
            rates: The share of each outcome; what is missing to 1 is the usual answer.
            seed: Makes it repeatable.
            matching: Count only batches in which an event matches.
            rid: Count only calls of this Rodent.

        Raises:
            ValueError: The shares add up to more than 1.
        """
        return self._add(Rates({_checked(key): rates[key] for key in rates}, seed), matching, rid)

    def limits_messages_to(self, size: int, *, rid: str | None = None) -> Fault:
        """Refuse requests of more bytes, with RESOURCE_EXHAUSTED as gRPC does it."""
        return self._add(MessageLimit(size), None, rid)

    def _add(self, plan: Plan, matching: Matchable, rid: str | None) -> Fault:
        if rid is not None and self._scope.rid not in {None, rid}:
            raise ValueError(f"rid is {rid!r}: this session is of rodent {self._scope.rid}")
        scope = replace(self._scope, rid=rid) if rid is not None else self._scope
        matcher = None if matching is None else matcher_of(matching)
        return self._book.add(Fault(plan, self._method, scope, self._scope, matcher))


def _checked(outcome: OutcomeLike) -> OutcomeLike:
    """The same, if it is an outcome; a function is asked only when its call comes."""
    return outcome if callable(outcome) else outcome_of(outcome, None)
