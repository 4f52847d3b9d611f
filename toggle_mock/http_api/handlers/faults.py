"""Faults: putting them in force, and healing them."""

from __future__ import annotations

from typing import Any

from toggle_mock.faults.spec import parse
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.faults import FaultAdded, Faults, FaultState, OneFault
from toggle_mock.http_api.state import Api, AskedFault


def listed(api: Api, given: InSession) -> Faults:
    """The ids of the faults that were asked for, and the outcomes that remain."""
    found = api.faults_of(given.session)
    return Faults(faults={name: _state(asked) for name, asked in found.items()})


def add(api: Api, given: InSession, body: dict[str, Any]) -> FaultAdded:
    """Put a fault in force, until it is healed."""
    fault = api.toggle(given.session).faults.add(parse(body))
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


def _state(asked: AskedFault) -> FaultState:
    return FaultState(remaining=asked.fault.remaining)
