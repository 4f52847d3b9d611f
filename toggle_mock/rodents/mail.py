"""Letters between servers that share a run: written, taken, answered; see :class:`Mail`.

Who asks something of a Rodent without a stream here writes a letter. Each server sees it; one that
has a stream of the Rodent, or gets one as long as the letter holds, takes it, which one alone can,
does what it says, and writes what has come of it. Nobody need know who is connected where.
"""

from __future__ import annotations

import concurrent.futures
import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias

from rodent_events import clock
from rodent_events.pb.base_pb2 import Acknowledgement, CommandResponse
from toggle_mock.codes import logger
from toggle_mock.errors import NotConnectedError, StorageError
from toggle_mock.recording.letters import Answer, Errand, Letter, StoredLetter, ToSend
from toggle_mock.rodents.stream import Reply

GRACE = 4.0
"""Seconds after which a server is gone whose locks nobody holds: it may be coming back."""


class Letters(Protocol):
    """Where letters are; see :class:`RunLetters`."""

    @property
    def server(self) -> int:
        """The number of this server."""

    def start(self, heard: Callable[[Sequence[StoredLetter], frozenset[int]], None]) -> None:
        """Have this told of letters, and of servers that are silent."""

    def stop(self) -> None:
        """Tell no more."""

    def close(self) -> None:
        """Nothing more is written."""

    def write(self, name: str, letter: Letter, seconds: float) -> None:
        """Write a letter that may be taken for so many seconds."""

    def take(self, name: str) -> bool:
        """Take a letter; whether it is this server's now."""

    def answer(self, name: str, answer: Answer) -> None:
        """Answer a letter."""

    def withdraw(self, name: str, *, also_taken: bool) -> bool:
        """Have a letter be no more; whether it was there."""


class Streams(Protocol):
    """The streams that are open at this server."""

    def has(self, letter: Letter) -> bool:
        """Whether one is of the Rodent that a letter is about."""

    def carry_out(self, letter: Letter, then: Callable[[Answer], None]) -> Callable[[], object]:
        """Do what a letter says; what it returns has nobody wait for the answer any more."""


# What follows from what is seen of letters


@dataclass(frozen=True)
class Take:
    """A letter is to be taken, and what it says to be done."""

    name: str
    letter: Letter


@dataclass(frozen=True)
class Taken:
    """A letter of this server was taken."""

    name: str


@dataclass(frozen=True)
class Answered:
    """A letter of this server has its answer."""

    name: str
    answer: Answer


@dataclass(frozen=True)
class Withdraw:
    """A letter of this server is there that nobody waits for."""

    name: str


@dataclass(frozen=True)
class Forget:
    """A letter that was taken here is answered, or is no more."""

    name: str


@dataclass(frozen=True)
class AnswerAgain:
    """The answer to a letter that was taken here has not been written."""

    name: str


Step: TypeAlias = Take | Taken | Answered | Withdraw | Forget | AnswerAgain
"""What is to be done."""


def steps(
    stored: Sequence[StoredLetter],
    server: int,
    *,
    asked: Collection[str],
    held: Collection[str],
    gone: Collection[int],
    has_stream: Callable[[Letter], bool],
) -> Iterator[Step]:
    """What is to be done here, by how letters stand.

    Args:
        stored: All letters that are this server's, or that nobody has taken.
        server: The number of this server.
        asked: The names of those that this server waits for.
        held: The names of those that this server is about.
        gone: The numbers of the servers that are gone.
        has_stream: Whether a stream is open here of the Rodent that a letter is about.
    """
    for one in stored:
        if one.asker == server:
            yield from _of_own(one, asked, gone)
        if one.name in held:
            if one.answer is not None:
                yield Forget(one.name)
            elif one.taker == server:
                yield AnswerAgain(one.name)
        elif one.answer is None and (
            one.taker == server or (_may_be_taken(one, server) and has_stream(one.letter))
        ):
            yield Take(one.name, one.letter)
    standing = {one.name for one in stored}
    yield from (Forget(name) for name in held if name not in standing)


def _of_own(one: StoredLetter, asked: Collection[str], gone: Collection[int]) -> Iterator[Step]:
    if one.name not in asked:
        yield Withdraw(one.name)
    elif one.answer is not None:
        yield Answered(one.name, one.answer)
    elif one.taker in gone:
        yield Answered(one.name, Answer(error="the server that it was connected to is gone"))
    elif one.taker is not None:
        yield Taken(one.name)


def _may_be_taken(one: StoredLetter, server: int) -> bool:
    return one.taker is None and one.letter.server in {None, server}


def result_of(errand: Errand, answer: Answer) -> Reply | Acknowledgement | None:
    """What comes of what was asked.

    Raises:
        NotConnectedError: The Rodent's stream had ended.
    """
    if answer.error:
        raise NotConnectedError(answer.error)
    match errand:
        case ToSend(answer="command_response"):
            return Reply(CommandResponse.FromString(answer.raw), answer.request_id)
        case ToSend(answer="ack"):
            return Acknowledgement.FromString(answer.raw)
    return None


def answer_of(result: concurrent.futures.Future[Any]) -> Answer:
    """The same, as it is written."""
    if error := result.exception():
        return Answer(error=str(error))
    value = result.result()
    if isinstance(value, Reply):
        return Answer(value.message.SerializeToString(), value.request_id)
    return Answer(value.SerializeToString())


class Absences:
    """Which servers are gone: those that are silent for a while."""

    def __init__(self) -> None:
        self._since: Mapping[int, float] | None = None

    def gone(self, silent: Collection[int], now: float) -> frozenset[int]:
        """Those that are gone.

        Args:
            silent: Those that are silent now; at the first time, they have been for long.
            now: Seconds, by a clock that only goes on.
        """
        known = dict.fromkeys(silent, now - GRACE) if self._since is None else self._since
        self._since = {one: known.get(one, now) for one in silent}
        return frozenset(one for one, since in self._since.items() if now - since >= GRACE)


# What does it


@dataclass(eq=False)
class _Asked:
    """A letter of this server, until it is answered."""

    letter: Letter
    future: concurrent.futures.Future[Any] = field(default_factory=concurrent.futures.Future)
    taken: threading.Event = field(default_factory=threading.Event)


@dataclass(eq=False)
class _Held:
    """A letter that this server has taken, or is about to."""

    answer: Answer | None = None
    cancel: Callable[[], object] = lambda: None


class Mail:
    """A server's part in the letters of a run. For any number of threads.

    Args:
        streams: Those that are open here.
    """

    def __init__(self, streams: Streams) -> None:
        self.gone: frozenset[int] = frozenset()
        """The numbers of the servers that are gone."""
        self._streams = streams
        self._lock = threading.Lock()
        self._letters: Letters | None = None
        self._absences = Absences()
        self._asked: dict[str, _Asked] = {}
        self._held: dict[str, _Held] = {}
        self._waiting: dict[str, Letter] = {}
        """Those that nobody had taken when they were seen last."""
        self._tasks: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    @property
    def server(self) -> int:
        """The number of this server; 0 while it takes no part."""
        letters = self._letters
        return letters.server if letters is not None else 0

    def start(self, letters: Letters) -> None:
        """Take part.

        Raises:
            StorageError: The store cannot be used.
        """
        self._letters, self._absences, self._tasks = letters, Absences(), SimpleQueue()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="toggle-letters", daemon=True)
        self._thread.start()
        try:
            letters.start(self._heard)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Take part no more: who waits for an answer is told, and what is to be written is."""
        letters, thread = self._letters, self._thread
        if letters is None or thread is None:
            return
        letters.stop()
        for one in list(self._asked.values()):
            self._settle(one, Answer(error="the server that was asked was stopped"))
        self._is_stopping = True
        self._tasks.put(None)
        thread.join()
        letters.close()
        self._letters = self._thread = None
        self._held.clear()
        self._waiting.clear()

    def ask(self, letter: Letter, timeout: float) -> concurrent.futures.Future[Any] | None:
        """Write a letter, and wait until it is taken.

        Args:
            letter: What is asked.
            timeout: Seconds in which it is to be taken.

        Returns:
            What comes of it, see :func:`result_of`; None if nobody has taken it.

        Raises:
            StorageError: The store cannot be used.
        """
        letters, name, one = self._letters, secrets.token_hex(16), _Asked(letter)
        if letters is None:
            raise StorageError("this server does not run")
        with self._lock:
            self._asked[name] = one
        one.future.add_done_callback(lambda _: self._done(letters, name))
        is_taken = False
        try:
            letters.write(name, letter, timeout)
            is_taken = one.taken.wait(timeout) or not letters.withdraw(name, also_taken=False)
        finally:
            if not is_taken:
                one.future.cancel()
        return one.future if is_taken else None

    def opened(self, rid: str, sub: str) -> None:
        """A stream of a Rodent was opened here: it takes what waits for it. It does not block."""
        with self._lock:
            for name, letter in self._waiting.items():
                is_for_it = letter.rid == rid and letter.sub in {None, sub}
                if is_for_it and letter.server in {None, self.server} and name not in self._held:
                    self._hold(name, letter)

    # How letters stand

    def _heard(self, stored: Sequence[StoredLetter], silent: frozenset[int]) -> None:
        own = self.server
        self.gone = self._absences.gone(silent - {own}, clock.monotonic())
        with self._lock:
            self._waiting = {one.name: one.letter for one in stored if one.taker is None}
            due = list(
                steps(
                    stored,
                    own,
                    asked=self._asked,
                    held=self._held,
                    gone=self.gone,
                    has_stream=self._streams.has,
                )
            )
            taken = [self._asked[one.name] for one in due if isinstance(one, Taken)]
            answered = [
                (self._asked[one.name], one.answer) for one in due if isinstance(one, Answered)
            ]
            forgotten = [self._held.pop(one.name) for one in due if isinstance(one, Forget)]
            for step in due:
                self._carry_on(step)
        for asked in taken:
            asked.taken.set()
        for asked, answer in answered:
            self._settle(asked, answer)
        for held in forgotten:
            held.cancel()

    def _carry_on(self, step: Step) -> None:
        """Do what is to be done at the store, on the thread for that; under the lock."""
        letters = self._letters
        assert letters is not None  # or it would not be heard
        match step:
            case Take(name, letter):
                self._hold(name, letter)
            case Withdraw(name):
                self._tasks.put(partial(letters.withdraw, name, also_taken=True))
            case AnswerAgain(name) if (answer := self._held[name].answer) is not None:
                self._tasks.put(partial(letters.answer, name, answer))

    @staticmethod
    def _settle(asked: _Asked, answer: Answer) -> None:
        """Who has asked gets what has come of it."""
        asked.taken.set()
        if not asked.future.set_running_or_notify_cancel():
            return
        try:
            asked.future.set_result(result_of(asked.letter.errand, answer))
        except NotConnectedError as error:
            asked.future.set_exception(error)

    def _done(self, letters: Letters, name: str) -> None:
        """Nobody waits for a letter any more."""
        with self._lock:
            self._asked.pop(name, None)
        self._tasks.put(partial(letters.withdraw, name, also_taken=True))

    # What is taken here

    def _hold(self, name: str, letter: Letter) -> None:
        self._held[name] = held = _Held()
        self._tasks.put(partial(self._take, name, letter, held))

    def _take(self, name: str, letter: Letter, held: _Held) -> None:
        letters, is_taken = self._letters, False
        assert letters is not None  # or it would not run
        try:
            is_taken = letters.take(name)
        finally:
            if not is_taken:
                with self._lock:
                    self._held.pop(name, None)
        if is_taken:
            self._carry_out(letter, held, partial(self._answer, name, held))

    def _carry_out(self, letter: Letter, held: _Held, then: Callable[[Answer], None]) -> None:
        try:
            held.cancel = self._streams.carry_out(letter, then)
        except Exception as error:  # whatever it is, who has asked is told
            logger.exception(
                "%s: what another server asks of a Rodent here could not be done", self._letters
            )
            then(Answer(error=f"the server that it is connected to has failed: {error!r}"))

    def _answer(self, name: str, held: _Held, answer: Answer) -> None:
        letters = self._letters
        with self._lock:
            held.answer = answer
            if letters is not None and self._held.get(name) is held:
                self._tasks.put(partial(letters.answer, name, answer))

    def _run(self) -> None:
        has_failed = False
        while (task := self._tasks.get()) is not None:
            if has_failed and self._is_stopping:
                continue  # the store is away: who stops does not wait for it with each
            try:
                task()
                has_failed = False
            except StorageError as error:  # how letters stand is looked at again, and so is this
                if not has_failed:
                    logger.warning(
                        "%s: what other servers ask of Rodents here waits: %s",
                        self._letters,
                        error,
                    )
                has_failed = True
