"""The faults of calls that are in force, and which of them decides about a call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from toggle_mock.faults.active import Active
from toggle_mock.faults.outcomes import Outcome, outcome_of
from toggle_mock.faults.plans import Incoming, Plan
from toggle_mock.matching.matchers import Matcher
from toggle_mock.recording.scope import Scope


@dataclass(eq=False)
class Fault(Active):
    """Something that goes wrong from when it is made until it is healed, at the end of ``with``."""

    plan: Plan
    method: str | None = None
    """The method that it is about; None for all."""
    scope: Scope = field(default_factory=Scope)
    """Whose calls it is about."""
    owner: Scope = field(default_factory=Scope)
    """The session that asked for it."""
    matching: Matcher | None = None
    """What one event of the batch must match; None for any call."""
    end: Callable[[], None] = lambda: None
    """Ends it; given by whoever puts it in force."""

    @property
    def remaining(self) -> int | None:
        """Scripted outcomes that no call has met yet; None if there is no end of them."""
        return self.plan.remaining

    def applies_to(self, incoming: Incoming) -> bool:
        """Whether it is about a call."""
        return (
            self.method in {None, incoming.call.method}
            and self.scope.covers(incoming.call)
            and (self.matching is None or any(map(self.matching, incoming.events)))
        )

    def heal(self) -> None:
        """End it. Does nothing if it is over."""
        self.end()


class Book(Protocol):
    """Where faults of calls are put in force."""

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""

    def heal(self, owner: Scope | None = None, /) -> None:
        """End all faults, or those that one session asked for."""


class FaultBook(Book):
    """The faults that are in force. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.on_heal: Callable[[Sequence[Fault]], None] = lambda _healed: None
        """Told what was healed."""

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; of two that are about a call, the older one decides first."""
        fault.end = lambda: self._remove(fault)
        with self._lock:
            self._faults.append(fault)
        return fault

    def _remove(self, fault: Fault) -> None:
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)
        self.on_heal([fault])

    def heal(self, owner: Scope | None = None, /) -> None:
        """End all faults, or those that one session asked for."""
        with self._lock:
            healed = [fault for fault in self._faults if owner in {None, fault.owner}]
            self._faults = [fault for fault in self._faults if fault not in healed]
        self.on_heal(healed)

    def decide(self, incoming: Incoming) -> tuple[Outcome, Fault | None]:
        """What becomes of a call, and which fault says so."""
        with self._lock:
            faults = list(self._faults)
        for fault in faults:
            if fault.applies_to(incoming):
                with self._lock:
                    outcome = fault.plan.next(incoming)
                if outcome is not None:
                    return outcome_of(outcome, incoming.call), fault
        return Outcome(), None
