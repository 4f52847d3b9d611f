"""How an agent is started: a program of anybody's, or ``rodent_events`` in a forked process."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from rodent_events import clock
from toggle_mock.contract.driver_protocol import Commanded
from toggle_mock.contract.launching import inherited, start_rodent
from toggle_mock.contract.program import Program, Tail
from toggle_mock.contract.settings import RodentContract
from toggle_mock.errors import ContractError

_START_TIMEOUT = 30.0
"""Seconds until a forked process must have read what it is to be."""

OnLine = Callable[[str], object]


class AgentProcess(Commanded, Protocol):
    """An agent that runs; a :class:`toggle_mock.contract.program.Program` is one."""

    def signal(self, number: int) -> None:
        """Send it a signal."""

    def close(self) -> None:
        """End it at once, with all that it has started."""


class Launcher(Protocol):
    """Starts agents. Several players may have theirs started by one, each from a thread."""

    def start(self, environment: Mapping[str, str], folder: Path, on_line: OnLine) -> AgentProcess:
        """Start one.

        Args:
            environment: What it is told.
            folder: Where it is started.
            on_line: Is called with each line of its stdout, in a thread.

        Raises:
            ContractError: It cannot be started.
        """

    def retire(self, process: AgentProcess, timeout: float) -> bool:
        """See that an agent ends that has shut down.

        Returns:
            Whether it has, within so many seconds.
        """

    def close(self) -> None:
        """Start no more."""


class ProgramLauncher:
    """Starts a program.

    Args:
        contract: What is said of it.
    """

    def __init__(self, contract: RodentContract) -> None:
        self._contract = contract

    def start(self, environment: Mapping[str, str], folder: Path, on_line: OnLine) -> Program:
        """See :meth:`Launcher.start`."""
        return start_rodent(self._contract, environment, folder, on_line, where=folder)

    def retire(self, process: AgentProcess, timeout: float) -> bool:
        """See :meth:`Launcher.retire`."""
        has_ended = process.wait(timeout) is not None
        process.close()
        return has_ended

    def close(self) -> None:
        """See :meth:`Launcher.close`: each program is ended by who has started it."""


class ForkLauncher:
    """Starts ``rodent_events`` again and again, in forks of a process that has it loaded.

    A fork that has shut down in order, which nobody has ended, is the next agent as well: half of
    the time of a start is that gRPC gets ready.

    Args:
        command: The server that forks; see :mod:`toggle_mock.contract.explore.fork_server`.
    """

    def __init__(
        self,
        command: Sequence[str] = (
            sys.executable,
            "-m",
            "toggle_mock.contract.explore.fork_server",
        ),
    ) -> None:
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket
        self._lock = threading.Lock()
        self._idle: list[ForkedProcess] = []

    def close(self) -> None:
        """End the server, and the agents that have retired; others are those of their starters."""
        while self._idle:
            self._idle.pop().close()
        if self._process is not None:
            self._channel.close()
            self._process.wait()
            self._process = None

    def start(self, environment: Mapping[str, str], folder: Path, on_line: OnLine) -> ForkedProcess:
        """See :meth:`Launcher.start`."""
        request = {
            "environment": dict(environment),
            "folder": str(folder),
            "log": str(folder / "log"),
        }
        process = self._again()
        process.log, process.on_line = folder / "log", on_line
        process.write(json.dumps(request), _START_TIMEOUT)
        return process

    def retire(self, process: AgentProcess, _timeout: float) -> bool:
        """See :meth:`Launcher.retire`."""
        assert isinstance(process, ForkedProcess)
        self._idle.append(process)
        return True

    def _again(self) -> ForkedProcess:
        """One that has retired, or a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._fork()

    def _fork(self) -> ForkedProcess:
        with self._lock:
            if self._process is None:
                self._begin()
            ours, theirs = socket.socketpair()
            with theirs:
                pid = self._ask({"fork": True}, [theirs.fileno()])["pid"]
        return ForkedProcess(pid, ours, self._exit_code)

    def _begin(self) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=inherited(),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _exit_code(self, pid: int) -> int:
        with self._lock:
            return self._ask({"wait": pid}, [])["code"]

    def _ask(self, request: Mapping[str, object], descriptors: list[int]) -> dict[str, int]:
        message = json.dumps(request).encode() + b"\n"
        try:
            socket.send_fds(self._channel, [message], descriptors)
            answer = b""
            while not answer.endswith(b"\n"):
                part = self._channel.recv(4096)
                if not part:
                    raise ConnectionResetError
                answer += part
        except ConnectionError:
            raise ContractError(f"{' '.join(self._command)} has ended") from None
        decoded: dict[str, int] = json.loads(answer)
        return decoded


class ForkedProcess:
    """An agent in a forked process; see :class:`AgentProcess`.

    Args:
        pid: Its process id, and that of its group.
        connection: Its stdin and stdout; it is at its end when the process is.
        exit_code: Returns its exit code, once it has ended.
    """

    def __init__(
        self,
        pid: int,
        connection: socket.socket,
        exit_code: Callable[[int], int],
    ) -> None:
        self.pid = pid
        self.stdout: Final = Tail()
        self._connection = connection
        self.log: Path = Path(os.devnull)
        """The file that its stderr goes to."""
        self.on_line: OnLine = str
        """Is called with each line of its stdout, in a thread."""
        self._ask_exit_code = exit_code
        self._exit_code: int | None = None
        self._reader = threading.Thread(target=self._read, name="explore-reader", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            with suppress(ConnectionResetError), self._connection.makefile("rb") as lines:
                for line in lines:
                    self.stdout.add(line)
                    self.on_line(line.decode("utf-8", "replace"))
        finally:
            self.stdout.ended.set()

    @property
    def exit_code(self) -> int | None:
        """See :attr:`Commanded.exit_code`."""
        return self.wait(0)

    def write(self, line: str, timeout: float) -> None:
        """See :meth:`AgentProcess.write`."""
        if not select.select([], [self._connection], [], timeout)[1]:
            raise TimeoutError
        self._connection.sendall(line.encode() + b"\n")

    def signal(self, number: int) -> None:
        """See :meth:`AgentProcess.signal`."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int | None:
        """See :meth:`AgentProcess.wait`."""
        self._reader.join(timeout)
        if self._reader.is_alive():
            return None
        if self._exit_code is None:
            self._exit_code = self._ask_exit_code(self.pid)
        return self._exit_code

    def ended(self) -> str:
        """See :meth:`AgentProcess.ended`."""
        code = self.wait(0)
        how = "it runs" if code is None else f"it has ended with exit code {code}"
        said = self.log.read_text("utf-8", "replace").strip() if self.log.exists() else ""
        return f"{how}; it has printed {said[-2000:]!r}" if said else f"{how} and printed nothing"

    def close(self) -> None:
        """See :meth:`AgentProcess.close`."""
        if self._exit_code is None:
            with suppress(ProcessLookupError):  # it has ended
                os.killpg(self.pid, signal.SIGKILL)
            end = clock.monotonic() + 10.0
            while self.wait(1.0) is None and clock.monotonic() < end:
                pass
        self._connection.close()
