"""Faults that were asked for. What a fault is as data: :mod:`toggle_mock.faults.spec`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from toggle_mock.http_api.bodies.base import Answer, InSession


class OneFault(InSession, kw_only=True):
    """Which fault to end."""

    fault: Annotated[str, Meta(description="Its id.")]


class FaultAdded(Answer):
    """The fault is in force."""

    fault: Annotated[str, Meta(description="Its id.")]


class FaultState(Answer):
    """What is left of a fault."""

    spec: Annotated[str, Meta(description="What it is, as in a scenario.")]
    session: Annotated[str | None, Meta(description="The session that it was asked for in.")]
    remaining: Annotated[
        int | None, Meta(description="Outcomes that no call has met yet; null if there is no end.")
    ]


class Faults(Answer):
    """The faults that were asked for, and all that are in force."""

    faults: Annotated[Mapping[str, FaultState], Meta(description="By their ids.")]
    in_force: Annotated[
        list[str],
        Meta(description="All in force, as in a scenario, those asked for otherwise included."),
    ]
