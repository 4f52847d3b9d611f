"""The worker by itself: when it spills, how it goes on, what it does with whoever is late."""

import time
from types import SimpleNamespace

import pytest

from rodent_events import wire
from rodent_events.buffer import EventBuffer
from rodent_events.config import EventConfig
from rodent_events.retry_policy import Outcome, Status
from rodent_events.worker import Flush, Worker


@pytest.fixture
def worker(tmp_path):
    config = EventConfig(events_dir=tmp_path, buffer_size=2_000, flush_threshold=1_000)
    buffer = SimpleNamespace(config=config, pressure=0.2, acknowledge=lambda: None)
    return Worker(buffer, SimpleNamespace(), lambda: None)


def end_send(worker, status, seconds):
    worker._sent_at = time.monotonic() - seconds
    worker._decide(SimpleNamespace(id="b", count=100), Outcome(status))


def test_nothing_is_known_of_toggle_at_first(worker):
    assert worker._spill_due() == worker._spill_at


@pytest.mark.parametrize(
    ("status", "seconds", "keeping_up"),
    [
        (Status.OK, 0.0001, True),
        (Status.OK, 0.5, False),
        (Status.UNAVAILABLE, 0.0001, False),
        (Status.REJECTED, 0.0001, False),
    ],
)
def test_only_a_toggle_that_keeps_up_delays_a_spill(
    worker, status, seconds, keeping_up, monkeypatch
):
    monkeypatch.setattr(worker, "_act", lambda *_: None)
    end_send(worker, status, seconds)
    assert (worker._spill_due() > worker._spill_at) == keeping_up


def test_a_send_that_takes_longer_than_the_others_does_not_delay_it_any_more(worker):
    end_send(worker, Status.OK, 0.0001)
    worker._sent_at = time.monotonic() - 1
    assert worker._spill_due() < time.monotonic()


def test_memory_under_half_the_pressure_is_spilled_at_once(worker):
    end_send(worker, Status.OK, 0.0001)
    worker._buffer.pressure = 0.5
    assert worker._spill_due() == worker._spill_at


def test_the_worker_is_not_woken_for_what_it_would_not_do(worker):
    worker._buffer.backlog = 1_100
    assert worker._wake_level(busy=True) == 1_001
    end_send(worker, Status.OK, 0.0001)
    assert worker._wake_level(busy=True) == 1_501


def test_a_message_that_fails_keeps_no_other_from_being_read(tmp_path):
    """Whoever asks to stop is heard, whatever was asked before."""
    config = EventConfig(events_dir=tmp_path)
    buffer = EventBuffer(config)
    ended = []
    worker = Worker(buffer, SimpleNamespace(close=lambda: None), lambda: ended.append(True))
    worker._inbox.put(lambda: 1 / 0)
    worker._inbox.put(lambda: worker._begin_stop(0.0, 0.0))
    worker.start()
    assert worker._ended.wait(20)
    assert ended


def test_a_flush_ends_while_the_next_batches_go_out(tmp_path):
    """Who flushes does not wait for what others emit meanwhile."""
    sent = []
    client = SimpleNamespace(start_send=lambda batch, _done: sent.append(batch))
    buffer = EventBuffer(events_dir=tmp_path, batch_size=1)
    worker = Worker(buffer, client, lambda: None)
    frame = wire.delimited(1, b"")
    buffer.append(frame)
    flush = Flush(buffer)
    worker._send_if_due()
    buffer.append(frame)
    worker._flushes.append(flush)
    worker._go_on(sent[0], Outcome(Status.OK))
    assert len(sent) == 2
    assert flush.wait(0)


def test_an_outcome_that_comes_after_the_end_changes_nothing(tmp_path):
    sent = []
    client = SimpleNamespace(start_send=lambda batch, _done: sent.append(batch))
    buffer = EventBuffer(events_dir=tmp_path, batch_size=1)
    worker = Worker(buffer, client, lambda: None)
    buffer.append(wire.delimited(1, b""))
    worker._send_if_due()
    worker._ended.set()
    worker._go_on(sent[0], Outcome(Status.OK))
    assert buffer.stats()["delivered"] == 0
    assert buffer.stats()["waiting"] == 1
