"""Faults of a Toggle in whom it lets in."""

from __future__ import annotations

import base64
import json

import grpc

from support.sown.toggle_fault import Patch, ToggleFault, caught
from toggle_mock.errors import TokenRefusedError
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.server.service import Handled
from toggle_mock.tokens import keys, signing, tokens
from toggle_mock.tokens.tokens import Tokens, unverified_claims

Code = grpc.StatusCode


def lets_all_in(patch: Patch) -> None:
    """It looks at no token."""

    async def admit(_self, _tokens):
        pass

    patch(Handled, "admit", admit)


def lets_in(method: str):
    """It looks at the tokens of the other methods only."""

    def sow(patch: Patch) -> None:
        admit = Handled.admit

        async def some(self, tokens):
            if self.call.method != method:
                await admit(self, tokens)

        patch(Handled, "admit", some)

    return sow


def checks_no_signature(patch: Patch) -> None:
    decoded = signing.decoded
    patch(signing, "decoded", lambda token, _key, *more: decoded(token, None, *more))


def header_of(token: str) -> dict:
    try:
        return json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    except ValueError:
        return {}


def claims_of(token: str):
    return unverified_claims((("authorization", f"Bearer {token}"),))


def takes_unsigned(*spellings: str):
    """It takes tokens that say so themselves."""

    def sow(patch: Patch) -> None:
        decoded = signing.decoded

        def lax(token, *more):
            if header_of(token).get("alg") in spellings:
                return claims_of(token)
            return decoded(token, *more)

        patch(signing, "decoded", lax)

    return sow


def takes_no_signature(patch: Patch) -> None:
    """No signature, it does not check."""
    decoded = signing.decoded

    def lax(token, *more):
        if token.endswith(".") and header_of(token).get("alg") == "HS256":
            return claims_of(token)
        return decoded(token, *more)

    patch(signing, "decoded", lax)


def trusts_the_header(patch: Patch) -> None:
    """It verifies by the algorithm that a token names, with the key that it has."""
    decoded = signing.decoded

    def lax(token, key, algorithm, *more):
        if header_of(token).get("alg") == "HS256":
            import hashlib
            import hmac

            said, _, signature = token.rpartition(".")
            right = hmac.new(keys.public_pem(key), said.encode(), hashlib.sha256).digest()
            if base64.urlsafe_b64encode(right).rstrip(b"=").decode() == signature:
                return claims_of(token)
        return decoded(token, key, algorithm, *more)

    patch(signing, "decoded", lax)


def skips(*checks: str):
    """It does not look at these claims."""

    def sow(patch: Patch) -> None:
        decode = signing.jwt.decode

        def lax(token, *arguments, options, **more):
            return decode(
                token, *arguments, options={**options, **dict.fromkeys(checks, False)}, **more
            )

        patch(signing.jwt, "decode", lax)

    return sow


def remembers(patch: Patch) -> None:
    """What was taken once is taken for ever."""
    verified, taken = Tokens.verified, {}

    def lax(self, metadata, ahead=0.0):
        key = tuple(value for name, value in metadata if name == "authorization")
        if key not in taken:
            taken[key] = verified(self, metadata, ahead)
        return taken[key]

    patch(Tokens, "verified", lax)


def takes_any_scheme(patch: Patch) -> None:
    def bearer(metadata):
        value = dict(metadata).get("authorization", "")
        if not value:
            raise TokenRefusedError("there is no token")
        return value.split(" ")[-1]

    patch(tokens, "bearer", bearer)


def refuses_with(status: grpc.StatusCode, *, only_malformed: bool = False):
    def sow(patch: Patch) -> None:
        verified = Tokens.verified

        def other(self, metadata, ahead=0.0):
            try:
                return verified(self, metadata, ahead)
            except TokenRefusedError as error:
                if only_malformed and "no JWT" not in str(error):
                    raise
                raise TokenRefusedError(str(error), status) from None

        patch(Tokens, "verified", other)

    return sow


def repeats_the_token(patch: Patch) -> None:
    verified = Tokens.verified

    def telling(self, metadata, ahead=0.0):
        try:
            return verified(self, metadata, ahead)
        except TokenRefusedError as error:
            raise TokenRefusedError(f"{error}: {dict(metadata).get('authorization')}") from None

    patch(Tokens, "verified", telling)


def bans_the_connection(patch: Patch) -> None:
    """After one refusal, all calls on the connection are refused."""
    admit, banned = Handled.admit, set()

    async def strict(self, tokens):
        peer = self.context.peer()
        if peer in banned:
            await self.abort(Outcome(Code.UNAUTHENTICATED, "sown: banned"))
        try:
            await admit(self, tokens)
        except BaseException:
            banned.add(peer)
            raise

    patch(Handled, "admit", strict)


def revokes_nothing(patch: Patch) -> None:
    patch(Tokens, "refuse_revoked", lambda _self, _claims: None)


def revokes_in_register_only(patch: Patch) -> None:
    """Whoever is registered already goes on."""
    admit, refuse_revoked, asked = Handled.admit, Tokens.refuse_revoked, []

    async def noting(self, tokens):
        asked.append(self.call.method)
        await admit(self, tokens)

    def lax(self, claims):
        if asked[-1] == "Register":
            refuse_revoked(self, claims)

    patch(Handled, "admit", noting)
    patch(Tokens, "refuse_revoked", lax)


FAULTS = {
    "lets-all-in": ToggleFault(
        caught(
            "ends with OK",
            "tokens.expired",
            "tokens.expires",
            "tokens.foreign",
            "tokens.malformed",
            "tokens.none",
            "tokens.not-yet-valid",
            "tokens.other-key",
            "tokens.other-scheme",
            "tokens.revoked",
            "tokens.spare-others",
            "tokens.stripped",
            "tokens.tampered",
            "tokens.unsigned",
        ),
        lets_all_in,
    ),
    "register-is-open": ToggleFault(
        caught(
            "ends with OK",
            "tokens.expired",
            "tokens.foreign",
            "tokens.malformed",
            "tokens.none",
            "tokens.not-yet-valid",
            "tokens.other-key",
            "tokens.other-scheme",
            "tokens.revoked",
            "tokens.stripped",
            "tokens.tampered",
            "tokens.unsigned",
        ),
        lets_in("Register"),
    ),
    "connect-is-open": ToggleFault(
        caught("with an expired token, Connect: the stream is open", "tokens.expired")
        | caught("of another organization, Connect: the stream is open", "tokens.foreign")
        | caught("with the token '', Connect: the stream is open", "tokens.malformed")
        | caught("without a token, Connect: the stream is open", "tokens.none")
        | caught(
            "with a token that is not valid yet, Connect: the stream is open",
            "tokens.not-yet-valid",
        )
        | caught("with a token of another key, Connect: the stream is open", "tokens.other-key")
        | caught(
            "with Basic in place of Bearer, Connect: the stream is open", "tokens.other-scheme"
        )
        | caught("with a revoked token, Connect: the stream is open", "tokens.revoked")
        | caught(
            "with a token without its signature, Connect: the stream is open", "tokens.stripped"
        )
        | caught("with claims that were changed, Connect: the stream is open", "tokens.tampered")
        | caught(
            "with an unsigned token (alg: none), Connect: the stream is open", "tokens.unsigned"
        ),
        lets_in("Connect"),
    ),
    "checks-no-signature": ToggleFault(
        caught(
            "ends with OK",
            "tokens.not-yet-valid",
            "tokens.other-key",
            "tokens.spare-others",
            "tokens.stripped",
            "tokens.tampered",
        ),
        checks_no_signature,
    ),
    "takes-unsigned": ToggleFault(
        caught("ends with OK", "tokens.unsigned"), takes_unsigned("none")
    ),
    "takes-unsigned-in-capitals": ToggleFault(
        caught("ends with OK", "tokens.unsigned"), takes_unsigned("NONE", "None")
    ),
    "takes-no-signature": ToggleFault(
        caught("ends with OK", "tokens.stripped"), takes_no_signature
    ),
    "trusts-the-header": ToggleFault(
        caught("ends with OK", "tokens.confused"), trusts_the_header, tls=True
    ),
    "never-expires": ToggleFault(
        caught("ends with OK", "tokens.expired", "tokens.expires"), skips("verify_exp")
    ),
    "takes-too-early": ToggleFault(
        caught("ends with OK", "tokens.not-yet-valid"), skips("verify_nbf", "verify_iat")
    ),
    "remembers-tokens": ToggleFault(
        caught("ends with OK", "tokens.expires", "tokens.revoked"), remembers
    ),
    "takes-any-scheme": ToggleFault(
        caught("ends with OK", "tokens.other-scheme"), takes_any_scheme
    ),
    "refuses-as-forbidden": ToggleFault(
        caught(
            "ends with PERMISSION_DENIED",
            "tokens.expired",
            "tokens.expires",
            "tokens.malformed",
            "tokens.none",
            "tokens.not-yet-valid",
            "tokens.other-key",
            "tokens.other-scheme",
            "tokens.spare-others",
            "tokens.stripped",
            "tokens.tampered",
            "tokens.unsigned",
        ),
        refuses_with(Code.PERMISSION_DENIED),
    ),
    "refuses-malformed-as-internal": ToggleFault(
        caught("ends with INTERNAL", "tokens.malformed"),
        refuses_with(Code.INTERNAL, only_malformed=True),
    ),
    "repeats-the-token": ToggleFault(
        caught("ends with UNAUTHENTICATED", "tokens.kept-secret"), repeats_the_token
    ),
    "bans-the-connection": ToggleFault(
        caught("sown: banned", "stored.refused", "tokens.spare-others"), bans_the_connection
    ),
    "revokes-nothing": ToggleFault(
        caught("ends with OK", "tokens.foreign", "tokens.revoked"), revokes_nothing
    ),
    "revokes-in-register-only": ToggleFault(
        caught("ends with OK", "tokens.foreign", "tokens.revoked"), revokes_in_register_only
    ),
}
