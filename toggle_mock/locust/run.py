"""A run of Locust with Rodents: its fleet, and in the end the comparison of what was sent.

Whoever has users, a worker or a Locust alone, has a fleet. When a run is to stop, the master has
all fleets settle and gets their accounts, while all Rodents are still there.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import gevent
import msgspec
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from rodent_events import clock
from toggle_mock.codes import logger
from toggle_mock.errors import RemoteError, ToggleMockError
from toggle_mock.locust.accounts import Account
from toggle_mock.locust.comparison import Verdict
from toggle_mock.locust.errors import FleetEndedError
from toggle_mock.locust.options import LoadOptions, options_of
from toggle_mock.locust.oracle import Oracle
from toggle_mock.locust.process import Fleet
from toggle_mock.locust.settings import FleetSettings, Sample

_SETTLE, _ACCOUNT = "rodents_settle", "rodents_account"
"""Messages of Locust: from the master to its workers, and back."""

_LATEST = 30.0
"""Seconds until a worker has given its account, besides those that it has to settle."""

_BETWEEN_LOOKS = 0.05


class LoadRun:
    """What an environment of Locust has besides; one for all its runs.

    Args:
        environment: The environment.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._fleet: Fleet | None = None
        self._accounts: dict[str, Account | str | None] = {}
        self._begun: set[str] = set()
        self._running = self._judged = False
        events: Any = environment.events
        events.test_start.add_listener(self._on_start)
        events.test_stopping.add_listener(self._on_stopping)
        events.test_stop.add_listener(self._on_stop)
        events.quitting.add_listener(self._on_quitting)
        assert environment.runner is not None  # there is one when a test can begin
        self._runner: Final = environment.runner
        self._runner.register_message(_SETTLE, self._settle, concurrent=True)
        self._runner.register_message(_ACCOUNT, self._take_account)
        if not isinstance(self._runner, MasterRunner):
            self._fleet = Fleet(self._count)  # before a run, as it takes a second or two

    @property
    def options(self) -> LoadOptions:
        """What the command line says; on a worker, that of the master."""
        return options_of(self._environment)

    @property
    def fleet(self) -> Fleet:
        """The fleet of this run.

        Raises:
            FleetEndedError: It could not begin.
        """
        if self._fleet is None:
            raise FleetEndedError("there is no fleet any more: the run has ended")
        return self._fleet

    def _settings(self) -> FleetSettings:
        options = self.options
        target = (self._environment.host or "").removeprefix("http://").rstrip("/")
        if ":" not in target:
            raise ValueError(f"host is {target!r}: give Toggle's address as HOST:PORT with --host")
        return FleetSettings(
            target=target,
            worker=max(0, getattr(self._runner, "worker_index", 0)),
            workers=max(1, options.expect_workers),
            jwt_algorithm=options.jwt_algorithm,
            jwt_key=options.jwt_key,
            jwt_tokens=options.jwt_tokens,
            ca_file=options.ca_file,
            shape=options.shape,
            cycle=options.cycle,
            mix=options.mix,
            seed=options.seed,
        )

    def _count(self, sample: Sample) -> None:
        exception = None if sample.failure is None else ToggleMockError(sample.failure)
        request: Any = self._environment.events.request
        request.fire(
            request_type=sample.kind,
            name=sample.name,
            response_time=sample.milliseconds,
            response_length=sample.size,
            exception=exception,
            context={},
        )

    # Where Rodents are

    def _on_start(self, **_kwargs: Any) -> None:
        self._accounts.clear()
        self._running, self._judged = True, False
        if not isinstance(self._runner, MasterRunner):
            self._fleet = self._fleet or Fleet(self._count)
            self._fleet.begin(self._settings())

    def _settle(self, environment: Environment, **_kwargs: Any) -> None:  # noqa: ARG002 - its name
        """Have the fleet settle, and send its account."""
        told: dict[str, Any] = {}
        try:
            if self._fleet is not None:
                account = self._fleet.settle(self.options.settle)
                told = {"mark": account.mark, "account": account.pack()}
        except FleetEndedError as error:
            told = {"error": str(error)}
        self._runner.send_message(_ACCOUNT, told)

    def _on_stop(self, **_kwargs: Any) -> None:
        self._running = False
        self._end_fleet()

    def _end_fleet(self) -> None:
        fleet, self._fleet = self._fleet, None
        if fleet is not None:
            fleet.end()

    # Where the run is judged

    def _take_account(self, environment: Environment, msg: Any, **_kwargs: Any) -> None:  # noqa: ARG002
        told = msg.data
        if "mark" in told:
            self._accounts[msg.node_id] = Account.unpack(told["mark"], told["account"])
        else:
            self._accounts[msg.node_id] = told.get("error")

    def _on_stopping(self, **_kwargs: Any) -> None:
        if isinstance(self._runner, WorkerRunner) or self._judged:
            return  # its master has had it settle; or it is told to stop while it does
        self._judged = True
        self._begun = workers = self._workers()
        self._runner.send_message(_SETTLE)
        end = clock.monotonic() + self.options.settle + _LATEST
        while not workers <= self._accounts.keys() and clock.monotonic() < end:
            gevent.sleep(_BETWEEN_LOOKS)
            workers = workers & (self._workers() | self._accounts.keys())
        self._judge()

    def _on_quitting(self, **_kwargs: Any) -> None:
        """Locust was interrupted, and stops its users only once it knows its exit code."""
        if self._running:
            self._on_stopping()
        else:
            self._end_fleet()

    def _workers(self) -> set[str]:
        if not isinstance(self._runner, MasterRunner):
            return {"local"}
        clients = self._runner.clients
        return {client.id for client in [*clients.running, *clients.spawning]}

    def _judge(self) -> None:
        options = self.options
        if options.observe is None:
            logger.info("What has arrived is not compared: --observe URL says where it is seen")
            return
        verdict = self._verdict(options.observe)
        logger.info("What was emitted, and what has arrived:\n%s", verdict.report())
        if options.report is not None:
            Path(options.report).write_bytes(msgspec.json.encode(verdict.as_object()) + b"\n")
        before = self._environment.process_exit_code or 0
        self._environment.process_exit_code = max(before, 1 if verdict.faults else 0)

    def _verdict(self, url: str) -> Verdict:
        accounts = [one for one in self._accounts.values() if isinstance(one, Account)]
        with closing(Oracle(url, self.options.settle)) as oracle:
            try:
                verdict = oracle.judge(accounts)
            except RemoteError as error:
                verdict = Verdict(missing=[str(error)])
        verdict.missing += self._missing()
        return verdict

    def _missing(self) -> list[str]:
        """The workers without an account."""
        told = {node: why for node, why in self._accounts.items() if isinstance(why, str)}
        silent = self._begun - self._accounts.keys()
        told |= dict.fromkeys(sorted(silent), "it is gone, or did not answer in time")
        return [f"worker {node} has given no account: {why}" for node, why in told.items()]


_runs: WeakKeyDictionary[Environment, LoadRun] = WeakKeyDictionary()


def begin(environment: Environment, **_kwargs: Any) -> None:
    """Have a run of Rodents in an environment; a listener of Locust's ``init``."""
    # What was imported took long, and gevent's timers would go by the time before that.
    gevent.get_hub().loop.update_now()
    run_of(environment)


def run_of(environment: Environment) -> LoadRun:
    """The run of Rodents in an environment of Locust."""
    if environment not in _runs:
        _runs[environment] = LoadRun(environment)
    return _runs[environment]
