"""Keys and signatures of tokens, by PyJWT and cryptography, which take their time to load."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

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

_NEW_KEYS: Mapping[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65_537, key_size=2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
}


def new_key(algorithm: str) -> Any:
    """A private key of RS256 or ES256."""
    return _NEW_KEYS[algorithm]()


def loaded(algorithm: str, pem: bytes) -> Any:
    """A private key of RS256 or ES256.

    Raises:
        ValueError: It is none.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"key is no private key as PEM: {error}") from None
    kinds = {"RS256": rsa.RSAPrivateKey, "ES256": ec.EllipticCurvePrivateKey}
    if not isinstance(key, kinds[algorithm]):
        raise ValueError(  # noqa: TRY004 - the type of a key is in its text
            f"key is {type(key).__name__}, which {algorithm} cannot use"
        )
    return key


def public_pem(key: Any) -> bytes:
    """The public half of a private key, as PEM."""
    public = key.public_key()
    return bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def private_pem(key: Any) -> bytes:
    """A private key as PEM."""
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


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
