"""The query language: text, and the tree that it stands for. What its terms mean is elsewhere.

::

    category:STORAGE payload:transfer source:tank/* -level:INFO metadata.transfer_id:t1
    (level:ERROR OR level:CRITICAL) size_bytes:>1000 after:2026-01-31T12:00Z "some text"

Terms that stand side by side must all match. ``-`` negates a term or a group, ``OR`` stands between
alternatives, and quotes take away the meaning of what is in them. What reads like another language,
or like a pattern where there are none, is refused: as mere text it would stand nowhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from toggle_mock.errors import QueryError
from toggle_mock.matching.patterns import is_pattern
from toggle_mock.wording import shortened

MAX_DEPTH = 100
"""Groups within each other."""


@dataclass(frozen=True)
class Term:
    """A value that is wanted: ``key:value``, or text that stands anywhere."""

    key: str
    """Without quotes; empty for text that stands anywhere. With a ``?`` behind it, the schema may
    lack it."""
    value: str
    """Without quotes."""
    quoted: bool
    """Whether the value stood in quotes."""
    position: int
    """Where it begins, from 0 on."""


@dataclass(frozen=True)
class And:
    """All parts are wanted; so without any, everything is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    """One part is wanted."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    """What is not wanted."""

    part: Node


Node: TypeAlias = And | Or | Not | Term

_START = re.compile(r"\S")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(
    rf"""(?:
        (?P<open>-?\() | (?P<close>\)) | (?P<or>OR)(?=[\s()]|$) |
        (?P<minus>-)?(?P<term>
            (?P<key>metadata\.(?:{_QUOTED}|[^\s:"()]+)|[A-Za-z_][\w.]*\??):
            (?P<value>{_QUOTED}|[^\s"()]*) |
            (?P<word>{_QUOTED}|[^\s"()]+)
        )(?=[\s()]|$)
    )""",
    re.VERBOSE,
)


def parse(text: str) -> Node:
    """The tree of a query; of an empty one, an And without parts.

    Raises:
        QueryError: The text is no query.
    """
    return _Parser(text).parse()


def query_error(problem: str, text: str, position: int) -> QueryError:
    """An error that points at a place in a query, from 0 on."""
    place = f"at character {position + 1} of the query {shortened(text)!r}"
    return QueryError(f"{problem}, {place}", position)


def word_end(text: str, position: int) -> int:
    """Where the word ends that begins at a place in a query; both from 0 on."""
    token = _TOKEN.match(text, position)
    if token is not None:
        return token.end()
    rest = re.match(r"\S*", text[position:])
    return position + (rest.end() if rest else 0)


def terms_of(node: Node) -> Iterator[Term]:
    """The terms of a tree, in the order of the text."""
    match node:
        case Term():
            yield node
        case Not(part):
            yield from terms_of(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from terms_of(part)


def is_bare(text: str) -> bool:
    """Whether text can stand in a query without quotes."""
    has_only_text = re.fullmatch(r'[^\s"():]+', text) is not None
    return has_only_text and not text.startswith("-") and text != "OR"


def is_bare_word(text: str) -> bool:
    """The same, of text that stands without a key."""
    return is_bare(text) and not _problem_of(text)


def quoted(text: str) -> str:
    """Text in quotes, in which nothing has a meaning."""
    return json.dumps(text, ensure_ascii=False)


def written(text: str) -> str:
    """Text as it stands in a query: in quotes if it needs them."""
    return text if is_bare(text) else quoted(text)


def _problem_of(word: str) -> str:
    """What is wrong with a word that is to stand anywhere; empty if nothing is."""
    shown = shortened(word)
    if means := _OPERATORS.get(word.lower()):
        return f"{shown} is no operator: {means}; in quotes it would be text"
    if compared := _COMPARED.fullmatch(word):
        key, sign, value = compared.groups()
        meant = f"{_SIGNS[sign].format(key=key)}{value}"
        return f"{shown} is text: write {shortened(meant)}, or put it in quotes"
    if word[0] in _FOREIGN or "&&" in word or "||" in word:
        return f"{shown} reads like another language: {_AND}, {_OR}, {_NOT}; in quotes it is text"
    if is_pattern(word):
        return f"{shown} has no key: write KEY:{shown}, or put it in quotes if it is text"
    return ""


_AND = "terms side by side must all match"
_OR = "OR stands between alternatives"
_NOT = "- before a term or a group negates it"
_OPERATORS = {
    **dict.fromkeys(("and", "&&", "&"), _AND),
    **dict.fromkeys(("or", "||", "|"), _OR),
    **dict.fromkeys(("not", "!"), _NOT),
}

# How other languages compare, and how it is written here.
_SIGNS = {
    "=": "{key}:",
    "==": "{key}:",
    "!=": "-{key}:",
    ">": "{key}:>",
    ">=": "{key}:>=",
    "<": "{key}:<",
    "<=": "{key}:<=",
}
_COMPARED = re.compile(r"([A-Za-z_][\w.]*)(==?|!=|>=?|<=?)([^=<>]+)")

# What no word begins with that is meant as text.
_FOREIGN = "-!+{}&|<>~"


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        tree = self._alternatives()
        if token := self._peek():
            raise self._error("a parenthesis is closed that was never opened", token.start("close"))
        return tree

    def _split(self) -> list[re.Match[str]]:
        tokens: list[re.Match[str]] = []
        at = 0
        while start := _START.search(self._text, at):
            token = _TOKEN.match(self._text, start.start())
            if token is None:
                problem = "a quote is never closed, or stands inside a word"
                raise self._error(problem, start.start())
            tokens.append(token)
            at = token.end()
        return tokens

    def _peek(self) -> re.Match[str] | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _alternatives(self) -> Node:
        parts, place = [self._terms()], 0
        while (token := self._peek()) and token["or"]:
            place = token.start("or")
            self._next += 1
            parts.append(self._terms())
        if len(parts) > 1 and And(()) in parts:
            raise self._error("OR stands between two terms", place)
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _terms(self) -> Node:
        parts = []
        while (token := self._peek()) and not token["or"] and not token["close"]:
            self._next += 1
            parts.append(self._group(token) if token["open"] else self._term(token))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _group(self, token: re.Match[str]) -> Node:
        if self._depth == MAX_DEPTH:
            raise self._error("the query is nested too deep", token.start("open"))
        self._depth += 1
        node = self._alternatives()
        self._depth -= 1
        if self._peek() is None:  # else it is what closes the group
            raise self._error("a parenthesis is never closed", len(self._text))
        self._next += 1
        return Not(node) if token["open"] == "-(" else node

    def _term(self, token: re.Match[str]) -> Node:
        key, value = token["key"] or "", token["value"] or token["word"] or ""
        place = token.start("term")
        if not value:
            raise self._error(f'{key}: has no value; give one, or {key}:"" for an empty one', place)
        head, _, rest = key.partition(".")
        if head == "metadata" and rest:
            key = f"{head}.{self._unquoted(rest, place)}"
        term = Term(key, self._unquoted(value, place), value.startswith('"'), place)
        if not key and not term.quoted and (problem := _problem_of(value)):
            raise self._error(problem, place)
        return Not(term) if token["minus"] else term

    def _unquoted(self, text: str, place: int) -> str:
        if not text.startswith('"'):
            return text
        try:
            return str(json.loads(text, strict=False))
        except ValueError as error:
            problem = f"{text} has a backslash that means nothing: {error}"
            raise self._error(problem, place) from None

    def _error(self, problem: str, position: int) -> QueryError:
        return query_error(problem, self._text, position)
