"""Refusals: looking for them."""

from __future__ import annotations

from toggle_mock.http_api.bodies.refusals import FindRefusals, FoundRefusals, Refusal
from toggle_mock.http_api.state import Api


def find(api: Api, given: FindRefusals) -> FoundRefusals:
    """Calls and connections that were turned away, oldest first."""
    found = api.toggle(given.session).refusals
    shown = found[-given.limit :] if given.limit else []
    return FoundRefusals(refusals=[Refusal.of(one) for one in shown], total=len(found))
