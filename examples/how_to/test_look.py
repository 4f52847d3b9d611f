"""Record, replay, read under other schemas, search: a test for each question."""

from click.testing import CliRunner

from rodent_events import EventClient, StoragePoolPayload
from toggle_mock import Assertions, load, save
from toggle_mock.cli.main import main
from toggle_mock.compat import assert_compatible


def test_a_recording_is_kept(event_bus, toggle_server, tmp_path):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    assert event_bus.flush(timeout=30)
    save(toggle_server.recording, tmp_path / "run.sqlite")
    Assertions(load(tmp_path / "run.sqlite")).assert_only("pool_name:tank", count=1)


def test_traffic_is_recorded_on_its_way(toggle_server, make_toggle_server, tmp_path):
    real = toggle_server  # that of production
    between = make_toggle_server(forward_to=real.address, record=tmp_path / "run.sqlite")
    with EventClient(target=between.address, jwt=real.jwt()) as client:
        assert client.send_batch(b"\x1a\x02b1").status.name == "OK"
    assert len(load(tmp_path / "run.sqlite").calls) == len(real.calls) == 1


def test_a_recording_is_sent_to_another_toggle(
    event_bus, toggle_server, make_toggle_server, tmp_path
):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    assert event_bus.flush(timeout=30)
    save(toggle_server.recording, tmp_path / "run.ndjson")
    other = make_toggle_server()
    (tmp_path / "token").write_text(other.jwt())
    command = ["replay", f"{tmp_path}/run.ndjson", "--to", other.address]
    done = CliRunner().invoke(main, [*command, "--jwt-file", f"{tmp_path}/token"])
    assert done.exit_code == 0, done.output
    other.assert_only("pool_name:tank", count=1)


def test_events_under_a_newer_schema(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.wait_for("payload:pool")
    (event,) = toggle_server.events.under("2025-12-09")
    assert event.payload.pool_name == "tank"


def test_two_schemas_understand_each_other():
    assert_compatible("2025-10-03", "2025-10-10")
