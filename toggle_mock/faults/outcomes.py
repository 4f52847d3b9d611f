"""Outcomes: what can become of a call, and the functions that make the usual ones.

Nothing here touches the network: the service asks, call by call, what should become of it. How they
are written as data stands in ``outcome_data``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from toggle_mock.faults.distributions import Distribution, seconds_at
from toggle_mock.faults.record import GREATEST
from toggle_mock.recording.records import Metadata, RecordedCall

OK = grpc.StatusCode.OK

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class Verdict(ABC):
    """What is decided about a call: an outcome, or a function that decides when the call comes."""

    @abstractmethod
    def outcome_for(self, call: RecordedCall) -> Outcome:
        """What becomes of a call.

        Raises:
            TypeError: A function returned what stands for no outcome.
        """


@dataclass(frozen=True)
class Outcome(Verdict):
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
    delay: float | Distribution = 0.0
    """Seconds before anything else happens, or how they are distributed."""
    hang: bool = False
    """Whether nothing is answered until the caller gives up or the fault is healed."""
    retry_after: float | None = None
    """Seconds for a RetryInfo among the status details."""
    details: tuple[Message, ...] = ()
    """Further status details, such as a google.rpc.ErrorInfo."""
    trailers: Metadata = ()
    """Trailing metadata."""
    after_messages: int = 0
    """On Connect: messages from the Rodent after which the stream ends so."""
    read_pause: float = 0.0
    """On Connect: seconds between two messages that are read of the Rodent's."""
    half_closed: bool = False
    """On Connect: whether the stream goes on, until it is healed, once the Rodent has ended its
    side."""
    copies: int = 1
    """On Connect: how many times each message is sent to the Rodent."""
    group: int = 1
    """On Connect: how many messages to the Rodent are held, and then sent the last one first."""

    def __post_init__(self) -> None:
        """Check what gRPC would refuse only when the call comes.

        Raises:
            TypeError: The message, a trailer, a flag or a count has a wrong type.
            ValueError: A time or a number is out of its range, or a trailer is none.
        """
        if not isinstance(self.message, str) or not isinstance(self.hang, bool):
            raise TypeError(f"message is text and hang a bool, got {self.message!r}, {self.hang!r}")
        for key, value in self.trailers:
            check_trailer(key, value)
        if not isinstance(self.delay, Distribution):
            number("delay", self.delay, least=0.0)
        number("after_messages", self.after_messages, least=0.0)
        number("read_pause", self.read_pause, least=0.0)
        for name in ("copies", "group"):
            count: object = getattr(self, name)
            number(name, count, least=1)
            if not isinstance(count, int):
                raise TypeError(f"{name} is {count!r}: give a whole number")
        if self.retry_after is not None:
            number("retry_after", self.retry_after, least=0.0)

    def outcome_for(self, _call: RecordedCall) -> Outcome:
        """See :meth:`Verdict.outcome_for`."""
        return self

    def drawn(self, chance: Callable[[], float]) -> Outcome:
        """The same with a delay that is a number, if it is left to chance.

        Args:
            chance: Draws a number from 0 to 1; not asked if nothing is left to it.
        """
        if not isinstance(self.delay, Distribution):
            return self
        return replace(self, delay=seconds_at(self.delay, chance()))

    @property
    def is_of_a_stream(self) -> bool:
        """Whether it says how a stream goes on; a call with one request and one answer does not."""
        return bool(self.read_pause or self.half_closed or self.copies > 1 or self.group > 1)

    def check_for(self, method: str) -> None:
        """See that it can become of the calls of a method.

        Raises:
            ValueError: It is of a stream, and they are none.
        """
        if self.is_of_a_stream and method != "Connect":
            raise ValueError(
                f"this outcome is of a stream, of Connect: a call of {method} has one answer, and "
                "one request, which is read before it is known what becomes of it"
            )

    @property
    def takes_effect(self) -> bool:
        """Whether what the call asks for is done, and a batch recorded as accepted."""
        if self.accepted:
            return True
        usual = self.success and getattr(self.response, "success", True)
        return self.status is OK and usual and not self.hang

    def trailing_metadata(self) -> Metadata:
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


@dataclass(frozen=True)
class Decision(Verdict):
    """What a function says, once the call has come."""

    function: Callable[[RecordedCall], OutcomeLike]

    def outcome_for(self, call: RecordedCall) -> Outcome:
        """See :meth:`Verdict.outcome_for`."""
        return verdict_of(self.function(call)).outcome_for(call)


OutcomeLike: TypeAlias = (
    "Verdict | grpc.StatusCode | Message | Callable[[RecordedCall], OutcomeLike]"
)
"""What stands for an outcome: a status (OK is the usual answer), a message to answer with, or a
function that is asked with the call."""


def check_trailer(key: str, value: str | bytes) -> None:
    """See that gRPC takes a trailer, which else ends the call with INTERNAL, or hangs it.

    Raises:
        TypeError: It is not of text, or of bytes under a key that ends with -bin.
        ValueError: The key or the value has characters that none may have.
    """
    if not isinstance(key, str) or not isinstance(value, str | bytes):
        raise TypeError(f"a trailer is text by text or bytes, got {(key, value)!r}")
    if not _KEY.fullmatch(key):
        raise ValueError(f"the trailer {key!r} has another key than gRPC takes: give a-z 0-9 _ . -")
    if key.startswith("grpc-"):
        raise ValueError(f"the trailer {key!r} is gRPC's own: give retry_after or details")
    if key.endswith("-bin") != isinstance(value, bytes):
        raise ValueError(
            f"the trailer {key!r} is {value!r}: bytes go under keys that end with -bin"
        )
    if isinstance(value, str) and not _VALUE.fullmatch(value):
        raise ValueError(f"the trailer {key!r} is {value!r}: give printable ASCII")


_KEY = re.compile("[0-9a-z_.-]+")
_VALUE = re.compile("[ -~]*")


def number(name: str, value: object, *, least: float) -> None:
    """Check a number.

    Raises:
        ValueError: It is none, or out of its range.
    """
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    if not usable or not least <= value <= GREATEST:  # type: ignore[operator]
        raise ValueError(f"{name} is {value!r}: give a number from {least:g} to {GREATEST:g}")


def fail(
    status: grpc.StatusCode = UNAVAILABLE,
    message: str = "",
    *,
    retry_after: float | None = None,
    details: Iterable[Message] = (),
    trailers: Mapping[str, str | bytes] | None = None,
    delay: float | Distribution = 0.0,
) -> Outcome:
    """The call fails, and nothing is accepted.

    Args:
        status: Its status.
        message: The text that comes with it.
        retry_after: Seconds that the caller is asked to wait (RetryInfo).
        details: Further status details.
        trailers: Trailing metadata.
        delay: Seconds before it fails, or how they are distributed.

    Raises:
        ValueError: The status is OK.
    """
    if status is OK:
        raise ValueError("fail() needs a status other than OK")
    outcome = Outcome(status, message or f"scripted {status.name}", delay=delay)
    return _along(outcome, retry_after, details, trailers)


def _along(
    outcome: Outcome,
    retry_after: float | None,
    details: Iterable[Message],
    trailers: Mapping[str, str | bytes] | None,
) -> Outcome:
    """The same with what comes along with a status, as :func:`fail` takes it."""
    return replace(
        outcome,
        retry_after=retry_after,
        details=tuple(details),
        trailers=tuple((trailers or {}).items()),
    )


def reject(message: str = "rejected") -> Outcome:
    """The answer is ``success=false``, and nothing is accepted."""
    return Outcome(message=message, success=False)


def lose_answer(
    status: grpc.StatusCode = UNAVAILABLE,
    message: str = "the answer was lost",
    *,
    retry_after: float | None = None,
    details: Iterable[Message] = (),
    trailers: Mapping[str, str | bytes] | None = None,
) -> Outcome:
    """All is accepted and recorded, but the caller gets an error instead of the answer.

    The arguments are those of :func:`fail`.
    """
    return _along(Outcome(status, message, accepted=True), retry_after, details, trailers)


def hang(*, accepted: bool = False) -> Outcome:
    """Nothing is answered until the caller gives up; ``accepted`` if the batch is recorded."""
    return Outcome(hang=True, accepted=accepted)


def delay(seconds: float | Distribution, then: OutcomeLike = OK) -> Outcome:
    """Something else, later.

    Args:
        seconds: How much later, or a distribution such as ``normal(0.2, 0.05)``; by the seed of the
            fault it is the same in each run.
        then: What comes after that.

    Raises:
        TypeError: That is a function, or stands for no outcome.
    """
    verdict = verdict_of(then)
    if not isinstance(verdict, Outcome):
        raise TypeError(f"delay() takes an outcome that is known already, got {then!r}")
    return replace(verdict, delay=seconds)


def cut(
    *,
    after_messages: int = 0,
    status: grpc.StatusCode = UNAVAILABLE,
    message: str = "the stream was cut",
    retry_after: float | None = None,
    details: Iterable[Message] = (),
    trailers: Mapping[str, str | bytes] | None = None,
) -> Outcome:
    """A stream ends with a status once so many messages have come from the Rodent.

    The other arguments are those of :func:`fail`.
    """
    outcome = Outcome(status, message, after_messages=after_messages)
    return _along(outcome, retry_after, details, trailers)


def read_slowly(pause: float) -> Outcome:
    """On Connect: what the Rodent sends is read slowly.

    Once the windows of HTTP/2's flow control are full, some megabytes, it can send no more.

    Args:
        pause: Seconds between two messages.
    """
    return Outcome(read_pause=pause)


def half_closed() -> Outcome:
    """On Connect: once the Rodent has ended its side, Toggle neither ends its own nor says that.

    The stream stays half-closed until the fault is healed or the Rodent gives up; what Toggle sends
    still arrives.
    """
    return Outcome(half_closed=True)


def duplicate(copies: int = 2) -> Outcome:
    """On Connect: each message to the Rodent, such as a command, arrives more than once.

    Args:
        copies: How many times.
    """
    return Outcome(copies=copies)


def reorder(group: int = 2) -> Outcome:
    """On Connect: messages to the Rodent, such as commands, arrive in another order.

    Args:
        group: So many are held until all of them are there, and come the last one first. What is
            held as the fault is healed comes too; as the stream ends, it does not.
    """
    return Outcome(group=group)


def verdict_of(outcome: OutcomeLike) -> Verdict:
    """The verdict that something stands for.

    Raises:
        TypeError: It stands for none.
    """
    if isinstance(outcome, Verdict):
        return outcome
    if isinstance(outcome, grpc.StatusCode):
        return Outcome() if outcome is OK else fail(outcome)
    if isinstance(outcome, Message):
        return Outcome(response=outcome)
    if callable(outcome):
        return Decision(outcome)
    raise TypeError(
        "an outcome is a grpc.StatusCode, a response message, an Outcome such as fail(...), "
        f"reject(), lose_answer(), hang(), or a function of the call; got {outcome!r}"
    )
