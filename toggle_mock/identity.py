"""Who calls: Bearer tokens, issued and read."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence

import jwt

_SCHEME = "Bearer "


class TokenRefusedError(Exception):
    """The call has no token, or none that is well-formed; the text is for the caller."""


class TokenIssuer:
    """Issues tokens as Toggle's, signed with a key of its own (HS256)."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(
        self, *, rid: str, sub: str, prv: bool, expires_in: float, claims: Mapping[str, object]
    ) -> str:
        """A token; see :meth:`ToggleServer.jwt`."""
        now = int(time.time())
        standard = {"sub": sub, "rid": rid, "prv": prv, "iat": now, "exp": now + int(expires_in)}
        return jwt.encode(standard | dict(claims), self._key, algorithm="HS256")


def claims_of(metadata: Sequence[tuple[str, str | bytes]]) -> Mapping[str, object]:
    """What the token in a call's metadata claims. The signature is not checked.

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
    try:
        return jwt.decode(value.removeprefix(_SCHEME), options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise TokenRefusedError(f"authorization is no JWT: {error}") from None


def redacted(
    metadata: Sequence[tuple[str, str | bytes]],
) -> tuple[tuple[str, str | bytes], ...]:
    """A call's metadata without secrets."""
    return tuple(
        (key, "[redacted]" if key == "authorization" else value) for key, value in metadata
    )
