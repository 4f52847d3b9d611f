"""Letters: what a server asks of a Rodent whose stream is at another one that shares the run."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class ToSend(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="what", tag="send"):
    """A message is to be sent over the Rodent's newest stream."""

    raw: bytes
    """The message."""
    answer: str = ""
    """Which answer is awaited, as its field in a RodentRequest is called; empty for none."""


class ToEnd(msgspec.Struct, frozen=True, tag_field="what", tag="end"):
    """The Rodent's streams are to end."""

    status: str
    """The name of a gRPC status."""
    details: str


Errand: TypeAlias = ToSend | ToEnd
"""What is to be done."""


class Letter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked of a Rodent."""

    rid: str
    """The Rodent's id."""
    sub: str | None
    """Its organization; None for whichever."""
    errand: Errand
    server: int | None = None
    """The number of the server that it is for; None for any that has a stream of the Rodent."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has come of a letter."""

    raw: bytes = b""
    """The Rodent's answer: a CommandResponse or an Acknowledgement; empty if none is awaited."""
    request_id: str = ""
    """The id in the outer message."""
    error: str = ""
    """Why it could not be done; empty if it was."""


class StoredLetter(msgspec.Struct, frozen=True):
    """A letter, and how far it has come."""

    name: str
    asker: int
    """The number of the server that has written it."""
    letter: Letter
    taker: int | None = None
    """The number of the server that does what it says; None as long as none does."""
    answer: Answer | None = None
