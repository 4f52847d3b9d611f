"""Tokens: what a Rodent does about one that is refused."""

from __future__ import annotations

import grpc

from toggle_mock.contract.cases import Group
from toggle_mock.contract.launching import JWT_FILE
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.agent import Agent
from toggle_mock.contract.rodent.rig import RodentRig

TOKEN: Group[RodentRig] = Group("token", "What it does about a token that is refused")

Code = grpc.StatusCode

_HOUR = 3600.0

_CLOCK = 2 * _HOUR
"""By so much Toggle's clock is ahead, so that a token of an hour has expired."""

_LASTING = 24 * _HOUR
"""Seconds that a new token lasts."""


def _start(rig: RodentRig) -> Agent:
    """Start it with a token that Toggle takes, and see that it does."""
    agent = rig.start()
    delivered.event(rig, agent.provoke(), "start", "batch")
    return agent


def _wait_for_refusals(rig: RodentRig, count: int, *times: str, status: str) -> None:
    rig.wait_for_call("SendEvents", count, status=status, timeout=rig.patience(*times))


def _renew(rig: RodentRig) -> None:
    """Put a token into its file that Toggle takes."""
    rig.token_file(rig.toggle.jwt(expires_in=_LASTING))


@TOKEN.case(
    "expired",
    "A token that has expired is replaced by what its file has then",
    rule="By Toggle's clock the token expires, and SendEvents ends with UNAUTHENTICATED. Then "
    "TOGGLE_JWT_FILE has a new one: what was refused arrives, by the same process.",
    source=delivered.PROMISES,
    cost="Once in the life of each token, somebody restarts all nodes by hand.",
    needs=("events", "token_file"),
    profiles=("guarantees",),
    waits=("batch", "batch", "token"),
)
def expired(rig: RodentRig) -> None:
    """A token that expires, and a new one after the first refusal."""
    agent = _start(rig)
    rig.toggle.faults.clock(_CLOCK)
    query = agent.provoke()
    _wait_for_refusals(rig, 1, "batch", status="UNAUTHENTICATED")
    _renew(rig)
    delivered.event(rig, query, "token", "retry")
    delivered.what_was_refused(rig, "UNAUTHENTICATED", "token")


@TOKEN.case(
    "at-hand",
    "A new token that is there already is used once the old one is refused",
    rule="TOGGLE_JWT_FILE has a new token before the old one expires by Toggle's clock. The next "
    "event arrives after two refusals at most.",
    source=delivered.PROMISES,
    cost="Whoever renews tokens in time still sees refusals, and alarms for nothing.",
    severity="should",
    needs=("events", "token_file"),
    profiles=("guarantees",),
    waits=("batch", "batch", "token"),
)
def at_hand(rig: RodentRig) -> None:
    """A new token, and then the end of the old one."""
    agent = _start(rig)
    _renew(rig)
    rig.toggle.faults.clock(_CLOCK)
    delivered.event(rig, agent.provoke(), "batch", "token", "retry")
    refused = len(rig.calls("SendEvents", "UNAUTHENTICATED"))
    rig.expect(refused <= 2, f"it was refused {refused} times with the new token in its file")


@TOKEN.case(
    "late",
    "Events wait for a token that comes late",
    rule="The token expires, and five SendEvents are refused before TOGGLE_JWT_FILE has a new one. "
    "All that was refused arrives.",
    source=delivered.PROMISES,
    cost="Whoever issues tokens has a bad hour, and that hour's events are gone.",
    needs=("events", "token_file"),
    profiles=("guarantees",),
    waits=("batch", "batch", *("outage",) * 4, "token"),
)
def late(rig: RodentRig) -> None:
    """Five refusals."""
    agent = _start(rig)
    rig.toggle.faults.clock(_CLOCK)
    query = agent.provoke()
    _wait_for_refusals(rig, 5, "batch", *("outage",) * 4, status="UNAUTHENTICATED")
    _renew(rig)
    delivered.event(rig, query, "token", "outage")
    delivered.what_was_refused(rig, "UNAUTHENTICATED", "token", "outage")


@TOKEN.case(
    "revoked",
    "Events of a node whose token is revoked wait until it is let in again",
    rule="The node's tokens are revoked, and SendEvents ends with PERMISSION_DENIED, four times. "
    "Then they are taken again: what was refused arrives.",
    source=delivered.PROMISES,
    cost="A node that was locked out by mistake has a hole in its history.",
    needs=("events",),
    profiles=("guarantees",),
    waits=("batch", "batch", *("outage",) * 4),
)
def revoked(rig: RodentRig) -> None:
    """Four refusals, with the token as it is."""
    agent = _start(rig)
    rid = rig.calls("SendEvents")[0].rid
    rig.reached(rid, "its token names no Rodent")
    rig.toggle.tokens.revoke(rid=rid, status=Code.PERMISSION_DENIED)
    query = agent.provoke()
    _wait_for_refusals(rig, 4, "batch", *("outage",) * 3, status="PERMISSION_DENIED")
    rig.toggle.tokens.restore(rid=rid)
    delivered.event(rig, query, "outage", "batch")


@TOKEN.case(
    "file-gone",
    "A token file that is not there for a while costs nothing",
    rule="The token expires, and its file is away, as while somebody replaces it. Once it is back, "
    "with a new token, what waits arrives, by the same process.",
    source=delivered.PROMISES,
    cost="A secret store that mounts late ends the agent, or makes it drop what waits.",
    needs=("events", "token_file"),
    profiles=("guarantees",),
    waits=("batch", "retry", "retry", "retry", "token"),
)
def file_gone(rig: RodentRig) -> None:
    """No file, for some pauses."""
    agent = _start(rig)
    token = rig.folder / JWT_FILE
    token.unlink()
    rig.toggle.faults.clock(_CLOCK)
    query = agent.provoke()
    delivered.pass_time(rig, rig.contract.times.batch + 3 * rig.contract.times.retry)
    rig.reached(not rig.toggle.find(query), "Toggle has taken a token that has expired")
    _renew(rig)
    delivered.event(rig, query, "token", "outage")
