"""Where in a query the mistake is."""

import pytest

from toggle_mock.matching.mistakes import mistake_in
from toggle_mock.schema import load_schema


@pytest.mark.parametrize(
    ("query", "word", "text"),
    [
        ("level:INFO pol_name:tank", "pol_name:tank", "did you mean pool_name?"),
        ("-payload:pol x", "payload:pol", "did you mean"),
        ('a "b', '"b', "a quote is never closed"),
        ("(level:INFO", "", "a parenthesis is never closed"),
        ("level:INFO) x", "", "a parenthesis is closed that was never opened"),
        ("(level:INFO OR level:INFI)", "level:INFI", "INFI"),
        ("a AND b", "AND", "terms side by side must all match"),
        ("size_bytes:>x", "size_bytes:>x", "x"),
        ("😀 level:NO", "level:NO", "NO"),
    ],
)
def test_it_is_the_word_that_is_wrong(query, word, text):
    found = mistake_in(query, [None])
    assert found is not None
    assert text in found.text
    assert "at character" not in found.text
    if word:
        assert query[found.start : found.end] == word
    assert 0 <= found.start <= found.end <= len(query)


@pytest.mark.parametrize("query", ["", "level:INFO", "payload:pool size_bytes:>5 OR x"])
def test_a_query_has_none(query):
    assert mistake_in(query, [None]) is None


def test_a_name_that_one_of_the_schemas_has_is_right():
    old, newer = load_schema("2025-09-17"), load_schema("2025-10-03")
    query = "level:INFO bytes_transferred:>1"
    assert mistake_in(query, [old]) is not None
    assert mistake_in(query, [newer]) is None
    assert mistake_in(query, [old, newer]) is None
