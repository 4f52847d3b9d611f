"""Who is told of what a simulated Rodent does: its calls, and what becomes of its events."""

from __future__ import annotations

from collections.abc import Sequence

from rodent_events.pb.events.event_messages_pb2 import Event


class Listener:
    """Is told, in the Rodent's event loop; does nothing with it unless a subclass does."""

    def called(self, method: str, seconds: float, failure: str | None, size: int = 0) -> None:
        """A call has ended, or a stream has opened.

        Args:
            method: ``Register``, ``Connect`` or ``SendEvents``.
            seconds: What it took until the answer, or until the stream was open.
            failure: Why it has failed; None if it has not.
            size: The bytes that were sent.
        """

    def answered(self, command: str, seconds: float) -> None:
        """A command of Toggle was answered, this long after it had come."""

    def accepted(self, events: Sequence[Event]) -> None:
        """Toggle has taken these events."""

    def given_up(self, events: Sequence[Event]) -> None:
        """The Rodent has lost these events, as its profile does."""
