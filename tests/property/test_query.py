"""Any matcher, written as text and read again, means the same; any text is read or refused."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from support.matchers import matchers
from support.recorded import recorded_event

from rodent_events import StorageTransferPayload
from toggle_mock import QueryError
from toggle_mock.matching.matchers import Field, Moment, PayloadType, Word
from toggle_mock.matching.query import parse

TEXT = st.text(min_size=1, max_size=8)
NAMES = st.sampled_from(["level", "source", "size_bytes", "destination", "metadata.k", "rid"])
TERMS = (
    st.builds(Word, TEXT)
    | st.builds(PayloadType, st.sampled_from(["transfer", "storage_*", "pool", ""]))
    | st.builds(Field, NAMES, TEXT, st.booleans())
    | st.builds(Moment, st.sampled_from(["after", "before"]), st.integers(0, 2**41))
)
MATCHERS = matchers(TERMS, max_leaves=6)
EVENTS = st.builds(
    lambda size, source, destination, value: recorded_event(
        StorageTransferPayload(size_bytes=size, source=source, destination=destination),
        metadata={"k": value},
        timestamp=1_760_000_000_000,
    ),
    st.integers(-2, 2),
    TEXT,
    TEXT,
    TEXT,
)


@given(MATCHERS, EVENTS)
def test_text_of_a_matcher_means_the_same(matcher, event):
    # A pattern with blanks or quotes has no exact text: '?' stands there for any one character.
    again = parse(str(matcher))
    if str(again) == str(matcher) and "?" not in str(matcher):
        assert again(event) == matcher(event)


@given(st.text(max_size=20) | st.text(alphabet='aORlevel:"()-*> \\', max_size=20), EVENTS)
def test_any_text_is_a_query_or_refused(text, event):
    with contextlib.suppress(QueryError):
        parse(text)(event)
