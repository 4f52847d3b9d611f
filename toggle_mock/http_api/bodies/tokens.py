"""Tokens of Rodents, and sessions that see only their own Rodents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from toggle_mock.faults.outcome_data import Status
from toggle_mock.http_api.bodies.base import Answer, Body, Parameters


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


class SessionOpened(Answer):
    """A session."""

    session: Annotated[str, Meta(description="To be given as ?session= to the others.")]
    address: Annotated[str, Meta(description="Where its Rodents connect.")]
    rid: str | None
    sub: str | None


class OneSession(Parameters):
    """Which session to close."""

    session: Annotated[str, Meta(description="As it was named when it was opened.")]
