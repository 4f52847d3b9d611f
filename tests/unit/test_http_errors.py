"""Each error arrives elsewhere as what it is here."""

import pytest

from toggle_mock import errors
from toggle_mock.errors import (
    CommandFailedError,
    ContractError,
    FaultSpecError,
    MissingExtraError,
    NoRelayError,
    NoReplyError,
    NotConnectedError,
    NotReceivedError,
    QueryError,
    RemoteError,
    SchemaError,
    SnapshotError,
    StorageError,
    ToggleMockError,
    TokenRefusedError,
    UnexpectedEventError,
    UnknownIdError,
)
from toggle_mock.http_api.bodies.base import Failure
from toggle_mock.http_api.errors import KINDS, UNFORESEEN, error_of, failure_of, http_status

STATUSES = {
    NotReceivedError: 409,
    UnexpectedEventError: 409,
    SnapshotError: 409,
    NotConnectedError: 409,
    NoRelayError: 409,
    MissingExtraError: 409,
    RemoteError: 409,
    TokenRefusedError: 409,
    ToggleMockError: 409,
    NoReplyError: 504,
    CommandFailedError: 502,
    QueryError: 400,
    FaultSpecError: 400,
    ContractError: 400,
    SchemaError: 400,
    StorageError: 400,
    UnknownIdError: 404,
    ValueError: 400,
    TypeError: 400,
    OverflowError: 400,
    RecursionError: 400,
    TimeoutError: 504,
}


def test_all_errors_of_the_mock_are_known():
    of_the_mock = {
        error
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, ToggleMockError)
    }
    assert set(KINDS.values()) == set(STATUSES) >= of_the_mock


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_error_goes_there_and_back(kind):
    back = error_of(failure_of(kind("what is wrong")))
    assert type(back) is kind
    assert str(back) == "what is wrong"


@pytest.mark.parametrize(("kind", "status"), STATUSES.items())
def test_an_error_has_its_http_status(kind, status):
    assert http_status(kind) == status


def test_an_error_that_is_not_known_is_what_it_derives_from():
    with pytest.raises(UnicodeDecodeError) as caught:
        b"\xff".decode()
    failure = failure_of(caught.value)
    assert failure.kind == "ValueError"
    assert type(error_of(failure)) is ValueError


def test_an_error_that_nobody_has_foreseen():
    failure = failure_of(ZeroDivisionError("division by zero"))
    assert http_status(ZeroDivisionError) == UNFORESEEN
    assert failure == Failure(error="division by zero", kind="ZeroDivisionError")
    assert type(error_of(failure)) is RemoteError
