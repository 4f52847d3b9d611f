"""What a case holds of a Rodent: a mock Toggle, a folder, and the program as often as it likes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rodent_events import clock
from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.contract.driver_protocol import MARK, Driver, Replies
from toggle_mock.contract.launching import EVENTS_DIR, start_rodent, told, write_token
from toggle_mock.contract.rig import Rig
from toggle_mock.contract.rodent.agent import Agent
from toggle_mock.contract.settings import RodentContract, Stimulus
from toggle_mock.contract.story import Story
from toggle_mock.contract.timeline import moments_of
from toggle_mock.contract.verdicts import Breach
from toggle_mock.recording.records import RecordedCall
from toggle_mock.rodents.rodent import Rodent
from toggle_mock.server.server import ToggleServer

T = TypeVar("T")

_LOOK_AGAIN = 0.2
"""Seconds after which is looked whether the program still runs."""


class RodentRig(Rig[RodentContract]):
    """What a case holds of a Rodent, from the case's beginning to its end.

    Args:
        contract: What is said of the Rodent.
        case_id: Of the case that it is for.
        folder: An own empty folder.
        story: Tells what is done.
    """

    def __init__(self, contract: RodentContract, case_id: str, folder: Path, story: Story) -> None:
        super().__init__(contract, folder, story)
        self.agents: list[Agent] = []
        """Those that were started, in order."""
        self.environment: dict[str, str] = {}
        """What the case sets beside all else; for the programs that are started from then on."""
        self.secrets: list[str] = []
        """What must be nowhere on its stdout or stderr."""
        self._case_id = case_id
        self._toggle: ToggleServer | None = None
        self._marks = itertools.count(1)

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
        replies = Replies()
        self._tell(f"start {self.contract.command[0]}")
        program = start_rodent(
            self.contract,
            self._environment() | environment,
            self.folder,
            replies.take,
            where=Path(self.contract.folder),
        )
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
        toggle, token = self.toggle, self.toggle.jwt()
        self.secrets.append(token)
        environment = told(self.folder, toggle.address, token, self._case_id)
        if toggle.root_certificate is not None:
            ca_file = self.folder / "ca.pem"
            ca_file.write_bytes(toggle.root_certificate)
            environment["TOGGLE_CA_FILE"] = str(ca_file)
        return environment | self.environment

    @property
    def events_dir(self) -> Path:
        """What EVENTS_DIR names."""
        return self.folder / EVENTS_DIR

    def token_file(self, token: str) -> Path:
        """Have another token in the file that TOGGLE_JWT_FILE names."""
        self.secrets.append(token)
        return write_token(self.folder, token)

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

    def missing(self, marks: Sequence[str]) -> list[str]:
        """Which events of these marks Toggle has not accepted so far."""
        arrived = set(self.arrived())
        return [mark for mark in marks if mark not in arrived]

    # Waiting

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
        value = found()

        def look() -> bool:
            nonlocal value
            value = found()
            return bool(value)

        while not value:
            left = end - clock.monotonic()
            if left <= 0:
                raise Breach(f"{missing} within {timeout:g} s")
            if self.agents:
                self.agents[-1].program.must_run()
            self.toggle.recording.wait_until(look, min(left, _LOOK_AGAIN))
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
            missing = self.missing(marks)
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
