"""How simulated Rodents differ: what the published one does wrong, and a guaranteeing one does not.

What each does is data here, and when it dials again is decided without a clock and a connection.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import grpc

from rodent_events import ids
from rodent_events.payload_types import SOURCES
from toggle_mock.wording import one_of

Profile = Literal["published", "guarantees"]
"""``published`` is the Rodent in Go as it is, with its faults; ``guarantees`` is one without."""

# Seconds; all of them are multiplied by the simulated Rodent's pace.
_REDIAL = 30.0
_REDIAL_AFTER_REFUSAL = 60.0
_LONGEST_REDIAL = 900.0
_LONGEST_SEND_PAUSE = 30.0
_GROWTH = 1.5
_VARIATION = 0.1

_REFUSALS = frozenset(
    {
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
    }
)

# Of its own: who has seeded Python's random numbers gets the same ones with this thread as without.
_chance = random.SystemRandom()


@dataclass(frozen=True)
class Conduct:
    """What is particular to a profile."""

    new_event_id: Callable[[], str]
    own_source: str
    """The source of the events of its own start and stop."""
    redials: int | None
    """After how many redials in a row that found no Toggle it never dials again; None for never."""
    tries: int | None
    """How often a batch is sent before it is dropped; None until Toggle has taken it."""
    loses: bool
    """Whether events are lost: those before Register has succeeded, those that Toggle rejects, what
    is spilled, and what waits when it stops."""

    def send_pause(self, tries: int) -> float | None:
        """Seconds until a batch is sent again; None if it is given up.

        Args:
            tries: How often it was sent.
        """
        if self.tries is not None and tries >= self.tries:
            return None
        return min(_LONGEST_SEND_PAUSE, 2.0 ** min(tries - 1, 10))


def _uuid4() -> str:
    return str(uuid.uuid4())


PROFILES: Mapping[Profile, Conduct] = {
    "published": Conduct(_uuid4, "rodent.system", redials=5, tries=3, loses=True),
    "guarantees": Conduct(
        ids.new_id, SOURCES["SystemStartupPayload"], redials=None, tries=None, loses=False
    ),
}


def conduct_of(profile: Profile) -> Conduct:
    """What is particular to a profile.

    Raises:
        ValueError: There is no such profile.
    """
    one_of("profile", profile, PROFILES)
    return PROFILES[profile]


class Redialing:
    """When a Rodent opens its stream again, from one end to the next.

    Args:
        conduct: Its profile's.
        vary: Gives a number between two; by this a pause is multiplied.
    """

    def __init__(
        self, conduct: Conduct, vary: Callable[[float, float], float] = _chance.uniform
    ) -> None:
        self._conduct = conduct
        self._vary = vary
        self._redials = 0

    def after_status(self, code: grpc.StatusCode) -> float:
        """Seconds until it dials again, after Toggle or the connection has ended its stream."""
        self._redials = 1
        return _REDIAL_AFTER_REFUSAL if code in _REFUSALS else _REDIAL

    def after_no_connection(self) -> float | None:
        """Seconds until it dials again, after there was no connection; None for never."""
        if self._redials == self._conduct.redials:
            return None
        pause = min(_LONGEST_REDIAL, _REDIAL * _GROWTH ** min(self._redials, 20))
        self._redials += 1
        return pause * self._vary(1 - _VARIATION, 1 + _VARIATION)
