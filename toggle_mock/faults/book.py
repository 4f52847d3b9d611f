"""The faults of calls that are in force, and which of them decides about a call."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.faults.plans import Incoming, Plan
from toggle_mock.faults.spec import CallFault
from toggle_mock.recording.scope import Scope


@dataclass(eq=False)
class ActiveCallFault(ActiveFault):
    """A fault of calls that is in force."""

    spec: CallFault
    plan: Plan
    """How far it has come."""
    chance: random.Random
    """Draws what its outcomes leave to chance."""
    scope: Scope
    """Whose calls it is about."""
    owner: object
    """Who asked for it: a session, or None for the whole server."""
    end: Callable[[ActiveCallFault], None]
    """Ends it."""
    asks: bool = False
    """Whether it asks elsewhere what becomes of a call, and waits for the answer."""
    healed: bool = False
    """Whether it has ended: what waits for that from now on has nothing to wait for."""

    @property
    def remaining(self) -> int | None:
        """See :attr:`ActiveFault.remaining`."""
        return self.plan.remaining

    def applies_to(self, incoming: Incoming) -> bool:
        """Whether it is about a call."""
        matching = self.spec.matching
        return (
            self.spec.method == incoming.call.method
            and self.scope.covers(incoming.call)
            and (matching is None or any(map(matching, incoming.events)))
        )

    def heal(self) -> None:
        """See :meth:`ActiveFault.heal`."""
        self.end(self)


class FaultBook:
    """The faults of calls that are in force. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[ActiveCallFault] = []
        self.on_heal: Callable[[Sequence[ActiveCallFault]], None] = lambda _healed: None
        """Told what was healed."""
        self.asks: bool = False
        """Whether :meth:`decide` may have to wait, since a fault asks elsewhere."""

    def add(
        self, spec: CallFault, scope: Scope, owner: object = None, plan: Plan | None = None
    ) -> ActiveCallFault:
        """Put a fault in force; of two that are about a call, the older one decides first.

        Args:
            spec: The fault.
            scope: Whose calls are meant.
            owner: Who asks for it: a session, or None for the whole server.
            plan: One that asks elsewhere what becomes of a call; None for the fault's own.

        Raises:
            ValueError: It is about a Rodent that is not in the scope.
        """
        scope = narrowed(scope, spec.rid)
        # Not the numbers by which a plan chooses: who is chosen would tell how long it takes.
        chance = random.Random(f"outcomes {spec.seed}")
        asks = plan is not None
        fault = ActiveCallFault(spec, plan or spec.plan(), chance, scope, owner, self._remove, asks)
        with self._lock:
            self._keep([*self._faults, fault])
        return fault

    def _keep(self, faults: list[ActiveCallFault]) -> None:
        self._faults = faults
        self.asks = any(fault.asks for fault in faults)

    def _remove(self, fault: ActiveCallFault) -> None:
        with self._lock:
            self._keep([one for one in self._faults if one is not fault])
            fault.healed = True
        self.on_heal([fault])

    def heal(self, owner: object = None) -> None:
        """End all faults, or those that one session asked for."""
        with self._lock:
            healed = [fault for fault in self._faults if owner in {None, fault.owner}]
            self._keep([fault for fault in self._faults if fault not in healed])
            for fault in healed:
                fault.healed = True
        self.on_heal(healed)

    def in_force(self, scope: Scope) -> list[CallFault]:
        """What may still become of calls of a scope."""
        with self._lock:
            return [
                fault.spec
                for fault in self._faults
                if fault.remaining != 0 and fault.scope.meets(scope)
            ]

    def decide(self, incoming: Incoming) -> tuple[Outcome, ActiveCallFault | None]:
        """What becomes of a call, and which fault says so; see :attr:`asks`."""
        with self._lock:
            faults = self._faults
        for fault in faults:
            if fault.applies_to(incoming):
                verdict = fault.plan.next(incoming)
                if verdict is not None:
                    outcome = verdict.outcome_for(incoming.call)
                    outcome.check_for(incoming.call.method)
                    with self._lock:
                        return outcome.drawn(fault.chance.random), fault
        return Outcome(), None


def narrowed(scope: Scope, rid: str | None) -> Scope:
    """A scope that is of one Rodent, if one is given.

    Raises:
        ValueError: It is not in the scope.
    """
    if rid is None:
        return scope
    if scope.rid not in {None, rid}:
        raise ValueError(f"rid is {rid!r}: this session is of rodent {scope.rid}")
    return replace(scope, rid=rid)
