"""What emit takes, what it refuses, and what becomes of it in memory. No bus is started here."""

import gc
import threading
import time
from uuid import UUID

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from support.payloads import PLACES

import rodent_events
from rodent_events import (
    EVENT_LEVEL_DEBUG,
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_INFO,
    Event,
    EventBatch,
    EventBuffer,
    EventBus,
    EventTypeError,
    EventValueError,
    StorageEvent,
    StoragePoolPayload,
    StorageTransferPayload,
    SystemStartupPayload,
    UsageQuotaPayload,
)
from rodent_events.emitters import Emitters
from rodent_events.pb import base_pb2
from rodent_events.pb.events import event_messages_pb2

TRANSFER = StorageTransferPayload(source="tank/test@snap1", size_bytes=1024)


@pytest.fixture
def bus(tmp_path):
    return EventBus(events_dir=tmp_path)


def emitted(bus: EventBus) -> list[Event]:
    """What a bus that was never started holds; it takes no more afterwards."""
    bus.shutdown()
    files = sorted(bus.config.events_dir.glob("*.pb"))
    return [event for path in files for event in EventBatch.FromString(path.read_bytes()).events]


def balance(stats) -> bool:
    came = stats["emitted"] + stats["recovered"]
    parts = ("delivered", "waiting", "filtered", "dropped", "quarantined")
    return came == sum(stats[part] for part in parts)


def test_an_event_has_all_its_parts(bus):
    before = time.time_ns() // 1_000_000
    event_id = bus.emit(TRANSFER, level=EVENT_LEVEL_ERROR, metadata={"action": "start"})
    (event,) = emitted(bus)
    assert event.event_id == event_id
    assert UUID(event_id).version == 7
    assert (event.level, event.category) == (EVENT_LEVEL_ERROR, 2)
    assert event.source == "rodent.zfs-transfer-manager"
    assert before <= event.timestamp <= time.time_ns() // 1_000_000
    assert dict(event.metadata) == {"action": "start"}
    assert event.storage_event.transfer_event == TRANSFER


def test_the_source_may_be_given(bus):
    bus.emit(TRANSFER, source="mine")
    bus.emit(TRANSFER, source="")
    assert [event.source for event in emitted(bus)] == ["mine", ""]


def test_the_payload_is_taken_as_it_is_now(bus):
    payload = StorageTransferPayload(source="first")
    bus.emit(payload)
    payload.source = "second"
    assert emitted(bus)[0].storage_event.transfer_event.source == "first"


def test_ids_increase_strictly_and_are_unique_over_threads(bus):
    ids: list[list[str]] = [[] for _ in range(4)]

    def emit_some(mine: list[str]) -> None:
        mine += (bus.emit(TRANSFER) for _ in range(500))

    threads = [threading.Thread(target=emit_some, args=(mine,)) for mine in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in ids)
    assert len({event_id for mine in ids for event_id in mine}) == 2000


def test_emitters_take_the_seeds_order_of_arguments(bus):
    bus.emit_system_startup(SystemStartupPayload(boot_time_seconds=1), {"component": "c"})
    bus.emit_storage_transfer(EVENT_LEVEL_INFO, TRANSFER, {"component": "c"})
    bus.emit_storage_transfer(EVENT_LEVEL_INFO, TRANSFER)
    bus.emit_system_startup(SystemStartupPayload(), level=EVENT_LEVEL_ERROR)
    assert [event.level for event in emitted(bus)] == [1, 1, 1, 3]


@pytest.mark.parametrize(
    ("emit", "error", "message"),
    [
        (lambda b: b.emit("text"), EventTypeError, "takes a payload message, got str 'text'"),
        (lambda b: b.emit(None), EventTypeError, "got NoneType None"),
        (lambda b: b.emit(Event()), EventTypeError, "rodent.events.Event is none of them"),
        (lambda b: b.emit(StorageEvent()), EventTypeError, "one of the payload messages"),
        (lambda b: b.emit(TRANSFER, level=99), EventValueError, "level 99 is unknown; known are"),
        (lambda b: b.emit(TRANSFER, level="INFO"), EventTypeError, "got str 'INFO'"),
        (lambda b: b.emit(TRANSFER, level=[]), EventTypeError, "got list []"),
        (lambda b: b.emit(TRANSFER, level=None), EventTypeError, "got NoneType None"),
        (lambda b: b.emit(TRANSFER, source=5), EventTypeError, "source is text, got int 5"),
        (lambda b: b.emit(TRANSFER, source="\ud800"), EventValueError, "source '\\ud800'"),
        (
            lambda b: b.emit(TRANSFER, metadata={"n": 5}),
            EventTypeError,
            "the value at 'n' is int 5: use str()",
        ),
        (lambda b: b.emit(TRANSFER, metadata={5: "n"}), EventTypeError, "the key at 5 is int 5"),
        (lambda b: b.emit(TRANSFER, metadata={"k": b"v"}), EventTypeError, "is bytes b'v'"),
        (lambda b: b.emit(TRANSFER, metadata=["k"]), EventTypeError, "got list ['k']"),
        (lambda b: b.emit(TRANSFER, metadata={"k": "\udfff"}), EventValueError, "UTF-8"),
        (
            lambda b: b.emit_storage_transfer(1, StoragePoolPayload()),
            EventTypeError,
            "emit_storage_transfer() takes a StorageTransferPayload, got StoragePoolPayload",
        ),
        (
            lambda b: b.emit_storage_transfer(TRANSFER, 1),
            EventTypeError,
            "Check the order of the arguments",
        ),
    ],
)
def test_bad_input_says_what_was_given_and_what_is_wanted(bus, emit, error, message):
    with pytest.raises(error) as caught:
        emit(bus)
    assert message in str(caught.value)
    assert isinstance(caught.value, TypeError | ValueError)
    assert bus.get_stats()["emitted"] == 0


def test_a_refused_call_spoils_nothing(bus):
    with pytest.raises(EventTypeError):
        bus.emit(TRANSFER, metadata={"n": 5})
    assert bus.emit(TRANSFER, metadata={"n": "5"}) is not None
    assert bus.get_stats()["emitted"] == 1


def test_filtered_events_are_counted_by_kind(bus):
    assert bus.emit(TRANSFER, level=EVENT_LEVEL_DEBUG) is None
    assert bus.emit(UsageQuotaPayload()) is None
    assert bus.emit(UsageQuotaPayload()) is None
    stats = bus.get_stats()
    assert (stats["emitted"], stats["filtered"], stats["waiting"]) == (3, 3, 0)
    assert stats["filtered_by_kind"] == {"DEBUG STORAGE": 1, "INFO USAGE": 2}


def test_a_full_memory_drops_the_oldest_and_counts_it(tmp_path):
    bus = EventBus(events_dir=tmp_path, buffer_size=10, flush_threshold=10, batch_size=10)
    ids = [bus.emit(TRANSFER) for _ in range(15)]
    assert [event.event_id for event in emitted(bus)] == ids[5:]
    stats = bus.get_stats()
    assert stats["dropped_by_reason"] == {"overflow": {"INFO STORAGE": 5}}
    assert balance(stats)


def test_statistics_have_the_seeds_keys(bus):
    bus.emit(TRANSFER)
    stats = bus.get_stats()
    seeds = {
        "initialized": False,
        "buffer_size": 1,
        "max_buffer_size": 20_000,
        "flush_threshold": 18_000,
        "batch_size": 100,
        "pending_events": 0,
        "max_pending": 100,
        "is_shutdown": False,
    }
    assert {key: stats[key] for key in seeds} == seeds


def test_after_shutdown_events_are_refused_and_counted(bus):
    assert bus.shutdown() is True
    assert bus.emit(TRANSFER) is None
    stats = bus.get_stats()
    assert stats["dropped_by_reason"] == {"shutdown": {"INFO STORAGE": 1}}
    assert stats["is_shutdown"]
    assert balance(stats)


def test_a_bus_that_was_never_started_brings_its_events_to_disk(bus, tmp_path):
    ids = [bus.emit(TRANSFER) for _ in range(3)]
    assert bus.shutdown() is False
    (path,) = tmp_path.glob("*.pb")
    assert [event.event_id for event in EventBatch.FromString(path.read_bytes()).events] == ids
    assert balance(bus.get_stats())


def test_an_event_that_is_appended_just_as_shutdown_ends_reaches_the_disk(
    bus, tmp_path, monkeypatch
):
    append = EventBuffer.append

    def shut_down_and_append(buffer, frame):
        bus.shutdown()
        return append(buffer, frame)

    monkeypatch.setattr(EventBuffer, "append", shut_down_and_append)
    event_id = bus.emit(TRANSFER)
    (path,) = tmp_path.glob("*.pb")
    assert [e.event_id for e in EventBatch.FromString(path.read_bytes()).events] == [event_id]


def test_a_finalizer_may_emit(bus):
    class Emitting:
        def __del__(self):
            bus.emit(TRANSFER)

    cycle = Emitting()
    cycle.self = cycle
    del cycle
    gc.collect()
    assert len(emitted(bus)) == 1


def foreign_class(full_name: str):
    """The same schema, loaded a second time by somebody else."""
    pool = descriptor_pool.DescriptorPool()
    for module in (event_messages_pb2, base_pb2):
        proto = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(proto)
        pool.Add(proto)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))


def test_payloads_of_another_loaded_copy_of_the_schema_are_taken(bus):
    foreign = foreign_class("rodent.events.StorageTransferPayload")
    bus.emit(foreign(source="tank"))
    assert emitted(bus)[0].storage_event.transfer_event.source == "tank"


def test_the_exported_names_are_there_and_all_of_the_schema_is_among_them():
    names = rodent_events.__all__
    assert all(hasattr(rodent_events, name) for name in names)
    emitters = [name for name in names if name.startswith("emit_")]
    assert emitters == sorted(place.emitter for place in PLACES)
    for module in (base_pb2, event_messages_pb2):
        assert set(module.DESCRIPTOR.message_types_by_name) <= set(names)
        assert set(module.DESCRIPTOR.enum_types_by_name) <= set(names)


def test_the_bus_has_every_emitter():
    emitters = {name for name in vars(Emitters) if name.startswith("emit_")}
    assert emitters == {name for name in rodent_events.__all__ if name.startswith("emit_")}


def test_many_sources_do_not_grow_memory_forever(bus):
    for number in range(3000):
        bus.emit(TRANSFER, source=f"source-{number}")
    assert len(bus._templates) <= 1024
