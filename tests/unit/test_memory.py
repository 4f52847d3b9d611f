"""Memory by itself: its limits, what happens beyond them, and how emitters are slowed down."""

import threading

import pytest

from rodent_events import wire
from rodent_events.config import EventConfig
from rodent_events.ledger import DropReason, Ledger, Place
from rodent_events.memory import Memory

KIND = wire.EventKind(level=2, category=3)


def frame(number: int, size: int = 0) -> bytes:
    """A frame that can be told from others."""
    level_and_category = b"\x10\x02\x18\x03"
    source = wire.delimited(4, f"{number:04}".encode() + b"s" * size)
    return wire.delimited(1, level_and_category + source)


def frames(count: int, start: int = 0) -> list[bytes]:
    return [frame(number) for number in range(start, start + count)]


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def make_memory(tmp_path, ledger):
    def make(count=0, **settings):
        settings = {"batch_size": 3, "flush_threshold": 6, "buffer_size": 10} | settings
        memory = Memory(EventConfig(events_dir=tmp_path, **settings), ledger)
        memory.extend(frames(count))
        return memory

    return make


def booked(ledger: Ledger) -> dict[Place, int]:
    return {place: count for place, count in ledger.balance.items() if count}


# The policy, whether the eleventh event is accepted, what waits then, and where the dropped was.
OVERFLOWS = {
    "drop_oldest": (True, frames(10, 1), Place.MEMORY),
    "drop_newest": (False, frames(10), Place.REFUSED),
    "block": (False, frames(10), Place.REFUSED),
}


@pytest.mark.parametrize("overflow", OVERFLOWS)
def test_what_is_beyond_the_limit_is_dropped_and_booked(make_memory, ledger, overflow):
    accepted, left, place = OVERFLOWS[overflow]
    memory = make_memory(overflow=overflow, overflow_timeout=0.001)
    assert all(memory.append(one) for one in frames(10))
    assert memory.append(frame(10)) is accepted
    assert list(memory.frames) == left
    assert booked(ledger) == {place: -1, Place.DROPPED: 1}
    assert ledger.dropped == {(DropReason.OVERFLOW, KIND): 1}


def test_block_waits_until_a_batch_is_taken(make_memory):
    memory = make_memory(10, overflow="block", overflow_timeout=30.0)
    results = []
    emitter = threading.Thread(target=lambda: results.append(memory.append(frame(10))))
    emitter.start()
    assert memory.take() == frames(3)
    emitter.join(20)
    assert results == [True]
    assert list(memory.frames) == frames(8, 3)


# Settings, events in memory, and whether it is to be spilled, under which pressure.
LEVELS = {
    "empty": ({}, 0, False, 0.0),
    "up to the threshold": ({}, 6, False, 0.0),
    "one beyond": ({}, 7, True, 0.25),
    "halfway": ({}, 8, True, 0.5),
    "full": ({}, 10, True, 1.0),
    "more than full": ({}, 12, True, 1.0),
    "no room beyond the threshold": ({"flush_threshold": 10}, 9, False, 0.0),
    "no room at all": ({"flush_threshold": 10}, 10, True, 1.0),
}


@pytest.mark.parametrize("name", LEVELS)
def test_watermark_and_pressure_follow_from_what_waits(make_memory, name):
    settings, count, above, pressure = LEVELS[name]
    memory = make_memory(count, **settings)
    assert (memory.above_watermark, memory.pressure) == (above, pressure)


# Events in memory, and the seconds for which the one who has brought the last should sleep.
PAUSES = {0: 0.0, 255: 0.0, 256: 1e-6, 257: 0.0, 300: 0.0, 384: 1e-6, 450: 0.0005, 500: 0.001}
ROOMY = {"flush_threshold": 400, "buffer_size": 500}


@pytest.mark.parametrize("count", PAUSES)
def test_emitters_pause_in_bursts_and_under_pressure(make_memory, count):
    assert make_memory(count, **ROOMY).pause == pytest.approx(PAUSES[count])


def test_a_breath_in_a_burst_comes_on_top_of_the_pressure(make_memory):
    assert make_memory(512, **ROOMY).pause == pytest.approx(0.001001)


def test_a_batch_is_limited_by_count(make_memory, ledger):
    memory = make_memory(7)
    assert [memory.take() for _ in range(4)] == [frames(3), frames(3, 3), frames(1, 6), []]
    assert booked(ledger) == {Place.MEMORY: -7, Place.IN_FLIGHT: 7}


def test_a_batch_is_limited_by_bytes_but_one_event_always_fits(make_memory):
    room = 4 * len(frame(0))
    memory = make_memory(2, batch_size=6, max_batch_bytes=room + wire.TRAILER_BYTES)
    large = frame(2, size=room)
    memory.extend([large, *frames(5, 3)])
    taken = [memory.take() for _ in range(5)]
    assert taken == [frames(2), [large], frames(4, 3), frames(1, 7), []]


@pytest.mark.parametrize("overflow", ["drop_newest", "block"])
def test_what_is_put_back_comes_first_again(make_memory, ledger, overflow):
    memory = make_memory(8, overflow=overflow)
    taken = memory.take() + memory.take()
    memory.extend(frames(6, 8))  # meanwhile others emit
    memory.put_back(taken)
    assert list(memory.frames) == frames(14)  # accepted is accepted, though it is beyond the limit
    assert not booked(ledger)


def test_what_is_put_back_is_the_oldest_to_be_dropped(make_memory, ledger):
    memory = make_memory(8, overflow="drop_oldest")
    taken = memory.take()
    memory.extend(frames(4, 8))
    memory.put_back(taken)
    assert list(memory.frames) == frames(10, 2)
    assert booked(ledger) == {Place.MEMORY: -2, Place.DROPPED: 2}


def test_draining_books_nothing(make_memory, ledger):
    memory = make_memory(5)
    assert memory.drain() == frames(5)
    assert not memory.frames
    assert not booked(ledger)
