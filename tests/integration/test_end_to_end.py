"""What is emitted arrives, typed and intact, in a mock Toggle's recording."""

import json
import os
import subprocess
import sys
import threading

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from support.payloads import PLACES, empty, filled, largest

from rodent_events import EVENT_LEVEL_INFO, StorageTransferPayload
from rodent_events.config import CATEGORIES

METADATA = {"component": "test", "action": "send", "": "", "unicode": "Größe \U0001f400"}


@pytest.fixture
def event_bus_options():
    return {"enabled_categories": list(CATEGORIES.values())}


@pytest.mark.parametrize("fill", [empty, filled, largest])
def test_every_payload_type_by_emit(event_bus, toggle_server, fill):
    sent = {event_bus.emit(fill(place), metadata=METADATA): place for place in PLACES}
    assert event_bus.flush()
    assert len(toggle_server.events) == len(PLACES)
    for event in toggle_server.events:
        place = sent[event.event_id]
        assert event.payload == fill(place)
        assert event.payload_type == place.name
        assert (event.level, event.category) == ("INFO", place.category_name)
        assert event.source == place.source
        assert event.metadata == METADATA


@pytest.mark.parametrize("fill", [empty, filled, largest])
def test_every_payload_type_by_its_emitter(event_bus, toggle_server, fill):
    for place in PLACES:
        emitter = getattr(event_bus, place.emitter)
        payload = fill(place)
        if place.member.name in ("startup", "shutdown", "config_changed"):
            emitter(payload, METADATA)
        else:
            emitter(EVENT_LEVEL_INFO, payload, METADATA)
    assert event_bus.flush()
    assert [event.payload for event in toggle_server.events] == [fill(place) for place in PLACES]
    assert all(event.metadata == METADATA for event in toggle_server.events)


def test_a_client_that_knows_only_reflection_reads_what_was_sent(event_bus, toggle_server):
    for place in PLACES:
        event_bus.emit(filled(place), metadata=METADATA)
    assert event_bus.flush()
    with grpc.insecure_channel(toggle_server.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert "rodent.RodentService" in database.get_services()
        pool = DescriptorPool(database)
        method = pool.FindServiceByName("rodent.RodentService").FindMethodByName("SendEvents")
        batch_class = message_factory.GetMessageClass(method.input_type)
    events = [
        e for batch in toggle_server.batches for e in batch_class.FromString(batch.raw).events
    ]
    assert len(events) == len(PLACES)
    for event, place in zip(events, PLACES, strict=True):
        payload = getattr(getattr(event, place.wrapper.name), place.member.name)
        assert payload.SerializeToString() == filled(place).SerializeToString()


READER = """
import json, sys
from google.protobuf.internal import api_implementation
from google.protobuf.json_format import MessageToDict
from rodent_events import EventBatch
assert api_implementation.Type() == "python", api_implementation.Type()
batches = [EventBatch.FromString(bytes.fromhex(line)) for line in sys.stdin]
json.dump([MessageToDict(batch) for batch in batches], sys.stdout)
"""


def test_a_second_implementation_of_protobuf_reads_the_same(event_bus, toggle_server):
    from google.protobuf.json_format import MessageToDict

    for place in PLACES:
        event_bus.emit(largest(place), metadata=METADATA)
    assert event_bus.flush()
    reader = subprocess.run(
        [sys.executable, "-c", READER],
        input="\n".join(batch.raw.hex() for batch in toggle_server.batches),
        env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(reader.stdout) == [MessageToDict(b.message) for b in toggle_server.batches]


THREADS, EACH = 8, 12_500


def test_100_000_events_from_8_threads_arrive_once_and_in_order(event_bus, toggle_server):
    def emit_all(thread: str) -> None:
        payload = StorageTransferPayload(source="tank/test@snap1", destination="backup/test")
        for number in range(EACH):
            event_bus.emit_storage_transfer(
                EVENT_LEVEL_INFO, payload, {"thread": thread, "number": str(number)}
            )

    threads = [threading.Thread(target=emit_all, args=(str(n),)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert event_bus.flush(timeout=120)

    numbers: dict[str, list[int]] = {}
    ids = set()
    for event in toggle_server.events:
        message = event.message
        numbers.setdefault(message.metadata["thread"], []).append(int(message.metadata["number"]))
        ids.add(message.event_id)
    assert sorted(numbers) == [str(n) for n in range(THREADS)]
    assert all(arrived == list(range(EACH)) for arrived in numbers.values())
    assert len(ids) == THREADS * EACH

    stats = event_bus.get_stats()
    assert stats["emitted"] == stats["delivered"] == THREADS * EACH
    unsettled = ("waiting", "filtered", "dropped", "quarantined", "recovered", "spooled")
    assert {key: stats[key] for key in unsettled} == dict.fromkeys(unsettled, 0)
