"""What a program adds to events, changes of them, and holds back: metadata and before_emit."""

import asyncio
import threading

import pytest
from support.delivery import spooled

import rodent_events
from rodent_events import Event, EventBus, EventTypeError, StoragePoolPayload

POOL = StoragePoolPayload(pool_name="tank")


@pytest.fixture
def make_bus(tmp_path):
    return lambda **settings: EventBus(events_dir=tmp_path, **settings)


def emitted(bus):
    """The events that a bus has brought to disk at its end."""
    bus.shutdown()
    return [event for batch in spooled(bus.config.events_dir) for event in batch.events]


def test_metadata_of_a_block_is_on_each_event_in_it(make_bus):
    bus = make_bus()
    with rodent_events.metadata(transfer="7", node="a"):
        bus.emit(POOL)
        with rodent_events.metadata({"node": "b", "x-y": "z"}):
            bus.emit(POOL, metadata={"x-y": "own"})
        bus.emit(POOL, metadata={"node": "own"})
    bus.emit(POOL)
    assert [dict(event.metadata) for event in emitted(bus)] == [
        {"transfer": "7", "node": "a"},
        {"transfer": "7", "node": "b", "x-y": "own"},
        {"transfer": "7", "node": "own"},
        {},
    ]


def test_a_block_that_ends_by_an_exception_ends(make_bus):
    bus = make_bus()
    with pytest.raises(KeyError), rodent_events.metadata(node="a"):
        raise KeyError
    bus.emit(POOL)
    assert dict(emitted(bus)[0].metadata) == {}


async def test_each_task_has_its_own_and_a_thread_has_none(make_bus):
    bus = make_bus()

    async def request(number):
        with rodent_events.metadata(request=str(number)):
            await asyncio.sleep(0)
            bus.emit(StoragePoolPayload(size_bytes=number))

    await asyncio.gather(*map(request, range(5)))
    with rodent_events.metadata(request="none of a thread's"):
        thread = threading.Thread(target=bus.emit, args=[POOL])
        thread.start()
        thread.join()
    *tasks, of_thread = emitted(bus)
    assert len(tasks) == 5
    for event in tasks:
        assert event.metadata["request"] == str(event.storage_event.pool_event.size_bytes)
    assert dict(of_thread.metadata) == {}


@pytest.mark.parametrize("wrong", [{"node": 7}, {7: "node"}, {"node": None}])
def test_metadata_that_is_no_text_is_told_at_the_block(wrong):
    with pytest.raises(EventTypeError, match="metadata maps text to text, got"):
        rodent_events.metadata(wrong).__enter__()


def test_metadata_of_emit_that_is_none_is_told_in_a_block_too(make_bus):
    with rodent_events.metadata(node="a"), pytest.raises(EventTypeError, match="maps text to text"):
        make_bus().emit(POOL, metadata=7)


def test_a_hook_may_change_an_event(make_bus):
    def mark(event: Event) -> Event:
        event.metadata["seen"] = "yes"
        event.event_id = "not to be changed"
        return event

    bus = make_bus(before_emit=mark)
    event_id = bus.emit(POOL, metadata={"n": "1"})
    (event,) = emitted(bus)
    assert dict(event.metadata) == {"n": "1", "seen": "yes"}
    assert event.event_id == event_id


def test_a_hook_may_put_another_event_in_its_place(make_bus):
    bus = make_bus(before_emit=lambda event: Event(source="other", level=event.level))
    event_id = bus.emit(POOL)
    assert [(event.event_id, event.source) for event in emitted(bus)] == [(event_id, "other")]


def test_what_a_hook_holds_back_is_counted(make_bus):
    bus = make_bus(before_emit=lambda event: None if event.metadata else event)
    assert bus.emit(POOL, metadata={"n": "1"}) is None
    assert bus.emit(POOL) is not None
    stats = bus.get_stats()
    assert stats["dropped_by_reason"] == {"before_emit": {"INFO STORAGE": 1}}
    assert stats["emitted"] == 2
    assert stats["waiting"] == 1


def test_a_hook_is_not_asked_about_what_is_filtered(make_bus):
    asked = []
    bus = make_bus(before_emit=lambda event: asked.append(event) or event, enabled_levels=["ERROR"])
    bus.emit(POOL)
    assert asked == []


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (lambda _event: 1 / 0, "ZeroDivisionError"),
        (lambda _event: "text", "before_emit returns an Event or None, got str 'text'"),
    ],
)
def test_a_hook_that_fails_loses_nothing_and_is_told_once(hook, told, make_bus, caplog):
    bus = make_bus(before_emit=hook)
    ids = [bus.emit(POOL) for _ in range(3)]
    events = emitted(bus)
    assert [event.event_id for event in events] == ids
    assert [event.storage_event.pool_event for event in events] == [POOL] * 3
    assert len(caplog.records) == 1
    assert told in caplog.text


def test_a_hook_may_emit_itself(make_bus):
    def twice(event: Event) -> Event:
        bus.emit(POOL, metadata={"by": "the hook"})
        return event

    bus = make_bus(before_emit=twice)
    bus.emit(POOL)
    bus.emit(POOL)
    assert [dict(event.metadata) for event in emitted(bus)] == [{"by": "the hook"}, {}] * 2


def test_what_was_emitted_before_it_is_initialized_goes_through_the_hook_too(make_bus):
    early = make_bus()
    early.emit(POOL)
    early.emit(POOL, metadata={"n": "1"})
    bus = make_bus(before_emit=lambda event: None if event.metadata else event)
    bus.take_over(early)
    assert bus.get_stats()["dropped"] == 1
    assert len(emitted(bus)) == 1


def test_a_hook_is_a_function():
    with pytest.raises(rodent_events.ConfigError, match="before_emit"):
        EventBus(before_emit="text")
