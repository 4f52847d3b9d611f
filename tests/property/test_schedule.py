"""Whatever has happened: the worker neither sleeps through what is due, nor wakes for nothing."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from support.reach import reached, reaches

from rodent_events.config import EventConfig
from rodent_events.schedule import NEVER, Load, Schedule

CONFIGS = [
    EventConfig(
        events_dir=Path("unused"),
        spool_mode=mode,
        fsync=fsync,
        batch_size=10,
        flush_threshold=100,
        buffer_size=200,
    )
    for mode in ("spill", "journal")
    for fsync in ("never", "interval", "always")
]
HAPPENINGS = {
    "send begun": lambda schedule, now: schedule.send_begun(now),
    "accepted": lambda s, now: s.send_ended(now, events=10, accepted=True, delay=0.0),
    "refused": lambda s, now: s.send_ended(now, events=10, accepted=False, delay=3.0),
    "nothing left": lambda s, now: s.nothing_left(now),
    "read failed": lambda s, now: s.read_failed(now),
    "spill failed": lambda s, now: s.spill_failed(now),
    "went wrong": lambda s, now: s.went_wrong(now),
    "flush": lambda s, _now: s.flush_asked(),
    "stop": lambda s, now: s.stop_asked(now, 10.0),
    "interrupt": lambda s, now: s.stop_interrupted(now),
    "requeued": lambda s, _now: s.requeued(),
    "synced": lambda s, now: s.sync_is_due(now, unsynced=True),
    "nothing to sync": lambda s, now: s.sync_is_due(now, unsynced=False),
    "saved": lambda s, now: s.save_is_due(now, unsaved=True),
    "nothing to save": lambda s, now: s.save_is_due(now, unsaved=False),
    "save failed": lambda s, now: s.save_failed(now),
    "looked": lambda s, now: s.looked(now),
    "look failed": lambda s, now: s.look_failed(now),
}
HISTORIES = st.lists(
    st.tuples(st.sampled_from(sorted(HAPPENINGS)), st.sampled_from([0.0, 0.001, 0.7, 40.0]))
)


@st.composite
def situations(draw):
    """A schedule with a past, the time, and what waits."""
    config = draw(st.sampled_from(CONFIGS))
    now = 0.0
    schedule = Schedule(config, now)
    for name, seconds in draw(HISTORIES):
        now += seconds
        HAPPENINGS[name](schedule, now)
    memory = draw(st.integers(0, config.buffer_size))
    on_disk = draw(st.integers(0, 300)) if config.spool_mode == "journal" else 0
    beyond = memory - config.flush_threshold
    waits = Load(
        backlog=memory + on_disk,
        above_watermark=beyond > 0,
        pressure=max(0, beyond) / 100,
        unsynced=config.spool_mode == "journal"
        and config.fsync == "interval"
        and draw(st.booleans()),
        unsaved=memory > 0 or (config.spool_mode == "spill" and draw(st.booleans())),
    )
    return config, schedule, now, waits


def due(config, schedule, now, waits):
    """What the worker would do at a time."""
    full = waits.backlog >= config.batch_size
    partial = schedule.takes_partial(now)
    return {
        "send": schedule.may_send(now) and (full or partial),
        "spill": waits.above_watermark and schedule.may_spill(now, waits.pressure),
        "sync": schedule.sync_is_due(now, unsynced=waits.unsynced),
        "save": schedule.save_is_due(now, unsaved=waits.unsaved),
        "look": schedule.look_is_due(now),
        "stop": schedule.stop_is_due(now),
    }


@reaches(due=0.1, sleeps=0.05)
@given(situations())
def test_what_is_due_is_not_slept_through(situation):
    config, schedule, now, waits = situation
    deadline = schedule.next_deadline(now, waits, schedule.wake_level(now, waits))
    found = due(config, schedule, now, waits)
    if schedule.is_stopping:
        found.pop("send")  # at the end each look sends what there is
    if any(found.values()):
        reached("due")
    if deadline > now:
        reached("sleeps")
    assert deadline <= now or not any(found.values())


@reaches(wakes=0.2, later=0.05)
@given(situations())
def test_the_worker_does_not_wake_for_nothing(situation):
    config, schedule, now, waits = situation
    deadline = schedule.next_deadline(now, waits, schedule.wake_level(now, waits))
    if deadline < NEVER:
        reached("wakes")
        if deadline > now:
            reached("later")
        at = max(now, deadline)
        a_pause_ends = schedule.may_send(at) and not schedule.may_send(now)
        assert a_pause_ends or any(due(config, schedule, at, waits).values())


@reaches(may_send=0.1)
@given(situations())
def test_whoever_fills_a_batch_wakes_a_worker_that_may_send(situation):
    config, schedule, now, waits = situation
    if schedule.may_send(now):
        reached("may_send")
        assert schedule.wake_level(now, waits) <= config.batch_size
