"""The Rodent in Go of examples/go-driver, driven by lines."""

import fcntl
import itertools
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "examples" / "go-driver"

QUICK = {
    "batch-timeout": "50ms",
    "retry-base": "10ms",
    "retry-max": "50ms",
    "register-again": "20ms",
    "connect-delay": "1ms",
    "redial": "20ms",
    "redial-max": "50ms",
    "redial-refused": "20ms",
    "look-around": "100ms",
    "own-events": "false",
}


def find_go() -> str:
    """Where Go is; a test that needs it is skipped without it, and fails in CI."""
    found = subprocess.run([ROOT / "tools/find_go"], capture_output=True, text=True, check=False)
    if found.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(found.stderr.strip())
    return found.stdout.strip()


def built() -> Path:
    """The program; Go itself knows whether there is anything to build."""
    return build("go-driver")


def build(name: str, **environment: str) -> Path:
    """The program under a name, built with more in the environment."""
    go = find_go()
    program = ROOT / "build" / "go-driver" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    with (program.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [go, "build", "-buildvcs=false", "-o", program, "."]
        subprocess.run(command, cwd=SOURCE, env=os.environ | environment, check=True)
    return program


class GoDriver:
    """The program, running.

    Args:
        program: Where it is.
        environment: What it is told, besides what this process is told.
        flags: Values of flags, over those of QUICK; a list is a flag that is repeated.
    """

    def __init__(self, program: Path, environment: Mapping[str, str], **flags: Any) -> None:
        given = QUICK | {name.replace("_", "-"): value for name, value in flags.items()}
        arguments = [
            f"-{name}={value}"
            for name, values in given.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        self._ids = itertools.count(1)
        self.process = subprocess.Popen(
            [program, *arguments],
            env=os.environ | environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ready(self) -> Self:
        """Wait for its first line."""
        assert self.read() == {"ready": True}
        return self

    def read(self) -> dict:
        """Its next line."""
        line = self.process.stdout.readline()
        assert line, f"it has ended: {self.process.stderr.read()}"
        return json.loads(line)

    def write(self, line: str) -> None:
        """Give it a line."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, **command: Any) -> dict:
        """Give it a command; its answer, without the id, is returned."""
        number = next(self._ids)
        self.write(json.dumps({"id": number, **command}))
        answer = self.read()
        assert answer.pop("id") == number
        return answer

    def emit(self, payload: str = "StoragePoolPayload", **more: Any) -> int:
        """Emit events; how many were accepted is returned."""
        return self.ask(emit={"payload": payload, **more})["accepted"]

    def flush(self, timeout: float = 20) -> bool:
        return self.ask(flush={"timeout": timeout})["complete"]

    def stats(self) -> dict[str, int]:
        """Its numbers, which add up."""
        stats = self.ask(stats={})["stats"]
        assert stats["emitted"] == sum(stats.values()) - stats["emitted"], stats
        assert min(stats.values()) >= 0, stats
        return stats

    def end_input(self) -> None:
        """Give it no more lines."""
        self.process.stdin.close()
        self.process.stdin = None  # subprocess would flush it

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, what is left of stdout, stderr."""
        self.process.wait(30)
        out, err = self.process.communicate()
        return self.process.returncode, out, err

    def kill(self) -> None:
        """Kill it, and wait until it is gone: what it has locked is free then."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it, however it is."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def numbered(driver: GoDriver, numbers: Iterable[int], **more: Any) -> None:
    """Emit pools named p0, p1, …, one by one."""
    for number in numbers:
        driver.emit(fields={"poolName": f"p{number}"}, **more)
