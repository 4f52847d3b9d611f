"""What a case holds of a Rodent: a mock Toggle, a folder, and the program as often as it likes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from string import Template
from typing import Any, Self, TypeVar

from rodent_events import clock
from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.contract.driver_protocol import Driver, Replies
from toggle_mock.contract.program import Program
from toggle_mock.contract.rodent.agent import MARK, Agent
from toggle_mock.contract.settings import RodentContract, Stimulus
from toggle_mock.contract.story import Story
from toggle_mock.contract.timeline import moments_of
from toggle_mock.contract.verdicts import Breach, Inconclusive
from toggle_mock.recording.records import RecordedCall
from toggle_mock.rodents.rodent import Rodent
from toggle_mock.server.server import ToggleServer

T = TypeVar("T")

_LONGER = 1.5
"""What is said to take so long is waited for so many times as long."""

_LOOK_AGAIN = 0.2
"""Seconds after which is looked whether the program still runs."""

_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
"""What of the suite's own environment a program gets."""


class RodentRig:
    """What a case holds of a Rodent, from the case's beginning to its end.

    Args:
        contract: What is said of the Rodent.
        case_id: Of the case that it is for.
        folder: An own empty folder.
        story: Tells what is done.
    """

    def __init__(self, contract: RodentContract, case_id: str, folder: Path, story: Story) -> None:
        self.contract = contract
        self.folder = folder
        self.agents: list[Agent] = []
        """Those that were started, in order."""
        self.environment: dict[str, str] = {}
        """What the case sets beside all else; for the programs that are started from then on."""
        self.secrets: list[str] = []
        """What must be nowhere on its stdout or stderr."""
        self.story = story
        self._case_id = case_id
        self._toggle: ToggleServer | None = None
        self._marks = itertools.count(1)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    @property
    def output(self) -> dict[str, str]:
        """The end of what its programs have printed."""
        programs = [agent.program for agent in self.agents]
        return {
            "stdout": "".join(program.stdout.text for program in programs),
            "stderr": "".join(program.stderr.text for program in programs),
        }

    # Toggle

    def serve(self, **options: Any) -> ToggleServer:
        """Have a mock Toggle of this case, with these options; else it gets one with a relay."""
        if self._toggle is not None:
            raise RuntimeError("the case has its Toggle already: serve before anything else")
        self._toggle = toggle = ToggleServer(**{"relay": True, **options})
        self._stack.enter_context(toggle)
        self._stack.callback(self._tell_calls, toggle)
        return toggle

    @property
    def toggle(self) -> ToggleServer:
        """The mock Toggle of this case."""
        return self._toggle or self.serve()

    def _tell_calls(self, toggle: ToggleServer) -> None:
        for moment in moments_of(toggle.calls):
            self.story.tell(moment.who, moment.what, moment.at)

    # The program

    def start(self, **environment: str) -> Agent:
        """Start the program, and wait until its driver is ready if it has one.

        Args:
            environment: What it is told differently, this time.
        """
        told = self._environment() | environment
        replies = Replies()
        command = [part.replace("{config}", told["RODENT_CONFIG"]) for part in self._command(told)]
        self.story.tell("suite", f"start {command[0]}")
        program = Program(command, told, Path(self.contract.folder), replies.take)
        self._stack.callback(program.close)
        driver = Driver(program, replies) if self.contract.emit == "driver" else None
        agent = Agent(
            self.contract,
            program,
            driver,
            command=self._send,
            marks=self._marks,
            tell=self._tell,
        )
        self.agents.append(agent)
        if driver is not None:
            driver.wait_ready(self.patience("start"))
        return agent

    def _tell(self, what: str) -> None:
        self.story.tell("suite", what)

    def _send(self, stimulus: Stimulus) -> object:
        assert stimulus.command is not None
        return self.connected().command(stimulus.command, stimulus.payload, target=stimulus.target)

    def _environment(self) -> dict[str, str]:
        toggle = self.toggle
        token = toggle.jwt()
        events_dir = self.folder / "events"
        events_dir.mkdir(exist_ok=True)
        told = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            **self.contract.environment,
            "TOGGLE_ADDRESS": toggle.address,
            "TOGGLE_JWT": token,
            "TOGGLE_JWT_FILE": str(self.token_file(token)),
            "EVENTS_DIR": str(events_dir),
            "HOME": str(self.folder),
            "SUITE_CASE": self._case_id,
            "RODENT_CONFIG": str(self.folder / "rodent-config"),
        }
        if toggle.root_certificate is not None:
            ca_file = self.folder / "ca.pem"
            ca_file.write_bytes(toggle.root_certificate)
            told["TOGGLE_CA_FILE"] = str(ca_file)
        return told | self.environment

    def token_file(self, token: str) -> Path:
        """Write a token into the file that TOGGLE_JWT_FILE names, at once as a whole."""
        self.secrets.append(token)
        path, new = self.folder / "token", self.folder / "token.new"
        new.write_text(token)
        return new.replace(path)

    def _command(self, told: Mapping[str, str]) -> tuple[str, ...]:
        template = self.contract.config_template
        if template is not None:
            text = Template(Path(template).read_text("utf-8")).safe_substitute(told)
            Path(told["RODENT_CONFIG"]).write_text(text, "utf-8")
        return self.contract.command

    # What is seen

    def calls(self, method: str, status: str | None = None) -> list[RecordedCall]:
        """The calls of a method so far, in order.

        Args:
            method: ``Register``, ``Connect`` or ``SendEvents``.
            status: Only those that ended so.
        """
        return [
            call
            for call in self.toggle.calls
            if call.method == method and status in (None, call.status)
        ]

    def sent(self, status: str | None = None) -> list[EventBatch]:
        """The batches that were sent, each as often as it was, also in vain."""
        return [
            EventBatch.FromString(call.requests[0])
            for call in self.calls("SendEvents", status)
            if call.requests
        ]

    def arrived(self) -> list[str]:
        """The marks of the events that Toggle has accepted, in the order of their arrival."""
        return [
            event.metadata[MARK] for event in self.toggle.events if MARK in event.message.metadata
        ]

    # Waiting

    def patience(self, *times: str) -> float:
        """Seconds that are waited for what takes the times that are said of the program."""
        said = self.contract.times
        return float(_LONGER * sum(getattr(said, name) for name in times) + said.slack)

    def until(self, found: Callable[[], T], timeout: float, missing: str) -> T:
        """Wait until something is so; returns what is found.

        Args:
            found: What is waited for; anything true ends the wait. It is asked whenever Toggle
                hears something.
            timeout: Seconds.
            missing: What to say if it does not come.

        Raises:
            Breach: It is not so in time, or the program has ended meanwhile.
        """
        end = clock.monotonic() + timeout
        while not (value := found()):
            left = end - clock.monotonic()
            if left <= 0:
                raise Breach(f"{missing} within {timeout:g} s")
            if self.agents:
                self.agents[-1].program.must_run()
            self.toggle.recording.wait_until(lambda: bool(found()), min(left, _LOOK_AGAIN))
        return value

    def wait_for_call(
        self, method: str, count: int = 1, *, status: str | None = None, timeout: float = 20.0
    ) -> RecordedCall:
        """Wait for so many calls of a method; returns the last of these.

        Raises:
            Breach: They do not come.
        """
        ended = f" that ended with {status}" if status else ""
        found = self.until(
            lambda: self.calls(method, status)[count - 1 :],
            timeout,
            f"there were not {count} calls of {method}{ended}",
        )
        return found[0]

    def wait_for_marks(self, marks: list[str], timeout: float = 20.0) -> None:
        """Wait until Toggle has accepted events of all these marks.

        Raises:
            Breach: Some do not come.
        """
        wanted = set(marks)
        try:
            self.until(lambda: wanted <= set(self.arrived()), timeout, "they did not arrive")
        except Breach as error:
            arrived = set(self.arrived())
            missing = [mark for mark in marks if mark not in arrived]
            raise Breach(
                f"of {len(marks)} events {len(missing)} did not arrive, the first is "
                f"{missing[0]}: {error}"
            ) from None

    def until_ended(self, call: RecordedCall) -> None:
        """Wait until Toggle has seen the end of a call, also one whose Rodent has ended.

        Raises:
            Breach: It has not seen it.
        """
        seen = self.toggle.recording.wait_until(
            lambda: call.status is not None, self.patience("answer")
        )
        self.expect(seen, f"{call.method} has not ended")

    def connected(self) -> Rodent:
        """Wait until its stream is open; returns the Rodent, as Toggle sees it.

        Raises:
            Breach: It does not connect.
        """
        connected = self.until(
            lambda: self.toggle.rodents.connected,
            self.patience("start", "connect"),
            "there was no Connect",
        )
        return connected[0]

    def never(self, found: Callable[[], object], seconds: float, seen: str) -> None:
        """See that something does not come to be so, for as long.

        Args:
            found: What must not be; anything true ends the wait.
            seconds: How long is waited; a few seconds at the most.
            seen: What to say if it is so.

        Raises:
            Breach: It is so, or the program has ended meanwhile.
        """
        end = clock.monotonic() + seconds
        while (left := end - clock.monotonic()) > 0 and not found():
            self.toggle.recording.wait_until(lambda: bool(found()), min(left, _LOOK_AGAIN))
        self.expect(not found(), seen)
        if self.agents:
            self.agents[-1].program.must_run()

    # Judging

    def has_secret(self, content: str | bytes) -> bool:
        """Whether one of the case's secrets is in something, or the signature of a token."""
        text = content if isinstance(content, str) else content.decode("latin-1")
        return any(one in text or one.rpartition(".")[2] in text for one in self.secrets)

    def expect(self, condition: object, seen: str) -> None:
        """See that the rule holds.

        Raises:
            Breach: It does not; this is what was seen.
        """
        if not condition:
            raise Breach(seen)

    def reached(self, condition: object, why: str) -> None:
        """See that the case has reached its point.

        Raises:
            Inconclusive: It has not; this is why.
        """
        if not condition:
            raise Inconclusive(why)
