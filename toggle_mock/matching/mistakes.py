"""Where in a query the mistake is: for who types it, and sees the word underlined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toggle_mock.errors import QueryError
from toggle_mock.matching.compiler import compile_term
from toggle_mock.matching.names import names_of
from toggle_mock.matching.query import Term, parse, terms_of, word_end
from toggle_mock.schema import Schema


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a query, and the word that is: ``query[start:end]``."""

    text: str
    """What is wrong, for people."""
    start: int
    end: int


def mistake_in(query: str, schemas: Sequence[Schema | None]) -> Mistake | None:
    """The first mistake in a query; None if there is none.

    Args:
        query: The text.
        schemas: Under which events may be read; a name that one of them has is right.
    """
    try:
        terms = list(terms_of(parse(query)))
    except QueryError as error:
        return _mistake(query, error, error.position or 0)
    for term in terms:
        wrong = [_wrong(term, query, schema) for schema in schemas]
        if None not in wrong and wrong[0]:
            return _mistake(query, wrong[0], term.position)
    return None


def _wrong(term: Term, query: str, schema: Schema | None) -> QueryError | None:
    try:
        compile_term(term, query).check(names_of(schema))
    except QueryError as error:
        return error
    return None


def _mistake(query: str, error: QueryError, start: int) -> Mistake:
    start = min(start, len(query))
    return Mistake(str(error).partition(", at character ")[0], start, word_end(query, start))
