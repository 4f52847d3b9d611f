"""Plays a schedule: has the agent do what it says, and Toggle be as it says; what comes of it."""

from __future__ import annotations

import itertools
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import singledispatchmethod
from pathlib import Path
from typing import Any, Self

from msgspec import Struct

from rodent_events import clock
from rodent_events.pb.base_pb2 import EventBatch, EventBatchResponse
from toggle_mock.contract.driver_protocol import MARK, Driver, Replies
from toggle_mock.contract.emitting import level_number, payload_message
from toggle_mock.contract.explore import oracle
from toggle_mock.contract.explore.history import (
    Call,
    Emission,
    Flushed,
    History,
    Life,
    Promise,
    SentEvent,
)
from toggle_mock.contract.explore.lives import AgentProcess, Launcher
from toggle_mock.contract.explore.script import GENERATION, POISON, Script
from toggle_mock.contract.explore.steps import (
    PAYLOADS,
    Answer,
    Emit,
    Flush,
    Limit,
    Outage,
    Refuse,
    Restart,
    Schedule,
    Step,
    Token,
)
from toggle_mock.contract.launching import told, write_token
from toggle_mock.contract.story import Story
from toggle_mock.contract.timeline import moments_of
from toggle_mock.contract.verdicts import Breach, Moment
from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.recording.records import RecordedCall
from toggle_mock.server.server import ToggleServer

_LOOK_AGAIN = 0.05
"""Seconds after which is looked whether the agent has said that it has nothing to send."""

_LONGEST_CALM = 3.0
"""Seconds that are waited at the most for the answers of a schedule to be given."""

_LEVELS = ("INFO", "WARN", "ERROR")


class Patience(Struct, frozen=True, kw_only=True):
    """How long an agent may take, in seconds."""

    start: float = 20.0
    """From its start until it is ready."""
    answer: float = 20.0
    """Until it answers a command."""
    rest: float = 15.0
    """From when all is healed until it has delivered all."""
    stop: float = 15.0
    """From SIGTERM to its end."""
    amid: float = 1.0
    """Until it makes the call that it is to be ended amid."""
    send_timeout: float = 1.0
    """Until it gives up a call that is not answered."""


class Played(Struct, frozen=True):
    """A schedule that was played, and what came of it."""

    schedule: Schedule
    history: History
    complaints: list[oracle.Complaint]
    moments: list[Moment]
    """What happened, in its order: steps, calls, answers."""
    begun: float
    """When, in seconds since the Unix epoch."""
    step_times: list[float]
    """When each step was begun, in seconds from then."""
    output: str
    """What the agent has printed last, if it is known."""


class Player:
    """Plays schedules one after the other, before one mock Toggle.

    Args:
        launcher: Starts the agent.
        promise_of: What the agent promises with some settings.
        patience: How long it may take.
        name: Its own name, that plays are named after; agents are told of it.
    """

    def __init__(
        self,
        launcher: Launcher,
        promise_of: Callable[[Mapping[str, str]], Promise],
        patience: Patience = Patience(),  # noqa: B008 - it is frozen
        name: str = "play",
    ) -> None:
        self.patience = patience
        self._name = name
        self._launcher = launcher
        self._promise_of = promise_of
        self._toggle = ToggleServer(relay=True)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self._toggle.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._toggle.stop(grace=0.0)

    def play(self, schedule: Schedule, patience: Patience | None = None) -> Played:
        """Play a schedule, and judge what came of it.

        Args:
            schedule: What is done, and happens.
            patience: How long the agent may take, if that is not as usual.

        Raises:
            ContractError: The agent cannot be started at all.
        """
        with tempfile.TemporaryDirectory(prefix="toggle-explore-") as folder:
            name = f"{self._name}-{next(self._numbers)}"
            play = _Play(
                self._launcher,
                self._toggle,
                schedule,
                promise_of=self._promise_of,
                patience=patience or self.patience,
                name=name,
                folder=Path(folder),
            )
            try:
                return play.run()
            finally:
                self._toggle.faults.heal()
                self._toggle.clear()


class _Play:
    """One play of a schedule."""

    def __init__(
        self,
        launcher: Launcher,
        toggle: ToggleServer,
        schedule: Schedule,
        *,
        promise_of: Callable[[Mapping[str, str]], Promise],
        patience: Patience,
        name: str,
        folder: Path,
    ) -> None:
        self._patience = patience
        self._launcher, self._promise_of = launcher, promise_of
        self._toggle = toggle
        self._name = name
        self._folder = folder
        self._schedule = schedule
        self._story = Story()
        self._script = Script(self._reset_soon, self._tell_of_call)
        self._history = History(patience.send_timeout, patience=patience.rest)
        self._settings = schedule.settings
        self._begun = time.time()
        self._step_times: list[float] = []
        self._marks = itertools.count(1)
        self._generation = 0
        self._connection_faults: dict[str, ActiveFault] = {}
        self._process: AgentProcess
        self._retired: AgentProcess | None = None
        self._driver: Driver
        self._replies = Replies()
        self._stack = ExitStack()

    def run(self) -> Played:
        """Play it to its end."""
        fault = self._toggle.on_send_events.always(self._outcome)
        output = ""
        with self._stack:
            try:
                self._start()
                for step in self._schedule.steps:
                    self._step_times.append(time.time() - self._begun)
                    self._story.tell("schedule", step.sentence)
                    self._do(step)
                    self._history.effects[step.name] += not isinstance(step, Answer)
                self._calm_down()
                self._heal(fault)
                self._come_to_rest()
                self._end_in_order()
            except Breach as error:
                self._history.troubles.append(str(error))
                output = self._process.ended()
        return self._judged(output)

    def _judged(self, output: str) -> Played:
        history = self._history
        history.calls = self._calls()
        history.effects += self._script.effects
        for moment in moments_of(call for call in self._toggle.calls if self._life_of(call)):
            self._story.tell(moment.who, moment.what, moment.at)
        return Played(
            self._schedule,
            history,
            oracle.judge(history),
            self._story.moments,
            self._begun,
            self._step_times,
            output,
        )

    # The agent

    def _start(self) -> None:
        """Start it, and wait until it is ready."""
        life = Life(len(self._history.lives) + 1, self._promise_of(self._settings), time.time())
        self._history.lives.append(life)
        self._story.tell("schedule", f"start {life.number}")
        self._replies = replies = Replies()
        self._process = self._launcher.start(self._environment(), self._folder, replies.take)
        self._stack.callback(self._close, self._process)
        self._driver = Driver(self._process, replies)
        self._driver.wait_ready(self._patience.start)

    def _environment(self) -> dict[str, str]:
        address, name = self._toggle.address, f"explore.{self._name}"
        return told(self._folder, address, self._token(), name) | dict(self._settings)

    def _token(self) -> str:
        rid = f"{self._name}-{len(self._history.lives)}"
        claims: dict[str, Any] = {GENERATION: self._generation}
        return self._toggle.jwt(rid=rid, **claims)

    def _end(self, number: signal.Signals) -> None:
        life = self._history.lives[-1]
        life.by = number.name
        if number is signal.SIGKILL:
            self._process.close()
        else:
            self._process.signal(number)
            if self._process.wait(self._patience.stop) is None:
                raise Breach(f"it still runs {self._patience.stop:g} s after {number.name}")
        life.ended = time.time()

    def _end_in_order(self) -> None:
        timeout = self._patience.stop
        self._driver.ask("shutdown", {"timeout": timeout}, 2 * timeout)
        if not self._launcher.retire(self._process, timeout):
            raise Breach(f"it still runs {timeout:g} s after it has shut down")
        self._retired = self._process
        self._history.lives[-1].ended = time.time()

    def _close(self, process: AgentProcess) -> None:
        if process is not self._retired:
            process.close()

    def _flush(self, timeout: float) -> bool:
        asked = time.time()
        longest = timeout + self._patience.answer
        reply = self._driver.ask("flush", {"timeout": timeout}, longest)
        complete = reply.get("complete") is True
        flushed = Flushed(len(self._history.lives), asked, time.time(), complete)
        self._history.flushes.append(flushed)
        return complete

    # Steps

    @singledispatchmethod
    def _do(self, step: Step) -> None:
        raise NotImplementedError(step.kind)

    @_do.register
    def _(self, step: Emit) -> None:
        commands, emissions = [], []
        for number in range(step.emit):
            mark = f"m{next(self._marks)}"
            fields = PAYLOADS[step.payload](f"{mark} – " + "x" * step.size)
            level = _LEVELS[number % len(_LEVELS)]
            poisoned = step.poison and number == step.emit - 1
            metadata = {MARK: mark} | ({POISON: "yes"} if poisoned else {})
            what = {"payload": step.payload, "fields": fields, "level": level}
            commands.append(("emit", {**what, "metadata": metadata}))
            payload = payload_message(step.payload, fields)
            life = len(self._history.lives)
            at = time.time()
            emissions.append(Emission(mark, life, at, payload, level_number(level)))
        answers = self._driver.ask_all(commands, self._patience.answer)
        for answer, emission in zip(answers, emissions, strict=True):
            if answer.get("accepted") == 1:
                self._history.emissions.append(emission)

    @_do.register
    def _(self, step: Flush) -> None:
        self._flush(step.flush)

    @_do.register
    def _(self, step: Answer) -> None:
        self._script.answer(step.answer, step.after, step.calls)

    @_do.register
    def _(self, step: Limit) -> None:
        self._script.limit(step.limit)

    @_do.register
    def _(self, _step: Token) -> None:
        self._generation = self._script.expire()
        write_token(self._folder, self._token())

    @_do.register
    def _(self, step: Outage) -> None:
        self._connection_fault("outage", step.outage, self._toggle.faults.outage)

    @_do.register
    def _(self, step: Refuse) -> None:
        self._connection_fault("refuse", step.refuse, self._toggle.faults.refuse)

    def _connection_fault(self, name: str, edge: str, begin: Callable[[], ActiveFault]) -> None:
        old = self._connection_faults.pop(name, None)
        if old is not None:
            old.heal()
        if edge == "begin":
            self._history.breaks.append(time.time())
            self._connection_faults[name] = begin()
            self._history.breaks.append(time.time())

    @_do.register
    def _(self, step: Restart) -> None:
        if step.amid is not None and "outage" not in self._connection_faults:
            self._wait_for_call(accepted=step.amid == "accepted")
        self._end(signal.Signals[step.restart])
        if step.settings is not None:
            self._settings = step.settings
        self._start()

    def _wait_for_call(self, *, accepted: bool) -> None:
        """Wait for a call that is not answered; or until the agent says that there is none."""
        self._script.hold(accepted=accepted)
        number = self._driver.give("flush", {"timeout": self._patience.amid})

        def is_over() -> bool:
            return self._script.amid.is_set() or self._driver.has_answered(number)

        with self._replies.changed:
            self._replies.changed.wait_for(is_over, self._patience.amid)
        self._script.release()

    def _tell_of_call(self) -> None:
        """Wake who waits for a call."""
        with self._replies.changed:
            self._replies.changed.notify_all()

    def _reset_soon(self) -> None:
        """Reset all connections, from another thread than the server's, which asks for it."""

        def reset() -> None:
            self._history.breaks.append(time.time())
            self._toggle.faults.reset()

        thread = threading.Thread(target=reset, name="explore-reset")
        thread.start()
        self._stack.callback(thread.join)

    # The end

    def _calm_down(self) -> None:
        """Wait until the answers are given that Toggle was to give, as long as calls may come."""
        if self._connection_faults or self._is_calm():
            return
        number = self._driver.give("flush", {"timeout": _LONGEST_CALM})
        end = clock.monotonic() + _LONGEST_CALM
        while not self._is_calm() and clock.monotonic() < end:
            if self._driver.has_answered(number):
                return
            self._wait_for_news(self._seen_so_far(), _LOOK_AGAIN)

    def _is_calm(self) -> bool:
        """Whether all answers were given that Toggle was to give."""
        _, ended = seen = self._seen_so_far()
        return self._script.is_used_up and seen == (ended, ended)

    def _wait_for_news(self, known: tuple[int, int], timeout: float) -> bool:
        """Wait until there is more than that, so many seconds at the most; whether there is."""
        return self._toggle.recording.wait_until(lambda: self._seen_so_far() != known, timeout)

    def _seen_so_far(self) -> tuple[int, int]:
        """How many calls have come, and how many of them have ended."""
        calls = self._toggle.recording.calls
        return len(calls), sum(call.status is not None for call in calls)

    def _heal(self, fault: ActiveFault) -> None:
        self._story.tell("schedule", "all heals")
        self._script.heal()
        for one in self._connection_faults.values():
            one.heal()
        # The new one first: no call may come between that knows of neither.
        self._toggle.on_send_events.always(self._outcome)
        fault.heal()

    def _come_to_rest(self) -> None:
        """Have it deliver what there is, and wait for that."""
        end = clock.monotonic() + self._patience.rest
        while (left := end - clock.monotonic()) > 0:
            # Something that was refused for good meanwhile keeps a flush from being complete.
            if self._flush(left) or self._has_arrived():
                self._history.rested = time.time()
                self._history.lives[-1].stats = self._stats()
                return
            self._wait_for_news(self._seen_so_far(), min(left, 0.1))

    def _has_arrived(self) -> bool:
        self._history.calls = self._calls()
        return oracle.has_arrived(self._history)

    def _stats(self) -> Mapping[str, Any]:
        reply = self._driver.ask("stats", {}, self._patience.answer)
        stats = reply.get("stats")
        return stats if isinstance(stats, Mapping) else {}

    # What Toggle sees

    def _outcome(self, call: RecordedCall) -> Outcome:
        if not self._life_of(call):
            return Outcome()
        return self._script.outcome(call.claims, call.requests[0])

    def _life_of(self, call: RecordedCall) -> int:
        """The number of the life that has made a call; 0 if it is of another play."""
        play, _, life = call.rid.rpartition("-")
        return int(life) if play == self._name else 0

    def _calls(self) -> list[Call]:
        """The calls of SendEvents so far."""
        recording = self._toggle.recording
        accepted = {batch.call.number for batch in (*recording.batches, *recording.duplicates)}
        return [
            self._seen(call, accepted=call.number in accepted)
            for call in recording.calls
            if self._life_of(call) and call.method == "SendEvents" and call.requests
        ]

    def _seen(self, call: RecordedCall, *, accepted: bool) -> Call:
        raw = call.requests[0]
        batch = EventBatch.FromString(raw)
        answers = [message for message in call.messages if message.sent]
        success = not answers or EventBatchResponse.FromString(answers[0].raw).success
        return Call(
            call.number,
            self._life_of(call),
            call.arrived,
            answers[0].at if answers else call.arrived,
            call.status or "CANCELLED",
            success,
            "larger than max" in call.details,
            accepted,
            batch.batch_id,
            raw,
            tuple(
                SentEvent(event.metadata.get(MARK), event.SerializeToString())
                for event in batch.events
            ),
        )
