"""A fleet in a process of its own, which Locust's runner drives: ``python -m`` this module.

gRPC's asyncio needs threads and sockets of the operating system, which Locust has replaced with
gevent's. So orders come as lines of JSON on stdin, the settings first, and reports go to stdout.
"""

from __future__ import annotations

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import msgspec
from google.protobuf import message_factory

from rodent_events.payload_types import payload_types, schema_of
from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.locust.fleet import LoadFleet
from toggle_mock.locust.settings import Emit, FleetSettings, Order, Report, Settle, Start, Stop
from toggle_mock.open_files import allow_many

_BETWEEN_REPORTS = 0.2
"""Seconds."""

_STOPPING_AT_A_TIME = 32


class FleetProcess:
    """Does what it is told on one stream, and reports on another.

    Args:
        orders: Lines of JSON, the settings first.
        reports: Lines of JSON.
    """

    def __init__(self, orders: BinaryIO, reports: BinaryIO) -> None:
        self._orders, self._reports = orders, reports
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._stopping = ThreadPoolExecutor(_STOPPING_AT_A_TIME)

    def run(self) -> None:
        """Do what comes until nothing more comes, and have all Rodents be gone."""
        first = self._orders.readline()
        if not first:
            return  # there was no run
        settings = msgspec.json.decode(first, type=FleetSettings)
        self._fleet = LoadFleet(settings)
        reporting = threading.Thread(target=self._report_samples)
        reporting.start()
        decoder = msgspec.json.Decoder(Order)
        try:
            for line in self._orders:
                self._do(decoder.decode(line))
        finally:
            self._stopping.shutdown()
            self._fleet.end()
            self._ended.set()
            reporting.join()

    def _do(self, order: Order) -> None:
        match order:
            case Start(number, rodent):
                self._fleet.start(number, rodent)
            case Stop(number):
                self._stopping.submit(self._stop, number)
            case Emit(number, payload, content, level):
                descriptor = payload_types(schema_of(Event()))[payload].descriptor
                message = message_factory.GetMessageClass(descriptor).FromString(content)
                self._fleet.emit(number, message, level)
            case Settle(seconds):
                account = self._fleet.settle(seconds)
                samples = self._fleet.take_samples()
                packed = account.pack()
                self._tell(Report(samples=samples, mark=account.mark, account=packed))

    def _stop(self, number: int) -> None:
        self._fleet.stop(number)
        self._tell(Report(stopped=number))

    def _report_samples(self) -> None:
        while not self._ended.wait(_BETWEEN_REPORTS):
            samples = self._fleet.take_samples()
            if samples:
                self._tell(Report(samples=samples))

    def _tell(self, report: Report) -> None:
        with self._lock:
            self._reports.write(msgspec.json.encode(report) + b"\n")
            self._reports.flush()


def main() -> None:
    """Run until stdin ends; an interrupt is for Locust, which ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_many()
    FleetProcess(sys.stdin.buffer, sys.stdout.buffer).run()


if __name__ == "__main__":
    main()
