"""Faults as data, the same in Python, over HTTP and in scenario files: one object is one fault.

::

    {method: SendEvents, returns: [UNAVAILABLE, {fail: ABORTED, retry_after: 2}, lose_answer, OK]}
    {method: SendEvents, always: hang, matching: "payload:pool"}
    {method: Connect, at: 3, outcome: {cut: UNAVAILABLE, after_messages: 5}}
    {method: SendEvents, rates: {UNAVAILABLE: 0.1, lose_answer: 0.05}, seed: 7}
    {method: SendEvents, message_limit: 4000}
    {latency: {seconds: 0.2, jitter: 0.05}}
    {outage: {}}

Each kind is one record here, with what it does; that it has a method of the same name on ``Script``
or ``Faults``, for people, is tested. Nothing here knows a server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

import grpc
import msgspec
from google.protobuf.message import Message
from msgspec import Meta

from toggle_mock.errors import FaultSpecError
from toggle_mock.faults import plans
from toggle_mock.faults.conditions import Age, Conditions, Delay, Effect
from toggle_mock.faults.distributions import Distribution
from toggle_mock.faults.outcome_data import (
    NAMES,
    OUTCOMES,
    Time,
    outcome_data,
    outcome_from,
    outcome_schema,
)
from toggle_mock.faults.outcomes import Outcome, Verdict, number, verdict_of
from toggle_mock.faults.record import (
    GREATEST,
    Count,
    Record,
    Seconds,
    components_of,
    refuse_unknown,
)
from toggle_mock.matching import Matcher, checked
from toggle_mock.wording import did_you_mean, one_of

Method = Literal["Register", "Connect", "SendEvents"]
"""The rpcs of which calls can fail."""

QUERY_FORMAT = "toggle-query"
"""The format, as JSON Schema has it, of text that is a query."""

Offset = Annotated[float, Meta(ge=-1e9, le=1e9)]
AgeSeconds = Annotated[float, Meta(ge=0.001, le=1e6)]
BytesPerSecond = Annotated[float, Meta(ge=1, le=GREATEST)]


class Verdicts(tuple[Verdict, ...]):
    """Outcomes, one after the other. As data, a single one may stand for a list of it."""

    __slots__ = ()


class Shares(tuple[tuple[Verdict, float], ...]):
    """Outcomes with their shares of all calls: an object, or pairs where the outcomes are some."""

    __slots__ = ()


class FaultSpec(Record, frozen=True, kw_only=True):
    """What is to go wrong."""

    kind: ClassVar[str]
    """The key that tells the kind."""
    needs_relay: ClassVar[bool] = False
    """Whether it needs a relay in front of the server."""

    @classmethod
    def read_value(cls, kind: type, value: Any) -> Any:
        """A matcher or outcomes, of data or as they are in Python."""
        if kind is Verdicts:
            return Verdicts(map(_verdict, value if isinstance(value, list | tuple) else [value]))
        if kind is Shares:
            return _shares(value)
        return checked(value, None) if kind is Matcher else _verdict(value)

    @classmethod
    def dump_value(cls, value: Any) -> Any:
        """The data of a matcher or of outcomes."""
        match value:
            case Verdict():
                return outcome_data(value)
            case Verdicts():
                return [outcome_data(verdict) for verdict in value]
            case Shares():
                return [[outcome_data(verdict), share] for verdict, share in value]
            case Matcher():
                return value.as_query()
        return value


class CallFault(FaultSpec, frozen=True, kw_only=True):
    """What becomes of the calls of a method."""

    method: Method
    matching: Matcher | None = None
    """Only batches in which an event matches."""
    rid: str | None = None
    """Only calls of this Rodent."""
    seed: int = 0
    """Makes what is left to chance the same in each run."""

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            for one in self.verdicts():
                if isinstance(one, Outcome):
                    one.check_for(self.method)
        except ValueError as error:
            raise FaultSpecError(str(error)) from None

    def verdicts(self) -> Sequence[Verdict]:
        """What is decided of the calls, as far as it is known by now."""
        return ()

    def plan(self) -> plans.Plan:
        """Which outcomes the calls get that it is about."""
        raise NotImplementedError


class CountedFault(CallFault, frozen=True, kw_only=True):
    """What becomes of so many calls of a method."""

    @property
    def turns(self) -> int:
        """How many calls it is about."""
        raise NotImplementedError

    def plan(self) -> plans.Plan:
        """See :meth:`CallFault.plan`."""
        return self.plan_over(plans.Turns(self.turns))

    def plan_over(self, turns: plans.Turns) -> plans.Plan:
        """The same, where its calls are counted by somebody else."""
        raise NotImplementedError


class ConnectionFault(FaultSpec, frozen=True, kw_only=True):
    """What becomes of connections; it concerns all who connect."""

    needs_relay: ClassVar[bool] = True
    needs_frames: ClassVar[bool] = False
    """Whether the relay has to see the frames of HTTP/2, which TLS hides."""

    @property
    def effect(self) -> Effect:
        """What it does to them."""
        raise NotImplementedError


# Of calls


class Returns(CountedFault, frozen=True, kw_only=True):
    """One outcome for each of the next calls, then as usual."""

    kind: ClassVar[str] = "returns"
    returns: Verdicts

    def verdicts(self) -> Sequence[Verdict]:
        """See :meth:`CallFault.verdicts`."""
        return self.returns

    @property
    def turns(self) -> int:
        """See :attr:`CountedFault.turns`."""
        return len(self.returns)

    def plan_over(self, turns: plans.Turns) -> plans.Plan:
        """See :meth:`CountedFault.plan_over`."""
        return plans.InTurn(turns, self.returns)


class At(CountedFault, frozen=True, kw_only=True):
    """The outcome of one call: that with this index, counted from 0 and from now on."""

    kind: ClassVar[str] = "at"
    at: Count
    outcome: Verdict

    def verdicts(self) -> Sequence[Verdict]:
        """See :meth:`CallFault.verdicts`."""
        return [self.outcome]

    @property
    def turns(self) -> int:
        """See :attr:`CountedFault.turns`."""
        return self.at + 1

    def plan_over(self, turns: plans.Turns) -> plans.Plan:
        """See :meth:`CountedFault.plan_over`."""
        return plans.AfterOthers(turns, self.outcome)


class Always(CallFault, frozen=True, kw_only=True):
    """The outcome of all calls."""

    kind: ClassVar[str] = "always"
    always: Verdict

    def verdicts(self) -> Sequence[Verdict]:
        """See :meth:`CallFault.verdicts`."""
        return [self.always]

    def plan(self) -> plans.Plan:
        """See :meth:`CallFault.plan`."""
        return plans.EachCall(self.always)


class Rates(CallFault, frozen=True, kw_only=True):
    """Outcomes by chance, each with its share of the calls, the same for the same seed."""

    kind: ClassVar[str] = "rates"
    rates: Shares

    def verdicts(self) -> Sequence[Verdict]:
        """See :meth:`CallFault.verdicts`."""
        return [verdict for verdict, _ in self.rates]

    def plan(self) -> plans.Plan:
        """See :meth:`CallFault.plan`."""
        return plans.ByChance(self.rates, self.seed)


class MessageLimit(CallFault, frozen=True, kw_only=True):
    """Requests of more bytes are refused, with RESOURCE_EXHAUSTED as gRPC does it."""

    kind: ClassVar[str] = "message_limit"
    message_limit: Count

    def plan(self) -> plans.Plan:
        """See :meth:`CallFault.plan`."""
        return plans.SizeLimit(self.message_limit)


# Of the connection


class Outage(ConnectionFault, frozen=True, kw_only=True):
    """The server is gone: connections end, and new ones are refused. Its port stays its own."""

    kind: ClassVar[str] = "outage"
    needs_relay: ClassVar[bool] = False
    effect: ClassVar[Effect] = Effect(outage=True)


class Restart(ConnectionFault, frozen=True, kw_only=True):
    """The server ends and comes back at the same port, with what it has recorded, or without."""

    kind: ClassVar[str] = "restart"
    needs_relay: ClassVar[bool] = False
    forget: bool = False
    """Whether it has forgotten all of that, such as the ids of batches; of all sessions."""

    @property
    def effect(self) -> Effect:
        """See :attr:`ConnectionFault.effect`."""
        return Effect(restart=True, forget=self.forget)


class Clock(ConnectionFault, frozen=True, kw_only=True):
    """The server's clock is wrong: by it tokens begin and expire, and its certificate is made."""

    kind: ClassVar[str] = "clock"
    needs_relay: ClassVar[bool] = False
    ahead: Offset
    """Seconds by which it is ahead; behind if they are negative."""

    @property
    def effect(self) -> Effect:
        """See :attr:`ConnectionFault.effect`."""
        return Effect(ahead=self.ahead)


class Goaway(ConnectionFault, frozen=True, kw_only=True):
    """All clients are told to go (GOAWAY), once: new calls take new connections, others go on."""

    kind: ClassVar[str] = "goaway"
    needs_frames: ClassVar[bool] = True
    grace: Seconds | None = None
    """Seconds that calls under way have before they are ended; None for no limit."""

    @property
    def effect(self) -> Effect:
        """See :attr:`ConnectionFault.effect`."""
        return Effect(goaway=Age(0.0, self.grace))


class MaxConnectionAge(ConnectionFault, frozen=True, kw_only=True):
    """Clients are told to go (GOAWAY) once their connection is so old."""

    kind: ClassVar[str] = "max_connection_age"
    needs_frames: ClassVar[bool] = True
    seconds: AgeSeconds
    grace: Seconds | None = None
    """Seconds that calls under way have from then on; None for no limit."""

    @property
    def effect(self) -> Effect:
        """See :attr:`ConnectionFault.effect`."""
        return Effect(conditions=Conditions(age=Age(self.seconds, self.grace)))


class Refuse(ConnectionFault, frozen=True, kw_only=True):
    """New connections are refused; old ones go on."""

    kind: ClassVar[str] = "refuse"
    effect: ClassVar[Effect] = Effect(refuse=True)


class Reset(ConnectionFault, frozen=True, kw_only=True):
    """All connections are reset, once."""

    kind: ClassVar[str] = "reset"
    effect: ClassVar[Effect] = Effect(reset=True)


class HalfOpen(ConnectionFault, frozen=True, kw_only=True):
    """Nothing gets through any more on the connections that are open; new ones work."""

    kind: ClassVar[str] = "half_open"
    effect: ClassVar[Effect] = Effect(half_open=True)


class Partition(ConnectionFault, frozen=True, kw_only=True):
    """Nothing gets through, in either direction, and nobody is told."""

    kind: ClassVar[str] = "partition"
    effect: ClassVar[Effect] = Effect(conditions=Conditions(partitioned=True))


class Latency(ConnectionFault, frozen=True, kw_only=True):
    """Everything takes so many seconds longer, in each direction, more or less the jitter.

    With a seed, the chunks of each connection and direction take the same in each run, one by one.

    Raises:
        FaultSpecError: A distribution has jitter besides.
    """

    kind: ClassVar[str] = "latency"
    seconds: Time
    jitter: Seconds = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.jitter and isinstance(self.seconds, Distribution):
            raise FaultSpecError(
                "jitter is for a number of seconds: a distribution varies by itself"
            )

    @property
    def effect(self) -> Effect:
        """See :attr:`ConnectionFault.effect`."""
        delay = Delay(self.seconds, self.jitter, self.seed)
        return Effect(conditions=Conditions(delays=(delay,)))


class Bandwidth(ConnectionFault, frozen=True, kw_only=True):
    """No more bytes a second get through, on each connection and in each direction."""

    kind: ClassVar[str] = "bandwidth"
    bytes_per_second: BytesPerSecond

    @property
    def effect(self) -> Effect:
        """See :attr:`ConnectionFault.effect`."""
        rate = self.bytes_per_second
        return Effect(conditions=Conditions(to_server=rate, to_client=rate))


class SlowReads(ConnectionFault, frozen=True, kw_only=True):
    """The server takes no more bytes a second, on each connection."""

    kind: ClassVar[str] = "slow_reads"
    bytes_per_second: BytesPerSecond

    @property
    def effect(self) -> Effect:
        """See :attr:`ConnectionFault.effect`."""
        return Effect(conditions=Conditions(to_server=self.bytes_per_second))


CALL_FAULTS: Mapping[str, type[CallFault]] = {
    spec.kind: spec for spec in (Returns, Always, At, Rates, MessageLimit)
}

CONNECTION_FAULTS: Mapping[str, type[ConnectionFault]] = {
    spec.kind: spec
    for spec in (
        Outage,
        Restart,
        Clock,
        Goaway,
        MaxConnectionAge,
        Refuse,
        Reset,
        HalfOpen,
        Partition,
        Latency,
        Bandwidth,
        SlowReads,
    )
}


def parse(data: Any) -> FaultSpec:
    """The fault that an object describes.

    Raises:
        FaultSpecError: It describes none.
    """
    if not isinstance(data, Mapping):
        raise FaultSpecError(f"a fault is an object such as {{outage: {{}}}}, got {data!r}")
    try:
        _refuse_narrowed(data)
        return _call_fault(data) if "method" in data else _connection_fault(data)
    except FaultSpecError as error:
        raise FaultSpecError(f"{error}, in the fault {dict(data)!r}", error.key) from None


def dump(spec: FaultSpec) -> dict[str, Any]:
    """The object that describes a fault; the inverse of :func:`parse`.

    Raises:
        TypeError: It has something that has no such form, such as a function.
    """
    return spec.dump() if isinstance(spec, CallFault) else {spec.kind: spec.dump()}


def as_text(spec: FaultSpec) -> str:
    """A fault on one line, as in a scenario if it can be written there."""
    try:
        return str(dump(spec))
    except TypeError:
        return str(spec)


def schema_components(
    reference: str = "#/$defs/{name}",
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The JSON Schema of faults: that of one, and what it refers to, by name.

    Args:
        reference: The template of a reference, with ``{name}``.
    """

    def of_type(kind: type) -> dict[str, Any]:
        outcome = {"$ref": reference.format(name="Outcome")}
        if kind is Verdicts:
            return {"anyOf": [outcome, {"type": "array", "items": outcome}]}
        if kind is Shares:
            share = {"type": "number", "minimum": 0, "maximum": 1}
            pair = {"type": "array", "prefixItems": [outcome, share], "minItems": 2, "maxItems": 2}
            names = {"enum": NAMES}
            shares = {"type": "object", "propertyNames": names, "additionalProperties": share}
            return {"anyOf": [shares, {"type": "array", "items": pair}]}
        if kind is Matcher:
            return {"type": "string", "format": QUERY_FORMAT, "description": "A query."}
        return outcome

    records = [*CALL_FAULTS.values(), *CONNECTION_FAULTS.values(), *OUTCOMES.values()]
    schemas, components = components_of(records, schema_hook=of_type, ref_template=reference)
    components["Outcome"] = outcome_schema(reference)
    for kind, record in OUTCOMES.items():  # the key that tells the kind, though it has a default
        needed = components[record.__name__].setdefault("required", [])
        needed += [kind] if kind not in needed else []
    of_calls = list(schemas[: len(CALL_FAULTS)])
    of_connections = [
        object_of(name, schema if _needs_more(kind) else {"anyOf": [schema, {"type": "null"}]})
        for (name, kind), schema in zip(
            CONNECTION_FAULTS.items(), schemas[len(CALL_FAULTS) :], strict=False
        )
    ]
    return {"anyOf": of_calls + of_connections}, components


def _needs_more(kind: type[FaultSpec]) -> bool:
    """Whether the name alone does not say what the fault is."""
    return any(field.required for field in msgspec.structs.fields(kind))


def object_of(key: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an object with this one key."""
    return {
        "type": "object",
        "properties": {key: dict(schema)},
        "required": [key],
        "additionalProperties": False,
    }


def check_method(method: str) -> None:
    """See that calls of a method can fail.

    Raises:
        FaultSpecError: There is no such method.
    """
    try:
        one_of("method", method, get_args(Method))
    except ValueError as error:
        raise FaultSpecError(str(error), "method") from None


def _refuse_narrowed(data: Mapping[str, Any]) -> None:
    """See that a fault of connections is not one of some calls alone."""
    kind = next((kind for kind in CONNECTION_FAULTS if kind in data), None)
    narrowed = [name for name in ("method", "matching", "rid") if name in data]
    if kind is not None and narrowed and not CALL_FAULTS.keys() & data.keys():
        raise FaultSpecError(
            f"{kind} takes no {', '.join(narrowed)}: it is of connections, which carry the calls "
            "of any Rodent and method"
        )


def _call_fault(data: Mapping[str, Any]) -> FaultSpec:
    check_method(data["method"])
    kind = next((kind for kind in CALL_FAULTS if kind in data), None)
    if kind is None:
        others = [key for key in data if key not in {"method", "matching", "rid"}]
        near = did_you_mean(others, CALL_FAULTS)
        text = f"a fault of calls has one of {', '.join(CALL_FAULTS)}{near}"
        raise FaultSpecError(text, next(map(str, others), "method"))
    return CALL_FAULTS[kind].read(data)


def _connection_fault(data: Mapping[str, Any]) -> FaultSpec:
    kind = next((kind for kind in CONNECTION_FAULTS if kind in data), None)
    if kind is None and (of_calls := [key for key in CALL_FAULTS if key in data]):
        text = f"{of_calls[0]} needs a method: {', '.join(get_args(Method))}"
        raise FaultSpecError(text, of_calls[0])
    if kind is None:
        near = did_you_mean(data, [*CONNECTION_FAULTS, *CALL_FAULTS, "method"])
        text = f"a fault has a method, or one of {', '.join(CONNECTION_FAULTS)}{near}"
        raise FaultSpecError(text, next(map(str, data), None))
    refuse_unknown(data, [kind])
    fields = {} if data[kind] is None else data[kind]
    if not isinstance(fields, Mapping):
        raise FaultSpecError(f"{kind} is {fields!r}: give an object such as {{}}")
    return CONNECTION_FAULTS[kind].read(fields)


def _verdict(value: Any) -> Verdict:
    """The verdict that data or an object of Python stands for."""
    if isinstance(value, Verdict | grpc.StatusCode | Message) or callable(value):
        return verdict_of(value)
    return outcome_from(value)


def _shares(value: Any) -> Shares:
    try:
        pairs = [(outcome, share) for outcome, share in _pairs(value)]
    except (TypeError, ValueError):
        raise ValueError(
            f"rates is {value!r}: give an object of outcomes and their shares, or pairs of them"
        ) from None
    for _, share in pairs:
        number("a share", share, least=0.0)
    total = sum(share for _, share in pairs)
    if total > 1:
        raise ValueError(f"rates add up to {total:g}: give shares of all calls, from 0 to 1")
    return Shares((_verdict(outcome), float(share)) for outcome, share in pairs)


def _pairs(value: Any) -> Iterable[Any]:
    return value.items() if isinstance(value, Mapping) else value
