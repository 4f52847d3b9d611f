"""Matchers from values of Python."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from toggle_mock.codes import CODES
from toggle_mock.matching.fields import Field
from toggle_mock.matching.keys import KeyKind, kind_of_key, name_of
from toggle_mock.matching.matchers import All, Matchable, Matcher, matcher_of
from toggle_mock.matching.moments import Moment, milliseconds_of
from toggle_mock.matching.payloads import PayloadType
from toggle_mock.matching.wanted import condition_of, meant_instead


def where(
    query: Matchable = None,
    *,
    metadata: Mapping[str, object] | None = None,
    after: datetime | float | None = None,
    before: datetime | float | None = None,
    **fields: object,
) -> Matcher:
    """A matcher of all that is given.

    Args:
        query: Text in the query language, a payload message, or whatever stands for a matcher.
        metadata: What the event's metadata must have, by key: text, or what a field can be
            asked for.
        after: A time that the event's timestamp must be after: a datetime, or seconds since the
            epoch.
        before: A time that it must be before.
        fields: Fields by name, as for :class:`~toggle_mock.matching.fields.Field`;
            ``payload="storage_transfer"`` is the type. Text, a number, a zero too, a bool, bytes,
            or an enum's number or name must equal the field; patterns and comparisons are asked for
            by :func:`~toggle_mock.glob`, :func:`~toggle_mock.regex`, :func:`~toggle_mock.gt` and
            the like, or objects such as ``pytest.approx(5)``. A list is all that a repeated field
            has, a mapping is something that a message or map has, a message is what its own field
            is like, and None is a field that is not set. A name that the schema does not have is
            an error, unless it ends in ``?``.

    Raises:
        QueryError: The text is no query.
        TypeError: A value is of no type that a field can have.

    Warns:
        UserWarning: Text has the look of a pattern or of a comparison, and is neither here.

    Example:
        ``where(payload="transfer", level="ERROR", size_bytes=0) & ~where(source=glob("t*"))``
    """
    parts = [] if query is None else [matcher_of(query)]
    parts += [
        _moment(key, at) for key, at in (("after", after), ("before", before)) if at is not None
    ]
    values = [*_metadata({} if metadata is None else metadata)]
    values += [_MATCHERS[kind_of_key(key)](key, value) for key, value in fields.items()]
    for matcher in values:
        if isinstance(matcher, Field) and (meant := meant_instead(matcher.wanted)):
            # That nothing has this text may be just what a test asserts.
            warnings.warn(
                CODES.text(
                    "%s wants this text as it is written: %s, or a query, in which quotes stand "
                    "around text",
                    matcher,
                    meant.advice,
                ),
                stacklevel=2,
            )
    parts += values
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _metadata(metadata: object) -> Iterator[Matcher]:
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata is {metadata!r}: give a mapping of text to text")
    for name, value in metadata.items():
        yield Field(f"metadata.{name}", condition_of(f"metadata.{name}", value))


def _field(key: str, value: object) -> Matcher:
    name = name_of(key)
    return Field(name, condition_of(name, value), may_be_absent=name != key)


def _moment(key: str, value: object) -> Matcher:
    return Moment(key, milliseconds_of(key, value))


def _payload(key: str, value: object) -> Matcher:
    if isinstance(value, str):
        return PayloadType(value, may_be_absent=key.endswith("?"))
    return matcher_of(value)


_MATCHERS: Mapping[KeyKind, Callable[[str, object], Matcher]] = {
    KeyKind.VALUE: _field,
    KeyKind.TYPE: _payload,
    KeyKind.AFTER: _moment,
    KeyKind.BEFORE: _moment,
}
