"""The program that is judged: a process group of its own, which ends whatever it does."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from rodent_events import clock
from toggle_mock.contract.verdicts import Breach
from toggle_mock.errors import ContractError

_KEPT_BYTES = 64 * 1024
"""Of what it prints, the end is kept for the report."""

_PART = 64 * 1024
"""Bytes that are read at once."""

_LONGEST_LINE = 1024 * 1024
"""A longer line is taken in parts."""

_SHOWN = 2_000
"""Characters of what it has printed that an error shows."""

_WRITE_TIMEOUT = 30.0
"""Seconds that a program may leave its stdin unread."""

_KILLED = 10.0
"""Seconds that the system may take to end a process that was killed."""

_RUNNING: set[Program] = set()
"""Those of this process, until they are closed."""


def end_programs() -> None:
    """End all programs of this process, with all that they have started, at once."""
    for program in list(_RUNNING):
        program.end_group()


class Program:
    """A program under test, which runs from when it is made until it ends or is closed.

    Args:
        command: The program and its arguments.
        environment: All of its environment.
        folder: Where it is started.
        on_line: Is called with each line of its stdout, in a thread.

    Raises:
        ContractError: It cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], object] | None = None,
    ) -> None:
        try:
            self._process = subprocess.Popen(
                list(command),
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            where = "" if error.filename in {None, command[0]} else f": {error.filename}"
            raise ContractError(
                f"{command[0]} cannot be started: {error.strerror}{where}"
            ) from None
        _RUNNING.add(self)
        assert self._process.stdin is not None
        self._stdin = self._process.stdin
        os.set_blocking(self._stdin.fileno(), False)
        self._writing = threading.Lock()
        self.stdout: Final = Tail()
        self.stderr: Final = Tail()
        self._readers = [
            self._read(self._process.stdout, self.stdout, on_line),
            self._read(self._process.stderr, self.stderr, None),
        ]

    def _read(
        self, stream: IO[bytes] | None, tail: Tail, on_line: Callable[[str], object] | None
    ) -> threading.Thread:
        assert stream is not None

        def read() -> None:
            lines = Lines()
            with stream:
                while part := os.read(stream.fileno(), _PART):
                    tail.add(part)
                    if on_line is not None:
                        deque(map(on_line, lines.take(part)), maxlen=0)
            tail.ended.set()

        thread = threading.Thread(target=read, name="contract-reader", daemon=True)
        thread.start()
        return thread

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def write(self, line: str, timeout: float = _WRITE_TIMEOUT) -> None:
        """Write a line to its stdin.

        Args:
            line: The line, without its end.
            timeout: Seconds that it may leave what was written before unread.

        Raises:
            BrokenPipeError: It does not read any more: it has ended, or has closed its stdin.
            TimeoutError: It does not read what was written before.
        """
        rest = line.encode() + b"\n"
        end = clock.monotonic() + timeout
        with self._writing:
            while rest:
                try:
                    rest = rest[os.write(self._stdin.fileno(), rest) :]
                except BlockingIOError:
                    self._wait_for_room(end - clock.monotonic())

    def _wait_for_room(self, timeout: float) -> None:
        poll = select.poll()
        poll.register(self._stdin, select.POLLOUT)
        if timeout <= 0 or not poll.poll(timeout * 1000):
            raise TimeoutError("it does not read its stdin")

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it runs."""
        self._process.send_signal(number)

    def wait(self, timeout: float) -> int | None:
        """Wait for its end; returns its exit code, None if it still runs after so many seconds."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._drain()
        return code

    def close(self) -> None:
        """End it and all that it has started, at once."""
        self.end_group()
        with suppress(subprocess.TimeoutExpired):  # the system's own business
            self._process.wait(_KILLED)
        self._drain()
        self._stdin.close()
        _RUNNING.discard(self)

    def end_group(self) -> None:
        """Kill it and all that it has started; does not wait for their end."""
        if self in _RUNNING:  # after that the number may be another group's
            self._kill_group(signal.SIGKILL)

    @property
    def has_left_processes(self) -> bool:
        """Whether it has ended, and something that it has started has not."""
        return self.exit_code is not None and self in _RUNNING and self._kill_group(0)

    def _kill_group(self, number: int) -> bool:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):  # none is left, or only those of others
            return False
        return True

    def _drain(self) -> None:
        """Have what it printed last; a process that it has left behind may hold its stdout."""
        end = clock.monotonic() + 1.0
        for reader in self._readers:
            reader.join(max(0.0, end - clock.monotonic()))

    def ended(self) -> str:
        """How it has ended, and what it has printed last, as part of a sentence."""
        code = self.exit_code
        how = "it runs" if code is None else f"it has ended {_in_words(code)}"
        said = self.stderr.text.strip() or self.stdout.text.strip()
        return f"{how}; it has printed {said[-_SHOWN:]!r}" if said else f"{how} and printed nothing"

    def must_run(self) -> None:
        """See that it has not ended.

        Raises:
            Breach: It has.
        """
        if self.exit_code is not None:
            self._drain()
            raise Breach(self.ended())


def _in_words(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


class Lines:
    """Makes lines of what a program prints, part by part."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, part: bytes) -> list[str]:
        """The lines that end with this part, without their ends; one that is too long is cut."""
        whole, end, rest = (self._rest + part).rpartition(b"\n")
        if len(rest) > _LONGEST_LINE:
            whole, end, rest = whole + end + rest, b"\n", b""
        self._rest = rest
        return whole.decode("utf-8", "replace").split("\n") if end else []


class Tail:
    """The end of what a program prints. May be used from any thread."""

    ended: threading.Event
    """Is set when it prints nothing any more: it has ended, or has closed the stream."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.size: int = 0
        """Bytes that it has printed in all."""
        self._lock = threading.Lock()
        self._parts: deque[bytes] = deque()
        self._kept = 0

    def add(self, part: bytes) -> None:
        """It has printed this."""
        with self._lock:
            self.size += len(part)
            self._parts.append(part)
            self._kept += len(part)
            while self._kept - len(self._parts[0]) >= _KEPT_BYTES:
                self._kept -= len(self._parts.popleft())

    @property
    def text(self) -> str:
        """What is kept."""
        with self._lock:
            return b"".join(self._parts)[-_KEPT_BYTES:].decode("utf-8", "replace")
