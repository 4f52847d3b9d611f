"""Tokens of Rodents, and sessions that see only their own Rodents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from msgspec import Meta

from toggle_mock.faults.outcome_data import Status
from toggle_mock.http_api.bodies.base import LONGEST_WAIT, Answer, Body, Parameters

Lease: TypeAlias = Annotated[float, Meta(ge=0.1, le=LONGEST_WAIT, title="Lease")]


class IssueToken(Body):
    """What a token is to say; what is left out is as the server or the session has it."""

    rid: Annotated[str | None, Meta(description="The Rodent's id.")] = None
    sub: Annotated[str | None, Meta(description="The organization's id.")] = None
    prv: Annotated[bool, Meta(description="Whether it is in a private network.")] = True
    expires_in: Annotated[
        float, Meta(description="Seconds; negative for a token that has expired.")
    ] = 3600.0
    claims: Annotated[
        Mapping[str, Any], Meta(description="Further claims; null leaves a usual one out.")
    ] = {}


class TokenIssued(Answer):
    """A token."""

    jwt: str


class RevokeTokens(Body):
    """Whose tokens to refuse, and how; a rid or a sub is needed."""

    rules: ClassVar[Mapping[str, Any]] = {
        "anyOf": [
            {"required": [name], "properties": {name: {"type": "string"}}}
            for name in ("rid", "sub")
        ]
    }

    rid: Annotated[str | None, Meta(description="The Rodent's id.")] = None
    sub: Annotated[str | None, Meta(description="The organization's id.")] = None
    status: Annotated[Status, Meta(description="What callers get.")] = "UNAUTHENTICATED"


class OpenSession(Body):
    """Whom a session is about; without either, an organization of its own."""

    rid: Annotated[str | None, Meta(description="The Rodent's id.")] = None
    sub: Annotated[str | None, Meta(description="The organization's id.")] = None
    own_port: Annotated[
        bool, Meta(description="Whether faults of connections are to be about its clients alone.")
    ] = False
    lease: Annotated[
        Lease | None,
        Meta(
            description="Seconds after which it ends and its faults are healed, unless a request "
            "in it comes; null for never.",
        ),
    ] = None


class SessionOpened(Answer):
    """A session."""

    session: Annotated[str, Meta(description="To be given as ?session= to the others.")]
    address: Annotated[str, Meta(description="Where its Rodents connect.")]
    rid: str | None
    sub: str | None


class SessionState(SessionOpened):
    """A session that is open."""

    file: Annotated[str, Meta(description="The recording that it shows; empty for none.")]
    lease: Annotated[
        float | None, Meta(description="Seconds that it lasts unless it is heard of; null: always.")
    ]
    own_port: Annotated[bool, Meta(description="Whether it has a port of its own.")]


class Sessions(Answer):
    """The sessions that are open."""

    sessions: list[SessionState]


class OneSession(Parameters):
    """Which session to close, or to renew."""

    session: Annotated[str, Meta(description="As it was named when it was opened.")]
