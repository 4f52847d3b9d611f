"""Tokens: which calls are let in, and how the others are refused."""

from __future__ import annotations

import threading

from grpc import StatusCode

from rodent_events import clock
from toggle_mock.contract.cases import Group
from toggle_mock.contract.toggle.caller import Answer, Caller, bearer
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.recording.records import Metadata

TOKENS: Group[ToggleRig] = Group("tokens", "Tokens")

_STATUS_CODES = (
    "gRPC, status codes: UNAUTHENTICATED is for a request without valid credentials; the schema: "
    "each call carries authorization: Bearer <JWT>"
)
_JWT = "RFC 7519, JSON Web Token"
_PRACTICE = "RFC 8725, JSON Web Token best current practices"

_EXPIRES_IN = 3.0
"""Seconds: long enough for one call, short enough to be waited for."""

_BETWEEN_CALLS = 0.2
"""Seconds."""


@TOKENS.case(
    "accepted",
    "A right token is taken on each method",
    rule="Register, SendEvents and Connect with a token that is signed with Toggle's key and valid "
    "now are answered.",
    source=_STATUS_CODES,
    cost="No Rodent reports anything.",
)
def accepted(rig: ToggleRig) -> None:
    """One call of each."""
    caller = rig.caller()
    if "register" in rig.contract.features:
        caller.registered()
    caller.stored(rig.batches.batch())
    if "connect" in rig.contract.features:
        rig.serves(caller.connect())


@TOKENS.case(
    "none",
    "A call without a token is refused",
    rule="Without the metadata authorization, each method ends with UNAUTHENTICATED.",
    source=_STATUS_CODES,
    cost="Whoever reaches the port can report as any Rodent.",
)
def none(rig: ToggleRig) -> None:
    """No metadata at all."""
    _refused(rig, (), "without a token")


@TOKENS.case(
    "malformed",
    "What is no token is refused",
    rule="An empty token, a word, and three parts that are no JSON end with UNAUTHENTICATED, not "
    "with INTERNAL or UNKNOWN, after which a Rodent dials again at once.",
    source=_STATUS_CODES,
    cost="A Rodent whose token is damaged is taken for one whose Toggle is.",
)
def malformed(rig: ToggleRig) -> None:
    """Several."""
    for token in ("", "token", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.e30"):
        _refused(rig, bearer(token), f"with the token {token!r}")


@TOKENS.case(
    "other-scheme",
    "A right token under another scheme than Bearer is refused",
    rule="authorization: Basic <JWT>, and the bare JWT, end with UNAUTHENTICATED.",
    source="RFC 6750: the scheme is Bearer; " + _STATUS_CODES,
    cost="Proxies and logs that hide Bearer tokens do not hide these.",
)
def other_scheme(rig: ToggleRig) -> None:
    """Two of them."""
    token = rig.tokens.right(rig.who)
    _refused(rig, (("authorization", f"Basic {token}"),), "with Basic in place of Bearer")
    _refused(rig, (("authorization", token),), "without the word Bearer")


@TOKENS.case(
    "expired",
    "An expired token is refused",
    rule="A token whose exp was ten minutes ago ends with UNAUTHENTICATED.",
    source=_JWT + ", section 4.1.4",
    cost="A token that has leaked is good for ever.",
    needs=("key",),
)
def expired(rig: ToggleRig) -> None:
    """Ten minutes: no clock is that wrong."""
    token = rig.tokens.right(rig.who, expires_in=-600.0)
    _refused(rig, bearer(token), "with an expired token")


@TOKENS.case(
    "expires",
    "A token that was taken is refused once it has expired",
    rule="A connection whose token was taken gets UNAUTHENTICATED for new calls after the token's "
    "exp, within the time that Toggle takes for an answer.",
    source=_JWT + ", section 4.1.4",
    cost="Tokens that are checked only once live as long as their connections.",
    needs=("key",),
    waits=("answer",),
)
def expires(rig: ToggleRig) -> None:
    """One that is valid for three seconds."""
    begin = clock.monotonic()
    caller = rig.caller_with(bearer(rig.tokens.right(rig.who, expires_in=_EXPIRES_IN)))
    answer = caller.send(rig.batches.batch())
    rig.reached(
        answer.ok or clock.monotonic() - begin < _EXPIRES_IN,
        "the token had expired before Toggle answered the first call",
    )
    rig.expect(answer.ok, f"while the token is valid, {answer}")
    end, pause = clock.monotonic() + _EXPIRES_IN + rig.patience("answer"), threading.Event()
    while (answer := caller.send(rig.batches.batch())).ok and clock.monotonic() < end:
        pause.wait(_BETWEEN_CALLS)
    rig.expect(
        answer.status is StatusCode.UNAUTHENTICATED,
        f"after the token has expired, {answer}",
    )


@TOKENS.case(
    "not-yet-valid",
    "A token that is not valid yet is refused",
    rule="A token whose nbf is in an hour ends with UNAUTHENTICATED.",
    source=_JWT + ", section 4.1.5",
    cost="A Rodent that is to be let in later is let in now.",
    needs=("key",),
)
def not_yet_valid(rig: ToggleRig) -> None:
    """In an hour: no clock is that wrong."""
    _refused(rig, bearer(rig.tokens.not_yet_valid(rig.who)), "with a token that is not valid yet")


@TOKENS.case(
    "other-key",
    "A token that was signed with another key is refused",
    rule="Right claims under the signature of a key that was made just now end with "
    "UNAUTHENTICATED.",
    source=_JWT + ", section 7.2; a Rodent never checks the signature, so Toggle has to",
    cost="Anybody can make tokens for any Rodent.",
)
def other_key(rig: ToggleRig) -> None:
    """A new key."""
    _refused(rig, bearer(rig.tokens.of_another_key(rig.who)), "with a token of another key")


@TOKENS.case(
    "unsigned",
    "A token that says it is not signed is refused",
    rule="Right claims under alg: none, in whatever case, and no signature, end with "
    "UNAUTHENTICATED.",
    source=_PRACTICE + ", section 3.2",
    cost="Anybody can make tokens for any Rodent.",
)
def unsigned(rig: ToggleRig) -> None:
    """Each spelling was a hole in some library."""
    for algorithm in ("none", "None", "NONE"):
        token = rig.tokens.unsigned(rig.who, algorithm)
        _refused(rig, bearer(token), f"with an unsigned token (alg: {algorithm})")


@TOKENS.case(
    "stripped",
    "A right token without its signature is refused",
    rule="Header and claims of a right token, with nothing after the second dot, end with "
    "UNAUTHENTICATED.",
    source=_JWT + ", section 7.2",
    cost="Anybody who has seen a token's claims can make one.",
)
def stripped(rig: ToggleRig) -> None:
    """Its third part is empty."""
    _refused(rig, bearer(rig.tokens.stripped(rig.who)), "with a token without its signature")


@TOKENS.case(
    "tampered",
    "A token whose claims were changed is refused",
    rule="A right header and signature around the claims of another Rodent end with "
    "UNAUTHENTICATED.",
    source=_JWT + ", section 7.2",
    cost="Any Rodent can report as each other one.",
)
def tampered(rig: ToggleRig) -> None:
    """Another rid."""
    _refused(rig, bearer(rig.tokens.tampered(rig.who)), "with claims that were changed")


@TOKENS.case(
    "confused",
    "A public key is taken for no secret",
    rule="Where tokens are signed with RS256 or ES256: right claims under HS256, with the public "
    "key for its secret, end with UNAUTHENTICATED.",
    source=_PRACTICE + ", section 2.1",
    cost="Who has the public key, which is no secret, can make tokens for any Rodent.",
    needs=("public_key",),
)
def confused(rig: ToggleRig) -> None:
    """The key is as PEM, as libraries have it."""
    token = rig.tokens.confused(rig.who)
    _refused(rig, bearer(token), "with the public key for a secret of HS256")


@TOKENS.case(
    "foreign",
    "A token of another organization is refused",
    rule="A token that is right but for its organization ends with UNAUTHENTICATED or "
    "PERMISSION_DENIED, on each method.",
    source="the schema: sub is the organization; " + _STATUS_CODES,
    cost="Organizations see and fill each other's nodes.",
    needs=("foreign_jwt",),
)
def foreign(rig: ToggleRig) -> None:
    """The one that was given."""
    token = rig.contract.foreign_jwt or ""
    _refused(rig, bearer(token), "of another organization", _FORBIDDEN)


@TOKENS.case(
    "revoked",
    "A token that was taken is refused once it is revoked",
    rule="A connection whose token was taken gets UNAUTHENTICATED or PERMISSION_DENIED for new "
    "calls once the token is revoked.",
    source="the published Rodent on the wire: after either it dials again each 60 s",
    cost="A node that was stolen goes on reporting.",
    needs=("revoke", "key"),
)
def revoked(rig: ToggleRig) -> None:
    """The same connection, before and after."""
    caller = rig.caller()
    caller.stored(rig.batches.batch())
    rig.revoke()
    answer = caller.send(rig.batches.batch())
    rig.expect(answer.status in _FORBIDDEN, f"after the token was revoked, {answer}")
    _refused(rig, rig.metadata(), "with a revoked token", _FORBIDDEN)


@TOKENS.case(
    "spare-others",
    "A refused call does no harm to the next one on its connection",
    rule="On one connection, a refused call is followed by one with a right token, which is taken, "
    "and that by a refused one again.",
    source="gRPC: a status ends a call, not its connection",
    cost="Behind a proxy, where many Rodents share connections, one wrong token stops all.",
)
def spare_others(rig: ToggleRig) -> None:
    """By turns."""
    caller = rig.caller()
    wrong = bearer(rig.tokens.of_another_key(rig.who))
    for _ in range(3):
        answer = caller.send(rig.batches.batch(), metadata=wrong)
        rig.expect(
            answer.status is StatusCode.UNAUTHENTICATED, f"with a token of another key, {answer}"
        )
        caller.stored(rig.batches.batch())


@TOKENS.case(
    "kept-secret",
    "A refusal does not repeat the token",
    rule="What comes with UNAUTHENTICATED has no part of the token that was refused.",
    source="OWASP: logs and errors have no access tokens",
    cost="Tokens stand in the logs of proxies and Rodents, for all who read these.",
    severity="should",
)
def kept_secret(rig: ToggleRig) -> None:
    """Of another key, and damaged."""
    token = rig.tokens.of_another_key(rig.who)
    for sent in (token, token[:-10], f"{token}.more"):
        answer = rig.caller_with(bearer(sent)).send(rig.batches.batch())
        rig.reached(not answer.ok, "a token of another key is taken: nothing is refused")
        shown = next((part for part in sent.split(".")[1:3] if part in answer.details), None)
        rig.expect(shown is None, f"the refusal has part of the token: {answer}")


_UNKNOWN_CALLER = frozenset({StatusCode.UNAUTHENTICATED})
_FORBIDDEN = frozenset({StatusCode.UNAUTHENTICATED, StatusCode.PERMISSION_DENIED})


def _refused(
    rig: ToggleRig, metadata: Metadata, how: str, statuses: frozenset[StatusCode] = _UNKNOWN_CALLER
) -> None:
    """See that each method refuses calls with this metadata."""
    caller = rig.caller_with(metadata)
    for answer in (caller.send(rig.batches.batch()), *_registered(rig, caller)):
        rig.expect(answer.status in statuses, f"{how}, {answer}")
    if "connect" in rig.contract.features:
        stream = caller.connect()
        rig.expect(stream.ended() in statuses, f"{how}, Connect: {stream.told}")


def _registered(rig: ToggleRig, caller: Caller) -> list[Answer]:
    return [caller.register()] if "register" in rig.contract.features else []
