"""Tokens of Rodents, and sessions that see only their own Rodents."""

from __future__ import annotations

from toggle_mock.faults.outcome_data import status_from
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.tokens import (
    IssueToken,
    OneSession,
    OpenSession,
    RevokeTokens,
    SessionOpened,
    TokenIssued,
)
from toggle_mock.http_api.state import Api


def issue(api: Api, given: InSession, body: IssueToken) -> TokenIssued:
    """A token for a Rodent."""
    jwt = api.toggle(given.session).jwt(
        rid=body.rid, sub=body.sub, prv=body.prv, expires_in=body.expires_in, **body.claims
    )
    return TokenIssued(jwt=jwt)


def revoke(api: Api, body: RevokeTokens) -> Done:
    """Refuse the tokens of a Rodent or of an organization from now on."""
    api.server.tokens.revoke(rid=body.rid, sub=body.sub, status=status_from(body.status))
    return Done()


def restore(api: Api) -> Done:
    """Take back all revocations."""
    api.server.tokens.restore()
    return Done()


def open_session(api: Api, body: OpenSession) -> SessionOpened:
    """Open a session, a part of the server that sees only its own Rodents."""
    toggle = api.server.session(body.rid, body.sub, own_port=body.own_port)
    scope, name = toggle.scope, api.add_session(toggle)
    return SessionOpened(session=name, address=toggle.address, rid=scope.rid, sub=scope.sub)


def close_session(api: Api, given: OneSession) -> Done:
    """Close a session, and heal its faults."""
    api.forget_faults(given.session)
    api.sessions.pop(given.session).close()
    return Done()
