"""Outcomes as data: ``lose_answer``, ``{fail: ABORTED, retry_after: 2}``, ``{delay: 1}``.

Each kind is one record here; what it makes of itself is in ``outcomes``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self, TypedDict

import grpc
import msgspec
from msgspec import Meta

from toggle_mock.errors import FaultSpecError
from toggle_mock.faults.distributions import Distribution
from toggle_mock.faults.outcomes import (
    OK,
    Outcome,
    Verdict,
    cut,
    duplicate,
    fail,
    half_closed,
    hang,
    lose_answer,
    read_slowly,
    reject,
    reorder,
)
from toggle_mock.faults.record import Count, Record, Seconds
from toggle_mock.wording import did_you_mean

STATUSES = [code.name for code in grpc.StatusCode]
_ERRORS = [name for name in STATUSES if name != "OK"]

Status = Annotated[str, Meta(extra_json_schema={"enum": STATUSES})]
Error = Annotated[str, Meta(extra_json_schema={"enum": _ERRORS})]
Some = Annotated[int, Meta(ge=2, le=1000)]
Time = Seconds | Distribution


class OutcomeRecord(Record, frozen=True, kw_only=True):
    """An outcome of one kind, as data."""

    kind: ClassVar[str]
    """The key that tells the kind; its default, if it has one, lets the name alone stand for it."""
    delay: Time = 0.0
    """Seconds before anything else happens."""

    def made(self) -> Outcome:
        """The outcome, but for its delay."""
        raise NotImplementedError

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """The record of this kind that is nearest to an outcome.

        Raises:
            ValueError: None of this kind is near.
        """
        raise NotImplementedError

    def outcome(self) -> Outcome:
        """The outcome."""
        return replace(self.made(), delay=self.delay)


class WithStatus(OutcomeRecord, frozen=True, kw_only=True):
    """An outcome with a status, and with what may come along with that."""

    retry_after: Seconds | None = None
    """Seconds that the caller is asked to wait (google.rpc.RetryInfo)."""
    trailers: dict[str, str] = msgspec.field(default_factory=dict)
    """Trailing metadata; what is under a key that ends with -bin is in base64."""

    @property
    def along(self) -> Along:
        """What comes along, as the functions of outcomes take it."""
        trailers = {key: _trailer_from(key, text) for key, text in self.trailers.items()}
        return {"retry_after": self.retry_after, "trailers": trailers}

    @classmethod
    def fields_of(cls, outcome: Outcome) -> dict[str, Any]:
        """The fields of this record that say what comes along, and when."""
        return {
            "retry_after": outcome.retry_after,
            "trailers": {key: _trailer_data(value) for key, value in outcome.trailers},
            "delay": outcome.delay,
        }


class Along(TypedDict):
    """What may come along with a status."""

    retry_after: float | None
    trailers: dict[str, str | bytes]


def _trailer_from(key: str, text: str) -> str | bytes:
    if not key.endswith("-bin"):
        return text
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise FaultSpecError(f"the trailer {key!r} is {text!r}: give bytes in base64") from None


def _trailer_data(value: str | bytes) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


class Fail(WithStatus, frozen=True, kw_only=True):
    """The call fails, and nothing is accepted."""

    kind: ClassVar[str] = "fail"
    fail: Error
    message: str = ""

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return fail(status_from(self.fail), self.message, **self.along)

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(fail=outcome.status.name, message=outcome.message, **cls.fields_of(outcome))


class Reject(OutcomeRecord, frozen=True, kw_only=True):
    """The answer is ``success=false`` with this message, and nothing is accepted."""

    kind: ClassVar[str] = "reject"
    reject: str = "rejected"

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return reject(self.reject)

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(reject=outcome.message, delay=outcome.delay)


class LoseAnswer(WithStatus, frozen=True, kw_only=True):
    """All is accepted and recorded, but the caller gets a status instead of the answer."""

    kind: ClassVar[str] = "lose_answer"
    lose_answer: Status = "UNAVAILABLE"
    message: str = "the answer was lost"

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return lose_answer(status_from(self.lose_answer), self.message, **self.along)

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        rest = cls.fields_of(outcome)
        return cls(lose_answer=outcome.status.name, message=outcome.message, **rest)


class Hang(OutcomeRecord, frozen=True, kw_only=True):
    """Nothing is answered until the caller gives up; true if the batch is recorded all the same."""

    kind: ClassVar[str] = "hang"
    hang: bool = False

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return hang(accepted=self.hang)

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(hang=outcome.accepted, delay=outcome.delay)


class Cut(WithStatus, frozen=True, kw_only=True):
    """A stream ends with a status once so many messages have come from the Rodent."""

    kind: ClassVar[str] = "cut"
    cut: Status = "UNAVAILABLE"
    after_messages: Count = 0
    message: str = "the stream was cut"

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return cut(
            after_messages=self.after_messages,
            status=status_from(self.cut),
            message=self.message,
            **self.along,
        )

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(
            cut=outcome.status.name,
            after_messages=outcome.after_messages,
            message=outcome.message,
            **cls.fields_of(outcome),
        )


class ReadSlowly(OutcomeRecord, frozen=True, kw_only=True):
    """On Connect: so many seconds pass between two messages that are read of the Rodent's."""

    kind: ClassVar[str] = "read_slowly"
    read_slowly: Seconds

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return read_slowly(self.read_slowly)

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(read_slowly=outcome.read_pause, delay=outcome.delay)


class HalfClosed(OutcomeRecord, frozen=True, kw_only=True):
    """On Connect: once the Rodent has ended its side, Toggle keeps its own open."""

    kind: ClassVar[str] = "half_closed"
    half_closed: bool = True

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return half_closed() if self.half_closed else Outcome()

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(half_closed=outcome.half_closed, delay=outcome.delay)


class Duplicate(OutcomeRecord, frozen=True, kw_only=True):
    """On Connect: each message to the Rodent arrives so many times."""

    kind: ClassVar[str] = "duplicate"
    duplicate: Some = 2

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return duplicate(self.duplicate)

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(duplicate=outcome.copies, delay=outcome.delay)


class Reorder(OutcomeRecord, frozen=True, kw_only=True):
    """On Connect: so many messages to the Rodent are held, and arrive the last one first."""

    kind: ClassVar[str] = "reorder"
    reorder: Some = 2

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return reorder(self.reorder)

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(reorder=outcome.group, delay=outcome.delay)


class Delay(OutcomeRecord, frozen=True, kw_only=True):
    """The usual answer, so many seconds later."""

    kind: ClassVar[str] = "delay"
    delay: Time

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return Outcome()

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(delay=outcome.delay)


# In the order in which they are looked for: a delay stands beside the others too.
OUTCOMES: Mapping[str, type[OutcomeRecord]] = {
    record.kind: record
    for record in (
        Fail,
        Reject,
        LoseAnswer,
        Hang,
        Cut,
        ReadSlowly,
        HalfClosed,
        Duplicate,
        Reorder,
        Delay,
    )
}

_NEEDS_MORE = {
    kind
    for kind, record in OUTCOMES.items()
    if any(field.required for field in msgspec.structs.fields(record))
}

NAMES = [*(name for name in OUTCOMES if name not in _NEEDS_MORE), *STATUSES]
"""The names that stand for an outcome without more."""


def outcome_from(data: Any) -> Outcome:
    """The outcome that a name or an object stands for.

    Raises:
        FaultSpecError: It stands for none.
    """
    if isinstance(data, str):
        if data in OUTCOMES and data in NAMES:
            return OUTCOMES[data]().outcome()
        status = status_from(data)
        return Outcome() if status is OK else fail(status)
    if not isinstance(data, Mapping):
        raise FaultSpecError(f"an outcome is a name or an object, got {data!r}")
    kind = next((kind for kind in OUTCOMES if kind in data), None)
    if kind is None:
        near = did_you_mean(data, OUTCOMES)
        raise FaultSpecError(
            f"an outcome has one of {', '.join(OUTCOMES)}, got {dict(data)!r}{near}"
        )
    try:
        return OUTCOMES[kind].read(data).outcome()
    except ValueError as error:
        where = f"in the outcome {dict(data)!r}"
        raise FaultSpecError(f"{error}, {where}", getattr(error, "key", None) or kind) from None


def outcome_data(verdict: Verdict) -> Any:
    """What stands for an outcome as data; the inverse of :func:`outcome_from`.

    Raises:
        TypeError: It has no such form.
    """
    if not isinstance(verdict, Outcome):
        raise TypeError(f"a function such as {verdict!r} cannot be written as data")
    for name in NAMES:
        if outcome_from(name) == verdict:
            return name
    kinds: list[type[OutcomeRecord]] = [Delay, *OUTCOMES.values()]  # the plainest first
    for kind in kinds:
        try:
            record = kind.of(verdict)
            if record.outcome() == verdict:
                return {kind.kind: getattr(record, kind.kind), **record.dump()}
        except ValueError:
            continue
    raise TypeError(f"{verdict!r} cannot be written as data")


def status_from(name: Any) -> grpc.StatusCode:
    """The status of a name such as ``UNAVAILABLE``.

    Raises:
        FaultSpecError: There is none.
    """
    try:
        return grpc.StatusCode[str(name).upper()]
    except KeyError:
        near = did_you_mean([str(name).upper()], STATUSES)
        names = ", ".join(STATUSES)
        raise FaultSpecError(f"{name!r} is no status: give one of {names}{near}") from None


def outcome_schema(reference: str) -> dict[str, Any]:
    """The JSON Schema of an outcome.

    Args:
        reference: The template of a reference to a record's own, with ``{name}``.
    """
    records = [{"$ref": reference.format(name=one.__name__)} for one in OUTCOMES.values()]
    return {
        "description": "What becomes of a call.",
        "anyOf": [{"enum": NAMES}, *records],
    }
