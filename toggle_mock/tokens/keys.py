"""Keys that sign tokens and are pairs, by cryptography, which takes its time to load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

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
