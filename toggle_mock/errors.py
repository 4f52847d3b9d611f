"""The error tree.

ToggleMockError
├── NotReceivedError      (AssertionError)   what was expected did not arrive in time
├── UnexpectedEventError  (AssertionError)   something arrived that was not expected
├── SnapshotError         (AssertionError)   what arrived is not what a snapshot has
├── IncompatibleError     (AssertionError)   two schemas do not understand each other
├── QueryError            (ValueError)       a text is no query
├── FaultSpecError        (ValueError)       data describe no fault, or no scenario
├── ContractError         (ValueError)       what is said of a program to be judged means nothing
├── StorageError          (ValueError)       a file or a run is no recording, or cannot be one
├── SchemaError           (ValueError)       there is no such schema, or it cannot be read
├── UnknownIdError        (LookupError)      no session, call, fault or feed has this id
├── NotConnectedError     (ConnectionError)  the Rodent is not connected
├── NoReplyError          (TimeoutError)     the Rodent did not answer in time
├── CommandFailedError    (RuntimeError)     the Rodent answered that the command failed
├── NoRelayError          (RuntimeError)     a fault of the connection needs a relay
├── RemoteError           (RuntimeError)     a mock Toggle elsewhere does not do what was asked
├── MissingExtraError     (ImportError)      a library is missing that an extra brings
└── TokenRefusedError                        a call has no token, or none that is accepted

What is wrong with an argument is a ValueError or a TypeError, as everywhere. IncompatibleError is
defined in ``compat``, since it carries a report.
"""

from __future__ import annotations

import grpc

from toggle_mock.codes import CODES


class ToggleMockError(Exception):
    """The root of all errors that this package raises on purpose.

    Each has a note with its code, such as ``RE-301``, and the command that explains it.
    """

    def __init__(self, *args: object, **named: object) -> None:
        super().__init__(*args, **named)  # that of an ImportError has names
        self.add_note(CODES.note(type(self)))


class MissingExtraError(ToggleMockError, ImportError):
    """A library is missing that an extra brings; the text has the command that installs it."""


class NotReceivedError(ToggleMockError, AssertionError):
    """What was expected did not arrive in time; the text tells what did."""


class UnexpectedEventError(ToggleMockError, AssertionError):
    """Something arrived that was not expected; the text tells what."""


class SnapshotError(ToggleMockError, AssertionError):
    """What arrived is not what a snapshot has, or there is no such snapshot; the text tells how."""


class QueryError(ToggleMockError, ValueError):
    """A text is no query; the message shows where it goes wrong.

    Args:
        text: What is wrong.
        position: Where in the query, from 0 on, if it is known.
    """

    def __init__(self, text: str, position: int | None = None) -> None:
        super().__init__(text)
        self.position = position


class FaultSpecError(ToggleMockError, ValueError):
    """The data describe no fault, or no scenario.

    Args:
        text: What is wrong.
        key: The key in the data where it is wrong, if it is at one.
    """

    def __init__(self, text: str, key: str | None = None) -> None:
        super().__init__(text)
        self.key = key


class ContractError(ToggleMockError, ValueError):
    """What is said of a program that is to be judged means nothing."""


class StorageError(ToggleMockError, ValueError):
    """A file, or a run of a store, is no recording, or cannot be one."""


class SchemaError(ToggleMockError, ValueError):
    """There is no such schema, or it cannot be read."""


class UnknownIdError(ToggleMockError, LookupError):
    """No session, call, fault or feed has this id, or none has it any more."""


class NotConnectedError(ToggleMockError, ConnectionError):
    """The Rodent is not connected, or its stream ended before it answered."""


class NoReplyError(ToggleMockError, TimeoutError):
    """The Rodent did not answer in time."""


class CommandFailedError(ToggleMockError, RuntimeError):
    """The Rodent answered that the command failed."""


class NoRelayError(ToggleMockError, RuntimeError):
    """A fault of the connection needs a relay in front of the server, and there is none."""


class RemoteError(ToggleMockError, RuntimeError):
    """The server elsewhere does not do what was asked; the text tells why."""


class TokenRefusedError(ToggleMockError):
    """The call has no token, or none that is accepted; the text is for the caller.

    Args:
        text: What is wrong, in the words of somebody who has to mend it.
        code: The status that the call ends with.
    """

    def __init__(self, text: str, code: grpc.StatusCode = grpc.StatusCode.UNAUTHENTICATED) -> None:
        super().__init__(text)
        self.code = code
