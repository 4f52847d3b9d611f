"""The worker by itself: how it goes on, and what it does with whoever is late."""

from types import SimpleNamespace

from rodent_events import wire
from rodent_events.buffer import EventBuffer
from rodent_events.config import EventConfig
from rodent_events.retry_policy import Outcome, Status
from rodent_events.worker import Flush, Worker


def test_a_message_that_fails_keeps_no_other_from_being_read(tmp_path):
    """Whoever asks to stop is heard, whatever was asked before."""
    config = EventConfig(events_dir=tmp_path)
    buffer = EventBuffer(config)
    ended = []
    worker = Worker(buffer, SimpleNamespace(close=lambda: None), lambda: ended.append(True))
    worker._inbox.put(lambda: 1 / 0)
    worker._inbox.put(lambda: worker._schedule.stop_asked(0.0, 0.0))
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


def test_after_a_failure_the_worker_s_own_thread_goes_on(tmp_path):
    """The thread of the client would keep the lock, if a handler of the log is slower than it."""
    sent = []
    client = SimpleNamespace(
        start_send=lambda batch, _done: sent.append(batch), forget_token=lambda: None
    )
    buffer = EventBuffer(events_dir=tmp_path, batch_size=1)
    worker = Worker(buffer, client, lambda: None)
    buffer.append(wire.delimited(1, b""))
    worker._send_if_due()
    worker._go_on(sent[0], Outcome(Status.UNAUTHENTICATED))  # which is sent again at once
    assert len(sent) == 1
    assert not worker._inbox.empty()
    worker._send_if_due()
    assert len(sent) == 2


def test_a_flush_that_nobody_waits_for_any_more_is_forgotten(tmp_path):
    buffer = EventBuffer(events_dir=tmp_path)
    worker = Worker(buffer, SimpleNamespace(), lambda: None)
    buffer.append(wire.delimited(1, b""))
    flush = Flush(buffer)
    worker._flushes.append(flush)
    assert flush.wait(0) is False
    worker._check_flushes()
    assert worker._flushes == []
