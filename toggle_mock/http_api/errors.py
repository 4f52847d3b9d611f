"""Errors over HTTP: which status they are, and which exception they become again elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from toggle_mock import errors
from toggle_mock.errors import (
    CommandFailedError,
    RemoteError,
    ToggleMockError,
    UnknownIdError,
)
from toggle_mock.http_api.bodies.base import Failure

STATUSES: Mapping[type[Exception], int] = {
    UnknownIdError: 404,
    CommandFailedError: 502,
    TimeoutError: 504,
    ValueError: 400,
    TypeError: 400,
    OverflowError: 400,
    RecursionError: 400,
    ToggleMockError: 409,
}
"""The status of each kind of error; of two that fit, the first one decides."""

UNFORESEEN = 500
"""The status of any other error, which is a mistake of this package."""

_OF_THE_MOCK = {
    name: error
    for name, error in vars(errors).items()
    if isinstance(error, type) and issubclass(error, ToggleMockError)
}

KINDS: Mapping[str, type[Exception]] = _OF_THE_MOCK | {
    error.__name__: error for error in STATUSES if not issubclass(error, ToggleMockError)
}
"""The exceptions that are the same on the other side, by their names."""


def http_status(error: type[Exception]) -> int:
    """The HTTP status of an error."""
    return next((code for kind, code in STATUSES.items() if issubclass(error, kind)), UNFORESEEN)


def failure_of(error: Exception) -> Failure:
    """An error, for the wire."""
    names = [kind.__name__ for kind in type(error).__mro__]
    kind = next((name for name in names if name in KINDS), names[0])
    return Failure(error=str(error), kind=kind)


def error_of(failure: Failure) -> Exception:
    """The error that came over the wire."""
    return KINDS.get(failure.kind, RemoteError)(failure.error)
