"""Entries as rows of a table: the bytes of messages beside the rest, which is JSON."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import msgspec

from toggle_mock.recording.entries import Entry, FeedLine, MessageEntry, convert, encode

Row: TypeAlias = tuple[int, str, str, bytes | None]
"""An entry: the number of its call, its kind, what else it says as JSON, its bytes."""

CLEAR = "clear"
"""The kind of the entry that all before it is forgotten with."""


def row(entry: Entry) -> Row:
    """An entry as a row."""
    document: dict[str, Any] = msgspec.to_builtins(entry, builtin_types=(bytes,))
    kind, call = document.pop("entry"), document.pop("call", 0)
    raw = document.pop("raw", None)
    return call, kind, encode(document).decode(), raw


def entry_of(call: int, kind: str, document: str, raw: bytes | None) -> FeedLine:
    """The entry again.

    Raises:
        StorageError: It is none.
        ValueError: The document is no JSON.
    """
    # The bytes are put in place of none afterwards, as in JSON they would be base64.
    entry = convert({**json.loads(document), "entry": kind, "call": call, "raw": ""})
    if isinstance(entry, MessageEntry) and raw is not None:
        return msgspec.structs.replace(entry, raw=raw)
    return entry
