"""Rodents: what Toggle knows of them, and what it sends to them."""

from __future__ import annotations

from toggle_mock.faults.outcome_data import status_from
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.calls import Message
from toggle_mock.http_api.bodies.rodents import (
    Acknowledged,
    CommandAnswer,
    Disconnect,
    HttpAnswer,
    OneRodent,
    PushConfig,
    Rodents,
    RodentState,
    RodentWithHistory,
    SendCommand,
    SendHttp,
)
from toggle_mock.http_api.state import Api
from toggle_mock.rodents.rodent import Rodent


def listed(api: Api, given: InSession) -> Rodents:
    """The Rodents that are or were connected."""
    known = api.toggle(given.session).rodents
    return Rodents(rodents=[RodentState.of(known[rid]) for rid in known])


def one(api: Api, given: OneRodent) -> RodentWithHistory:
    """One Rodent, and every message of its streams."""
    rodent = _rodent(api, given)
    history = [Message.of(message) for message in rodent.history]
    return RodentWithHistory.of(rodent, history=history)


def command(api: Api, given: OneRodent, body: SendCommand) -> CommandAnswer:
    """Send a command to a Rodent, and wait for its answer."""
    payload = body.raw_payload or body.payload
    reply = _rodent(api, given).command(
        body.type, payload, target=body.target, timeout=body.timeout
    )
    return CommandAnswer.of(reply)


def config(api: Api, given: OneRodent, body: PushConfig) -> Acknowledged:
    """Push a configuration to a Rodent, and wait for its acknowledgement."""
    payload = body.raw_payload or body.payload
    return Acknowledged.of(
        _rodent(api, given).push_config(body.type, payload, timeout=body.timeout)
    )


def http(api: Api, given: OneRodent, body: SendHttp) -> HttpAnswer:
    """Send a request through a Rodent to one of its local services."""
    reply = _rodent(api, given).http(
        body.method,
        body.path,
        service=body.service,
        query=body.query,
        headers=body.headers,
        body=body.body,
        timeout=body.timeout,
    )
    return HttpAnswer.of(reply)


def disconnect(api: Api, given: OneRodent, body: Disconnect) -> Done:
    """End a Rodent's streams with a status."""
    _rodent(api, given).disconnect(status_from(body.status), body.details)
    return Done()


def _rodent(api: Api, given: OneRodent) -> Rodent:
    return api.toggle(given.session).rodents[given.rid]
