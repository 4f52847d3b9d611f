"""Signatures of tokens, by PyJWT, which takes its time to load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from toggle_mock.errors import TokenRefusedError

# Toggle knows its Rodents by rid and sub; whom a token is for is not its business.
_OPTIONS: Any = {"verify_aud": False, "verify_sub": False, "verify_jti": False}

# What PyJWT finds wrong, in the words of somebody who has to mend it.
_PROBLEMS: Sequence[tuple[type[jwt.PyJWTError], str]] = (
    (jwt.ExpiredSignatureError, "the token has expired: get a new one"),
    (jwt.ImmatureSignatureError, "the token is not valid yet: check the clocks (nbf, iat)"),
    (jwt.InvalidSignatureError, "the token's signature is wrong: another key signed it"),
    (jwt.InvalidAlgorithmError, "the token's algorithm is not accepted"),
)

# PyJWT looks at its own clock, with one leeway at both ends of a token's time. A wrong clock needs
# opposite ones, so each end is checked by itself.
_CHECKS: Sequence[tuple[Mapping[str, bool], int]] = [({}, 0)]
_CHECKS_BY_ANOTHER_CLOCK: Sequence[tuple[Mapping[str, bool], int]] = [
    ({"verify_iat": False, "verify_nbf": False}, -1),
    ({"verify_iat": True, "verify_nbf": True, "verify_exp": False}, 1),
]


def signed(claims: dict[str, Any], key: Any, algorithm: str) -> str:
    """A token."""
    return jwt.encode(claims, key, algorithm=algorithm)


def decoded(token: str, key: Any, algorithm: str, ahead: float = 0.0) -> Mapping[str, Any]:
    """The claims of a token.

    Args:
        token: What the caller sent.
        key: What it must be signed with; None for anything.
        algorithm: How.
        ahead: Seconds by which the clock is ahead by which it is judged.

    Raises:
        TokenRefusedError: It is not accepted.
    """
    claims: Mapping[str, Any] = {}
    for checks, leeway in _CHECKS_BY_ANOTHER_CLOCK if ahead else _CHECKS:
        claims = _checked(token, key, algorithm, checks, leeway * ahead)
    return claims


def _checked(
    token: str, key: Any, algorithm: str, checks: Mapping[str, bool], leeway: float
) -> Mapping[str, Any]:
    try:
        stated = jwt.get_unverified_header(token).get("alg")
        if str(stated).lower() == "none":
            raise TokenRefusedError("the token is not signed (alg: none)")
        if key is not None:
            verifying = key if algorithm == "HS256" else key.public_key()
            options: Any = {**_OPTIONS, **checks}
            return jwt.decode(
                token, verifying, algorithms=[algorithm], options=options, leeway=leeway
            )
        options = {"verify_signature": False, "verify_exp": True, **_OPTIONS, **checks}
        return jwt.decode(token, options=options, leeway=leeway)
    except jwt.PyJWTError as error:
        for kind, problem in _PROBLEMS:
            if isinstance(error, kind):
                clock = f" (by a clock that is {abs(leeway):g} s wrong)" if leeway else ""
                raise TokenRefusedError(f"{problem}{clock}") from None
        raise TokenRefusedError(f"authorization is no JWT: {error}") from None


def unverified(token: str) -> Mapping[str, Any]:
    """What a token claims, whoever signed it; empty if nothing can be read."""
    try:
        claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
    return claims
