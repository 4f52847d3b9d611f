"""What emit, delivery, the recording and queries cost, in counts that no busy machine changes.

The numbers here are what they cost now. Who changes them on purpose writes down the new ones: less
is as much of a surprise as more.
"""

import sys

import grpc
import pytest
from support.counting import (
    THREAD_IO,
    counted_instructions,
    held_bytes,
    peak_bytes,
    writes,
)

from bench.data import LEVEL, PAYLOAD, metadata
from bench.delivering import BATCH_SIZE, batches
from bench.recorded import recorded
from rodent_events import EventBus
from rodent_events.client import SEND_EVENTS
from toggle_mock import ToggleServer
from toggle_mock.assertions.view import RecordingView
from toggle_mock.recording.playback import accept
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall

NOW = 1_800_000_000_000_000_000
EVENTS = 500
BATCHES = 20

# Of the code of the two packages, for an event or a batch of 100, by the minor version of Python.
INSTRUCTIONS = {
    "an emit, spill": {11: 434.3, 12: 388.2, 13: 389.2},
    "an emit, journal": {11: 670.1, 12: 596.9, 13: 609.9},
    "a batch delivered from memory": {11: 2464, 12: 2201, 13: 2144},
    "a batch delivered from disk": {11: 9000, 12: 8600, 13: 7800},
    "a batch taken by the mock": {11: 2596, 12: 2344, 13: 2422},
    "a batch recorded": {11: 441.5, 12: 390.5, 13: 393.5},
    "a query, a batch of no such kind": {11: 513, 12: 458.3, 13: 469.7},
    "a query, a batch to look at": {11: 60205, 12: 51660, 13: 52365},
}

# Bytes that an emit leaves, and a recorded batch beside its own; that an emit takes at a time.
HELD = {"spill": 282, "journal": 0, "recorded": 410}
PEAK = {"spill": 1035, "journal": 1127}
# System calls of an emit that write to a file.
WRITES = {"spill": 0, "journal": 1}

MODES = {"spill": {}, "journal": {"spool_mode": "journal", "fsync": "never"}}
PATIENCE = 60

ENTRIES = metadata(BATCHES * BATCH_SIZE)


def hold(what, count, committed, *, margin):
    """What one of these costs must be what is written down, within a share of it."""
    if abs(count - committed) > margin * max(committed, 10):
        pytest.fail(f"{what}: {count:.5g}, and {committed} stand in {__file__}: is it to be so?")


def hold_instructions(what, count, *, margin=0.005):
    committed = INSTRUCTIONS[what].get(sys.version_info.minor)
    if committed is None:
        pytest.skip(f"no instructions of Python 3.{sys.version_info.minor} are written down")
    hold(what, count, committed, margin=margin)


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch):
    """A moment that is new takes instructions that one does not which is known already."""
    monkeypatch.setattr("time.time_ns", lambda: NOW)


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def bus(mode, tmp_path):
    """One whose Toggle never answers, so that events stay where emit has put them."""
    settings = {"buffer_size": 100 * EVENTS, "spill_after": 600.0, **MODES[mode]}
    with EventBus(events_dir=tmp_path, target="127.0.0.1:1", jwt="x.y.z", **settings) as bus:
        emit_many(bus)  # what is learnt from the first is kept
        yield bus
        bus.shutdown(0)


def emit_many(bus, count=EVENTS):
    for one in ENTRIES[:count]:
        bus.emit_storage_transfer(LEVEL, PAYLOAD, one)


def test_instructions_of_an_emit(bus, mode):
    with counted_instructions() as counted:
        emit_many(bus)
    hold_instructions(f"an emit, {mode}", counted.here / EVENTS)


def test_bytes_that_an_emit_leaves(bus, mode):
    held = held_bytes(lambda: emit_many(bus)) / EVENTS
    hold(f"memory after an emit, {mode}", held, HELD[mode], margin=0.05)


def test_bytes_that_an_emit_takes_at_a_time(bus, mode):
    peak = peak_bytes(lambda: emit_many(bus, 1))
    hold(f"memory during an emit, {mode}", peak, PEAK[mode], margin=0.05)


@pytest.mark.skipif(not THREAD_IO.exists(), reason=f"only Linux has {THREAD_IO}")
def test_writes_of_an_emit(bus, mode):
    count = writes(lambda: emit_many(bus)) / EVENTS
    hold(f"an emit, {mode}: writes", count, WRITES[mode], margin=0.02)


def test_instructions_of_a_batch_that_is_delivered(make_toggle_server, tmp_path):
    toggle = make_toggle_server()
    left = EventBus(events_dir=tmp_path, target="127.0.0.1:1", jwt="x.y.z", **MODES["journal"])
    with left:
        emit_many(left, BATCHES * BATCH_SIZE)
        left.shutdown(0)
    settings = {"target": toggle.address, "jwt": toggle.jwt(), "spill_after": 600.0}
    for origin in ("disk", "memory"):
        bus = EventBus(events_dir=tmp_path, **settings)
        if origin == "memory":
            emit_many(bus, BATCHES * BATCH_SIZE)
        with counted_instructions() as counted, bus:
            assert bus.flush(PATIENCE)
        assert len(toggle.batches) == BATCHES
        toggle.clear()
        # How often the threads wake each other is up to the machine.
        what = f"a batch delivered from {origin}"
        hold_instructions(what, counted.elsewhere / BATCHES, margin=0.2)


def test_instructions_of_a_batch_that_the_mock_takes():
    made = batches((BATCHES + 1) * BATCH_SIZE)
    with counted_instructions() as counted, ToggleServer() as toggle:
        bearer = (("authorization", f"Bearer {toggle.jwt()}"),)
        with grpc.insecure_channel(toggle.address) as channel:
            send = channel.unary_unary(SEND_EVENTS)
            send(made[0], metadata=bearer)
            before = counted.elsewhere
            for batch in made[1:]:
                send(batch, metadata=bearer)
            count = (counted.elsewhere - before) / BATCHES
    hold_instructions("a batch taken by the mock", count, margin=0.03)


def test_a_batch_that_is_recorded():
    made = batches(BATCHES * BATCH_SIZE)
    recording = Recording()

    def record():
        for batch in made:
            call = RecordedCall("SendEvents", "peer", ())
            recording.begin(call)
            accept(recording, call, batch)

    with counted_instructions() as counted:
        record()
    hold_instructions("a batch recorded", counted.here / BATCHES)
    held = held_bytes(record) / BATCHES
    hold("a batch recorded: memory beside its bytes", held, HELD["recorded"], margin=0.05)


@pytest.mark.parametrize(
    ("what", "query"),
    [
        ("a query, a batch of no such kind", "category:STORAGE payload:pool"),
        ("a query, a batch to look at", "source:nobody"),
    ],
)
def test_instructions_of_a_query(what, query):
    view = RecordingView(recorded(3))
    assert not view.find(query)  # what kinds a batch has is found out once
    with counted_instructions() as counted:
        view.find(query)
    hold_instructions(what, counted.here / 3)
