"""A Rodent that runs: how a case has it emit, and how it ends it."""

from __future__ import annotations

import itertools
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from toggle_mock.contract.driver_protocol import MARK, Driver
from toggle_mock.contract.program import Program
from toggle_mock.contract.settings import RodentContract, Stimulus
from toggle_mock.contract.verdicts import Breach, Inconclusive

_SHELL_TIMEOUT = 30.0
"""Seconds that a stimulus of the shell may take."""


class Agent:
    """A Rodent from its start to its end.

    Args:
        contract: What is said of it.
        program: It.
        driver: What commands it, if it has a driver.
        command: Sends a command of this type, with a target and a payload, through its stream.
        marks: The numbers of marks, which no two events of a case share.
        tell: Tells what is done.
    """

    def __init__(
        self,
        contract: RodentContract,
        program: Program,
        driver: Driver | None,
        *,
        command: Callable[[Stimulus], object],
        marks: Iterator[int],
        tell: Callable[[str], object],
    ) -> None:
        self.program = program
        self._times = contract.times
        self._driver = driver
        self._command = command
        self._marks = marks
        self._stimuli = itertools.cycle(contract.stimuli)
        self._tell = tell

    @property
    def driver(self) -> Driver:
        """What commands it.

        Raises:
            Inconclusive: It has no driver: the case must say that it needs one.
        """
        if self._driver is None:
            raise Inconclusive("the case has no driver, and does not say that it needs one")
        return self._driver

    def provoke(self) -> str:
        """Have it emit an event, whichever way it is made to; returns the query that it matches."""
        if self._driver is not None:
            return f"metadata.{MARK}:{self.emit()[0]}"
        stimulus = next(self._stimuli)
        self._tell(f"stimulus: {stimulus.command or stimulus.shell}")
        if stimulus.shell is None:
            self._command(stimulus)
        else:
            _run(stimulus.shell)
        return stimulus.expect

    def emit(
        self,
        count: int = 1,
        payload: str = "StoragePoolPayload",
        fields: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> list[str]:
        """Have its driver emit events one by one; returns the mark of each, found in its metadata.

        Args:
            count: How many.
            payload: Their type.
            fields: Their fields, in protobuf's JSON.
            more: ``level``, ``metadata``, ``source``.

        Raises:
            Breach: It does not accept all of them.
        """
        metadata = more.pop("metadata", {})
        marks = [f"m{next(self._marks)}" for _ in range(count)]
        self._tell(f"emit {count} {payload}, marked {marks[0]} to {marks[-1]}")
        asked = {"payload": payload, "fields": fields or {}, **more}
        answers = self.driver.ask_all(
            [("emit", {**asked, "metadata": {**metadata, MARK: mark}}) for mark in marks],
            self._patience(),
        )
        accepted = sum(answer.get("accepted", 0) for answer in answers)
        if accepted != count:
            raise Breach(f"of {count} events it has accepted {accepted}")
        return marks

    def emit_unless_filtered(
        self, payload: str, fields: Mapping[str, Any], **more: Any
    ) -> list[str]:
        """Have its driver emit an event that its settings may filter; returns its mark, or none."""
        mark = f"m{next(self._marks)}"
        self._tell(f"emit a {payload}, marked {mark}, unless it is filtered")
        asked = {"payload": payload, "fields": fields, **more, "metadata": {MARK: mark}}
        accepted = self.driver.ask("emit", asked, self._patience()).get("accepted")
        return [mark] if accepted else []

    def emit_many(self, count: int, payload: str = "StoragePoolPayload", **more: Any) -> str:
        """Have its driver emit events that are the same, with one command; returns their mark."""
        mark = f"m{next(self._marks)}"
        self._tell(f"emit {count} times the same {payload}, marked {mark}")
        asked = {"payload": payload, "fields": {}, **more, "metadata": {MARK: mark}}
        answer = self.driver.ask("emit", {**asked, "count": count}, self._patience())
        if answer.get("accepted") != count:
            raise Breach(f"of {count} events it has accepted {answer.get('accepted')}")
        return mark

    def flush(self, timeout: float = 20.0) -> bool:
        """Have its driver flush; returns whether all is delivered, by its own word."""
        self._tell(f"flush, {timeout:g} s at the most")
        return bool(
            self.driver.ask("flush", {"timeout": timeout}, timeout + self._times.slack)["complete"]
        )

    def stats(self) -> Mapping[str, Any]:
        """Its own numbers, by its driver."""
        stats: Mapping[str, Any] = self.driver.ask("stats", {}, self._patience())["stats"]
        return stats

    def shutdown(self, timeout: float) -> bool:
        """Have its driver end it in order; returns whether all is delivered, by its own word."""
        self._tell(f"shutdown, {timeout:g} s at the most")
        asked = self.driver.ask("shutdown", {"timeout": timeout}, timeout + self._times.slack)
        return bool(asked["complete"])

    def _patience(self) -> float:
        return self._times.answer + self._times.slack

    def emit_until_killed(self, count: int, *, kill_after: int) -> list[str]:
        """Have its driver emit events one by one, and kill it meanwhile.

        Args:
            count: How many events it is given.
            kill_after: How many it has accepted by then, at least.

        Returns:
            The marks of those that it has accepted, as far as it has said so.

        Raises:
            Breach: It does not accept so many.
        """
        marks = [f"m{next(self._marks)}" for _ in range(count)]
        self._tell(f"emit {count} StoragePoolPayload, marked {marks[0]} to {marks[-1]}")
        asked = {"payload": "StoragePoolPayload", "fields": {}}
        given = {
            self.driver.give("emit", {**asked, "metadata": {MARK: mark}}): mark for mark in marks
        }
        certain = list(given)[:kill_after]
        for number in certain:
            self.driver.answer(number, "emit", self._patience())
        self.kill()
        more = [number for number in list(given)[kill_after:] if self.driver.has_answered(number)]
        return [given[number] for number in certain + more]

    def terminate(self) -> int:
        """End it by SIGTERM; returns its exit code.

        Raises:
            Breach: It does not end in the time that is said of it.
        """
        self._tell("SIGTERM")
        self.program.signal(signal.SIGTERM)
        longest = self._times.stop + self._times.slack
        code = self.program.wait(longest)
        if code is None:
            raise Breach(f"it still runs {longest:g} s after SIGTERM")
        if self.program.has_left_processes:
            self._tell("it has ended, but not all that it has started")
        return code

    def kill(self) -> None:
        """End it by SIGKILL, with all that it has started."""
        self._tell("SIGKILL")
        self.program.close()


def _run(line: str) -> None:
    try:
        done = subprocess.run(  # noqa: S602 - the user's own line
            line, shell=True, capture_output=True, timeout=_SHELL_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise Inconclusive(f"{line} still runs after {_SHELL_TIMEOUT:g} s") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Inconclusive(f"{line} has ended with exit code {done.returncode}: {said[-500:]}")
