"""The names that there are, for who writes a query, and what is wrong with one."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from toggle_mock.http_api.bodies.base import Answer, InSession
from toggle_mock.http_api.bodies.events import Query


class CheckQuery(InSession):
    """Which query to look at."""

    query: Query = ""


class Mistake(Answer):
    """What is wrong with a query, and where: at the characters from `start` up to `end`."""

    error: Annotated[str, Meta(description="What is wrong, for people.")]
    start: int
    end: int


class CheckedQuery(Answer):
    """Whether a text is a query."""

    mistake: Annotated[Mistake | None, Meta(description="The first one; null if there is none.")]


class SchemaField(Answer):
    """A field of a payload."""

    name: str
    number: int
    type: Annotated[str, Meta(description="As in a .proto, such as int64.")]
    values: Annotated[list[str], Meta(description="Of an enum, the names without their prefix.")]


class PayloadType(Answer):
    """A type of payload."""

    name: Annotated[str, Meta(description="Such as storage_pool.")]
    message: Annotated[str, Meta(description="The message's name.")]
    category: str
    fields: list[SchemaField]


class SchemaNames(Answer):
    """The names of the schema under which events are read."""

    schema: Annotated[str, Meta(description="What it is called.")]
    keys: Annotated[list[str], Meta(description="The keys of queries, besides fields' names.")]
    levels: list[str]
    categories: list[str]
    payloads: list[PayloadType]
