"""Faults as data: what is dumped is parsed again as it was, and the schema tells the truth."""

import base64
import json

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.reach import reached, reaches

from toggle_mock.errors import FaultSpecError
from toggle_mock.faults.outcome_data import NAMES, STATUSES, outcome_data, outcome_from
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.faults.spec import CALL_FAULTS, CONNECTION_FAULTS, dump, parse, schema_components

SCHEMA, COMPONENTS = schema_components()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA | {"$defs": COMPONENTS})

TEXT = st.text(max_size=5)
SECONDS = st.floats(0, 1e12) | st.integers(0, 10)
COUNTS = st.integers(0, 10**12)
RATES = st.floats(1, 1e12)
PAIRS = st.tuples(SECONDS, SECONDS)
DISTRIBUTIONS = st.one_of(
    st.fixed_dictionaries({"uniform": PAIRS.map(sorted)}),
    st.fixed_dictionaries({"normal": PAIRS.map(list)}),
    st.lists(SECONDS, min_size=1, max_size=3).map(
        lambda times: {"percentiles": dict(zip(("5", "50", "99.9"), sorted(times), strict=False))}
    ),
)
TIMES = SECONDS | DISTRIBUTIONS
SEEDS = st.integers(-(2**63), 2**64 - 1)
ERRORS = st.sampled_from([name for name in STATUSES if name != "OK"])


def objects(required, **optional):
    """Objects with these keys; those that are optional may be missing."""
    return st.fixed_dictionaries(required, optional=optional)


ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=5)
BASE64 = st.binary(max_size=3).map(lambda raw: base64.b64encode(raw).decode())
WITH_STATUS = {
    "retry_after": SECONDS | st.none(),
    "trailers": st.fixed_dictionaries({}, optional={"x-a": ASCII, "0_.": ASCII, "b-bin": BASE64}),
    "delay": TIMES,
}

NAMES_OF_STREAMS = {"half_closed", "duplicate", "reorder"}
OF_ALL = st.sampled_from([name for name in NAMES if name not in NAMES_OF_STREAMS])

OUTCOMES = st.one_of(
    OF_ALL,
    objects(
        {"fail": ERRORS},
        message=TEXT,
        **WITH_STATUS,
    ),
    objects({"reject": TEXT}, delay=TIMES),
    objects({"lose_answer": ERRORS}, message=TEXT, **WITH_STATUS),
    objects({"hang": st.booleans()}, delay=TIMES),
    objects({"cut": ERRORS}, message=TEXT, after_messages=COUNTS, **WITH_STATUS),
    objects({"delay": TIMES}),
)
OF_STREAMS = st.one_of(
    st.sampled_from(sorted(NAMES_OF_STREAMS)),
    objects({"read_slowly": st.floats(0.001, 1e12)}, delay=TIMES),
    objects({"half_closed": st.booleans()}, delay=TIMES),
    objects({"duplicate": st.integers(2, 1000)}, delay=TIMES),
    objects({"reorder": st.integers(2, 1000)}, delay=TIMES),
)
SHARES = st.floats(0, 0.2)


# Of each kind, what makes it one; a kind that is added must be added here.
def of_calls(outcomes):
    return {
        "returns": {"returns": outcomes | st.lists(outcomes, max_size=3)},
        "always": {"always": outcomes},
        "at": {"at": COUNTS, "outcome": outcomes},
        "rates": {
            "rates": st.dictionaries(OF_ALL, SHARES, max_size=3)
            | st.lists(st.tuples(outcomes, SHARES).map(list), max_size=3),
        },
        "message_limit": {"message_limit": COUNTS},
    }


FIELDS = {
    **of_calls(OUTCOMES),
    "latency": {"seconds": TIMES, "seed": SEEDS},
    "bandwidth": {"bytes_per_second": RATES},
    "slow_reads": {"bytes_per_second": RATES},
    "outage": {},
    "restart": {"forget": st.booleans()},
    "clock": {"ahead": st.floats(-1e9, 1e9)},
    "goaway": {"grace": SECONDS | st.none()},
    "max_connection_age": {"seconds": st.floats(0.001, 1e6), "grace": SECONDS | st.none()},
    "refuse": {},
    "reset": {},
    "half_open": {},
    "partition": {},
}

KINDS = sorted(CALL_FAULTS)
CALLS = st.sampled_from(
    [{"method": st.sampled_from(["Register", "SendEvents"]), **FIELDS[kind]} for kind in KINDS]
    + [{"method": st.just("Connect"), **of_calls(OUTCOMES | OF_STREAMS)[kind]} for kind in KINDS]
).flatmap(
    lambda fields: objects(
        fields,
        matching=st.sampled_from(["", "payload:pool", "level:ERROR -rid:r1", "a OR b"]),
        rid=TEXT,
        seed=SEEDS,
    )
)
CONNECTIONS = st.sampled_from(sorted(CONNECTION_FAULTS)).flatmap(
    lambda kind: st.fixed_dictionaries({kind: st.fixed_dictionaries(FIELDS[kind])})
)


def test_every_kind_is_drawn():
    assert set(FIELDS) == {*CALL_FAULTS, *CONNECTION_FAULTS}


@given(CALLS | CONNECTIONS)
def test_what_is_dumped_is_parsed_as_it_was(data):
    spec = parse(data)
    written = json.loads(json.dumps(dump(spec)))
    assert parse(written) == spec
    assert dump(parse(written)) == written
    VALIDATOR.validate(data)
    VALIDATOR.validate(written)


@reaches(invalid=0.2)
@given(CALLS | CONNECTIONS, st.data())
def test_what_is_broken_is_neither_valid_nor_parsed(data, draw):
    key = draw.draw(st.sampled_from(sorted(data)))
    broken = {name: value for name, value in data.items() if name != key}
    if draw.draw(st.booleans()):
        broken[f"{key}_"] = data[key]
    assume(not VALIDATOR.is_valid(broken))
    reached("invalid")
    with pytest.raises(FaultSpecError):
        parse(broken)


@reaches(refused=0.2, taken=0.02)
@given(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), TEXT, st.lists(st.none(), max_size=1)),
        *(OUTCOMES, COUNTS, SECONDS, RATES),
    ),
    CALLS | CONNECTIONS,
    st.data(),
)
def test_what_is_not_refused_is_valid(value, data, draw):
    changed = data | {draw.draw(st.sampled_from(sorted(data))): value}
    try:
        parse(changed)
    except FaultSpecError:
        reached("refused")
        return
    reached("taken")
    # Statuses are taken in lower case too, which the schema keeps to itself.
    assert isinstance(value, str) or VALIDATOR.is_valid(changed)


@given(OUTCOMES | OF_STREAMS)
def test_outcomes_there_and_back(data):
    outcome = outcome_from(data)
    assert outcome_from(outcome_data(outcome)) == outcome


ARGUMENTS = {
    "message": TEXT,
    "success": st.booleans(),
    "accepted": st.booleans(),
    "delay": SECONDS,
    "hang": st.booleans(),
    "retry_after": SECONDS | st.none(),
    "trailers": st.lists(
        st.tuples(st.just("x"), ASCII) | st.tuples(st.just("x-bin"), st.binary(max_size=2)),
        max_size=2,
    ).map(tuple),
    "after_messages": st.integers(0, 3),
    "read_pause": SECONDS,
    "half_closed": st.booleans(),
    "copies": st.integers(1, 3),
    "group": st.integers(1, 3),
}


@reaches(written=0.1, refused=0.05)
@given(
    # Few of them together: most combinations mean nothing.
    st.sets(st.sampled_from(sorted(ARGUMENTS)), max_size=3)
    .flatmap(lambda names: st.fixed_dictionaries({name: ARGUMENTS[name] for name in names}))
    .map(lambda given: Outcome(**given))
)
def test_an_outcome_is_written_as_it_is_or_not_at_all(outcome):
    try:
        written = outcome_data(outcome)
    except TypeError as error:
        reached("refused")
        assert "cannot be written as data" in str(error)  # noqa: PT017 - others are written
        return
    reached("written")
    assert outcome_from(written) == outcome
