"""What the records of all subjects are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from msgspec import Meta, Struct

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes."""

LONGEST_WAIT = 3_600
"""Seconds."""

GREATEST = 1_000_000_000
"""The greatest number of events or calls that one can ask for."""

LIMIT = "Show so many, the most recent; with `after`, the oldest."
AFTER = "Show those behind this cursor: what an answer has as `next`; empty is the beginning."
NEXT = "Where the next page begins: to be given as `after`."
TOTAL = "How many there are, those included not shown; with `after`, how many behind it."

BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
"""What text is base64, as a regular expression."""

Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=LONGEST_WAIT, title="Seconds")]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=GREATEST)]
CountFrom1: TypeAlias = Annotated[int, Meta(ge=1, le=GREATEST)]
Base64: TypeAlias = Annotated[bytes, Meta(extra_json_schema={"pattern": BASE64})]


class Parameters(Struct, forbid_unknown_fields=True):
    """What stands in a request's URL: in its path or behind ``?``."""


class InSession(Parameters):
    """Of a request that can be narrowed to a session."""

    session: Annotated[
        str | None, Meta(description="The session that is meant; without it, the whole server.")
    ] = None


class Body(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a request says."""

    rules: ClassVar[Mapping[str, Any]] = {}
    """What holds besides, in JSON Schema."""


class Answer(Struct):
    """What a request is answered with."""

    statuses: ClassVar[tuple[int, ...]] = (200,)
    """The HTTP statuses that it can come with."""

    @property
    def status_code(self) -> int:
        """The HTTP status that it comes with."""
        return 200


class Done(Answer):
    """It is done."""

    ok: bool = True


class Failure(Answer):
    """It is not done."""

    error: Annotated[str, Meta(description="What is wrong, for people.")]
    kind: Annotated[str, Meta(description="The exception that it is in Python.")]
