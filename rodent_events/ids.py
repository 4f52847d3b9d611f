"""UUIDv7 as text: unique, and strictly increasing within a process."""

from __future__ import annotations

from uuid import UUID

from uuid_utils import reseed_rng, uuid7

from rodent_events import forks

# A child would go on with its parent's random numbers and make the same ids.
forks.in_child(reseed_rng)


def new_id() -> str:
    """A new id, greater than all that this process made before."""
    return str(uuid7())


def new_id_after(last: str | None) -> str:
    """A new id that is greater than ``last`` too, even if the clock was set back since."""
    fresh = new_id()
    if last is None or fresh > last:
        return fresh
    return str(UUID(int=UUID(last).int + 1))
