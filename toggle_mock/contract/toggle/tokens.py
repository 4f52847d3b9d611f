"""Tokens of a case: those that a Toggle takes, and those that it must not take."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from toggle_mock.contract.settings import ToggleContract
from toggle_mock.errors import ContractError
from toggle_mock.tokens import signing
from toggle_mock.tokens.tokens import ERA, Tokens


@dataclass(frozen=True)
class Identity:
    """Whom a token is for."""

    rid: str
    """The Rodent's id."""
    sub: str
    """The organization's id."""


class TokenMaker:
    """Makes tokens, right ones and wrong ones.

    Args:
        contract: What is said of the Toggle.

    Raises:
        ContractError: It names no key and no token, or a key that is none.
    """

    def __init__(self, contract: ToggleContract) -> None:
        self._contract = contract
        self._tokens: Tokens | None = None
        if contract.jwt_key is not None:
            self._tokens = _tokens_of(contract.jwt_key, contract.jwt_algorithm)
        elif contract.jwt is None:
            raise ContractError("there is no token: give jwt, or jwt_key to sign some with")
        elif contract.jwt.count(".") != 2:
            raise ContractError("jwt is no JWT: it has three parts, with dots between them")

    def right(self, who: Identity, **claims: Any) -> str:
        """A token that Toggle takes, or would but for its claims.

        Args:
            who: Whom it is for, if the suite can sign tokens.
            claims: Further claims, or ``expires_in`` in seconds.
        """
        if self._tokens is None:
            assert self._contract.jwt is not None
            return self._contract.jwt
        return self._tokens.issue(rid=who.rid, sub=who.sub, **{ERA: None, **claims})

    def of_another_key(self, who: Identity) -> str:
        """The right claims, signed with a key that is not Toggle's."""
        other = Tokens(algorithm=self._contract.jwt_algorithm)
        claims = {"rid": who.rid, "sub": who.sub, **self._claims(who)}
        return other.issue(**claims)

    def not_yet_valid(self, who: Identity) -> str:
        """One that is valid in an hour."""
        return self.right(who, nbf=int(time.time()) + 3600, expires_in=7200.0)

    def unsigned(self, who: Identity, algorithm: str) -> str:
        """The right claims under a header that says there is no signature, and none."""
        return _joined({"alg": algorithm, "typ": "JWT"}, self._claims(who), b"")

    def stripped(self, who: Identity) -> str:
        """A right token without its signature."""
        return self.right(who).rpartition(".")[0] + "."

    def tampered(self, who: Identity) -> str:
        """The signature of a right token, under claims of another Rodent."""
        header, _, signature = self.right(who).split(".")
        claims = {**self._claims(who), "rid": f"{who.rid}-other"}
        return f"{header}.{_encoded(msgspec.json.encode(claims))}.{signature}"

    def confused(self, who: Identity) -> str:
        """The right claims, signed by HS256 with the public key as if it were a secret."""
        assert self._tokens is not None
        header = {"alg": "HS256", "typ": "JWT"}
        return _joined(header, self._claims(who), self._tokens.public_key)

    def _claims(self, who: Identity) -> Mapping[str, Any]:
        return signing.unverified(self.right(who))


def _tokens_of(file: str, algorithm: str) -> Tokens:
    try:
        return Tokens(algorithm=algorithm, key=Path(file).read_bytes().strip())
    except (OSError, ValueError) as error:
        raise ContractError(f"jwt_key is {file}: {error}") from None


def _joined(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes) -> str:
    said = ".".join(_encoded(msgspec.json.encode(part)) for part in (header, claims))
    signature = hmac.new(secret, said.encode(), hashlib.sha256).digest() if secret else b""
    return f"{said}.{_encoded(signature)}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
