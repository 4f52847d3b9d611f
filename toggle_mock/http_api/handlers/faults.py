"""Faults: putting them in force, and healing them."""

from __future__ import annotations

from toggle_mock.faults.spec import FaultSpec, as_text
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.faults import FaultAdded, Faults, FaultState, OneFault
from toggle_mock.http_api.fault_ids import AskedFault
from toggle_mock.http_api.state import Api


def listed(api: Api, given: InSession) -> Faults:
    """The ids of the faults that were asked for, and the outcomes that remain."""
    found = api.faults_of(given.session)
    states = {
        name: FaultState(as_text(one.fault.spec), one.session, one.fault.remaining)
        for name, one in found.items()
    }
    in_force = api.toggle(given.session).faults.in_force
    return Faults(faults=states, in_force=[as_text(one) for one in in_force])


def add(api: Api, given: InSession, body: FaultSpec) -> FaultAdded:
    """Put a fault in force, until it is healed."""
    fault = api.toggle(given.session).faults.add(body)
    return FaultAdded(fault=api.add_fault(AskedFault(fault, given.session)))


def heal(api: Api, given: InSession) -> Done:
    """End all faults; with a session, those of that session."""
    api.forget_faults(given.session)
    api.toggle(given.session).faults.heal()
    return Done()


def heal_one(api: Api, given: OneFault) -> Done:
    """End one fault."""
    api.take_fault(given.fault, given.session).heal()
    return Done()
