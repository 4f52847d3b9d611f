"""Faults of a Rodent in what it keeps: on disk, over its end, and in its numbers."""

from __future__ import annotations

import os
import threading
from functools import cache

from rodent_events import client, clock, ids
from rodent_events.account import Account
from rodent_events.buffer import EventBuffer
from rodent_events.bus import EventBus
from rodent_events.disk import folder
from rodent_events.disk.segment import Segment
from rodent_events.disk.spool import Spool
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.schedule import Schedule
from rodent_events.worker import Flush, Worker
from support.sown.faults import Fault
from support.sown.settings import setting
from toggle_mock.contract.reference_agent import ReferenceAgent

_TWO_MINUTES = 120.0


def starts_afresh() -> None:
    """It begins with an empty folder."""
    take_folder = Spool.take_folder

    def emptied(self):
        take_folder(self)
        for path in self.folder.glob("*.pb"):
            if path.is_file():
                path.unlink()

    Spool.take_folder = emptied


def tidies_up() -> None:
    """At an orderly end it deletes its files."""
    close = EventBuffer.close

    def tidied(self):
        close(self)
        for path in self.config.events_dir.rglob("*.pb"):
            path.unlink()

    EventBuffer.close = tidied


def new_ids_at_start() -> None:
    """Batches of an earlier process get ids of their own."""
    send, begun = client.EventClient._send, ids.new_id()
    renamed = cache(lambda _batch_id: ids.new_id())

    def changed(self, data):
        batch = EventBatch.FromString(data)
        if batch.batch_id < begun:
            batch.batch_id = renamed(batch.batch_id)
        return send(self, batch.SerializeToString())

    client.EventClient._send = changed


def new_first() -> None:
    """What an earlier process has left is sent once something new was."""
    open_spool, first = Spool.open, Spool.first

    def opened(self):
        count = open_spool(self)
        self.old, self.new = list(self._segments), None
        self._segments.clear()
        return count

    def newest(self):
        batch = first(self)
        self.new = self.new or batch
        if batch is None and self.new and self.old:
            self._segments.extendleft(reversed(self.old))
            self.old = []
            batch = first(self)
        return batch

    Spool.open, Spool.first = opened, newest


def ends_at_damage() -> None:
    """A file that it cannot read keeps it from starting."""
    examine = Segment.examine

    def strict(self, **more):
        if examine(self, **more) is not None:
            raise ValueError(f"{self.path} is damaged")

    Segment.examine = strict


def passes_damage_over() -> None:
    """Of a damaged file it reads nothing."""
    Spool._examine = lambda _self, segment: segment.examine() is None


def reads_what_is_another_ones() -> None:
    """It does not look whether somebody has the folder already."""

    def lock_folder(path, _content=None):
        return os.open(path / ".lock", os.O_RDONLY | os.O_CREAT, 0o600)

    folder.lock_folder = lock_folder


def notes_nothing() -> None:
    """It does not note what has arrived."""
    Segment._write_progress = lambda _self: None
    Segment.remove = lambda _self: None


def takes_its_time() -> None:
    """However little time it has to end, it takes two minutes."""
    stop = Worker.stop

    def slow(self, _timeout):
        begin = clock.monotonic()
        ended = stop(self, _TWO_MINUTES)
        threading.Event().wait(begin + _TWO_MINUTES - clock.monotonic())
        return ended

    Worker.stop = slow


def ends_at_once() -> None:
    """At its end it sends nothing more."""
    Schedule.stop_asked = Schedule.stop_interrupted = lambda self, now, *_: self._end(now, now + 2)


def drops_what_is_under_way() -> None:
    """At its end it takes the batch under way for delivered."""
    stop = Worker.stop

    def careless(self, timeout):
        with self._delivery_lock:
            if self._schedule.is_sending:
                self._buffer.acknowledge()
                self._client.close()
                self.stop_soon()
        return stop(self, timeout)

    Worker.stop = careless


def shutdown_is_always_complete() -> None:
    """It says that its shutdown is complete, whatever waits."""
    shutdown = EventBus.shutdown

    def claimed(self, timeout=None):
        shutdown(self, timeout)
        return True

    EventBus.shutdown = claimed


def flush_is_always_complete() -> None:
    """It says that a flush is complete, whatever waits."""
    answer = Flush._answer

    def claimed(self):
        answer(self)
        return True

    Flush._answer = claimed


def flush_does_not_wait() -> None:
    """It says that a flush is complete as soon as it is asked for."""
    Flush.wait = lambda _self, _timeout: True


def drops_until_registered() -> None:
    """It drops what comes before Register has succeeded; half a second it waits for that."""
    emit, waited = ReferenceAgent.emit, []

    def registered(agent):
        if not waited:
            waited.append(agent.link.registered.wait(0.5))
        return agent.link.registered.is_set()

    def some(self, payload, fields, *, count=1, **more):
        if registered(self):
            return emit(self, payload, fields, count=count, **more)
        return count

    ReferenceAgent.emit = some


def _counts(change) -> None:
    stats = Account.stats

    def wrong(self):
        right = stats(self)
        change(right)
        return right

    Account.stats = wrong


def counts_tries() -> None:
    """It counts what was sent as delivered, and each try of it."""
    send, tries = client.EventClient._send, []

    def counted(self, data):
        tries.append(len(EventBatch.FromString(data).events))
        return send(self, data)

    def change(stats):
        stats["emitted"] += sum(tries) - stats["delivered"]
        stats["delivered"] = sum(tries)

    client.EventClient._send = counted
    _counts(change)


def counts_no_refusals() -> None:
    """What Toggle refuses for good is in no number."""

    def change(stats):
        stats["emitted"] -= stats["quarantined"]
        stats["quarantined"] = 0

    _counts(change)


def counts_nothing_recovered() -> None:
    """What it has found at the start is delivered, and was never there."""
    _counts(lambda stats: stats.update(recovered=0))


def counts_memory_alone() -> None:
    """What waits on disk does not wait."""
    _counts(lambda stats: stats.update(waiting=stats["buffer_size"]))


FAULTS = {
    "memory-alone": Fault(
        setting(spool_mode="spill", spill_after="3600"),
        {
            "crash.away": "did not arrive",
            "crash.twice": "did not arrive",
            "crash.amid-emits": "did not arrive",
        },
    ),
    "starts-afresh": Fault(
        starts_afresh,
        {
            "restart.sigterm": "did not arrive",
            "restart.spill-file": "did not arrive",
            "order.restart": "did not arrive",
            "crash.away": "did not arrive",
        },
        also="whatever is left on disk by one process for the next",
    ),
    "tidies-up": Fault(
        tidies_up,
        {
            "restart.sigterm": "did not arrive",
            "restart.twice": "did not arrive",
            "order.restart": "did not arrive",
            "sharing.left-behind": "did not arrive",
        },
        also="whatever is left on disk in order for the next process",
    ),
    "new-ids-at-start": Fault(new_ids_at_start, {"crash.amid-call": "and again in batch"}),
    "new-first": Fault(new_first, {"order.restart": "to arrive is", "crash.twice": "to arrive is"}),
    "ends-at-damage": Fault(
        ends_at_damage, {"restart.garbage": "is damaged", "restart.torn-file": "is damaged"}
    ),
    "passes-damage-over": Fault(passes_damage_over, {"restart.torn-file": "did not arrive"}),
    "no-lock": Fault(reads_what_is_another_ones, {"sharing.apart": "sent again"}),
    "notes-nothing": Fault(notes_nothing, {"restart.only-once": "sent again"}),
    "takes-its-time": Fault(
        takes_its_time,
        {"shutdown.in-time": "an answer to shutdown", "shutdown.sigterm-in-time": "it still runs"},
    ),
    "ends-at-once": Fault(
        ends_at_once,
        {"shutdown.complete": "have not arrived", "shutdown.sigterm-delivers": "have not arrived"},
    ),
    "drops-what-is-under-way": Fault(
        drops_what_is_under_way, {"shutdown.amid-call": "did not arrive"}
    ),
    "shutdown-is-always-complete": Fault(
        shutdown_is_always_complete,
        {
            "shutdown.not-complete": "says that all is delivered",
            "shutdown.in-time": "Toggle has answered nothing",
        },
    ),
    "flush-is-always-complete": Fault(
        flush_is_always_complete,
        {
            "shutdown.flush-not-complete": "says that all is delivered",
            "retry.rejected": "rejected events never arrived",
        },
    ),
    "flush-does-not-wait": Fault(
        flush_does_not_wait,
        {
            "shutdown.flush": "events are missing",
            "shutdown.flush-not-complete": "says that all is delivered",
            "retry.rejected": "rejected events never arrived",
        },
    ),
    "drops-until-registered": Fault(
        drops_until_registered,
        {"outage.not-registered": "did not arrive", "outage.at-start": "did not arrive"},
        also="whatever is emitted before Toggle is there",
    ),
    "counts-tries": Fault(counts_tries, {"account.adds-up": "as delivered"}),
    "counts-no-refusals": Fault(counts_no_refusals, {"account.refused": "refused for good"}),
    "counts-nothing-recovered": Fault(
        counts_nothing_recovered, {"account.recovered": "are accounted for"}
    ),
    "counts-memory-alone": Fault(counts_memory_alone, {"account.away": "are accounted for"}),
}
