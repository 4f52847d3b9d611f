"""The error tree.

RodentEventsError
├── ConfigError             (ValueError)    a setting is unknown, has a wrong value, or contradicts
├── EventTypeError          (TypeError)     something given to emit has a wrong type
├── EventValueError         (ValueError)    something given to emit has a wrong value
├── AlreadyInitializedError (RuntimeError)  initialize was called twice
├── NotInitializedError     (RuntimeError)  a call that needs initialize came before it
├── SpoolError              (OSError)       a spool folder or file cannot be used
└── UnsupportedError        (RuntimeError)  such a program cannot deliver, or run a mock
"""

from __future__ import annotations

from rodent_events.codes import CODES


class RodentEventsError(Exception):
    """The root of all errors that this package raises on purpose.

    Each has a note with its code, such as ``RE-101``, and the command that explains it.
    """

    def __init__(self, *args: object, **named: object) -> None:
        super().__init__(*args, **named)  # that of an ImportError has names
        self.add_note(CODES.note(type(self)))


class ConfigError(RodentEventsError, ValueError):
    """A setting is unknown, has a wrong value, or contradicts another."""


class EventTypeError(RodentEventsError, TypeError):
    """Something given to emit has a wrong type."""


class EventValueError(RodentEventsError, ValueError):
    """Something given to emit has a wrong value."""


class AlreadyInitializedError(RodentEventsError, RuntimeError):
    """``initialize`` was called while the global bus runs."""


class NotInitializedError(RodentEventsError, RuntimeError):
    """The call needs ``initialize`` before it."""


class SpoolError(RodentEventsError, OSError):
    """A spool folder or file cannot be used."""


class UnsupportedError(RodentEventsError, RuntimeError):
    """In a program such as this nothing can be delivered: eventlet has replaced its threads.

    Or no mock Toggle can run, since gevent or eventlet has.
    """


def wrong_payload(emitter: str, wanted: type, given: object) -> EventTypeError:
    """The error of a typed emitter that was given something else than its payload."""
    return EventTypeError(
        f"{emitter}() takes a {wanted.__name__}, got {describe(given)}. "
        f"Check the order of the arguments, or use emit() for any payload type."
    )


def describe(value: object) -> str:
    """A value for an error message: its type, and the value itself where it is short."""
    text = repr(value)
    name = type(value).__name__
    return f"{name} {text}" if len(text) <= 60 and "\n" not in text else name
