"""The query language: matchers as text.

::

    category:STORAGE payload:transfer source:tank/* -level:INFO metadata.transfer_id:t1
    (level:ERROR OR level:CRITICAL) size_bytes:>1000 after:2026-01-31T12:00Z "some text"

Terms that stand side by side must all match. ``-`` negates a term or a group, ``OR`` stands between
alternatives, and quotes take away the meaning of what is in them.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from toggle_mock.errors import QueryError
from toggle_mock.matching.matchers import All, AnyOf, Matcher, Moment, Not, Word, field_matcher

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<open>-?\() | (?P<close>\)) | (?P<or>OR)(?=[\s()]|$) |
        (?P<minus>-)?(?:
            (?P<key>metadata\.(?:{_QUOTED}|[^\s:"()]+)|[A-Za-z_][\w.]*):
            (?P<value>{_QUOTED}|[^\s"()]*) |
            (?P<word>{_QUOTED}|[^\s"()]+)
        )(?=[\s()]|$)
    )""",
    re.VERBOSE,
)

_AGO = re.compile(r"(\d{1,9})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse(text: str) -> Matcher:
    """The matcher that a query stands for; of an empty one, all events.

    Raises:
        QueryError: The text is no query.
    """
    return _Parser(text).parse()


@dataclass
class _Parser:
    text: str
    at: int = 0

    def parse(self) -> Matcher:
        try:
            matcher = self._alternatives()
        except RecursionError:
            raise QueryError("the query is nested too deep") from None
        if self.text[self.at :].strip():
            raise self._error("a parenthesis is closed that was never opened")
        return matcher

    def _alternatives(self) -> Matcher:
        parts = [self._terms()]
        while (token := self._peek()) and token["or"]:
            self.at = token.end()
            parts.append(self._terms())
        if len(parts) > 1 and any(part == All() for part in parts):
            raise self._error("OR stands between two terms")
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _terms(self) -> Matcher:
        parts = []
        while (token := self._peek()) and not token["or"] and not token["close"]:
            self.at = token.end()
            parts.append(self._term(token))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _term(self, token: re.Match[str]) -> Matcher:
        if token["open"]:
            matcher = self._alternatives()
            end = self._peek()
            if not end or not end["close"]:
                raise self._error("a parenthesis is never closed")
            self.at = end.end()
        elif token["key"]:
            matcher = self._field(token["key"], token["value"])
        else:
            matcher = Word(_unquoted(token["word"]))
        negative = token["minus"] or token["open"] == "-("
        return Not(matcher) if negative else matcher

    def _field(self, key: str, value: str) -> Matcher:
        if key in {"after", "before"}:
            return Moment(key, self._moment(_unquoted(value)))
        if not value:
            raise self._error(f'{key}: has no value; give one, or {key}:"" for an empty one')
        head, _, rest = key.partition(".")
        name = f"metadata.{_unquoted(rest)}" if head == "metadata" and rest else key
        try:
            return field_matcher(name, _unquoted(value), literal=value.startswith('"'))
        except QueryError:
            raise
        except ValueError as error:
            raise self._error(str(error)) from None

    def _moment(self, text: str) -> int:
        """Milliseconds since the epoch: such a number, an ISO time, or as much as 5m ago."""
        if text.isdecimal() and len(text) < 16:
            return int(text)
        if ago := _AGO.fullmatch(text):
            return int((time.time() - int(ago[1]) * _UNITS[ago[2]]) * 1000)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self._error(
                f"{text!r} is no time: give 2026-01-31T12:00:00Z, milliseconds since the epoch, or "
                "5m for five minutes ago (s, m, h, d)"
            ) from None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)

    def _peek(self) -> re.Match[str] | None:
        if not self.text[self.at :].strip():
            return None
        token = _TOKEN.match(self.text, self.at)
        if token is None:
            raise self._error("a quote is never closed, or stands inside a word")
        return token

    def _error(self, problem: str) -> QueryError:
        return QueryError(f"{problem}, at character {self.at + 1} of the query {self.text!r}")


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        unquoted = json.loads(text, strict=False)
    except ValueError as error:
        raise QueryError(f"{text} has a backslash that means nothing: {error}") from None
    return str(unquoted)
