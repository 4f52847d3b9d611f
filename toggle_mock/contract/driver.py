"""A driver around ``rodent_events``: the contract suite's commands on stdin, answers on stdout.

    TOGGLE_ADDRESS=… TOGGLE_JWT=… EVENTS_DIR=… python -m toggle_mock.contract.driver [--pace 0.01]

Further settings are those of ``rodent_events``, by ``RODENT_EVENTS_…``. SIGTERM is an orderly end,
and so is the end of stdin.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO

from toggle_mock.contract.reference_agent import ReferenceAgent
from toggle_mock.interrupts import on_interrupt
from toggle_mock.wording import one_of

STOP_TIMEOUT = 5.0
"""Seconds for what waits when it ends by a signal or with its stdin."""

_LOOK = 0.05
"""Seconds after which who waits for a command sees a signal, at the latest."""

_PART = 1024 * 1024
"""Bytes of commands that are read at once."""


class Driver:
    """Carries out commands, one after the other.

    Args:
        agent: Who does what they say.
    """

    def __init__(self, agent: ReferenceAgent) -> None:
        self.stopped = False
        self._agent = agent
        self._commands: Mapping[str, Callable[..., dict[str, Any]]] = {
            "emit": self._emit,
            "flush": self._flush,
            "shutdown": self._shutdown,
            "stats": self._stats,
        }

    def answer(self, line: str) -> dict[str, Any]:
        """Carry out a command; the answer says what is wrong with it, if something is."""
        number = None
        try:
            command = json.loads(line)
            number = command.pop("id", None)
            ((name, arguments),) = command.items()
            answer = self._commands[one_of("command", name, self._commands)](**arguments)
        except (ValueError, TypeError, AttributeError) as error:
            return {"id": number, "error": str(error)}
        return {"id": number, **answer}

    def stop(self) -> None:
        """End the agent in order, unless that was done."""
        if not self.stopped:
            self._shutdown(STOP_TIMEOUT)

    def _emit(self, **arguments: Any) -> dict[str, Any]:
        return {"accepted": self._agent.emit(**arguments)}

    def _flush(self, timeout: float) -> dict[str, Any]:
        return {"complete": self._agent.bus.flush(timeout)}

    def _shutdown(self, timeout: float) -> dict[str, Any]:
        self.stopped = True
        return {"complete": self._agent.stop(timeout)}

    def _stats(self) -> dict[str, Any]:
        return {"stats": self._agent.bus.get_stats()}


def serve(driver: Driver, lines: Iterable[str], answers: TextIO) -> None:
    """Carry out commands until there are no more, or one was to end."""

    def say(what: Mapping[str, Any]) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    say({"ready": True})
    for line in lines:
        say(driver.answer(line))
        if driver.stopped:
            return


def lines_of(descriptor: int) -> Iterator[str]:
    """The lines of a file, as they come.

    Python acts on a signal in the main thread, and, if that has just begun to wait for a line, not
    before it has come. So nothing waits for long here.
    """
    rest = b""
    while True:
        if not select.select([descriptor], [], [], _LOOK)[0]:
            continue
        part = os.read(descriptor, _PART)
        *whole, rest = (rest + part).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)
        if not part:
            return


def main() -> None:
    """Run the driver."""
    parser = argparse.ArgumentParser(prog="python -m toggle_mock.contract.driver")
    parser.add_argument("--pace", type=float, default=1.0, help="by what pauses are multiplied")
    parser.add_argument("--keepalive", type=float, help="seconds between two pings of its stream")
    options = parser.parse_args()
    agent = ReferenceAgent(os.environ, options.pace, options.keepalive)
    driver = Driver(agent)
    on_interrupt(sys.exit)
    agent.start()
    try:
        serve(driver, lines_of(sys.stdin.fileno()), sys.stdout)
    finally:
        driver.stop()


if __name__ == "__main__":
    main()
