"""A fleet's process, as Locust's worker sees it: told by lines on its stdin, from greenlets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import gevent
import gevent.event
import gevent.lock
import msgspec

from toggle_mock.codes import logger
from toggle_mock.locust.accounts import Account
from toggle_mock.locust.errors import FleetEndedError
from toggle_mock.locust.settings import FleetSettings, Order, Report, Sample, Settle, Stop

_TO_END = 30.0
"""Seconds until its process has ended, once its stdin is closed."""


class Fleet:
    """The process of a fleet.

    Args:
        count: Is told of all that took a time.
    """

    def __init__(self, count: Callable[[Sample], object]) -> None:
        self._count = count
        self._process = subprocess.Popen(
            [sys.executable, "-m", "toggle_mock.locust.fleet_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._lock = gevent.lock.RLock()
        self._gone: dict[int, gevent.event.Event] = {}
        self._account: gevent.event.AsyncResult[Account] = gevent.event.AsyncResult()
        self._next = 0
        self._reading = gevent.spawn(self._read)

    def begin(self, settings: FleetSettings) -> None:
        """Have it begin, before all else.

        Args:
            settings: What its Rodents have in common.

        Raises:
            FleetEndedError: It has ended.
        """
        self._write(settings)

    def number(self) -> int:
        """The number of another Rodent."""
        self._next += 1
        return self._next - 1

    def tell(self, order: Order) -> None:
        """Have it do something.

        Raises:
            FleetEndedError: It has ended.
        """
        self._write(order)

    def stop_rodent(self, number: int) -> None:
        """Have a Rodent be gone, and wait for that."""
        gone = self._gone[number] = gevent.event.Event()
        try:
            self.tell(Stop(number))
            gone.wait()
        except FleetEndedError:
            logger.warning("Rodent %d is gone: %s", number, "the process of its fleet has ended")
        finally:
            del self._gone[number]

    def settle(self, seconds: float) -> Account:
        """Have it emit no more and send what waits; returns the account.

        Raises:
            FleetEndedError: It has ended.
        """
        self.tell(Settle(seconds))
        account: Account = self._account.get()
        return account

    def end(self) -> None:
        """Have all Rodents be gone, and the process."""
        with self._lock:
            if self._process.stdin is not None and not self._process.stdin.closed:
                with suppress(BrokenPipeError):  # it has ended, which the account tells
                    self._process.stdin.close()
        self._reading.join()
        self._process.wait(_TO_END)

    def _write(self, told: FleetSettings | Order) -> None:
        assert self._process.stdin is not None
        try:
            with self._lock:
                self._process.stdin.write(msgspec.json.encode(told) + b"\n")
                self._process.stdin.flush()
        except (OSError, ValueError) as error:  # closed by it, or by end
            raise FleetEndedError("the process of the fleet has ended") from error

    def _read(self) -> None:
        assert self._process.stdout is not None
        decoder = msgspec.json.Decoder(Report)
        for line in self._process.stdout:
            self._take(decoder.decode(line))
        if not self._account.ready():
            self._account.set_exception(FleetEndedError("the process of the fleet has ended"))
        for gone in self._gone.values():
            gone.set()

    def _take(self, report: Report) -> None:
        for sample in report.samples:
            self._count(sample)
        if report.stopped in self._gone:
            self._gone[report.stopped].set()
        if report.mark is not None:
            self._account.set(Account.unpack(report.mark, report.account))
