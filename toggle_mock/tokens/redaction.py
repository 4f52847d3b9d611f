"""Secrets in messages, written over in place: what is recorded of a real Toggle must not have them.

Nothing changes its length, so a message is read as before, under whichever revision of the schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rodent_events import wire

_TEXT = rb'"((?:[^"\\]|\\.)*+)"'
_NAMED = (b"authorization", b"cookie", b"key", b"password", b"secret", b"token")
_NAMES = (
    rb"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|api_?key|password|secret|private_?key"
    rb"|(?:access_?|refresh_?|id_?)?token"
)

# Each with what is in a text, in lower case, that has one: most have none, and this is fast.
_SECRETS: tuple[tuple[tuple[bytes, ...], re.Pattern[bytes]], ...] = (
    # A JWT; that it is not the end of another word is looked at last.
    ((b"eyj",), re.compile(rb"(eyJ(?<![\w-]eyJ)[\w-]++\.eyJ[\w-]++\.[\w-]*+)")),
    ((b"private key",), re.compile(rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----([^-]++)")),
    ((b"bearer ",), re.compile(rb"(?i)bearer ++([^\s\"',;]{8,}+)")),
    # What has such a name in JSON: a text, or a list of texts, as Go has the headers of HTTP.
    (
        _NAMED,
        re.compile(
            rb'(?is)"(?:' + _NAMES + rb')"\s*+:\s*+'
            rb"(" + _TEXT + rb"|\[(?:\s*+" + _TEXT + rb"\s*+,?)*+)"
        ),
    ),
)
_TEXTS = re.compile(_TEXT, re.DOTALL)

_DEEPEST = 32
"""Messages within each other."""


def without_secrets(raw: bytes) -> bytes:
    """A message without the secrets in it: JWTs, private keys, what JSON gives a secret's name.

    Args:
        raw: A serialized message, of any schema, or anything else.
    """
    if not _suspects(raw):
        return raw
    content = bytearray(raw)
    for start, end in _leaves(raw, 0, len(raw), _DEEPEST):
        for found_start, found_end in _found(raw[start:end]):
            _write_over(content, start + found_start, start + found_end)
    return bytes(content)


def _leaves(raw: bytes, start: int, end: int, depth: int) -> Iterator[tuple[int, int]]:
    """Where something is that may be a text; nothing else is looked at, as it has the framing."""
    fields = _fields(raw, start, end) if depth else None
    for field in fields or ():
        if field.wire_type == wire.LENGTH_DELIMITED:
            yield from _leaves(raw, field.content, field.end, depth - 1)
    if fields is None or (depth < _DEEPEST and _is_text(raw[start:end])):
        yield start, end


def _fields(raw: bytes, start: int, end: int) -> list[wire.Field] | None:
    try:
        return list(wire.fields(raw, start, end))
    except wire.WireError:
        return None


def _is_text(content: bytes) -> bool:
    """Whether it may be a text, though it happens to read like a message."""
    return not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", content)


def _suspects(text: bytes) -> list[re.Pattern[bytes]]:
    lower = text.lower()
    return [pattern for hints, pattern in _SECRETS if any(hint in lower for hint in hints)]


def _found(text: bytes) -> Iterator[tuple[int, int]]:
    for pattern in _suspects(text):
        for match in pattern.finditer(text):
            start, end = match.span(1)
            if text[start : start + 1] in {b'"', b"["}:
                yield from (inner.span(1) for inner in _TEXTS.finditer(text, start, end))
            else:
                yield start, end


def _write_over(content: bytearray, start: int, end: int) -> None:
    length = end - start
    content[start:end] = b"[redacted]".ljust(length, b"*")[:length]
