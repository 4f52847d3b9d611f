"""What was turned away before it was a call that Toggle answers."""

from __future__ import annotations

from typing import Annotated, Self

from msgspec import Meta

from toggle_mock.http_api.bodies.base import Answer, Count, InSession
from toggle_mock.recording.refusals import KINDS
from toggle_mock.recording.refusals import Refusal as Recorded


class FindRefusals(InSession):
    """Which refusals to show."""

    limit: Annotated[Count, Meta(description="Show so many, the most recent.")] = 1000


class Refusal(Answer):
    """A call or a connection that was turned away."""

    number: Annotated[int, Meta(description="Its place among all refusals, from 1 on.")]
    kind: Annotated[str, Meta(description=f"Such as {', '.join(KINDS)}.")]
    details: Annotated[str, Meta(description="What exactly is wrong, for people.")]
    peer: str
    method: Annotated[str, Meta(description="What was called; empty for a connection.")]
    rid: str
    sub: str
    at: Annotated[float, Meta(description="Seconds since the Unix epoch.")]
    call: Annotated[int | None, Meta(description="The number of its call, if that is recorded.")]

    @classmethod
    def of(cls, refusal: Recorded) -> Self:
        """A refusal that was recorded."""
        return cls(
            number=refusal.number,
            kind=refusal.kind,
            details=refusal.details,
            peer=refusal.peer,
            method=refusal.method,
            rid=refusal.rid,
            sub=refusal.sub,
            at=refusal.at,
            call=refusal.call or None,
        )


class FoundRefusals(Answer):
    """The most recent refusals, the oldest of them first."""

    refusals: list[Refusal]
    total: Annotated[int, Meta(description="How many are kept, those included not shown.")]
