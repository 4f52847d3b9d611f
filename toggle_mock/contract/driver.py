"""A driver around ``rodent_events``: the contract suite's commands on stdin, answers on stdout.

    TOGGLE_ADDRESS=… TOGGLE_JWT=… EVENTS_DIR=… python -m toggle_mock.contract.driver [--pace 0.01]

Further settings are those of ``rodent_events``, by ``RODENT_EVENTS_…``. SIGTERM is an orderly end,
and so is the end of stdin.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Iterator

from toggle_mock.contract.commands import Driver, serve
from toggle_mock.contract.reference_agent import ReferenceAgent
from toggle_mock.interrupts import on_interrupt

_LOOK = 0.05
"""Seconds after which who waits for a command sees a signal, at the latest."""

_PART = 1024 * 1024
"""Bytes of commands that are read at once."""


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
