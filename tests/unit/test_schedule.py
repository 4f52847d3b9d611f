"""What is due when: nothing but numbers. Delivery begins at 1000 s."""

import sys

import pytest

from rodent_events.config import EventConfig
from rodent_events.rate_limit import RateLimit
from rodent_events.schedule import ERROR_PAUSE, INTERRUPT_TIMEOUT, NEVER, Load, Schedule

START = 1_000.0
SETTINGS = {
    "batch_size": 100,
    "batch_timeout": 30.0,
    "flush_threshold": 1_000,
    "buffer_size": 2_000,
    "fsync_interval": 0.1,
    "spill_after": 1.0,
}
IDLE = Load(backlog=0, above_watermark=False, pressure=0.0, unsynced=False, unsaved=False)


@pytest.fixture
def make_schedule(tmp_path):
    def make(**settings):
        return Schedule(EventConfig(events_dir=tmp_path, **SETTINGS | settings), START)

    return make


@pytest.fixture
def schedule(make_schedule):
    return make_schedule()


def load(backlog=0, pressure=0.0, *, unsynced=False, unsaved=False):
    return Load(
        backlog,
        above_watermark=pressure > 0,
        pressure=pressure,
        unsynced=unsynced,
        unsaved=unsaved,
    )


def send(schedule, begun=START, seconds=0.0001, *, accepted=True, events=100, delay=0.0):
    schedule.send_begun(begun)
    schedule.send_ended(begun + seconds, events=events, accepted=accepted, delay=delay)


def deadline(schedule, now, waits=IDLE):
    """Seconds until something is due; 0 if it is due already."""
    return max(0.0, schedule.next_deadline(now, waits, schedule.wake_level(now, waits)) - now)


# What has happened, and the seconds after which a batch may be sent.
SENDS = {
    "nothing": (lambda _schedule: None, 0.0),
    "a batch is under way": (lambda schedule: schedule.send_begun(START), NEVER),
    "it was accepted": (lambda s: send(s, seconds=0.0), 0.0),
    "it was refused": (lambda s: send(s, seconds=1.0, accepted=False, delay=4.0), 5.0),
    "a file could not be read": (lambda s: s.read_failed(START), 0.5),
    "an error that should not happen": (lambda s: s.went_wrong(START), ERROR_PAUSE),
    "somebody flushes amid a pause": (
        lambda s: (send(s, accepted=False, delay=9.0), s.flush_asked()),
        0.0,
    ),
    "somebody flushes amid a send": (lambda s: (s.send_begun(START), s.flush_asked()), NEVER),
    "the end is asked for amid a pause": (
        lambda s: (send(s, accepted=False, delay=9.0), s.stop_asked(START, 10.0)),
        0.0,
    ),
}


@pytest.mark.parametrize("name", SENDS)
def test_when_the_next_batch_may_be_sent(schedule, name):
    happen, seconds = SENDS[name]
    happen(schedule)
    if seconds == NEVER:
        assert not schedule.may_send(START + 1e9)
    else:
        assert schedule.may_send(START + seconds)
        assert not schedule.may_send(START + seconds - 0.01) or seconds == 0


@pytest.mark.parametrize(
    ("happen", "seconds"),
    [
        (lambda _schedule: None, 30.0),
        (lambda schedule: schedule.nothing_left(START + 12), 42.0),
        (lambda schedule: schedule.stop_asked(START, 10.0), 0.0),
    ],
)
def test_a_batch_that_is_not_full_waits_for_the_timeout_or_the_end(schedule, happen, seconds):
    happen(schedule)
    assert schedule.takes_partial(START + seconds)
    assert not schedule.takes_partial(START + seconds - 0.01) or seconds == 0


# How the last send went, and for how many seconds from its start a spill is put off.
SPILLS = {
    "nothing is known of Toggle": (lambda _schedule: None, 0.0),
    "Toggle keeps up": (send, 0.005),
    "it keeps up with a large batch": (lambda s: send(s, seconds=0.09, events=5_000), 0.005),
    "it is slow": (lambda s: send(s, seconds=0.0051), 0.0),
    "it refuses": (lambda s: send(s, accepted=False), 0.0),
    "a spill has failed": (lambda s: s.spill_failed(START), 1.0),
    "a spill has failed while it keeps up": (lambda s: (send(s), s.spill_failed(START)), 1.0),
    "an error that should not happen": (lambda s: s.went_wrong(START), ERROR_PAUSE),
}


@pytest.mark.parametrize("name", SPILLS)
def test_only_a_toggle_that_keeps_up_delays_a_spill(schedule, name):
    happen, seconds = SPILLS[name]
    happen(schedule)
    assert schedule.may_spill(START + seconds, pressure=0.2)
    assert not schedule.may_spill(START + seconds - 0.001, pressure=0.2) or seconds == 0


def test_memory_under_half_the_pressure_is_spilled_at_once(schedule):
    send(schedule)
    assert not schedule.may_spill(START, pressure=0.49)
    assert schedule.may_spill(START, pressure=0.5)


# Settings, what has happened, what waits, and the backlog at which the worker is to be woken.
WAKES = {
    "idle, with something in memory": ({}, None, load(7, unsaved=True), 100),
    "more than a batch waits": ({}, None, load(5_000, unsaved=True), 100),
    "amid a send": ({}, "sending", load(1_100, unsaved=True), 1_001),
    "amid a send to a Toggle that keeps up": ({}, "keeping up", load(1_100, unsaved=True), 1_501),
    "amid a pause": ({}, "pausing", load(1_100, unsaved=True), 1_001),
    "memory that is spilled only when full": (
        {"flush_threshold": 2_000},
        "sending",
        load(7, unsaved=True),
        2_000,
    ),
    "a journal, idle": ({"spool_mode": "journal"}, None, load(), 100),
    "a journal amid a send": ({"spool_mode": "journal"}, "sending", load(), sys.maxsize),
    "a journal whose next event begins an interval": (
        {"spool_mode": "journal", "fsync": "interval"},
        "sending",
        load(7),
        8,
    ),
    "a journal amid an interval": (
        {"spool_mode": "journal", "fsync": "interval"},
        None,
        load(7, unsynced=True),
        100,
    ),
    "no journal, so nothing to sync": ({"fsync": "interval"}, None, load(7, unsaved=True), 100),
    "nothing is in memory alone, so the next event begins the wait for disk": (
        {},
        "sending",
        load(7),
        8,
    ),
}


@pytest.mark.parametrize("name", WAKES)
def test_the_worker_is_not_woken_for_what_it_would_not_do(make_schedule, name):
    settings, state, waits, level = WAKES[name]
    schedule = make_schedule(**settings)
    if state == "keeping up":
        send(schedule)
    if state == "pausing":
        send(schedule, accepted=False, delay=9.0)
    elif state:
        schedule.send_begun(START)
    assert schedule.wake_level(START, waits) == level


# What has happened, what waits, and the seconds until something is due.
DEADLINES = {
    "idle": (lambda _schedule: None, load(), 10.0),
    "a full batch waits": (lambda _schedule: None, load(100), 0.0),
    "a full batch waits just after one that Toggle took": (send, load(100), 0.0),
    "a full batch waits after a spill that failed": (
        lambda s: s.spill_failed(START),
        load(100),
        0.0,
    ),
    "a full batch waits amid a send": (lambda s: s.send_begun(START), load(100), 10.0),
    "a full batch waits amid a pause": (
        lambda s: send(s, seconds=0.0, accepted=False, delay=9.0),
        load(100),
        9.0,
    ),
    "memory is above its watermark": (lambda s: s.send_begun(START), load(1_001, 0.1), 0.0),
    "and Toggle keeps up": (
        lambda s: (send(s), s.send_begun(START)),
        load(1_001, 0.1),
        0.005,
    ),
    "and a spill has failed": (
        lambda s: (s.spill_failed(START), s.send_begun(START)),
        load(1_001, 0.1),
        1.0,
    ),
    "something is unsynced": (
        lambda s: (s.sync_is_due(START, unsynced=False), s.send_begun(START)),
        load(1, unsynced=True),
        0.1,
    ),
    "something is in memory alone": (
        lambda s: (s.save_is_due(START, unsaved=False), s.send_begun(START)),
        load(1, unsaved=True),
        1.0,
    ),
    "and could not be brought to disk": (
        lambda s: (s.save_failed(START + 2.0), s.send_begun(START)),
        load(1, unsaved=True),
        3.0,
    ),
    "the end was asked for amid a send": (
        lambda s: (s.send_begun(START), s.stop_asked(START, 10.0)),
        load(1),
        8.0,
    ),
}


@pytest.mark.parametrize("name", DEADLINES)
def test_the_worker_sleeps_until_something_is_due(schedule, name):
    happen, waits, seconds = DEADLINES[name]
    happen(schedule)
    assert deadline(schedule, START + 0.0001, waits) == pytest.approx(seconds, abs=0.001)


def test_the_wait_for_disk_begins_with_the_first_event_that_is_in_memory_alone(schedule):
    assert not schedule.save_is_due(START + 5.0, unsaved=False)
    assert not schedule.save_is_due(START + 5.9, unsaved=True)
    assert schedule.save_is_due(START + 6.1, unsaved=True)
    assert not schedule.save_is_due(START + 7.0, unsaved=True)
    assert schedule.save_is_due(START + 7.2, unsaved=True)


def test_an_interval_begins_with_the_first_event_that_is_unsynced(schedule):
    assert not schedule.sync_is_due(START, unsynced=False)
    assert not schedule.sync_is_due(START + 5.0, unsynced=False)
    assert not schedule.sync_is_due(START + 5.09, unsynced=True)
    assert schedule.sync_is_due(START + 5.11, unsynced=True)
    assert not schedule.sync_is_due(START + 5.2, unsynced=True)
    assert schedule.sync_is_due(START + 5.22, unsynced=True)


# How the end was asked for, until when is sent, and until when events are brought to disk.
STOPS = {
    "not": (lambda _schedule: None, NEVER, None),
    "with ten seconds": (lambda s: s.stop_asked(START, 10.0), 8.0, 10.0),
    "with none": (lambda s: s.stop_asked(START, 0.0), 0.0, 0.0),
    "twice": (lambda s: (s.stop_asked(START, 50.0), s.stop_asked(START, 10.0)), 8.0, 50.0),
    "by an interrupt": (lambda s: s.stop_interrupted(START), 0.0, INTERRUPT_TIMEOUT),
    "while Toggle takes nothing": (
        lambda s: (s.stop_asked(START, 10.0), s.requeued()),
        0.0,
        10.0,
    ),
    "not, while Toggle takes nothing": (lambda s: s.requeued(), NEVER, None),
}


@pytest.mark.parametrize("name", STOPS)
def test_the_last_fifth_of_the_time_is_the_disks(schedule, name):
    ask, send_until, save_until = STOPS[name]
    ask(schedule)
    assert schedule.is_stopping == (send_until < NEVER)
    if not schedule.is_stopping:
        assert not schedule.stop_is_due(START + 1e9)
        return
    assert schedule.stop_is_due(START + send_until)
    assert not schedule.stop_is_due(START + send_until - 0.01) or send_until == 0
    assert not schedule.gives_up(START + save_until)
    assert schedule.gives_up(START + save_until + 0.01)


def test_a_limit_of_a_rate_lets_one_pass_in_its_pause():
    limit = RateLimit(2.0)
    passed = [now for now in (5, 6, 6.9, 7, 7.1, 100) if limit.passes(now)]
    assert passed == [5, 7, 100]
