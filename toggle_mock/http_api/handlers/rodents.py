"""Rodents: what Toggle knows of them, and what it sends to them."""

from __future__ import annotations

import concurrent.futures

from toggle_mock.errors import NoReplyError
from toggle_mock.faults.outcome_data import status_from
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.rodents import (
    Acknowledged,
    CommandAnswer,
    CommandSent,
    Disconnect,
    HttpAnswer,
    OneCommand,
    OneRodent,
    PushConfig,
    Rodents,
    RodentState,
    RodentWithHistory,
    SendCommand,
    SendHttp,
    SendMessage,
    WaitForAnswer,
    WaitForRodent,
    WaitForRodents,
)
from toggle_mock.http_api.state import Api
from toggle_mock.rodents.rodent import Rodent
from toggle_mock.toggle.toggle import LocalToggle


def listed(api: Api, given: InSession) -> Rodents:
    """The Rodents that are or were connected."""
    known = _toggle(api, given).rodents
    return Rodents(rodents=[RodentState.of(known[rid]) for rid in known])


def one(api: Api, given: OneRodent) -> RodentWithHistory:
    """One Rodent, and every message of its streams."""
    return RodentWithHistory.of(_toggle(api, given).rodents[given.rid])


def wait_for_some(api: Api, given: InSession, body: WaitForRodents) -> Rodents:
    """Wait until so many Rodents are connected."""
    found = api.toggle(given.session).rodents.wait_connected(body.count, body.timeout)
    _toggle(api, given)
    return Rodents(rodents=[RodentState.of(rodent) for rodent in found])


def wait(api: Api, given: OneRodent, body: WaitForRodent) -> RodentState:
    """Wait until a Rodent is connected, or is not."""
    rodent = _rodent(api, given)
    if body.connected:
        rodent.wait_connected(body.timeout)
    else:
        rodent.wait_disconnected(body.timeout)
    _toggle(api, given)
    return RodentState.of(rodent)


def send(api: Api, given: OneRodent, body: SendMessage) -> Done:
    """Send a message to a Rodent as it is, whatever it says."""
    _rodent(api, given).send(body.raw, timeout=body.timeout)
    return Done()


def start(api: Api, given: OneRodent, body: SendCommand) -> CommandSent:
    """Send a command to a Rodent, without waiting for its answer."""
    reply = _rodent(api, given).start_command(
        body.type, body.raw_payload or body.payload, target=body.target, timeout=body.timeout
    )
    return CommandSent(command=api.add_command(reply))


def answer(api: Api, given: OneCommand, body: WaitForAnswer) -> CommandAnswer:
    """Wait for the answer to a command that was sent; it is given once."""
    api.toggle(given.session)
    reply = api.commands[given.command]
    try:
        found = reply.result(body.timeout)
    except concurrent.futures.TimeoutError:
        raise NoReplyError(f"rodent {given.rid} did not answer within {body.timeout:g} s") from None
    finally:
        if reply.done():
            api.commands.discard(given.command)
    return CommandAnswer.of(found)


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


def _toggle(api: Api, given: InSession) -> LocalToggle:
    """The mock, or a session of it, once the calls of its Rodents have their numbers."""
    toggle = api.toggle(given.session)
    toggle.catch_up()
    return toggle


def _rodent(api: Api, given: OneRodent) -> Rodent:
    return api.toggle(given.session).rodents[given.rid]
