"""The token: what it claims and until when. It is never shown itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from toggle_mock.doctor.findings import Finding, fail, ok, warn
from toggle_mock.tokens.signing import unverified

_SOON = 300.0
"""Seconds of validity that are few."""

_CLAIMS = ("rid", "sub", "prv")

_HELP = "give --jwt-file or set RODENT_EVENTS_JWT; toggle-mock token prints one for a mock"


def judged(token: str, now: float) -> Finding:
    """What is to be said of a token.

    Args:
        token: It, perhaps empty.
        now: Seconds since the Unix epoch.
    """
    if not token:
        return fail("token", "there is none", _HELP)
    claims = unverified(token)
    if not claims:
        return fail("token", f"{len(token)} characters that are no JWT", _HELP)
    told = ", ".join(f"{name} {claims.get(name, 'missing')}" for name in _CLAIMS)
    return _expired(claims, told, now) or _wanting(claims, told) or ok("token", told)


def _expired(claims: Mapping[str, Any], told: str, now: float) -> Finding | None:
    """What is wrong with its times, by the clock of this machine."""
    begins, ends = claims.get("nbf"), claims.get("exp")
    if isinstance(begins, int | float) and begins > now:
        remedy = "see that this machine's clock is right"
        return fail("token", f"{told}; it is not valid before {_time(begins)}", remedy)
    if not isinstance(ends, int | float):
        return None
    if ends <= now:
        remedy = f"get a new one, or see that this machine's clock is right: it is {_time(now)}"
        return fail("token", f"{told}; it expired at {_time(ends)}", remedy)
    if ends - now < _SOON:
        remedy = "jwt_file, or a function that gives a new one, replaces it in time"
        return warn("token", f"{told}; it expires at {_time(ends)}", remedy)
    return ok("token", f"{told}; it expires at {_time(ends)}") if not _lacking(claims) else None


def _lacking(claims: Mapping[str, Any]) -> list[str]:
    return [name for name in ("rid", "sub") if not claims.get(name)]


def _wanting(claims: Mapping[str, Any], told: str) -> Finding | None:
    """Which claims are missing."""
    lacking = _lacking(claims)
    if not lacking:
        return None
    remedy = f"Toggle tells Rodents apart by them: have the token claim {' and '.join(lacking)}"
    return warn("token", told, remedy)


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
