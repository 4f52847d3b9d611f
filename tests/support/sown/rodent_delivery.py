"""Faults of a Rodent in what it sends: batches, their ids, their sizes, their order."""

from __future__ import annotations

import threading
import time
from itertools import islice

from rodent_events import client, ids
from rodent_events.bus import EventBus
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.retry_policy import Outcome, Status
from rodent_events.schedule import Schedule
from support.sown.faults import Fault
from support.sown.settings import setting
from toggle_mock.contract.reference_agent import ReferenceAgent

SEND = client.EventClient._send

_FULL = 100
"""So many events fill a batch."""


def new_batch_ids() -> None:
    """Each try has a batch id of its own."""

    def changed(self, data):
        batch = EventBatch.FromString(data)
        batch.batch_id = ids.new_id()
        return SEND(self, batch.SerializeToString())

    client.EventClient._send = changed


def recuts() -> None:
    """What is tried again is a new batch, of the events that have waited longest by then."""
    waiting: dict[str, bytes] = {}
    failed: set[str] = set()
    append = EventBus._append

    def remember(self, frame):
        waiting[EventBatch.FromString(frame).events[0].event_id] = frame
        return append(self, frame)

    def recut(self, data):
        batch = EventBatch.FromString(data)
        own_id = batch.batch_id
        if own_id in failed:
            batch = EventBatch.FromString(b"".join(islice(waiting.values(), _FULL)))
            batch.batch_id = ids.new_id()
        outcome = SEND(self, batch.SerializeToString())
        if outcome.status is Status.OK:
            for event in batch.events:
                waiting.pop(event.event_id, None)
        else:
            failed.add(own_id)
        return outcome

    EventBus._append = remember
    client.EventClient._send = recut


def empty_batches() -> None:
    """It sends a batch at each tick of its timer, whether there are events or not."""
    start = client.EventClient.start

    def started(self):
        start(self)
        threading.Thread(target=tick, args=(self,), daemon=True).start()

    def tick(self):
        while True:
            time.sleep(0.1)
            SEND(self, EventBatch(batch_id=ids.new_id()).SerializeToString())

    client.EventClient.start = started


def timer_alone() -> None:
    """A full batch waits for the timer as well."""
    may_send = Schedule.may_send
    Schedule.may_send = lambda self, now: may_send(self, now) and self.takes_partial(now)


def overtakes() -> None:
    """What is refused with ABORTED is sent again beside what comes after it."""

    def changed(self, data):
        outcome = SEND(self, data)
        if outcome.status is not Status.ABORTED:
            return outcome
        threading.Timer(0.3, again, (self, data)).start()
        return Outcome(Status.OK)

    def again(self, data):
        if SEND(self, data).status is not Status.OK:
            threading.Timer(0.3, again, (self, data)).start()

    client.EventClient._send = changed


def two_senders() -> None:
    """Each full batch is sent by a thread of its own, beside what comes after it."""

    def changed(self, data):
        if len(EventBatch.FromString(data).events) < 100:
            return SEND(self, data)
        threading.Timer(0.3, SEND, (self, data)).start()
        return Outcome(Status.OK)

    client.EventClient._send = changed


def small_queue() -> None:
    """Of a burst it takes a thousand events, and says that it has taken all."""
    emit = ReferenceAgent.emit

    def some(self, payload, fields, *, count=1, **more):
        emit(self, payload, fields, count=min(count, 1_000), **more)
        return count

    ReferenceAgent.emit = some


def waits_for_room() -> None:
    """Once a thousand events wait, emit waits until Toggle has taken some."""
    append = EventBus._append

    def patiently(self, frame):
        while self._buffer.waiting > 1_000:
            time.sleep(0.01)
        return append(self, frame)

    EventBus._append = patiently


def cuts_text() -> None:
    """Of long text it keeps the beginning."""
    emit = ReferenceAgent.emit

    def cut(self, payload, fields, **more):
        short = {key: value[:65_536] for key, value in fields.items()}
        return emit(self, payload, short, **more)

    ReferenceAgent.emit = cut


def hoards() -> None:
    """It keeps each event in memory, for ever."""
    append, hoard = EventBus._append, []

    def kept(self, frame):
        hoard.append(frame)
        return append(self, frame)

    EventBus._append = kept


FAULTS = {
    "new-batch-ids": Fault(
        new_batch_ids,
        {
            "retry.same-bytes": "the first try was",
            "retry.lost-answer": "after its answer was lost",
            "retry.hung-call": "another batch than the one that hung",
            "status.one-after-the-other": "8 different batches",
            "outage.reset": "was cut off, and",
            "retry.not-recut": "again in batch",
            "order.retries": "again in batch",
        },
    ),
    "recuts": Fault(
        recuts,
        {
            "retry.not-recut": "have arrived in batch",
            "retry.same-bytes": "the first try was",
            "retry.lost-answer": "after its answer was lost",
            "status.one-after-the-other": "8 different batches",
            "outage.reset": "was cut off, and",
            "order.retries": "again in batch",
        },
    ),
    "empty-batches": Fault(empty_batches, {"batching.not-empty": "were empty"}),
    "double-batches": Fault(
        setting(batch_size="200"), {"batching.size": "was sent", "batching.full": "the quickest of"}
    ),
    "lonely-events": Fault(setting(batch_size="1"), {"batching.together": "calls"}),
    "huge-batches": Fault(
        setting(max_batch_bytes="15000000"), {"batching.four-mebibytes": "bytes was sent"}
    ),
    "timer-alone": Fault(timer_alone, {"batching.full": "the quickest of"}),
    "slow-timer": Fault(
        setting(batch_timeout="60"),
        {"batching.due": "did not arrive"},
        also="whatever waits for a batch that is not full",
    ),
    "overtakes": Fault(overtakes, {"order.retries": "to arrive is"}),
    "two-senders": Fault(two_senders, {"order.steady": "to arrive is"}),
    "small-queue": Fault(small_queue, {"load.burst": "only some arrived"}),
    "waits-for-room": Fault(
        waits_for_room,
        {"load.not-blocked": "an answer to emit", "load.memory": "an answer to emit"},
    ),
    "cuts-text": Fault(cuts_text, {"load.large-event": "have arrived"}),
    "hoards": Fault(hoards, {"load.memory": "its memory has grown"}),
}
