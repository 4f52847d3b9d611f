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
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rodent_events import clock
from toggle_mock.contract.program import Program
from toggle_mock.contract.verdicts import Breach
from toggle_mock.wording import shortened

_LOOK_AGAIN = 0.2
"""Seconds after which is looked whether a program that says nothing still runs."""


class Replies:
    """What a driver has said on its stdout. Its lines may come from any thread."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.ready = False
        self.others: list[str] = []
        """Lines that are no answers, the first hundred."""
        self._by_id: dict[int, Mapping[str, Any]] = {}

    def take(self, line: str) -> None:
        """It has printed a line."""
        try:
            reply = msgspec.json.decode(line)
        except msgspec.DecodeError:
            reply = None
        with self.changed:
            if isinstance(reply, dict) and reply.get("ready") is True:
                self.ready = True
            elif isinstance(reply, dict) and isinstance(reply.get("id"), int):
                self._by_id[reply["id"]] = reply
            elif len(self.others) < 100:
                self.others.append(line)
            self.changed.notify_all()

    def pop(self, number: int) -> Mapping[str, Any] | None:
        """The answer to a command; None if there is none yet. The lock is held."""
        return self._by_id.pop(number, None)


class Driver:
    """Gives commands to a program that speaks the driver protocol.

    Args:
        program: The program.
        replies: What it says.
    """

    def __init__(self, program: Program, replies: Replies) -> None:
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
        numbers = [self.give(command, arguments) for command, arguments in commands]
        end = clock.monotonic() + timeout
        return [
            self.answer(number, command, end - clock.monotonic())
            for number, (command, _) in zip(numbers, commands, strict=True)
        ]

    def give(self, command: str, arguments: Mapping[str, Any]) -> int:
        """Give a command; returns its number, for :meth:`answer`.

        Raises:
            Breach: The program has ended.
        """
        number = next(self._numbers)
        line = msgspec.json.encode({"id": number, command: arguments}).decode()
        try:
            self._program.write(line)
        except (BrokenPipeError, ValueError):
            self._program.wait(1.0)
            raise Breach(f"it does not read commands: {self._program.ended()}") from None
        return number

    def answer(self, number: int, command: str, timeout: float) -> Mapping[str, Any]:
        """Wait for the answer to a command.

        Raises:
            Breach: It is an error, or does not come.
        """
        reply: Mapping[str, Any] = self._wait(
            lambda: self._replies.pop(number), timeout, f"an answer to {command}"
        )
        if "error" in reply:
            raise Breach(f"the driver answers {command} with the error {reply['error']!r}")
        return reply

    def has_answered(self, number: int) -> bool:
        """Whether it has answered a command by now, without an error."""
        with self._replies.changed:
            reply = self._replies.pop(number)
        return reply is not None and "error" not in reply

    def _wait(self, found: Any, timeout: float, what: str) -> Any:
        end = clock.monotonic() + timeout
        with self._replies.changed:
            while (value := found()) is None:
                left = end - clock.monotonic()
                if left <= 0 or self._program.exit_code is not None:
                    break
                self._replies.changed.wait(min(left, _LOOK_AGAIN))
        if value is not None:
            return value
        if self._program.wait(0) is None:
            raise Breach(f"the driver has not printed {what} within {timeout:g} s{self._noise()}")
        with self._replies.changed:  # its last words
            if (value := found()) is not None:
                return value
        raise Breach(f"the driver has not printed {what}: {self._program.ended()}")

    def _noise(self) -> str:
        others = self._replies.others
        return f", but {shortened(others[0])!r}, which is no answer" if others else ""
