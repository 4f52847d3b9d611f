"""Who calls: Bearer tokens, issued, verified and revoked.

What signs and verifies is loaded with the first token, so that a server is up sooner.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import grpc

from toggle_mock.errors import TokenRefusedError
from toggle_mock.extras import extras

_SCHEME = "Bearer "


ALGORITHMS = ("HS256", "RS256", "ES256")
"""The signature algorithms of tokens."""

_SECRET_BYTES = 32


class Tokens:
    """Issues tokens as Toggle does, verifies those of callers, and revokes.

    Args:
        algorithm: One of :data:`ALGORITHMS`.
        key: The secret of HS256; the private key of RS256 or ES256 as PEM; None makes one.
        verify: Whether a signature must be of this key. Without it any well-formed token is taken
            that has not expired, such as one that a real Toggle issued.

    Raises:
        ValueError: The algorithm or the key is none.
    """

    def __init__(
        self, *, algorithm: str = "HS256", key: str | bytes | None = None, verify: bool = True
    ) -> None:
        if algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm is {algorithm!r}: give {', '.join(ALGORITHMS)}")
        self.algorithm = algorithm
        self._verify = verify
        self._key = _new_key(algorithm) if key is None else _loaded(algorithm, key)
        self._revoked: dict[tuple[str, str], grpc.StatusCode] = {}
        self._maker, self._era = secrets.token_hex(8), 0
        self._accepted: dict[tuple[str, float], Mapping[str, Any]] = {}

    def issue(
        self,
        *,
        rid: str = "rodent-1",
        sub: str = "org-1",
        prv: bool = True,
        expires_in: float = 3600.0,
        **claims: object,
    ) -> str:
        """A token for a Rodent.

        Args:
            rid: The Rodent's id.
            sub: The organization's id.
            prv: Whether it is in a private network, and so speaks gRPC.
            expires_in: Seconds; negative for a token that has expired.
            claims: Further claims. None leaves one out.
        """
        now = int(_now())
        lifetime = math.ceil(expires_in)
        issued_at = min(now, now + lifetime)
        standard = {"sub": sub, "rid": rid, "prv": prv, "iat": issued_at}
        standard |= {"exp": now + lifetime, ERA: [self._maker, self._era]} | claims
        present = {name: value for name, value in standard.items() if value is not None}
        from toggle_mock.tokens import signing

        return signing.signed(present, self._key, self.algorithm)

    @property
    def public_key(self) -> bytes:
        """The public key as PEM, with which others verify.

        Raises:
            ValueError: HS256 has none.
        """
        if self.algorithm == "HS256":
            raise ValueError("HS256 has no public key: give algorithm='RS256' or 'ES256'")
        with extras():
            from toggle_mock.tokens import keys

        return keys.public_pem(self._key)

    @property
    def private_key(self) -> bytes:
        """The key that signs: the secret of HS256, else the private key as PEM."""
        if isinstance(self._key, bytes):
            return self._key
        with extras():
            from toggle_mock.tokens import keys

        return keys.private_pem(self._key)

    def begin_era(self) -> None:
        """From now on, calls with a token that was issued before are none of this time's."""
        self._era += 1

    def is_current(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token belongs to this era; one that was issued elsewhere belongs to all."""
        match claims.get(ERA):
            case [self._maker, era]:
                return bool(era == self._era)
        return True

    def revoke(
        self,
        *,
        rid: str | None = None,
        sub: str | None = None,
        status: grpc.StatusCode = grpc.StatusCode.UNAUTHENTICATED,
    ) -> None:
        """Refuse all tokens of a Rodent or an organization from now on.

        Args:
            rid: The Rodent's id.
            sub: The organization's id.
            status: What the caller gets: UNAUTHENTICATED, or PERMISSION_DENIED.

        Raises:
            ValueError: Neither is given.
        """
        if rid is None and sub is None:
            raise ValueError("revoke() needs a rid or a sub")
        for claim, value in (("rid", rid), ("sub", sub)):
            if value is not None:
                self._revoked[claim, value] = status

    def restore(self, *, rid: str | None = None, sub: str | None = None) -> None:
        """Take back all revocations, or those of a Rodent or an organization.

        Args:
            rid: The Rodent's id.
            sub: The organization's id.
        """
        if rid is None and sub is None:
            self._revoked.clear()
        for claim, value in (("rid", rid), ("sub", sub)):
            if value is not None:
                self._revoked.pop((claim, value), None)

    def verified(
        self, metadata: Sequence[tuple[str, str | bytes]], ahead: float = 0.0
    ) -> Mapping[str, Any]:
        """The claims of the token in a call's metadata.

        Args:
            metadata: Of the call.
            ahead: Seconds by which the clock is ahead by which it is judged.

        Raises:
            TokenRefusedError: There is none, or it is not accepted.
        """
        claims = self._decoded(bearer(metadata), ahead)
        for claim in ("rid", "sub"):
            value = claims.get(claim)
            if not isinstance(value, str) or not value:
                raise TokenRefusedError(f"the token lacks the claim {claim!r}")
        self.refuse_revoked(claims)
        return claims

    def refuse_revoked(self, claims: Mapping[str, Any]) -> None:
        """Look only at whether a token was revoked here.

        Raises:
            TokenRefusedError: It was.
        """
        for claim in ("rid", "sub"):
            if status := self._revoked.get((claim, str(claims.get(claim, "")))):
                raise TokenRefusedError(f"the tokens of this {claim} were revoked", status)

    def _decoded(self, token: str, ahead: float) -> Mapping[str, Any]:
        claims = self._accepted.get((token, ahead))
        if claims is not None and not _now() + ahead >= claims.get("exp", math.inf):
            return claims
        from toggle_mock.tokens import signing

        key = self._key if self._verify else None
        claims = signing.decoded(token, key, self.algorithm, ahead)
        if len(self._accepted) >= _KNOWN_TOKENS:
            self._accepted.clear()
        self._accepted[token, ahead] = claims
        return claims


_KNOWN_TOKENS = 256
"""Tokens whose claims are remembered: a Rodent sends its own with each call."""


def _now() -> float:
    """Seconds since the Unix epoch, by the clock that PyJWT looks at.

    In a test that has frozen time ``time.time()`` may say something else.
    """
    return datetime.now(UTC).timestamp()


def bearer(metadata: Sequence[tuple[str, str | bytes]]) -> str:
    """The token in a call's metadata.

    Raises:
        TokenRefusedError: There is no ``authorization: Bearer <JWT>``, or more than one.
    """
    values = [value for key, value in metadata if key == "authorization"]
    if len(values) != 1:
        raise TokenRefusedError(
            "authorization is missing: send metadata 'authorization: Bearer <JWT>'"
            if not values
            else f"authorization stands {len(values)} times: send it once"
        )
    value = values[0]
    if not isinstance(value, str) or not value.startswith(_SCHEME):
        raise TokenRefusedError("authorization has another scheme: send 'Bearer <JWT>'")
    return value.removeprefix(_SCHEME)


def unverified_claims(metadata: Sequence[tuple[str, str | bytes]]) -> Mapping[str, Any]:
    """What a call's token claims, whoever signed it; empty if nothing can be read."""
    try:
        return _unverified(bearer(metadata))
    except TokenRefusedError:
        return {}


@lru_cache(maxsize=_KNOWN_TOKENS)
def _unverified(token: str) -> Mapping[str, Any]:
    from toggle_mock.tokens import signing

    return signing.unverified(token)


def redacted(
    metadata: Sequence[tuple[str, str | bytes]],
) -> tuple[tuple[str, str | bytes], ...]:
    """A call's metadata without secrets."""
    return tuple((key, "[redacted]" if key in _SECRETS else value) for key, value in metadata)


ERA = "mock_era"
"""A claim that only this mock's tokens have; no Rodent looks at it."""

_SECRETS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"})


def _new_key(algorithm: str) -> Any:
    if algorithm == "HS256":
        return secrets.token_bytes(_SECRET_BYTES)
    with extras():
        from toggle_mock.tokens import keys

    return keys.new_key(algorithm)


def _loaded(algorithm: str, key: str | bytes) -> Any:
    content = key.encode() if isinstance(key, str) else key
    if algorithm != "HS256":
        with extras():
            from toggle_mock.tokens import keys

        return keys.loaded(algorithm, content)
    if len(content) < _SECRET_BYTES:
        raise ValueError(f"key has {len(content)} bytes: HS256 needs {_SECRET_BYTES} or more")
    return content
