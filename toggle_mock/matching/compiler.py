"""Matchers from the tree of a query."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from toggle_mock.matching.conditions import Equals
from toggle_mock.matching.fields import Field, Word
from toggle_mock.matching.keys import KeyKind, kind_of_key, name_of
from toggle_mock.matching.matchers import All, AnyOf, Matcher, Not, matcher_of
from toggle_mock.matching.moments import Moment, read_milliseconds
from toggle_mock.matching.payloads import PayloadType
from toggle_mock.matching.query import And, Node, Or, Term, parse, query_error
from toggle_mock.matching.query import Not as Unwanted
from toggle_mock.matching.wanted import meaning_of


@matcher_of.register
def compile_query(text: str) -> Matcher:
    """The matcher that a query stands for; of an empty one, all events.

    Raises:
        QueryError: The text is no query.
    """
    return _compiled(parse(text), text)


def compile_term(term: Term, text: str) -> Matcher:
    """The matcher that one term of a query stands for.

    Raises:
        QueryError: It stands for none.
    """
    return _compiled(term, text)


def _compiled(node: Node, text: str) -> Matcher:
    match node:
        case And(parts):
            return All(tuple(_compiled(part, text) for part in parts))
        case Or(parts):
            return AnyOf(tuple(_compiled(part, text) for part in parts))
        case Unwanted(part):
            return Not(_compiled(part, text))
        case Term(key="", value=value):
            return Word(value)
        case Term(key=key, position=position):
            try:
                return _MATCHERS[kind_of_key(key)](node)
            except ValueError as error:
                raise query_error(str(error), text, position) from None


def _field(term: Term) -> Matcher:
    key, value = name_of(term.key), term.value
    condition = Equals(value) if term.quoted else meaning_of(key, value)
    return Field(key, condition, may_be_absent=key != term.key)


def _moment(term: Term) -> Matcher:
    return Moment(term.key, read_milliseconds(term.value, time.time()))


_MATCHERS: Mapping[KeyKind, Callable[[Term], Matcher]] = {
    KeyKind.VALUE: _field,
    KeyKind.TYPE: lambda term: PayloadType(term.value, may_be_absent=term.key.endswith("?")),
    KeyKind.AFTER: _moment,
    KeyKind.BEFORE: _moment,
}
