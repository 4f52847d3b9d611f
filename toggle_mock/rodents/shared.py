"""Rodents of several servers that share a run, wherever each of them is connected.

What is read of them is in the copy of the run, which tells of the streams of all servers; what is
asked of one that has no stream here goes by letter, see :class:`Mail`.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import grpc

from rodent_events import clock
from rodent_events.pb.base_pb2 import ToggleRequest
from toggle_mock.errors import NotConnectedError, StorageError
from toggle_mock.recording.letters import Answer, Errand, Letter, ToEnd, ToSend
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.scope import TIMEOUT
from toggle_mock.rodents.mail import Mail, answer_of
from toggle_mock.rodents.register import RodentRegister
from toggle_mock.rodents.rodent import STREAMS, Rodent
from toggle_mock.rodents.stream import Ending, Stream

_DELIVERY = 1.0
"""Seconds that a letter takes at the most to get to a Rodent that is connected elsewhere."""

_LOOK = 0.2
"""Seconds after which who waits looks unasked."""


@dataclass(eq=False)
class SharedStream:
    """A stream at one of the servers that share the run."""

    call: RecordedCall
    """Its call, in the copy of the run."""
    server: int
    """The number of the server."""
    ending: bool = False
    """Whether it was told to end from here."""


class SharedRegister(RodentRegister):
    """All Rodents that have connected to one of the servers that share a run.

    Args:
        recording: The copy of the run.
        catch_up: Waits until all is copied that has come by now.
    """

    def __init__(self, recording: Recording, catch_up: Callable[[], None]) -> None:
        super().__init__()
        self.mail: Final = Mail(self)
        self._recording, self._catch_up = recording, catch_up
        recording.on_stream = self._copied

    def _new(self, rid: str, sub: str) -> Rodent:
        return SharedRodent(rid, sub, self)

    def catch_up(self) -> None:
        """See :meth:`RodentRegister.catch_up`."""
        self._catch_up()

    def wait_for(self, due: Callable[[], bool], timeout: float) -> bool:
        """See :meth:`RodentRegister.wait_for`."""
        return _wait(super().wait_for, due, timeout)

    def wait_for_one(self, due: Callable[[], bool], timeout: float) -> bool:
        """The same of a single Rodent; so it may be looked at with each entry of the run."""
        return _wait(self._recording.wait_until, due, timeout)

    def opened(self, stream: Stream) -> Rodent:
        """See :meth:`RodentRegister.opened`."""
        rodent = super().opened(stream)
        self.mail.opened(stream.call.rid, stream.call.sub)
        return rodent

    def _copied(self, call: RecordedCall, server: int) -> None:
        """The run tells of a stream, wherever it is."""
        with self.changed:
            rodent = self._connecting(call.rid, call.sub)
            assert isinstance(rodent, SharedRodent)  # there are no others here
            rodent.copied(SharedStream(call, server))
            self.changed.notify_all()

    # What letters from elsewhere ask

    def has(self, letter: Letter) -> bool:
        """Whether the Rodent that a letter is about has a stream here."""
        if letter.server is not None:
            return True  # whoever has written it has seen one, and is told if that has ended
        rodent = self.find(letter.rid, letter.sub)
        return rodent is not None and rodent.is_open_here

    def carry_out(self, letter: Letter, then: Callable[[Answer], None]) -> Callable[[], object]:
        """Do what a letter says; see :meth:`Streams.carry_out`."""
        rodent = self.find(letter.rid, letter.sub)
        ended = Answer(error=f"the stream of rodent {letter.rid} ended before it was asked")
        match letter.errand:
            case ToEnd(status, details):
                ending = Ending(grpc.StatusCode[status], details)
                then(Answer() if rodent is not None and rodent.end_streams(ending) else ended)
            case ToSend(raw, answer="") if rodent is not None:
                then(Answer() if rodent.send_here(raw) else ended)
            case ToSend(raw, answer) if rodent is not None:
                future = rodent.ask_here(ToggleRequest.FromString(raw), answer)
                if future is not None:
                    future.add_done_callback(lambda done: _tell(done, then))
                    return future.cancel
                then(ended)
            case _:
                then(ended)
        return lambda: None


class SharedRodent(Rodent):
    """A Rodent of one of several servers that share a run; see :class:`RodentHandle`.

    Args:
        rid: The id in its token.
        sub: Its organization.
        register: All that there are.
    """

    def __init__(self, rid: str, sub: str, register: SharedRegister) -> None:
        super().__init__(rid, sub)
        self._register, self._mail = register, register.mail
        self._copied_calls: list[RecordedCall] = []
        self._copied: list[SharedStream] = []
        """Those of its streams that were open when the last one was copied."""

    def copied(self, stream: SharedStream) -> None:
        """The run tells of a stream of it."""
        self._copied_calls = [*self._copied_calls[1 - STREAMS :], stream.call]
        self._copied = [*(one for one in self._copied if one.call.status is None), stream]

    def _catch_up(self) -> None:
        self._register.catch_up()

    @property
    def known_connected(self) -> bool:
        """See :attr:`Rodent.known_connected`."""
        return self.is_open_here or bool(self._elsewhere())

    @property
    def known_calls(self) -> list[RecordedCall]:
        """See :attr:`Rodent.known_calls`."""
        copied = self._copied_calls
        numbers = {call.number for call in copied}
        return [*copied, *(own for own in list(self._calls) if own.number not in numbers)]

    def _elsewhere(self) -> list[SharedStream]:
        """The streams that are open at other servers, which are not gone."""
        others = self._mail.gone | {self._mail.server}
        return [
            one
            for one in self._copied
            if one.call.status is None and not one.ending and one.server not in others
        ]

    def wait_connected(self, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.wait_connected`."""
        self._register.wait_for_one(lambda: self.known_connected and not self._expected, timeout)
        if not self.known_connected:
            raise self._not_connected(f"no Connect call of it is open after {timeout:g} s")

    def wait_disconnected(self, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.wait_disconnected`."""
        if not self._register.wait_for_one(self._is_away, timeout):
            raise TimeoutError(f"rodent {self.rid} is still connected after {timeout:g} s")

    def _is_away(self) -> bool:
        gone = self._mail.gone | {self._mail.server}
        return not self._streams and all(
            one.call.status is not None or one.server in gone for one in self._copied
        )

    # What Toggle sends

    def send(self, message: ToggleRequest | bytes, *, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.send`."""
        raw = message if isinstance(message, bytes) else message.SerializeToString()
        done = self._reach(lambda: self.send_here(raw, timeout), ToSend(raw), timeout)
        if isinstance(done, concurrent.futures.Future):
            self._told(done)

    def _ask(
        self, request: ToggleRequest, answer: str, timeout: float
    ) -> concurrent.futures.Future[Any]:
        errand = ToSend(request.SerializeToString(), answer)
        future: concurrent.futures.Future[Any] = self._reach(
            lambda: self.ask_here(request, answer, timeout), errand, timeout
        )
        return future

    def _disconnect(self, status: grpc.StatusCode, details: str) -> None:
        were_open = self.end_streams(Ending(status, details))
        if not were_open:
            self._catch_up()
        for stream in self._elsewhere():
            errand = ToEnd(status.name, details)
            try:
                self._told(self._write(errand, TIMEOUT, stream.server))
            except StorageError as error:
                raise self._unasked(error) from None
            stream.ending = were_open = True
        if not were_open:
            raise self._not_connected("there is no stream to end")

    def _reach(self, here: Callable[[], Any], errand: Errand, timeout: float) -> Any:
        """Do something here if a stream is open here, or else have it done elsewhere.

        Args:
            here: Does it here; what it gives is returned, and is false if no stream is open here.
            errand: The same for another server; a future of it is returned.
            timeout: Seconds for a stream that is still to come.
        """
        if done := here():
            return done
        try:
            return self._write(errand, timeout)
        except StorageError as error:
            # Only what connects to this server can be asked meanwhile.
            self._register.wait_for_one(lambda: self.is_open_here, timeout)
            if done := here():
                return done
            raise self._unasked(error) from None

    def _unasked(self, error: StorageError) -> NotConnectedError:
        return self._not_connected(
            f"no Connect call of it is open here, and other servers cannot be asked: {error}"
        )

    def _write(
        self, errand: Errand, timeout: float, server: int | None = None
    ) -> concurrent.futures.Future[Any]:
        """Have the server do something that has a stream of it, or gets one in time.

        Raises:
            NotConnectedError: None has.
            StorageError: The store is away, so others cannot be told.
        """
        if timeout < _DELIVERY:
            self._catch_up()
        patience = max(timeout, _DELIVERY) if self._elsewhere() else timeout
        letter = Letter(self.rid, self._sub or None, errand, server)
        future = self._mail.ask(letter, patience) if patience > 0.0 else None
        if future is None:
            raise self._not_connected(
                f"no Connect call of it is open after {timeout:g} s, at any server of the run"
            )
        return future

    def _told(self, future: concurrent.futures.Future[Any]) -> None:
        """Wait until the server has done it that has taken a letter."""
        try:
            future.result(TIMEOUT)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise self._not_connected(
                f"the server that it is connected to has not answered within {TIMEOUT:g} s"
            ) from None


def _wait(
    wait: Callable[[Callable[[], bool], float], bool], due: Callable[[], bool], timeout: float
) -> bool:
    """Wait some at a time: some of what may be so is told to nobody, as that a server is gone."""
    until = clock.monotonic() + timeout
    while not due():
        if (rest := until - clock.monotonic()) <= 0.0:
            return False
        wait(due, min(rest, _LOOK))
    return True


def _tell(done: concurrent.futures.Future[Any], then: Callable[[Answer], None]) -> None:
    if not done.cancelled():
        then(answer_of(done))
