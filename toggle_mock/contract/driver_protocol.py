"""The driver protocol, as who gives the commands sees it: a JSON line for each, and one as answer.

::

    ← {"ready": true}
    → {"id": 1, "emit": {"payload": "StoragePoolPayload", "fields": {"poolName": "tank"}}}
    ← {"id": 1, "accepted": 1}
    → {"id": 2, "flush": {"timeout": 10}}
    ← {"id": 2, "complete": true}
    → {"id": 3, "stats": {}}
    ← {"id": 3, "stats": {…}}
    → {"id": 4, "shutdown": {"timeout": 10}}
    ← {"id": 4, "complete": true}
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from rodent_events import clock
from toggle_mock.contract.program import Tail
from toggle_mock.contract.verdicts import Breach
from toggle_mock.wording import shortened

T = TypeVar("T")

MARK = "mark"
"""The key of the metadata by which an event is known again that a driver was told to emit."""

STATS_PLACES = ("delivered", "waiting", "filtered", "dropped", "quarantined")
"""Where an event is in the end, or for now, as a driver counts them."""

_LOOK_AGAIN = 0.2
"""Seconds after which is looked whether a program that says nothing still runs."""

_OTHERS = 100
"""Lines that are no answers, of which so many are kept."""

_LAST_WORDS = 1.0
"""Seconds until a program that has closed its stdout or stdin has ended, if that is why."""


class Replies:
    """What a driver has said on its stdout. Its lines may come from any thread."""

    def __init__(self) -> None:
        self.changed: Final = threading.Condition()
        self.ready: bool = False
        self.others: list[str] = []
        """Lines that are no answers, the first of them."""
        self._by_id: dict[int, Mapping[str, Any]] = {}

    def take(self, line: str) -> None:
        """It has printed a line."""
        reply = _object_in(line)
        if reply is None:
            self._keep(line)
            return
        with self.changed:
            if reply.get("ready") is True:
                self.ready = True
            elif isinstance(number := reply.get("id"), int):
                self._by_id[number] = reply
            else:
                self._keep(line)
            self.changed.notify_all()

    def _keep(self, line: str) -> None:
        if len(self.others) < _OTHERS:
            self.others.append(line)

    def pop(self, number: int) -> Mapping[str, Any] | None:
        """The answer to a command; None if there is none yet. The lock is held."""
        return self._by_id.pop(number, None)


def _object_in(line: str) -> dict[str, Any] | None:
    """The JSON object that a line is; None if it is none, as most lines of a log."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


def _round(seconds: float) -> float:
    """Seconds as they are told; what is left of a time for several may be none."""
    return round(max(0.0, seconds), 2)


class Commanded(Protocol):
    """A program that is given commands, such as a :class:`toggle_mock.contract.program.Program`."""

    @property
    def stdout(self) -> Tail:
        """What it has printed."""

    @property
    def exit_code(self) -> int | None:
        """Its exit code; None while it runs."""

    def write(self, line: str, timeout: float) -> None:
        """Write a line to its stdin.

        Raises:
            TimeoutError: It has not read it within so many seconds.
        """

    def wait(self, timeout: float) -> int | None:
        """Wait for its end; its exit code, None if it still runs after so many seconds."""

    def ended(self) -> str:
        """How it has ended, as part of a sentence."""


class Driver:
    """Gives commands to a program that speaks the driver protocol.

    Args:
        program: The program.
        replies: What it says.
    """

    def __init__(self, program: Commanded, replies: Replies) -> None:
        self._program, self._replies = program, replies
        self._numbers = itertools.count(1)

    def wait_ready(self, timeout: float) -> None:
        """Wait for its first line.

        Raises:
            Breach: It does not come within so many seconds.
        """
        self._wait(lambda: self._replies.ready or None, timeout, '{"ready": true}')

    def ask(self, command: str, arguments: Mapping[str, Any], timeout: float) -> Mapping[str, Any]:
        """Give a command, and wait for the answer.

        Args:
            command: ``emit``, ``flush``, ``shutdown`` or ``stats``.
            arguments: What goes with it.
            timeout: Seconds until the answer is there.

        Raises:
            Breach: It answers with an error, or not at all.
        """
        return self.ask_all([(command, arguments)], timeout)[0]

    def ask_all(
        self, commands: Sequence[tuple[str, Mapping[str, Any]]], timeout: float
    ) -> list[Mapping[str, Any]]:
        """Give commands one after the other, and wait for the answers to all.

        Raises:
            Breach: One is answered with an error, or not at all.
        """
        end = clock.monotonic() + timeout
        numbers = [
            self.give(command, arguments, end - clock.monotonic())
            for command, arguments in commands
        ]
        return [
            self.answer(number, command, end - clock.monotonic())
            for number, (command, _) in zip(numbers, commands, strict=True)
        ]

    def give(self, command: str, arguments: Mapping[str, Any], timeout: float = 30.0) -> int:
        """Give a command; returns its number, for :meth:`answer`.

        Args:
            command: As for :meth:`ask`.
            arguments: What goes with it.
            timeout: Seconds that the program may leave earlier commands unread.

        Raises:
            Breach: The program has ended, or does not read its stdin.
        """
        number = next(self._numbers)
        line = msgspec.json.encode({"id": number, command: arguments}).decode()
        try:
            self._program.write(line, timeout)
        except TimeoutError:
            raise Breach(
                f"the driver does not read its stdin: {command}, command {number}, cannot be "
                f"written within {_round(timeout):g} s"
            ) from None
        except (BrokenPipeError, ValueError):
            self._program.wait(_LAST_WORDS)
            raise Breach(f"it does not read commands: {self._program.ended()}") from None
        return number

    def answer(self, number: int, command: str, timeout: float) -> Mapping[str, Any]:
        """Wait for the answer to a command.

        Raises:
            Breach: It is an error, or does not come.
        """
        reply = self.reply(number, command, timeout)
        if "error" in reply:
            raise Breach(f"the driver answers {command} with the error {reply['error']!r}")
        return reply

    def has_answered(self, number: int) -> bool:
        """Whether it has answered a command by now, without an error."""
        with self._replies.changed:
            reply = self._replies.pop(number)
        return reply is not None and "error" not in reply

    def reply(self, number: int, command: str, timeout: float) -> Mapping[str, Any]:
        """Wait for the answer to a command, which may be an error.

        Raises:
            Breach: It does not come.
        """
        reply: Mapping[str, Any] = self._wait(
            lambda: self._replies.pop(number), timeout, f"an answer to {command}"
        )
        return reply

    def _wait(self, found: Callable[[], T | None], timeout: float, what: str) -> T:
        end = clock.monotonic() + timeout
        with self._replies.changed:
            while (value := found()) is None:
                left = end - clock.monotonic()
                if left <= 0 or self._is_silent():
                    break
                self._replies.changed.wait(min(left, _LOOK_AGAIN))
        if value is not None:
            return value
        code = self._program.wait(_LAST_WORDS if self._program.stdout.ended.is_set() else 0)
        with self._replies.changed:  # its last words
            if (value := found()) is not None:
                return value
        missing = f"the driver has not printed {what}"
        if code is not None:
            raise Breach(f"{missing}: {self._program.ended()}")
        if self._program.stdout.ended.is_set():
            raise Breach(f"{missing}: it has closed its stdout")
        raise Breach(f"{missing} within {_round(timeout):g} s{self._noise()}")

    def _is_silent(self) -> bool:
        return self._program.stdout.ended.is_set() or self._program.exit_code is not None

    def _noise(self) -> str:
        others, size = self._replies.others, self._program.stdout.size
        if not others:
            is_noise = size and not self._replies.ready
            return f", but {size:,} bytes without an end of line" if is_noise else ""
        return f", but {shortened(others[0])!r}, which is no answer; {size:,} bytes in all"
