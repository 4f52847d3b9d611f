"""Where what happens is recorded, and who is told of it as well: a file, a copy elsewhere."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Final

from toggle_mock.recording.decoded import DecodedBatches
from toggle_mock.recording.entries import Entry
from toggle_mock.recording.records import Metadata, RecordedCall, RecordedMessage
from toggle_mock.recording.refusals import Refusal


class Sink(ABC):
    """Who is told what is recorded, as it happens."""

    failure: str | None = None
    """Why it takes no more, for example since the disk is full; None while it does."""

    @abstractmethod
    def write(self, entry: Entry, about: RecordedCall | Refusal | None) -> None:
        """Take an entry, and the call or refusal it is about; under a lock, so for later."""

    @property
    def behind(self) -> bool:
        """Whether there are entries that are not where they are to go."""
        return False

    def when_written(self, then: Callable[[], None]) -> None:
        """Call back once all entries of before are where they are to go; on any thread."""
        then()

    @abstractmethod
    def close(self) -> None:
        """Nothing more comes."""


class Recorder(ABC):
    """Takes what happens, and tells its sinks of it. For any number of threads."""

    def __init__(self) -> None:
        self.sinks: list[Sink] = []
        """Who is told of it as well."""
        self.decoded: Final = DecodedBatches()
        """The decoded form of the batches that were looked at last."""

    @abstractmethod
    def begin(self, call: RecordedCall) -> None:
        """Record a call that has just arrived."""

    @abstractmethod
    def message(
        self, call: RecordedCall, raw: bytes, *, sent: bool, at: float | None = None
    ) -> RecordedMessage:
        """Record a message of a call; ``at`` in seconds since the epoch, if that is not now."""

    @abstractmethod
    def opened(self, call: RecordedCall) -> None:
        """A Connect call has become a stream."""

    @abstractmethod
    def accept(self, call: RecordedCall, raw: bytes, *, batch_id: str, count: int) -> None:
        """Record that a call's batch was accepted."""

    @abstractmethod
    def end(
        self,
        call: RecordedCall,
        status: str,
        details: str = "",
        trailers: Metadata = (),
        at: float | None = None,
    ) -> None:
        """Record how a call ended; ``at`` in seconds since the epoch, if that is not now."""

    @abstractmethod
    def refuse(self, refusal: Refusal) -> None:
        """Record that a call or a connection was turned away."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything, except for the numbers; in the files as well."""

    @property
    def failure(self) -> str | None:
        """Why a file is written to no more, for example since the disk is full; None if all are."""
        return next((sink.failure for sink in list(self.sinks) if sink.failure), None)

    @property
    def behind(self) -> bool:
        """Whether something that is recorded is not in the files yet."""
        return any(sink.behind for sink in list(self.sinks))

    def when_written(self, then: Callable[[], None]) -> None:
        """Call back once all that is recorded so far is in the files; on any thread."""
        for sink in list(self.sinks):
            then = partial(sink.when_written, then)
        then()

    def _tell(self, entry_of: Callable[[], Entry], about: RecordedCall | Refusal | None) -> None:
        if self.sinks:
            entry = entry_of()
            for sink in self.sinks:
                sink.write(entry, about)

    def _wait_written(self) -> None:
        written = threading.Event()
        self.when_written(written.set)
        written.wait()
