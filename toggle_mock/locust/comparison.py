"""What agents have sent and Toggle has accepted, against what has arrived. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from toggle_mock.locust.accounts import ACCEPTED, GIVEN_UP, WAITING, Account
from toggle_mock.tables import aligned


class Arrivals:
    """The events of a fleet that have arrived, by number.

    Args:
        count: How many it has emitted.
    """

    def __init__(self, count: int) -> None:
        self.batches: list[str | None] = [None] * count
        """The batch that each came with; None if it has not come."""
        self.latencies: list[float] = []
        """Seconds from the emission to the first arrival."""
        self.resent: int = 0
        """Those that came again with the same batch id, by which Toggle can tell."""
        self.repeated: int = 0
        """Those that came again with another batch id."""
        self.unknown: int = 0
        """Those whose number was never emitted."""

    def note(self, number: int, batch_id: str, latency: float | None) -> None:
        """An event has arrived.

        Args:
            number: Its number.
            batch_id: That of its batch.
            latency: Seconds since its emission; None if that is not known.
        """
        if not 0 <= number < len(self.batches):
            self.unknown += 1
        elif self.batches[number] is None:
            self.batches[number] = batch_id
            if latency is not None:
                self.latencies.append(latency)
        elif batch_id and self.batches[number] == batch_id:
            self.resent += 1
        else:
            self.repeated += 1

    def has_all_accepted(self, account: Account) -> bool:
        """Whether all is there that Toggle has accepted."""
        pairs = zip(account.states, self.batches, strict=True)
        return all(batch is not None for state, batch in pairs if state == ACCEPTED)


@dataclass
class Verdict:
    """The events of a run in numbers; those of several fleets can be added."""

    emitted: int = 0
    accepted: int = 0
    arrived: int = 0
    lost: int = 0
    """Accepted by Toggle, and not there."""
    given_up: int = 0
    """Lost by their Rodents, and not there."""
    waiting: int = 0
    """Neither accepted nor given up when the run ended, and not there."""
    repeated: int = 0
    """Came again with another batch id."""
    resent: int = 0
    """Came again with the same batch id."""
    unknown: int = 0
    """Arrived, and were never emitted."""
    latencies: list[float] = field(default_factory=list, repr=False)
    """Seconds from the emission to the arrival."""
    missing: list[str] = field(default_factory=list)
    """Workers that have given no account, and why."""

    @property
    def faults(self) -> list[str]:
        """What is wrong, in words; nothing if the run is clean."""
        table = {
            "lost that Toggle has accepted": self.lost,
            "given up by their Rodents": self.given_up,
            "waiting at the end": self.waiting,
            "repeated in another batch": self.repeated,
            "never emitted, and there": self.unknown,
        }
        wrong = [f"{count} events {what}" for what, count in table.items() if count]
        nothing = [] if self.emitted else ["nothing was emitted"]
        return [*nothing, *wrong, *self.missing]

    def add(self, other: Verdict) -> None:
        """Count another fleet's events too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def as_object(self) -> dict[str, Any]:
        """All of it, for JSON; latencies in seconds."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        shares = {
            name: percentile(self.latencies, share) if self.latencies else None
            for name, share in _SHARES.items()
        }
        return {**numbers, "latency": shares, "faults": self.faults}

    def report(self) -> str:
        """All of it, for people."""
        numbers = [(name.replace("_", " "), f"{getattr(self, name):,}") for name in _NUMBERS]
        shares = [
            (f"latency {name}", f"{percentile(self.latencies, share) * 1000:,.0f} ms")
            for name, share in _SHARES.items()
            if self.latencies
        ]
        faults = self.faults
        end = "clean" if not faults else "not clean: " + "; ".join(faults)
        return "\n".join([*aligned([*numbers, *shares]), end])


_NUMBERS = (
    *("emitted", "accepted", "arrived", "lost", "given_up", "waiting"),
    *("repeated", "resent", "unknown"),
)
_SHARES = {"median": 0.5, "99 %": 0.99, "longest": 1.0}


def percentile(values: Sequence[float], share: float) -> float:
    """The least of some values that so large a share of them does not exceed; at least one."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def compare(account: Account, arrivals: Arrivals) -> Verdict:
    """What became of the events of a fleet.

    Args:
        account: What its Rodents know.
        arrivals: What is there.
    """
    pairs = list(zip(account.states, arrivals.batches, strict=True))
    away = [state for state, batch in pairs if batch is None]
    return Verdict(
        emitted=len(pairs),
        accepted=account.states.count(ACCEPTED),
        arrived=len(pairs) - len(away),
        lost=away.count(ACCEPTED),
        given_up=away.count(GIVEN_UP),
        waiting=away.count(WAITING),
        repeated=arrivals.repeated,
        resent=arrivals.resent,
        unknown=arrivals.unknown,
        latencies=arrivals.latencies,
    )
