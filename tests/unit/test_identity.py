"""Tokens: which are accepted, and what the others are told."""

from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from freezegun import freeze_time
from support.raw_rodent import bearer

from toggle_mock.errors import TokenRefusedError
from toggle_mock.tokens import signing
from toggle_mock.tokens.tokens import ALGORITHMS, Tokens, redacted


def refusal(tokens: Tokens, token: str) -> str:
    with pytest.raises(TokenRefusedError) as caught:
        tokens.verified(bearer(token))
    return f"{caught.value.code.name}: {caught.value}"


@pytest.fixture(params=ALGORITHMS, scope="module")
def tokens(request):
    return Tokens(algorithm=request.param)


def test_its_own_tokens_are_accepted(tokens):
    claims = tokens.verified(bearer(tokens.issue(rid="r7", sub="o7", tid="t7")))
    assert (claims["rid"], claims["sub"], claims["prv"], claims["tid"]) == ("r7", "o7", True, "t7")


def test_tokens_of_other_keys_are_refused(tokens):
    other = Tokens(algorithm=tokens.algorithm)
    assert "UNAUTHENTICATED: the token's signature is wrong" in refusal(tokens, other.issue())
    assert Tokens(algorithm=tokens.algorithm, verify=False).verified(bearer(other.issue()))


@pytest.mark.parametrize("verify", [True, False])
def test_expired_and_unsigned_tokens_are_never_accepted(verify):
    tokens = Tokens(verify=verify)
    assert refusal(tokens, tokens.issue(expires_in=-10)) == (
        "UNAUTHENTICATED: the token has expired: get a new one"
    )
    unsigned = jwt.encode({"rid": "r", "sub": "o"}, key=None, algorithm="none")
    assert "is not signed (alg: none)" in refusal(tokens, unsigned)


@pytest.mark.parametrize("claim", ["rid", "sub"])
@pytest.mark.parametrize("value", [None, "", 5])
def test_claims_that_are_missing_are_told(claim, value):
    tokens = Tokens()
    assert f"lacks the claim '{claim}'" in refusal(tokens, tokens.issue(**{claim: value}))


def test_a_token_that_was_accepted_is_looked_at_again_once_it_has_expired(monkeypatch):
    tokens = Tokens()
    token = tokens.issue(expires_in=60)
    looked_at = []
    decoded = signing.decoded
    monkeypatch.setattr(signing, "decoded", lambda *args: looked_at.append(1) or decoded(*args))
    for _ in range(2):
        tokens.verified(bearer(token))
    assert len(looked_at) == 1
    with freeze_time(timedelta(seconds=61)), pytest.raises(TokenRefusedError, match="expired"):
        tokens.verified(bearer(token))
    assert len(looked_at) == 2


def test_a_token_not_valid_yet_is_refused():
    tokens = Tokens()
    assert "not valid yet" in refusal(tokens, tokens.issue(nbf=4_000_000_000))


def test_a_public_key_is_no_secret_of_hs256():
    """The classic confusion: a public key used as the secret of HS256."""
    tokens = Tokens(algorithm="RS256")
    forged = jwt.encode({"rid": "r", "sub": "o"}, "x" * 32, algorithm="HS256")
    assert "algorithm is not accepted" in refusal(tokens, forged)


def test_keys_that_are_given_are_used():
    first = Tokens(algorithm="ES256")
    second = Tokens(algorithm="ES256", key=first.private_key)
    assert second.verified(bearer(first.issue()))
    assert second.public_key == first.public_key
    secret = Tokens(key="s" * 32)
    assert Tokens(key=b"s" * 32).verified(bearer(secret.issue()))


@pytest.mark.parametrize(
    ("algorithm", "key", "problem"),
    [
        ("HS512", None, "algorithm is 'HS512': give HS256, RS256, ES256"),
        ("HS256", "short", "key has 5 bytes: HS256 needs 32 or more"),
        ("RS256", "no pem", "key is no private key as PEM"),
        ("RS256", Tokens(algorithm="ES256").private_key, "which RS256 cannot use"),
    ],
)
def test_keys_that_are_none_are_told(algorithm, key, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        Tokens(algorithm=algorithm, key=key)
    assert "PRIVATE" not in str(caught.value)


def test_hs256_has_no_public_key():
    with pytest.raises(ValueError, match="HS256 has no public key"):
        _ = Tokens().public_key
    assert isinstance(
        load_pem_public_key(Tokens(algorithm="ES256").public_key), ec.EllipticCurvePublicKey
    )


def test_tokens_are_revoked_and_restored_at_will():
    import grpc

    tokens = Tokens()
    token, other = tokens.issue(rid="r1"), tokens.issue(rid="r2")
    tokens.revoke(rid="r1")
    assert refusal(tokens, token) == "UNAUTHENTICATED: the tokens of this rid were revoked"
    assert tokens.verified(bearer(other))
    tokens.revoke(sub="org-1", status=grpc.StatusCode.PERMISSION_DENIED)
    assert refusal(tokens, other) == "PERMISSION_DENIED: the tokens of this sub were revoked"
    tokens.restore()
    assert tokens.verified(bearer(token))
    with pytest.raises(ValueError, match="needs a rid or a sub"):
        tokens.revoke()


def test_an_era_tells_current_tokens_from_earlier_ones():
    tokens = Tokens()
    foreign = {"rid": "r", "sub": "o"}
    before = tokens.verified(bearer(tokens.issue()))
    assert tokens.is_current(before)
    tokens.begin_era()
    now = tokens.verified(bearer(tokens.issue()))
    tokens.begin_era()
    assert not tokens.is_current(now)
    assert tokens.is_current(foreign)


def test_secrets_are_redacted():
    kept = (("x-trace", "t1"), ("authorization", "Bearer s"), ("cookie", "s"), ("x-api-key", "s"))
    assert dict(redacted(kept)) == {
        "x-trace": "t1",
        **dict.fromkeys(["authorization", "cookie", "x-api-key"], "[redacted]"),
    }


@pytest.mark.parametrize("verify", [True, False])
def test_a_token_is_judged_by_a_clock_that_is_wrong(verify):
    tokens = Tokens(verify=verify)
    token = bearer(tokens.issue(expires_in=600))
    for ahead in (0, 590, -1, 0):
        seen = bearer(tokens.issue(expires_in=600, iat=None)) if ahead < 0 else token
        assert tokens.verified(seen, ahead)
    with pytest.raises(TokenRefusedError, match=r"has expired: .*by a clock that is 601 s wrong"):
        tokens.verified(token, 601)
    with pytest.raises(TokenRefusedError, match=r"not valid yet: .*by a clock that is 60 s wrong"):
        tokens.verified(token, -60)
    late = bearer(tokens.issue(expires_in=-10, iat=None))
    assert tokens.verified(late, -15.5)
    with pytest.raises(TokenRefusedError, match=r"(?m)has expired: get a new one$"):
        tokens.verified(late)
