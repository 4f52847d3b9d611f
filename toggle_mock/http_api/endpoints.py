"""The table of endpoints: the routes, the OpenAPI document and the tests are made from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toggle_mock.errors import (
    CommandFailedError,
    NoRelayError,
    NoReplyError,
    NotConnectedError,
    NotReceivedError,
    UnexpectedEventError,
    UnknownIdError,
)
from toggle_mock.http_api.endpoint import Endpoint
from toggle_mock.http_api.handlers import (
    calls,
    changes,
    events,
    faults,
    recording,
    refusals,
    rodents,
    rows,
    schema,
    server,
    tokens,
)


def _v1(method: str, path: str, handler: Callable[..., Any], *raises: type[Exception]) -> Endpoint:
    return Endpoint(method, f"/api/v1{path}", handler, raises)


ENDPOINTS = (
    Endpoint("GET", "/readyz", server.readyz),
    Endpoint("GET", "/metrics", server.metrics),
    Endpoint("GET", "/openapi.json", server.openapi),
    _v1("GET", "/info", server.info),
    _v1("GET", "/events", events.find),
    _v1("GET", "/events/rows", rows.find),
    _v1("POST", "/events/wait", events.wait, NotReceivedError),
    _v1("POST", "/events/verify", events.verify, NotReceivedError, UnexpectedEventError),
    _v1("GET", "/events/stream", events.stream),
    _v1("GET", "/calls", calls.find),
    _v1("GET", "/calls/{number}", calls.one, UnknownIdError),
    _v1("GET", "/calls/{number}/events/{place}", rows.one, UnknownIdError),
    _v1("GET", "/attempts", calls.attempts),
    _v1("POST", "/calls/wait", calls.wait, NotReceivedError),
    _v1("GET", "/refusals", refusals.find),
    _v1("GET", "/changes", changes.follow),
    _v1("GET", "/activity", changes.activity),
    _v1("GET", "/schema", schema.names),
    _v1("GET", "/query", schema.check),
    _v1("GET", "/recording", recording.export),
    _v1("DELETE", "/recording", recording.clear),
    _v1("POST", "/recording/load", recording.load),
    _v1("POST", "/recording/replay", recording.replay_again),
    _v1("GET", "/recording/compare", recording.compare),
    _v1("GET", "/recording/feed", recording.feed),
    _v1("POST", "/recording/feed/mark", recording.mark, UnknownIdError),
    _v1("GET", "/faults", faults.listed),
    _v1("POST", "/faults", faults.add, NoRelayError),
    _v1("DELETE", "/faults", faults.heal),
    _v1("DELETE", "/faults/{fault}", faults.heal_one, UnknownIdError),
    _v1("GET", "/rodents", rodents.listed),
    _v1("GET", "/rodents/{rid}", rodents.one),
    _v1("POST", "/connected/wait", rodents.wait_for_some, NotConnectedError),
    _v1("POST", "/rodents/{rid}/wait", rodents.wait, NotConnectedError, TimeoutError),
    _v1("POST", "/rodents/{rid}/send", rodents.send, NotConnectedError),
    _v1("POST", "/rodents/{rid}/commands", rodents.start, NotConnectedError),
    _v1(
        "POST",
        "/rodents/{rid}/commands/{command}/wait",
        rodents.answer,
        NotConnectedError,
        NoReplyError,
        UnknownIdError,
    ),
    _v1("POST", "/rodents/{rid}/command", rodents.command, NotConnectedError, NoReplyError),
    _v1("POST", "/rodents/{rid}/config", rodents.config, NotConnectedError, NoReplyError),
    _v1(
        "POST",
        "/rodents/{rid}/http",
        rodents.http,
        CommandFailedError,
        NotConnectedError,
        NoReplyError,
    ),
    _v1("POST", "/rodents/{rid}/disconnect", rodents.disconnect, NotConnectedError),
    _v1("POST", "/tokens", tokens.issue),
    _v1("POST", "/tokens/revoke", tokens.revoke),
    _v1("POST", "/tokens/restore", tokens.restore),
    _v1("GET", "/sessions", tokens.sessions),
    _v1("POST", "/sessions", tokens.open_session, NoRelayError),
    _v1("POST", "/sessions/{session}/renew", tokens.renew_session, UnknownIdError),
    _v1("DELETE", "/sessions/{session}", tokens.close_session, UnknownIdError),
)
