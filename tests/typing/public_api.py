"""The types of the public API, as a user's type checker sees them. Read by mypy, not by pytest."""

from pathlib import Path
from typing import assert_type

import rodent_events
from rodent_events import EventBus, EventConfig, Overflow, StoragePoolPayload, SystemStartupPayload
from toggle_mock import RecordedBatch, RecordedEvent, ToggleServer, fail
from toggle_mock.faults import ActiveFault, FaultSpec, parse

assert_type(rodent_events.emit(StoragePoolPayload(pool_name="tank")), str | None)
assert_type(
    rodent_events.emit_system_startup(SystemStartupPayload(), {"component": "c"}), str | None
)
assert_type(
    rodent_events.emit_storage_pool(rodent_events.EVENT_LEVEL_INFO, StoragePoolPayload()),
    str | None,
)
# What an editor shows of a payload: its fields, and their types.
assert_type(StoragePoolPayload(pool_name="tank", size_bytes=5).size_bytes, int)
assert_type(StoragePoolPayload().pool_name, str)
assert_type(SystemStartupPayload().operation, SystemStartupPayload.SystemStartupOperation)
assert_type(rodent_events.flush(), bool)
assert_type(rodent_events.shutdown(1.0), bool)
rodent_events.initialize(Path("rodent.yml"), target="t:1", jwt=lambda: "a.b.c", batch_size=5)
assert_type(EventConfig.load(profile="minimal").batch_size, int)
assert_type(EventConfig(overflow=Overflow.BLOCK).batch_timeout, float)
assert_type(EventConfig().overflow, Overflow)
assert_type(EventConfig().jwt_file, Path | None)

with ToggleServer() as toggle, EventBus(target=toggle.address, jwt=toggle.jwt()) as bus:
    assert_type(bus.emit_storage_pool(1, StoragePoolPayload()), str | None)
    assert_type(bus.flush(5), bool)
    assert_type(toggle.wait_for(StoragePoolPayload), list[RecordedEvent])
    assert_type(toggle.batches, list[RecordedBatch])
    assert_type(toggle.events[0], RecordedEvent)
    assert_type(toggle.assert_snapshot("s", ignore=["source"], count=1), list[RecordedEvent])
    assert_type(toggle.assert_in_order("rid:r1", (toggle, "rid:r2")), list[RecordedEvent])
    assert_type(toggle.events[0].metadata, dict[str, str])
    with toggle.faults.outage() as outage:
        assert_type(outage, ActiveFault)
        assert_type(outage.spec, FaultSpec)
    assert_type(
        toggle.on_send_events.always(fail(), rid="r1", matching="payload:pool"), ActiveFault
    )
    assert_type(toggle.faults.add(parse({"outage": {}})).remaining, int | None)

# What must not pass: the payload of another emitter, and a number as metadata.
rodent_events.emit_storage_pool(1, SystemStartupPayload())  # type: ignore[arg-type]
rodent_events.emit(StoragePoolPayload(), metadata={"n": 5})  # type: ignore[dict-item]
# Nor a field that the payload has not, or a value of another type.
StoragePoolPayload(pool_nme="tank")  # type: ignore[call-arg]
StoragePoolPayload(size_bytes="1T")  # type: ignore[arg-type]
rodent_events.emit_storage_pool(1, StoragePoolPayload(), source=5)  # type: ignore[arg-type]
# Nor a method that there is none of, and what narrows no calls.
toggle.faults.failing(fail(), method="SendEvent")  # type: ignore[arg-type]
toggle.on_connect.always(fail(), sub="o1")  # type: ignore[call-arg]
ToggleServer(tls="mutal")  # type: ignore[arg-type]
