"""The program that is judged: a process group of its own, which ends whatever it does."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from rodent_events import clock
from toggle_mock.contract.verdicts import Breach
from toggle_mock.errors import ContractError

_KEPT_BYTES = 64 * 1024
"""Of what it prints, the end is kept for the report."""

_LONGEST_LINE = 1024 * 1024
"""A longer line is taken in parts."""

_SHOWN = 2_000
"""Characters of what it has printed that an error shows."""


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
            raise ContractError(f"{command[0]} cannot be started: {error.strerror}") from None
        self.stdout, self.stderr = Tail(), Tail()
        self._readers = [
            self._read(self._process.stdout, self.stdout, on_line),
            self._read(self._process.stderr, self.stderr, None),
        ]

    def _read(
        self, stream: IO[bytes] | None, tail: Tail, on_line: Callable[[str], object] | None
    ) -> threading.Thread:
        assert stream is not None

        def read() -> None:
            with stream:
                while line := stream.readline(_LONGEST_LINE):
                    tail.add(line)
                    if on_line is not None:
                        on_line(line.decode("utf-8", "replace"))

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

    def write(self, line: str) -> None:
        """Write a line to its stdin.

        Raises:
            BrokenPipeError: It does not read any more.
        """
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(line.encode() + b"\n")
        stdin.flush()

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
        with suppress(ProcessLookupError):  # they have all ended
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._drain()
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # what was written last was not read
            stdin.close()

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


class Tail:
    """The end of what a program prints. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: deque[bytes] = deque()
        self._size = 0

    def add(self, part: bytes) -> None:
        """It has printed this."""
        part = part[-_KEPT_BYTES:]
        with self._lock:
            self._parts.append(part)
            self._size += len(part)
            while self._size > _KEPT_BYTES:
                self._size -= len(self._parts.popleft())

    @property
    def text(self) -> str:
        """What is kept."""
        with self._lock:
            return b"".join(self._parts).decode("utf-8", "replace")
