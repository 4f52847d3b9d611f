"""What a test sees of a mock Toggle: what arrived, and what answers are scripted."""

from __future__ import annotations

from abc import ABC, abstractmethod

from toggle_mock.assertions.assertions import Questions
from toggle_mock.faults.book import Book, FaultBook
from toggle_mock.faults.control import CallFaults, Faults
from toggle_mock.faults.script import Script
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.scope import Scope
from toggle_mock.rodents.register import RodentRegister, Rodents


class Toggle(Questions, ABC):
    """A mock Toggle, here or elsewhere, or the part of it that is in a scope.

    Args:
        recording: What arrived.
        scope: Whose records are meant, and whose calls fail.
        book: Where faults of calls are put in force.
    """

    faults: CallFaults
    """What can go wrong on command."""

    def __init__(self, recording: Recording, scope: Scope, book: Book) -> None:
        super().__init__(recording, scope)
        self.book = book
        """The faults of calls that are in force."""

    @property
    @abstractmethod
    def address(self) -> str:
        """``host:port``, for a client's target."""

    @abstractmethod
    def jwt(
        self,
        *,
        rid: str | None = None,
        sub: str | None = None,
        prv: bool = True,
        expires_in: float = 3600.0,
        **claims: object,
    ) -> str:
        """A token for a Rodent; see :meth:`Tokens.issue`."""

    @property
    def on_register(self) -> Script:
        """Scripts what Register answers."""
        return Script(self.book, "Register", self.scope)

    @property
    def on_connect(self) -> Script:
        """Scripts what becomes of Connect."""
        return Script(self.book, "Connect", self.scope)

    @property
    def on_send_events(self) -> Script:
        """Scripts what SendEvents answers."""
        return Script(self.book, "SendEvents", self.scope)


class LocalToggle(Toggle):
    """A mock Toggle in this process, or the part of it that is in a scope.

    Args:
        recording: What arrived.
        scope: Whose records are meant, and whose calls fail.
        book: The faults of calls that are in force.
        rodent_register: The Rodents that have connected.
    """

    faults: Faults
    """What can go wrong on command."""
    book: FaultBook
    """The faults of calls that are in force."""

    def __init__(
        self,
        recording: Recording,
        scope: Scope,
        book: FaultBook,
        rodent_register: RodentRegister,
    ) -> None:
        super().__init__(recording, scope, book)
        self.rodent_register = rodent_register
        """The Rodents that have connected."""

    @property
    def rodents(self) -> Rodents:
        """The Rodents that are or were connected, by their rid."""
        return Rodents(self.rodent_register, self.scope)
