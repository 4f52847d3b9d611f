"""Any matcher, written as text and read again, means the same; any text is read or refused."""

import json

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.matchers import matchers
from support.reach import reached, reaches
from support.recorded import recorded_event

from rodent_events import StorageTransferPayload
from toggle_mock import QueryError
from toggle_mock.matching import matchers as matching
from toggle_mock.matching.compiler import compile_query
from toggle_mock.matching.conditions import Compares, Equals, Matches
from toggle_mock.matching.fields import Field, Word
from toggle_mock.matching.moments import Moment
from toggle_mock.matching.payloads import PayloadType
from toggle_mock.matching.query import And, Node, Not, Or, Term, parse

# Events and matchers have their texts from the same few, so that they often meet.
ODD = ["a", "b b", "-a", '"', "OR", "a:b", ">1", "*", "a\\", "1", ""]
TEXT = st.sampled_from(ODD) | st.text(max_size=8)
NOW = 1_760_000_000_000
NUMBERS = st.integers(-2, 2) | st.sampled_from([2**53 + 1, 0.5, -0.0, 1e300, float("nan")])
SIZES = st.integers(-2, 2) | st.just(2**53 + 1)
NAMES = st.sampled_from(["source", "destination", "metadata.k", "metadata.k k", "rid"])
PATTERNS = st.text("ab*?:-<", max_size=4).map("*{}".format)
FIELDS = st.one_of(
    st.builds(Field, NAMES, st.builds(Equals, TEXT | NUMBERS | st.booleans())),
    st.builds(Field, NAMES, st.builds(Matches, PATTERNS)),
    st.builds(Field, st.just("level"), st.builds(Equals, st.sampled_from(["INFO", "error", 1]))),
    st.builds(Field, st.just("size_bytes"), st.builds(Equals, NUMBERS | TEXT)),
    st.builds(
        Field,
        st.just("size_bytes"),
        st.builds(Compares, st.sampled_from([">", ">=", "<", "<="]), SIZES),
    ),
)
TERMS = st.one_of(
    FIELDS,
    st.builds(Word, TEXT),
    st.builds(PayloadType, st.sampled_from(["transfer", "storage_*", "pool", ""])),
    st.builds(Moment, st.sampled_from(["after", "before"]), st.integers(NOW - 1, NOW + 1)),
)
EVENTS = st.builds(
    lambda size, source, destination, value: recorded_event(
        StorageTransferPayload(size_bytes=size, source=source, destination=destination),
        metadata={"k": value, "k k": "a"},
        timestamp=NOW,
    ),
    SIZES,
    TEXT,
    TEXT,
    TEXT,
)


MATCHERS = matchers(TERMS, max_leaves=6)


def means_the_same(matcher, event):
    for text in (str(matcher), matcher.as_query()):
        assert compile_query(text)(event) == matcher(event), text


@reaches(matches=0.1, does_not=0.1)
@settings(max_examples=400)
@given(MATCHERS, EVENTS)
def test_text_of_a_matcher_means_the_same(matcher, event):
    reached("matches" if matcher(event) else "does_not")
    means_the_same(matcher, event)


@pytest.mark.parametrize(
    ("kind", "method", "wrong"),
    [
        (matching.Not, "__str__", lambda self: f"-({self.part}) x"),
        (matching.AnyOf, "__str__", lambda self: " ".join(map(str, self.parts))),
        (matching.AnyOf, "as_query", lambda self: " ".join(one.as_query() for one in self.parts)),
        (matching.All, "as_query", lambda self: " ".join(one.as_query() for one in self.parts)),
        (Moment, "__str__", lambda self: f"{self.key}:{self.milliseconds + 1}"),
        (Word, "__str__", lambda self: json.dumps(f"{self.text}x")),
        (PayloadType, "__str__", lambda self: f"payload:{json.dumps(self.name)}s"),
        (Compares, "text", property(lambda self: f">{self.limit}")),
        (Equals, "text", property(lambda self: json.dumps(str(self.value)[:-1]))),
        (Matches, "text", property(lambda self: json.dumps(self.pattern))),
    ],
)
def test_a_text_that_means_something_else_is_found(monkeypatch, kind, method, wrong):
    monkeypatch.setattr(kind, method, wrong)
    search = settings(
        max_examples=3000, derandomize=True, database=None, phases=[Phase.generate], deadline=None
    )
    with pytest.raises((AssertionError, QueryError)):
        search(given(MATCHERS, EVENTS)(means_the_same))()


@reaches(matches=0.1, does_not=0.1)
@given(MATCHERS, EVENTS)
def test_a_matcher_matches_what_falls_short_in_nothing(matcher, event):
    reached("matches" if matcher(event) else "does_not")
    assert matcher(event) == (matcher.misses(event) == [])


@reaches(read=0.1, refused=0.05)
@given(
    st.text(max_size=20)
    | st.text(alphabet='aORlevel:"()-*> \\', max_size=20)
    | st.text(alphabet='a:"()', min_size=1, max_size=5),
    EVENTS,
)
def test_any_text_is_a_query_or_refused(text, event):
    try:
        matcher = compile_query(text)
    except QueryError:
        reached("refused")
    else:
        reached("read")
        assert matcher(event) == compile_query(matcher.as_query())(event)


def branches(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, parts) | st.builds(Or, parts)


KEYS = st.sampled_from(["", "level", "metadata.k k"])
TREES = st.recursive(st.builds(Term, KEYS, TEXT, st.just(True), st.just(0)), branches, max_leaves=6)


def text_of(node: Node) -> str:
    """The text of a tree, with more quotes and parentheses than it needs."""
    match node:
        case And(parts):
            return f"({' '.join(map(text_of, parts))})"
        case Or(parts):
            return f"({' OR '.join(map(text_of, parts))})"
        case Not(part):
            return f"-({text_of(part)})"
    key = node.key.replace("k k", '"k k"') + ":" if node.key else ""
    return key + json.dumps(node.value)


def unplaced(node: Node) -> Node:
    match node:
        case And(parts) | Or(parts):
            return type(node)(tuple(map(unplaced, parts)))
        case Not(part):
            return Not(unplaced(part))
    return Term(node.key, node.value, node.quoted, 0)


@given(TREES)
def test_a_tree_is_read_as_it_was_written(tree):
    assert unplaced(parse(text_of(tree))) == tree
