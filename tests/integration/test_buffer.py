"""The buffer and its spool folder: real files, damaged ones too."""

import os

import pytest

from rodent_events import Event, EventBatch, EventBuffer, SpoolError, wire
from rodent_events.batch import Batch
from rodent_events.disk.segment import stored_batch
from rodent_events.ids import new_id, new_id_after


def events(count: int, start: int = 0) -> list[Event]:
    return [
        Event(event_id=f"e{number:05}", level=1, category=2, source="s" * (number % 50))
        for number in range(start, start + count)
    ]


def frames(count: int, start: int = 0) -> bytes:
    return b"".join(wire.delimited(1, e.SerializeToString()) for e in events(count, start))


def batch_bytes(count: int, start: int = 0, batch_id: str = "") -> bytes:
    return frames(count, start) + wire.batch_trailer(batch_id or new_id(), 1)


def batch_of(count: int, start: int = 0) -> Batch:
    parts = [wire.delimited(1, e.SerializeToString()) for e in events(count, start)]
    return Batch.of(parts, batch_id=new_id(), timestamp=1)


def names(count: int, start: int = 0) -> list[str]:
    return [event.event_id for event in events(count, start)]


@pytest.fixture
def make_buffer(tmp_path):
    made = []

    def make(**settings):
        settings = {"batch_size": 10, "flush_threshold": 100, "buffer_size": 200} | settings
        made.append(EventBuffer(events_dir=tmp_path, **settings))
        made[-1].open()
        return made[-1]

    yield make
    for buffer in made:
        buffer.close()


def deliver_all(buffer: EventBuffer) -> list[str]:
    arrived: list[str] = []
    while batch := buffer.next_batch():
        assert batch.count > 0
        arrived += (event.event_id for event in EventBatch.FromString(batch.data).events)
        buffer.acknowledge()
    return arrived


def fill(buffer: EventBuffer, count: int, start: int = 0) -> None:
    for event in events(count, start):
        buffer.add(event)


def test_the_seeds_flush_to_disk_and_its_validation(tmp_path, make_buffer):
    buffer = make_buffer()
    fill(buffer, 25)
    (path,) = buffer.spill()
    batch = EventBatch.FromString(path.read_bytes())
    assert list(batch.events) == events(25)
    assert path.suffix == ".pb"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".lock").stat().st_mode & 0o777 == 0o600
    assert len(buffer) == 0
    assert buffer.waiting == 25


def test_disk_before_memory_and_files_by_age(make_buffer):
    buffer = make_buffer()
    fill(buffer, 25)
    buffer.spill()
    fill(buffer, 25, 25)
    buffer.spill()
    fill(buffer, 5, 50)
    assert deliver_all(buffer) == names(55)
    assert buffer.waiting == 0


def test_a_partial_batch_waits_for_more_unless_told(make_buffer):
    buffer = make_buffer()
    fill(buffer, 9)
    assert buffer.next_batch(partial=False) is None
    fill(buffer, 1, 9)
    assert buffer.next_batch(partial=False).count == 10


def test_a_requeued_batch_comes_first_with_its_id_and_bytes(tmp_path, make_buffer):
    buffer = make_buffer()
    fill(buffer, 30)
    batch = buffer.next_batch()
    buffer.spill()  # what is newer goes to disk while the batch is in flight
    buffer.requeue()
    assert buffer.next_batch() == batch
    buffer.requeue()
    buffer.close()
    again = make_buffer()
    assert again.next_batch().data == batch.data
    assert deliver_all(again) == names(30)


def test_a_split_batch_is_requeued_as_its_halves(make_buffer):
    buffer = make_buffer()
    fill(buffer, 10)
    buffer.next_batch()
    buffer.split()
    left = buffer.next_batch()
    buffer.acknowledge()
    right = buffer.next_batch()
    buffer.requeue()
    buffer.close()
    again = make_buffer()
    assert again.next_batch() == right
    assert (left.count, right.count) == (5, 5)
    assert deliver_all(again) == names(5, 5)


def test_progress_in_a_file_survives_a_restart(tmp_path, make_buffer):
    buffer = make_buffer()
    fill(buffer, 35)
    buffer.spill()
    for _ in range(2):
        buffer.next_batch()
        buffer.acknowledge()
    expected = buffer.next_batch()
    buffer.requeue()
    buffer.close()
    again = make_buffer()
    assert again.waiting == 15
    assert again.next_batch() == expected
    assert deliver_all(again) == names(15, 20)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock"]


def test_progress_inside_a_split_batch_survives_a_restart(tmp_path, make_buffer):
    (tmp_path / f"{new_id()}.pb").write_bytes(batch_bytes(10))
    buffer = make_buffer()
    buffer.next_batch()
    buffer.split()
    buffer.next_batch()
    buffer.acknowledge()
    right = buffer.next_batch()
    buffer.requeue()
    buffer.close()
    again = make_buffer()
    assert again.waiting == 5
    assert again.next_batch() == right
    assert deliver_all(again) == names(5, 5)


@pytest.mark.parametrize("cuts", [1, 2, 3])
@pytest.mark.parametrize("how", ["requeued", "started again"])
def test_a_batch_on_disk_stays_cut_once_a_part_may_have_been_sent(tmp_path, make_buffer, cuts, how):
    (tmp_path / f"{new_id()}.pb").write_bytes(batch_bytes(21) + batch_bytes(9, 21))
    buffer = make_buffer()
    buffer.next_batch()
    buffer.split()
    buffer.next_batch()
    buffer.acknowledge()
    for _ in range(cuts):
        buffer.next_batch()
        buffer.split()
    sent = buffer.next_batch()
    buffer.requeue()
    if how == "started again":
        buffer.close()
        buffer = make_buffer()
    assert buffer.next_batch() == sent
    assert deliver_all(buffer) == names(20, 10)


def test_a_go_rodents_file_of_20_000_events(tmp_path, make_buffer):
    batch = EventBatch(events=events(20_000), batch_timestamp=5, batch_id=new_id())
    (tmp_path / f"{new_id()}.pb").write_bytes(batch.SerializeToString())
    buffer = make_buffer(max_batch_bytes=100_000)
    sizes = []
    arrived = []
    while found := buffer.next_batch():
        sizes.append(len(found.data))
        arrived += (event.event_id for event in EventBatch.FromString(found.data).events)
        buffer.acknowledge()
    assert arrived == names(20_000)
    assert max(sizes) <= 100_000


def flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes((content[position] ^ 0x10,)) + content[position + 1 :]


GOOD, LONG = batch_bytes(10), frames(10, 40)
TORN = LONG[: len(LONG) - 5]
SUMMED = [stored_batch(batch_of(10, start)) for start in (0, 10, 20)]

# What lies in a file, which events can be read, and what is set aside.
DAMAGE = {
    "torn tail": (GOOD + TORN, names(10) + names(9, 40), TORN[len(frames(9, 40)) :]),
    "torn in the first frame": (b"\x0a\x7fabc", [], b"\x0a\x7fabc"),
    "torn in the middle of a length": (frames(3) + b"\x0a\x80", names(3), b"\x0a\x80"),
    "torn trailer": (GOOD[:-5], names(10), GOOD[len(frames(10)) : -5]),
    "zero bytes at the end": (GOOD + bytes(100), names(10), bytes(100)),
    "only zero bytes": (bytes(100), [], bytes(100)),
    "a foreign file": (b"#!/bin/sh\necho hello\n", [], b"#!/bin/sh\necho hello\n"),
    "an event that is none, before there was a trailer": (
        frames(2) + b"\x0a\x03\x00\x00\x00" + frames(2, 50),
        names(2) + names(2, 50),
        b"\x0a\x03\x00\x00\x00",
    ),
    "an id that reaches over an event": (
        b"\x1a\x06\x0a\x04\x0a\x02\xff\xfe" + frames(3, 50),
        names(3, 50),
        b"\x1a\x06\x0a\x04\x0a\x02\xff\xfe",
    ),
    "an id that reaches into the next event": (
        frames(10) + b"\x1a\x06id" + frames(3, 50),
        names(10),
        b"\x1a\x06id" + frames(3, 50),
    ),
    "text in the middle": (GOOD + b"hello" + GOOD, names(10), b"hello" + GOOD),
    "a flipped bit in an event": (
        SUMMED[0] + flipped(SUMMED[1], 5) + SUMMED[2],
        names(10) + names(10, 20),
        flipped(SUMMED[1], 5),
    ),
    "a flipped bit in a checksum": (
        SUMMED[0] + flipped(SUMMED[1], len(frames(10, 10)) + 5) + SUMMED[2],
        names(10) + names(10, 20),
        flipped(SUMMED[1], len(frames(10, 10)) + 5),
    ),
    "longer than a piece": (GOOD * 9000 + b"\x00", names(10) * 9000, b"\x00"),
}


def test_a_batch_of_another_encoder_is_rewritten_and_kept(tmp_path, make_buffer, caplog):
    """Protobuf lets the id stand before the events."""
    checksum_tag_by_chance = wire.delimited(1000, b"\xfd\x7f")
    content = b"\x1a\x08batch-id" + checksum_tag_by_chance + frames(3) + b"\x10\x05"
    path = tmp_path / f"{new_id()}.pb"
    path.write_bytes(content)
    buffer = make_buffer()
    (batch,) = [buffer.next_batch(partial=True)]
    assert (batch.id, batch.timestamp, batch.count) == ("batch-id", 5, 3)
    assert deliver_all(buffer) == names(3)
    assert path.with_suffix(".original").read_bytes() == content
    assert not path.with_suffix(".damaged").exists()
    assert "was rewritten" in caplog.text


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_costs_only_what_is_damaged(tmp_path, make_buffer, caplog, name):
    content, readable, damaged = DAMAGE[name]
    path = tmp_path / f"{new_id()}.pb"
    path.write_bytes(content)
    (tmp_path / f"{new_id()}.pb").write_bytes(batch_bytes(7, 100))
    buffer = make_buffer()
    assert deliver_all(buffer) == readable + names(7, 100)
    assert buffer.stats()["waiting"] == 0
    assert path.with_suffix(".damaged").read_bytes() == damaged
    assert not path.exists()
    assert caplog.text.count("is damaged") == 1
    stats = buffer.stats()
    assert stats["recovered"] == stats["delivered"] == len(readable) + 7


def test_an_empty_file_is_removed(tmp_path, make_buffer):
    (tmp_path / f"{new_id()}.pb").touch()
    assert deliver_all(make_buffer()) == []
    assert list(tmp_path.glob("*.pb")) == []


def test_frames_that_were_never_frozen_get_ids_that_a_restart_repeats(tmp_path, make_buffer):
    (tmp_path / f"{new_id()}.pb").write_bytes(frames(25))
    first = make_buffer()
    batch = first.next_batch()
    first.requeue()
    first.close()
    again = make_buffer()
    assert again.next_batch() == batch
    assert deliver_all(again) == names(25)


NOTES = {
    "empty": ("", 30),
    "no number": ("half", 30),
    "negative": ("-0000000000000000007 0000000000", 30),
    "beyond the file": ("00000000000009999999 0000000000", 30),
    "more events than there are": ("00000000000000000000 0000000099", 20),
    "the second batch": (f"{len(SUMMED[0]):020} 0000000003", 17),
    "parts of it": (f"{len(SUMMED[0]):020} 0000000003 0000000001", 17),
    "a negative part": (f"{len(SUMMED[0]):020} 0000000003 -000000001", 30),
    "larger parts than there are": (f"{len(SUMMED[0]):020} 0000000003 0000000099", 17),
    "more numbers than there are": (f"{len(SUMMED[0]):020} 0000000003 0000000001 2", 30),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_that_is_wrong_repeats_rather_than_loses(tmp_path, make_buffer, name):
    note, left = NOTES[name]
    path = tmp_path / f"{new_id()}.pb"
    path.write_bytes(b"".join(SUMMED))
    path.with_suffix(".ack").write_text(note)
    buffer = make_buffer()
    assert buffer.waiting == left
    assert deliver_all(buffer) == names(left, 30 - left)


def test_a_note_whose_file_is_gone_is_removed(tmp_path, make_buffer):
    (tmp_path / f"{new_id()}.ack").write_text("00000000000000000007 0000000001")
    make_buffer()
    assert list(tmp_path.glob("*.ack")) == []


def test_a_file_that_somebody_deletes_is_counted_and_the_rest_delivered(tmp_path, make_buffer):
    buffer = make_buffer()
    fill(buffer, 20)
    (path,) = buffer.spill()
    fill(buffer, 5, 20)
    path.unlink()
    assert deliver_all(buffer) == names(5, 20)
    assert buffer.stats()["dropped_by_reason"] == {
        "spool_unreadable": {"UNSPECIFIED UNSPECIFIED": 20}
    }


@pytest.fixture
def full_disk():
    """Writes come out short, and the last one fails with ENOSPC."""
    import errno

    def write(descriptor, data):
        if len(data) > 10:
            return real_write(descriptor, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    real_write = os.write
    # Not the fixture monkeypatch, which a plugin may have undone only after the buffers are closed.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", write)
        yield


def test_a_full_disk_leaves_events_in_memory_and_no_file(tmp_path, make_buffer, full_disk):
    buffer = make_buffer()
    fill(buffer, 25)
    with pytest.raises(OSError, match="No space left"):
        buffer.spill()
    assert len(buffer) == 25
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert deliver_all(buffer) == names(25)


def test_a_batch_that_cannot_be_requeued_stays_in_flight(make_buffer, full_disk):
    buffer = make_buffer()
    fill(buffer, 10)
    batch = buffer.next_batch()
    with pytest.raises(OSError, match="No space left"):
        buffer.requeue()
    assert buffer.next_batch() == batch


def test_what_cannot_be_quarantined_is_counted_as_dropped(make_buffer, full_disk):
    buffer = make_buffer()
    fill(buffer, 3)
    buffer.next_batch()
    buffer.quarantine("refused")
    assert buffer.stats()["dropped_by_reason"] == {"quarantine_failed": {"INFO STORAGE": 3}}
    assert buffer.waiting == 0


def test_a_folder_that_cannot_be_made(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(SpoolError, match=r"cannot use .*file/events for events"):
        EventBuffer(events_dir=blocked / "events", require_disk=True).open()


def test_add_takes_events_only(make_buffer):
    with pytest.raises(TypeError, match=r"add\(\) takes an Event, got str 'x'"):
        make_buffer().add("x")


def test_names_increase_even_if_the_clock_is_set_back():
    future = "ffffffff-ffff-7000-8000-000000000000"
    assert new_id_after(future) > future
    assert new_id_after(None) < future


@pytest.mark.parametrize(("room", "count"), [(0, 10), (-1, 5)])
def test_a_batch_of_a_file_is_halved_if_it_is_larger_than_now_allowed(make_buffer, room, count):
    buffer = make_buffer()
    fill(buffer, 10)
    size = len(buffer.next_batch().frames) + wire.TRAILER_BYTES
    buffer.spill()
    buffer.close()
    assert make_buffer(max_batch_bytes=size + room).next_batch().count == count


def test_a_file_is_limited_by_max_file_size(make_buffer):
    buffer = make_buffer(max_batch_bytes=1_000, max_file_size=3_000)
    fill(buffer, 100)
    paths = buffer.spill()
    assert len(paths) > 1
    assert all(path.stat().st_size <= 3_000 for path in paths)
    assert deliver_all(buffer) == names(100)
