"""Matchers from values: each type of a field, each type of a value, and what is none."""

import re
import warnings
from datetime import UTC, date, datetime
from unittest import mock

import pytest
from support.recorded import recorded_event
from support.wide_schema import Item, Pool, wide_event

from rodent_events import EVENT_LEVEL_ERROR, StoragePoolPayload, UsageThresholdPayload
from toggle_mock import ge, glob, gt, le, lt, regex, where
from toggle_mock.matching.matchers import matcher_of

NAN = float("nan")
BIG = 2**53 + 1
EVENT = wide_event(
    pool_name="tank",
    size_bytes=BIG,
    devices=["a", "b"],
    operation=1,
    ratio=0.1,
    exact=0.1,
    blob=b"\xff\x00",
    huge=2**64 - 1,
    online=True,
    item=Item(name="disk", share=NAN),
    items=[Item(name="x", share=1), Item(name="y", share=2)],
    labels={"a.b": "v", "c": ""},
    slots={-1: Item(name="spare")},
)

EQUAL = [
    ("pool_name", "tank"),
    ("pool_name", glob("t*k")),
    ("pool_name", regex("^t.n")),
    ("pool_name", regex(re.compile("T.*K", re.IGNORECASE))),
    ("pool_name", mock.ANY),
    ("size_bytes", BIG),
    ("size_bytes", str(BIG)),
    ("size_bytes", gt(BIG - 1)),
    ("size_bytes", ge(BIG)),
    ("size_bytes", le(BIG)),
    ("size_bytes", lt(BIG + 1)),
    ("size_bytes", "9.007199254740993e15"),
    ("used_bytes", 0),
    ("used_bytes", 0.0),
    ("used_bytes", None),
    ("devices", ["a", "b"]),
    ("devices", (glob("?"), "b")),
    ("devices", [mock.ANY, regex("b")]),
    ("devices", EVENT.payload.devices),
    ("devices", "a"),
    ("operation", 1),
    ("operation", "created"),
    ("operation", "1"),
    ("ratio", 0.1),
    ("ratio", "0.1"),
    ("ratio", ge(0.1)),
    ("ratio", pytest.approx(0.1)),
    ("ratio", le(0.1)),
    ("exact", 0.1),
    ("exact", "0.1"),
    ("exact", "1e-1"),
    ("exact", pytest.approx(0.11, abs=0.02)),
    ("blob", b"\xff\x00"),
    ("huge", 2**64 - 1),
    ("huge", gt(2**64 - 2)),
    ("online", True),
    ("online", "TRUE"),
    ("limit", None),
    ("limit", 0),
    ("item", Item(name="disk")),
    ("item", Item(share=NAN)),
    ("item", {"name": "disk", "share": NAN}),
    ("item.share", "nan"),
    ("items", Item(share=2)),
    ("items", {"name": "y", "share": 2}),
    ("items", [Item(name="x"), {"share": 2}]),
    ("items.name", "y"),
    ("labels", {"a.b": "v", "c": "", "d": None}),
    ("labels", EVENT.payload.labels),
    ("labels.a.b", "v"),
    ("labels.d", None),
    ("slots", {-1: Item(name="spare")}),
    ("slots", {-1: {"name": glob("sp*")}}),
    ("slots.-1.name", "spare"),
]

UNEQUAL = [
    ("pool_name", "Tank"),
    ("pool_name", b"Tank"),
    ("pool_name", None),
    ("size_bytes", BIG - 1),
    ("size_bytes", float(BIG)),
    ("size_bytes", gt(BIG)),
    ("size_bytes", lt(BIG)),
    ("size_bytes", NAN),
    ("size_bytes", True),
    ("size_bytes", [BIG]),
    ("size_bytes", Item()),
    ("size_bytes", {"name": "x"}),
    ("devices", ["b", "a"]),
    ("devices", ["a"]),
    ("devices", []),
    ("devices", None),
    ("devices", "c"),
    ("operation", 2),
    ("operation", True),
    ("operation", "CREATE"),
    ("operation", gt(0)),
    ("ratio", 0.2),
    ("ratio", gt(0.1)),
    ("ratio", lt(0.1)),
    ("ratio", pytest.approx(0.11)),
    ("ratio", NAN),
    ("ratio", "1e40"),
    ("ratio", 10**400),
    ("ratio", "snan"),
    ("ratio", "1e99999999999999999999"),
    ("exact", 0.2),
    ("exact", "0.10000000000000001e1"),
    ("blob", b"\xff"),
    ("blob", "text"),
    ("huge", -1),
    ("online", False),
    ("online", 1),
    ("online", "yes"),
    ("item", Item(name="disc")),
    ("item", Pool()),
    ("item", None),
    ("item", "disk"),
    ("item", {"name": "disk", "nonsense": 1}),
    ("items", {"name": "x", "share": 2}),
    ("items", [Item(name="x")]),
    ("labels", {"a.b": "w"}),
    ("labels", {"d": ""}),
    ("labels", None),
    ("labels", "v"),
    ("labels.d", glob("*")),
    ("slots.1.name", "spare"),
    ("slots", {1: Item()}),
    ("nonsense", None),
    ("rid.x", "r1"),
    ("pool_name.x", "tank"),
]


@pytest.mark.parametrize(("key", "value"), EQUAL)
def test_a_field_equals_a_value(key, value):
    assert where(**{key: value}).misses(EVENT) == []
    assert where(**{f"payload.{key}": value})(EVENT)


@pytest.mark.parametrize(("key", "value"), UNEQUAL)
def test_a_field_does_not_equal_a_value(key, value):
    assert where(**{key: value}).misses(EVENT) != []


def test_what_is_set_is_there_though_it_is_zero():
    event = wide_event(limit=0, item=Item())
    assert not where(limit=None)(event)
    assert not where(item=None)(event)
    assert where(limit=0)(event)
    assert where(item=None, items=None, labels=None, devices=None, blob=None)(wide_event())


def test_arrival_and_metadata_can_be_asked_for():
    event = recorded_event(level=EVENT_LEVEL_ERROR, metadata={"n": "10", "": "e"}, rid="")
    assert where(level=EVENT_LEVEL_ERROR, rid=None, sub="o1", category=None)(event)
    assert where(metadata={"n": "10", "": "e"})(event)
    assert where('metadata."":e')(event)
    assert where(metadata={"n": 10})(event)
    assert where(metadata={"missing": None})(event)
    assert not where(metadata={"n": None})(event)
    assert not where(level=None)(event)


def test_not_a_number_is_itself():
    event = recorded_event(UsageThresholdPayload(current_value=NAN, threshold_value=0.5))
    assert matcher_of(UsageThresholdPayload(current_value=NAN))(event)
    assert where(current_value=NAN)(event)
    assert where("current_value:nan")(event)
    assert not matcher_of(UsageThresholdPayload(threshold_value=NAN))(event)
    assert not where("current_value:>0 OR current_value:<=0")(event)


@pytest.mark.parametrize(
    "fields",
    [
        lambda nan: {"item": Item(name="disk", share=nan)},
        lambda nan: {"items": [Item(name="x", share=nan)]},
        lambda nan: {"slots": {1: Item(share=nan)}},
        lambda nan: {"slots": {1: Item(share=nan)}, "exact": nan, "ratio": nan},
    ],
)
@pytest.mark.parametrize("nan", [NAN, -NAN])  # of other bits
def test_a_payload_that_holds_not_a_number_is_like_itself(fields, nan):
    payload = Pool(**fields(NAN))
    assert matcher_of(payload).misses(wide_event(**fields(nan))) == []
    assert matcher_of(payload).misses(wide_event(pool_name="x")) != []


def test_a_nested_message_must_be_the_same_in_a_payload():
    given = wide_event(item=Item(name="disk", share=NAN), slots={1: Item(share=NAN)})
    for other in (
        Pool(item=Item(share=NAN)),
        Pool(item=Item(name="disc", share=NAN)),
        Pool(slots={2: Item(share=NAN)}),
        Pool(items=[Item(share=NAN)]),
    ):
        assert not matcher_of(other)(given)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"size_bytes": range(1, 9)}, "size_bytes is range(1, 9): give text, a number, a bool"),
        ({"size_bytes": {1}}, "size_bytes is {1}: give text"),
        ({"devices": ["a", object]}, "devices is <class 'object'>: give text"),
        ({"item": {"name": {1}}}, "item.name is {1}: give text"),
        ({"timestamp": datetime(2026, 1, 1, tzinfo=UTC)}, "is asked for by after= and before="),
        ({"creation_time": date(2026, 1, 1)}, "creation_time is datetime.date(2026, 1, 1), but"),
        ({"metadata": "a=b"}, "metadata is 'a=b': give a mapping of text to text"),
        ({"metadata": {"a": {1}}}, "metadata.a is {1}: give text"),
        ({"after": "5m"}, "after is '5m': give a datetime, or seconds since the epoch"),
        ({"before": True}, "before is True: give a datetime"),
        ({"payload": 5}, "a matcher is a payload message"),
    ],
)
def test_a_value_of_no_type_that_a_field_has_is_told(arguments, problem):
    with pytest.raises(TypeError) as caught:
        where(**arguments)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"after": NAN}, "after is nan: give a datetime"),
    ],
)
def test_a_value_that_says_nothing_is_told(arguments, problem):
    with pytest.raises(ValueError) as caught:
        where(**arguments)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("matcher", "miss"),
    [
        (where(size_bytes=5), f"size_bytes: wanted 5, got {BIG}"),
        (where(size_bytes=lt(5)), f"size_bytes: wanted '<5', got {BIG}"),
        (where(pool_name=glob("x*")), "pool_name: wanted glob('x*'), got 'tank'"),
        (where(devices=["a", glob("x*")]), "devices: wanted ['a', glob('x*')], got 'a', 'b'"),
        (where(online=False), "online: wanted False, got True"),
        (where(limit=7), "limit: wanted 7, got 0"),
        (where(pool_name=None), "pool_name: wanted None, got 'tank'"),
        (where(item=Item(name="x")), 'item: wanted name: "x", got name: "disk" share: nan'),
        (where(labels={"c": "d"}), "labels: wanted {c: 'd'}, got {'a.b': 'v', 'c': ''}"),
        (where(**{"labels.d": "x"}), "labels.d: wanted 'x', got no such field"),
        (where(nonsense=5), "nonsense: wanted 5, got no such field"),
    ],
)
def test_a_miss_says_how_a_value_differs(matcher, miss):
    assert matcher.misses(EVENT) == [miss]


@pytest.mark.parametrize(
    ("matcher", "text"),
    [
        (where(size_bytes=5), "size_bytes:5"),
        (where(size_bytes=ge(1e4)), "size_bytes:>=10000.0"),
        (where(pool_name="a b"), 'pool_name:"a b"'),
        (where(pool_name=glob("a*")), "pool_name:a*"),
        (where(online=True), "online:true"),
        (where(blob=b"ab"), "blob:ab"),
        (where(metadata={"a b": "c"}), 'metadata."a b":c'),
        (where(exact=NAN), "exact:nan"),
    ],
)
def test_values_are_written_as_a_query(matcher, text):
    assert str(matcher) == matcher.as_query() == text


@pytest.mark.parametrize(
    ("matcher", "shown"),
    [
        (where(devices=["a", "b"]), "devices:['a', 'b']"),
        (where(item={"name": "x"}), "item:{name: 'x'}"),
        (where(item=Item(name="x", share=1)), 'item:name: "x" share: 1'),
        (where(limit=None), "limit:None"),
        (where(blob=b"\xff"), r"blob:b'\xff'"),
        (where(pool_name=glob("a b*")), "pool_name:glob('a b*')"),
        (where(pool_name=regex("a$")), "pool_name:regex('a$')"),
        (where(ratio=pytest.approx(2, abs=1)), "ratio:2 ± 1"),
        (where(**{"labels.a b": "c"}), "labels.a b:c"),
    ],
)
def test_values_without_text_are_shown_and_no_query(matcher, shown):
    assert str(matcher) == shown
    with pytest.raises(TypeError, match="cannot be written as a query"):
        (where() & ~matcher).as_query()


def test_a_pattern_with_many_stars_takes_no_time():
    event = recorded_event(StoragePoolPayload(pool_name="a" * 32))
    assert not where(pool_name=glob("*a" * 25 + "*b"))(event)
    assert where(pool_name=glob("*a" * 25 + "*"))(event)
    assert where(pool_name=glob("a" * 30 + "??"))(event)


def test_a_pattern_has_no_other_signs():
    event = recorded_event(StoragePoolPayload(pool_name="[a]^.\n+"))
    assert where(pool_name=glob("[a]*+"))(event)
    assert not where(pool_name=glob("[a-z[]*"))(event)


def test_text_is_what_is_written_and_a_pattern_is_asked_for():
    starred = recorded_event(StoragePoolPayload(pool_name="t*k"))
    with pytest.warns(
        UserWarning, match="as it is written: give glob\\('t\\*k'\\) for a"
    ) as caught:
        wanted = where(pool_name="t*k")
    assert caught[0].filename == __file__
    assert wanted(starred)
    assert wanted.misses(EVENT) == [
        "pool_name: wanted 't*k', got 'tank'; give glob('t*k') for a pattern"
    ]
    assert matcher_of(wanted.as_query()).misses(EVENT) == wanted.misses(EVENT)
    with pytest.warns(UserWarning, match=r"give ge\(5\) for a comparison"):
        where(metadata={"size": ">=5"})


class IsPositive:
    """As dirty-equals has it."""

    __module__ = "dirty_equals._numeric"
    __hash__ = None

    def __eq__(self, other):
        return isinstance(other, int) and other > 0


def test_objects_that_say_themselves_what_they_equal_may_be_wanted():
    wanted = where(size_bytes=IsPositive(), items=mock.ANY)
    assert wanted(EVENT)
    assert not wanted(wide_event())


@pytest.mark.parametrize(
    "fields", [{"pool_name": glob("t*")}, {"query": 'pool_name:"t*"'}, {"payload": "storage_*"}]
)
def test_who_asks_for_a_pattern_or_for_text_is_not_warned(fields):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        where(**fields)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: glob(5), "the pattern is 5: give text"),
        (lambda: regex(b"a"), "the pattern is b'a': give text, or a compiled expression"),
        (lambda: regex(re.compile(b"a")), "give text, or a compiled expression for text"),
        (lambda: regex("("), "'(' is no regular expression: missing )"),
        (lambda: gt("5"), "the limit is '5': give a number"),
        (lambda: le(True), "the limit is True: give a number"),
        (lambda: lt(NAN), "the limit is nan: no number is greater or less"),
    ],
)
def test_a_condition_of_nothing_is_told(make, problem):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert problem in str(caught.value)
