"""An event of a newer revision, before the emitters have it: emitted, recorded, asked for."""

from rodent_events import EventBus
from toggle_mock import ToggleServer, load_schema

REVISION = "2025-12-09"
StorageDiskPayload = load_schema(REVISION).message_class("rodent.events.StorageDiskPayload")


def test_an_event_of_a_newer_revision(tmp_path):
    with ToggleServer(schema=REVISION) as toggle:
        with EventBus(target=toggle.address, jwt=toggle.jwt(), events_dir=tmp_path) as bus:
            bus.emit(StorageDiskPayload(device_path="/dev/sda"))

        (event,) = toggle.wait_for("payload:storage_disk device_path:/dev/sda")
        assert event.payload_type == "StorageDiskPayload"
        assert not event.unknown_fields
