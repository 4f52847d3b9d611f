"""Delivery beside a model: what is sent, lost, repeated and kept, over crashes and bad disks.

The machine drives a real buffer with real files, and the worker's own handling of outcomes, but no
thread and no gRPC: each step is one event, one send or one disaster. The server of the model
answers as a consistent Toggle does, and notes what it has recorded.
"""

import errno
import os
import shutil
import tempfile
from pathlib import Path
from unittest import mock
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from rodent_events import EventBatch, EventBuffer, EventConfig, wire
from rodent_events.disk.format import read_sections
from rodent_events.retry_policy import Outcome, Status
from rodent_events.worker import Worker

SERVER_LIMIT = 2_000
"""Bytes that the server takes in a request."""

UNSEEN = {
    "lost request": Status.UNAVAILABLE,
    "refused": Status.PERMISSION_DENIED,
    "no token": Status.UNAUTHENTICATED,
}
OUTCOMES = st.sampled_from(["delivered", "lost answer", *UNSEEN])


class NoClient:
    """Stands where the worker has its client: nothing is sent by it here."""

    def forget_token(self) -> None:
        """Nothing to forget."""


class Delivery(RuleBasedStateMachine):
    """The pipeline, from the frame of an event to the answer of a server."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.disk_is_full = False
        self.clock = 1_800_000_000
        self.ids = 0
        self.synced: dict[int, int] = {}
        self.synced_names: set[Path] = set()
        self.patches = [
            mock.patch("os.write", self._write),
            mock.patch("os.fsync", self._fsync),
            mock.patch("rodent_events.ids.uuid7", self._uuid7),
        ]
        self.real_write, self.real_fsync = os.write, os.fsync
        for patch in self.patches:
            patch.start()
        self.number = 0
        self.emitted: list[str] = []
        self.may_be_lost: set[str] = set()
        self.may_repeat: set[str] = set()
        self.arrivals: list[tuple[str, list[str]]] = []
        self.recorded_batches: dict[str, bytes] = {}
        self.quarantined: set[str] = set()

    # The world

    def _uuid7(self) -> UUID:
        self.ids += 1
        return UUID(int=self.clock * 1000 << 80 | 0x7 << 76 | 0x8 << 60 | self.ids)

    def _write(self, descriptor: int, data: bytes) -> int:
        if self.disk_is_full and len(data) > 30:
            if len(data) > 60:
                return self.real_write(descriptor, data[:25])
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.real_write(descriptor, data)

    def _fsync(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        self.synced[found.st_ino] = found.st_size
        if os.path.samestat(found, self.folder.stat()):
            self.synced_names = set(self.folder.glob("*.pb"))

    def _serve(self, data: bytes, outcome: str) -> Outcome:
        if outcome in UNSEEN:
            return Outcome(UNSEEN[outcome])
        batch = EventBatch.FromString(data)
        ids = [event.event_id for event in batch.events]
        if len(data) > SERVER_LIMIT:
            return Outcome(Status.RESOURCE_EXHAUSTED, too_large=True)
        if any(event.source == "poison" for event in batch.events):
            if len(ids) == 1:
                self.quarantined.add(ids[0])
            return Outcome(Status.INVALID_ARGUMENT, "poison")
        assert self.recorded_batches.setdefault(batch.batch_id, data) == data, "a batch has changed"
        self.arrivals.append((batch.batch_id, ids))
        if outcome == "lost answer":
            self.may_repeat.update(ids)
            return Outcome(Status.DEADLINE_EXCEEDED)
        return Outcome(Status.OK)

    # Steps

    @initialize(
        mode=st.sampled_from(["spill", "journal"]),
        fsync=st.sampled_from(["never", "interval", "always"]),
    )
    def start(self, mode, fsync):
        self.mode, self.fsync = mode, fsync
        self._open(batch_size=7)

    def _open(self, batch_size: int) -> None:
        self.buffer = self._buffer(batch_size)
        with mock.patch("rodent_events.disk.store.JOURNAL_PAUSE", 0.0):
            self.buffer.open()
        self.worker = Worker(self.buffer, NoClient(), lambda: None)

    def _buffer(self, batch_size: int) -> EventBuffer:
        return EventBuffer(
            EventConfig(
                events_dir=self.folder,
                spool_mode=self.mode,
                fsync=self.fsync,
                buffer_size=10_000,
                flush_threshold=10_000,
                batch_size=batch_size,
                max_batch_bytes=3_000,
                max_file_size=5_000,
            )
        )

    @rule(count=st.integers(1, 15), size=st.sampled_from([10, 10, 10, 900]))
    def emit(self, count, size):
        for _ in range(count):
            self._emit("s" * size)

    @rule()
    def emit_poison(self):
        self._emit("poison")

    def _emit(self, source: str) -> None:
        self._append(self.buffer, "event", source)

    def _append(self, buffer: EventBuffer, sender: str, source: str) -> None:
        self.number += 1
        event_id = f"{sender}-{self.number:06}"
        content = wire.delimited(1, event_id.encode()) + wire.delimited(4, source.encode())
        with mock.patch("rodent_events.disk.store.JOURNAL_PAUSE", 0.0):
            assert buffer.append(wire.delimited(1, content))
        self.emitted.append(event_id)

    @rule(outcome=OUTCOMES, partial=st.booleans())
    def send(self, outcome, partial):
        batch = self.buffer.next_batch(partial=partial)
        if batch is not None:
            self.worker._decide(batch, self._serve(batch.data, outcome))

    @rule()
    def spill(self):
        try:
            self.buffer.spill()
        except OSError:
            assert self.disk_is_full

    @precondition(lambda self: not self.disk_is_full)
    @rule(count=st.integers(1, 15))
    def a_neighbour_dies(self, count):
        """Another process has its own files in the same folder, and is killed."""
        neighbour = self._buffer(batch_size=7)
        neighbour.open()
        for _ in range(count):
            self._append(neighbour, f"neighbour{self.number:06}", "")
        neighbour.save()
        neighbour.abandon()

    @rule()
    def look_around(self):
        self.buffer.look_around()

    @rule(full=st.booleans())
    def fill_or_empty_the_disk(self, full):
        self.disk_is_full = full

    @rule(seconds=st.integers(-10_000, 10_000))
    def set_the_clock(self, seconds):
        self.clock += seconds

    @rule(batch_size=st.integers(1, 20))
    def restart_in_order(self, batch_size):
        self.disk_is_full = False
        self.buffer.close()
        self._open(batch_size)

    @rule(batch_size=st.integers(1, 20))
    def kill(self, batch_size):
        """The process ends at once; what the kernel was given stays."""
        self.may_be_lost |= self._only_in_memory()
        self._forget_process()
        self._open(batch_size)

    @precondition(lambda self: self.mode == "journal" and self.fsync == "always")
    @rule(batch_size=st.integers(1, 20))
    def lose_power(self, batch_size):
        """What was not synced is gone, names of files too, and every note of progress with it."""
        self.may_be_lost |= self._only_in_memory()
        self._forget_process()
        for path in self.folder.glob("*.pb"):
            os.truncate(path, min(path.stat().st_size, self.synced.get(path.stat().st_ino, 0)))
            if path not in self.synced_names:
                path.unlink()
        for note in self.folder.glob("*.ack"):
            note.unlink()
            self.may_repeat.update(event_id for _, ids in self.arrivals for event_id in ids)
        self._open(batch_size)

    @rule(batch_size=st.integers(1, 20), data=st.data())
    def kill_and_flip_a_bit(self, batch_size, data):
        self.may_be_lost |= self._only_in_memory()
        self._forget_process()
        paths = sorted(self.folder.glob("*.pb"))
        if paths:
            path = data.draw(st.sampled_from(paths))
            content = bytearray(path.read_bytes())
            sections = [s for s in read_sections(bytes(content)).sections if s.count]
            if sections:
                section = data.draw(st.sampled_from(sections))
                events = EventBatch.FromString(bytes(content[section.start : section.frames_end]))
                self.may_be_lost.update(event.event_id for event in events.events)
                content[section.frames_end - 1] = 0  # damage does not undo itself
                path.write_bytes(content)
        self._open(batch_size)

    def _only_in_memory(self) -> set[str]:
        frames = list(self.buffer.memory.frames)
        if self.buffer._parts and self.buffer.unsaved > len(frames):
            frames += [frame for part in self.buffer._parts for frame in part.single_frames()]
        batch = EventBatch.FromString(b"".join(frames))
        return {event.event_id for event in batch.events}

    def _forget_process(self) -> None:
        self.disk_is_full = False
        self.buffer.abandon()

    # What always holds

    @invariant()
    def statistics_balance(self):
        if not hasattr(self, "buffer"):
            return
        stats = self.buffer.stats()
        parts = ("delivered", "waiting", "filtered", "dropped", "quarantined")
        assert stats["emitted"] + stats["recovered"] == sum(stats[part] for part in parts), stats
        assert all(stats[part] >= 0 for part in parts), stats
        # What Toggle refuses for good, on a disk that cannot keep it, is all that may be dropped.
        assert stats["dropped_by_reason"].keys() <= {"quarantine_failed"}

    @invariant()
    def only_what_had_no_answer_arrives_twice_and_under_the_same_id(self):
        seen: dict[str, set[str]] = {}
        for batch_id, ids in self.arrivals:
            for event_id in ids:
                if event_id in seen:
                    assert event_id in self.may_repeat, f"{event_id} arrived again"
                seen.setdefault(event_id, set()).add(batch_id)
        assert all(len(batch_ids) == 1 for batch_ids in seen.values())

    @invariant()
    def order_is_that_of_emission(self):
        first = dict.fromkeys(event_id for _, ids in self.arrivals for event_id in ids)
        by_sender: dict[str, list[str]] = {}
        for event_id in first:
            by_sender.setdefault(event_id.partition("-")[0], []).append(event_id)
        assert all(some == sorted(some) for some in by_sender.values())

    def teardown(self):
        """Faults off: everything that was to be kept arrives, and nothing else."""
        try:
            if hasattr(self, "buffer"):
                self.disk_is_full = False
                self.buffer.close()
                self._open(batch_size=5)
                while (batch := self.buffer.next_batch()) is not None:
                    self.worker._decide(batch, self._serve(batch.data, "delivered"))
                arrived = {event_id for _, ids in self.arrivals for event_id in ids}
                missing = set(self.emitted) - arrived - self.quarantined - self.may_be_lost
                assert not missing, missing
                assert arrived <= set(self.emitted)
                self.order_is_that_of_emission()
                self.only_what_had_no_answer_arrives_twice_and_under_the_same_id()
                self.statistics_balance()
                self.buffer.close()
                assert [*self.folder.glob("*.pb"), *self.folder.glob("process-*")] == []
        finally:
            for patch in self.patches:
                patch.stop()
            shutil.rmtree(self.folder)


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(stateful_step_count=40)
