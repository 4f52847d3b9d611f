"""Tokens of Rodents, and sessions that see only their own Rodents."""

from __future__ import annotations

import math
from functools import partial

from toggle_mock.faults.outcome_data import status_from
from toggle_mock.http_api.bodies.base import Done, InSession
from toggle_mock.http_api.bodies.tokens import (
    IssueToken,
    OneSession,
    OpenSession,
    RevokeTokens,
    SessionOpened,
    Sessions,
    SessionState,
    TokenIssued,
)
from toggle_mock.http_api.sessions import OpenedSession
from toggle_mock.http_api.state import Api


def issue(api: Api, given: InSession, body: IssueToken) -> TokenIssued:
    """A token for a Rodent."""
    jwt = api.toggle(given.session).jwt(
        rid=body.rid, sub=body.sub, prv=body.prv, expires_in=body.expires_in, **body.claims
    )
    return TokenIssued(jwt=jwt)


def revoke(api: Api, given: InSession, body: RevokeTokens) -> Done:
    """Refuse the tokens of a Rodent or of an organization; with a session, until that ends."""
    tokens, whose = api.toggle(given.session).tokens, {"rid": body.rid, "sub": body.sub}
    tokens.revoke(**whose, status=status_from(body.status))
    if given.session is not None:
        api.sessions.opened(given.session).at_end.append(partial(tokens.restore, **whose))
    return Done()


def restore(api: Api, given: InSession) -> Done:
    """Take back all revocations; with a session, those of that session."""
    if given.session is None:
        api.server.tokens.restore()
    else:
        api.sessions.opened(given.session).undo()
    return Done()


def open_session(api: Api, body: OpenSession) -> SessionOpened:
    """Open a session, a part of the server that sees only its own Rodents."""
    opened = api.sessions.open(body, api.server)
    scope, address = opened.toggle.scope, opened.toggle.address
    return SessionOpened(session=opened.name, address=address, rid=scope.rid, sub=scope.sub)


def sessions(api: Api) -> Sessions:
    """The sessions that are open."""
    return Sessions(sessions=[_state(api, one) for one in api.sessions.all()])


def _state(api: Api, opened: OpenedSession) -> SessionState:
    scope, address = opened.toggle.scope, opened.toggle.address
    return SessionState(
        session=opened.name,
        file=opened.file,
        address=address,
        rid=scope.rid,
        sub=scope.sub,
        lease=opened.lease if math.isfinite(opened.lease) else None,
        own_port=address != api.server.address,
    )


def close_session(api: Api, given: OneSession) -> Done:
    """Close a session, and heal its faults."""
    api.end_session(given.session)
    return Done()


def renew_session(api: Api, given: OneSession) -> Done:
    """Renew the lease of a session, as each other request in it does."""
    api.sessions.renew(given.session)
    return Done()
