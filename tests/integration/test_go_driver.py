"""The Rodent in Go of examples/go-driver keeps its promises."""

import re
import signal
import subprocess
import uuid

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from support.go_driver import numbered
from support.payloads import PLACES, filled

from rodent_events import ToggleRequest
from toggle_mock import Authority, lose_answer, reject

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),  # the first one may have to build it
]

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def names(toggle_server):
    return [event.payload.pool_name for event in toggle_server.events]


def test_each_payload_arrives_whole(start_go, toggle_server):
    driver = start_go()
    metadata = {"component": "tests", "ü": "ž\n"}
    for place in PLACES:
        fields = MessageToDict(filled(place))
        driver.emit(place.name, fields=fields, level="WARN", metadata=metadata)
    assert driver.flush()
    assert driver.stats()["delivered"] == len(PLACES)
    assert len(toggle_server.events) == len(PLACES)
    for event, place in zip(toggle_server.events, PLACES, strict=True):
        assert event.payload == filled(place)
        assert (event.level, event.category) == ("WARN", place.category_name)
        assert (event.source, event.metadata) == (place.source, metadata)
        assert (event.rid, event.unknown_fields) == ("go-1", [])


def test_ids_rise_and_times_are_milliseconds(start_go, toggle_server):
    driver = start_go(batch_size=7)
    driver.emit(count=1_000)
    assert driver.flush()
    events = [uuid.UUID(event.message.event_id) for event in toggle_server.events]
    batches = [uuid.UUID(batch.batch_id) for batch in toggle_server.batches]
    for ids in (events, batches):
        assert ids == sorted(set(ids))
        assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}
    assert len(events) == 1_000
    for batch in toggle_server.batches:
        now = batch.call.arrived * 1000
        times = [event.timestamp for event in batch.message.events]
        assert now - 60_000 < times[0] <= times[-1] == batch.message.batch_timestamp < now + 1000


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("nonsense", "the line is no command: invalid character"),
        ("[]", "the line is no command"),
        ('{"id": 7}', "give one of emit, flush, shutdown and stats"),
        ('{"id": 7, "stats": {}} 1', "there is more behind it"),
        ('{"id": 7, "emitt": {}}', 'unknown field "emitt"'),
        ('{"id": 7, "flush": {"timeout": -1}}', "timeout is -1"),
        ('{"id": 7, "flush": {"timeout": "1"}}', "the line is no command"),
        ('{"id": 7, "emit": {"payload": "StoragePool"}}', "did you mean StoragePoolPayload?"),
        (
            '{"id": 7, "emit": {"payload": "StoragePoolPayload", "fields": {"pol_name": 1}}}',
            'StoragePoolPayload has no field "pol_name", did you mean pool_name?',
        ),
        (
            '{"id": 7, "emit": {"payload": "StoragePoolPayload", "fields": {"pool_name": 1}}}',
            "invalid value for string field",
        ),
        (
            '{"id": 7, "emit": {"payload": "StoragePoolPayload", "level": "WARNN"}}',
            'there is no level "WARNN", did you mean WARN?',
        ),
        ('{"id": 7, "emit": {"payload": "StoragePoolPayload", "count": 0}}', "count is 0"),
        (
            '{"id": 7, "emit": {"payload": "StoragePoolPayload", "metadata": {"a": 1}}}',
            "the line is no command",
        ),
    ],
)
def test_a_wrong_line_is_answered(start_go, line, error):
    driver = start_go()
    driver.write(line)
    answer = driver.read()
    assert answer.get("id") == (7 if '"id": 7' in line else None)
    assert error in answer["error"].replace("\u00a0", " ")
    assert driver.stats()["emitted"] == 0


@pytest.mark.parametrize(
    ("environment", "flags", "error"),
    [
        ({"TOGGLE_ADDRESS": ""}, [], "set TOGGLE_ADDRESS to HOST:PORT"),
        ({"TOGGLE_JWT": ""}, [], "set TOGGLE_JWT, or TOGGLE_JWT_FILE"),
        ({"TOGGLE_CA_FILE": "/dev/null"}, [], "/dev/null has no certificate in PEM"),
        ({}, ["-batch-size", "0"], "-batch-size is 0: give 1 or more"),
        ({}, ["-redial", "0s"], "give more than 0s"),
        ({}, ["-levels", "INFO,WARM"], 'there is no level "WARM", did you mean WARN?'),
        ({}, ["-fault", "give-up"], "did you mean gives-up?"),
        ({}, ["now"], '"now" is no flag'),
    ],
)
def test_what_cannot_be_is_said_at_the_start(go_program, go_environment, environment, flags, error):
    done = subprocess.run(
        [go_program, *flags],
        env=go_environment | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert (error in done.stderr, done.stdout) == (True, ""), done.stderr


def test_it_registers_until_it_is_taken_and_events_wait_for_that(start_go, toggle_server):
    toggle_server.on_register.returns([reject("not yet"), UNAVAILABLE, grpc.StatusCode.OK])
    driver = start_go(own_events=True)
    numbered(driver, range(3))
    assert driver.flush()
    toggle_server.rodents["go-1"].wait_connected()
    methods = [call.method for call in toggle_server.calls]
    assert methods[:3] == ["Register"] * 3
    assert set(methods[3:]) == {"SendEvents", "Connect"}
    assert toggle_server.calls[0].requests == [b"\n\0"]
    toggle_server.wait_for("payload:startup")
    toggle_server.assert_in_order("pool_name:p0", "pool_name:p1", "pool_name:p2")


def test_a_batch_is_sent_again_as_it_is_until_toggle_has_it(start_go, toggle_server):
    script = [UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED]
    toggle_server.on_send_events.returns([*script, lose_answer(), grpc.StatusCode.ABORTED])
    driver = start_go(batch_size=2, batch_timeout="1h")
    numbered(driver, range(6))
    assert driver.flush()
    calls = [call for call in toggle_server.calls if call.method == "SendEvents"]
    assert len({call.requests[0] for call in calls[:6]}) == 1
    assert len(calls) == 8
    (again,) = toggle_server.duplicates
    assert names(toggle_server)[:4] == ["p0", "p1", "p0", "p1"]
    assert driver.stats()["delivered"] == 6
    assert again.count == 2


def test_an_outage_and_kills_lose_nothing_and_keep_the_order(start_go, toggle_server, wait_until):
    driver = start_go(batch_size=5, batch_timeout="1h")
    toggle_server.on_send_events.always(UNAVAILABLE, matching="pool_name:p7")
    numbered(driver, range(12))
    wait_until(lambda: any(call.status == "UNAVAILABLE" for call in toggle_server.calls))
    driver.kill()
    refused = [call.requests[0] for call in toggle_server.calls if call.status == "UNAVAILABLE"]
    with toggle_server.faults.outage():
        driver = start_go(batch_size=5)
        assert driver.stats()["waiting"] >= 7
        numbered(driver, range(12, 15))
        driver.kill()
    toggle_server.faults.heal()
    driver = start_go(batch_size=5)
    assert driver.flush()
    unique = list(dict.fromkeys(names(toggle_server)))
    assert unique == [f"p{number}" for number in range(15)]
    for batch in toggle_server.batches:
        if b"p7" in batch.raw:
            assert batch.raw == refused[0]
    assert len({batch.batch_id for batch in toggle_server.batches}) == len(
        {batch.raw for batch in toggle_server.batches}
    )


@pytest.mark.parametrize("size", [1, 7, 300])
def test_a_batch_of_an_earlier_run_stays_one_with_other_settings(start_go, toggle_server, size):
    toggle_server.on_send_events.always(lose_answer())
    driver = start_go(batch_timeout="1h")
    assert driver.emit(count=100) == 100
    toggle_server.wait_for("payload:pool", count=100)
    driver.kill()
    toggle_server.faults.heal()
    assert start_go(batch_size=size, batch_bytes=500).flush()
    assert len({batch.raw for batch in toggle_server.batches}) == 1


def test_what_was_not_written_whole_is_cut_off(start_go, go_environment, toggle_server, tmp_path):
    with toggle_server.faults.outage():
        driver = start_go(batch_timeout="1h")
        numbered(driver, range(3))
        driver.kill()
        (file,) = (tmp_path / "events").glob("*.pb")
        with file.open("ab") as torn:
            torn.write(file.read_bytes()[:20])
        assert start_go(batch_timeout="1h").stats()["waiting"] == 3
    toggle_server.assert_not_received("payload:pool")


def test_a_poison_event_costs_itself_alone(start_go, toggle_server, tmp_path):
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    with toggle_server.faults.failing(invalid, matching="pool_name:p11"):
        driver = start_go(batch_timeout="1h")
        numbered(driver, range(50))
        assert not driver.flush()
    assert names(toggle_server) == [f"p{number}" for number in range(50) if number != 11]
    assert driver.stats() | {"quarantined": 1, "delivered": 49} == driver.stats()
    ids = [batch.batch_id for batch in toggle_server.batches]
    assert ids == sorted(set(ids))
    (kept,) = (tmp_path / "events" / "quarantine").glob("*.pb")
    assert b"p11" in kept.read_bytes()
    assert "InvalidArgument" in kept.with_suffix(".pb.txt").read_text()


def test_what_is_too_large_is_split_and_alone_set_aside(start_go, toggle_server):
    with toggle_server.faults.message_limit(60_000):
        driver = start_go(batch_timeout="1h")
        numbered(driver, range(10), metadata={"pad": "x" * 10_000})
        numbered(driver, [10], metadata={"pad": "x" * 100_000})
        numbered(driver, [11])
        assert not driver.flush()
    assert names(toggle_server) == [f"p{number}" for number in [*range(10), 11]]
    assert driver.stats()["quarantined"] == 1


def test_no_batch_is_larger_than_toggle_takes(start_go, toggle_server):
    driver = start_go(batch_timeout="1h")
    driver.emit(count=9, metadata={"pad": "x" * 1_000_000})
    driver.emit(metadata={"pad": "x" * 5_000_000})
    assert not driver.flush()
    assert [batch.count for batch in toggle_server.batches] == [3, 3, 3]
    assert all(call.status == "OK" for call in toggle_server.calls if call.status)
    assert driver.stats()["quarantined"] == 1


def test_what_toggle_rejects_is_no_success(start_go, toggle_server):
    toggle_server.on_send_events.returns([reject("no room")])
    driver = start_go(batch_timeout="1h")
    numbered(driver, range(2))
    assert not driver.flush()
    numbered(driver, range(2, 4))
    assert driver.flush()
    assert names(toggle_server) == ["p2", "p3"]
    assert (driver.stats()["quarantined"], driver.stats()["delivered"]) == (2, 2)


def test_a_batch_goes_out_when_it_is_full_or_its_time_has_come(start_go, toggle_server):
    driver = start_go(batch_size=4, batch_timeout="1h")
    numbered(driver, range(5))
    toggle_server.wait_for("payload:pool", count=4)
    assert driver.stats()["waiting"] >= 1
    driver.kill()
    driver = start_go(batch_size=4)  # what an earlier run has left goes at once
    toggle_server.wait_for("payload:pool", count=5)
    numbered(driver, [5])
    toggle_server.wait_for("payload:pool", count=6)


def test_a_token_that_has_expired_is_replaced(start_go, toggle_server, tmp_path, wait_until):
    file = tmp_path / "token"
    expired = toggle_server.jwt(rid="go-1", expires_in=-60)
    file.write_text(expired)
    driver = start_go(environment={"TOGGLE_JWT": "", "TOGGLE_JWT_FILE": str(file)})
    toggle_server.wait_for_call("Register", status="UNAUTHENTICATED")
    file.write_text(toggle_server.jwt(rid="go-1") + "\n")
    numbered(driver, range(2))
    assert driver.flush()
    driver.ask(shutdown={"timeout": 10})
    _, out, log = driver.end()
    assert (expired in log, out) == (False, "")


def test_commands_are_answered(start_go, toggle_server):
    start_go()
    rodent = toggle_server.rodents["go-1"]
    status = rodent.command("system.status")
    assert (status.success, status.message.message) == (True, "System status response")
    numbers = {"timestamp", "cpu_usage", "memory_usage", "disk_usage"}
    assert status.payload.keys() == {"status", *numbers}
    assert all(0 <= status.payload[name] <= 100 for name in numbers - {"timestamp"})
    assert rodent.command("status", target="system").success
    error = rodent.command("zfs.pool.lisst").error
    assert (error.code, error.domain, error.http_status) == (1106, "SERVER", 400)
    assert error.details == 'unknown command type "zfs.pool.lisst"'
    rodent.send(ToggleRequest(request_id="empty"))
    config = rodent.push_config("logging", {"level": "debug"})
    assert (config.success, config.message) == (True, "Received config update type: logging")
    many = [rodent.start_command("system.status", timeout=30) for _ in range(500)]
    assert all(one.result().success for one in many)
    assert rodent.unexpected_messages == []
    (call,) = [call for call in toggle_server.calls if call.method == "Connect"]
    assert call.messages[0].sent


@pytest.mark.parametrize("status", ["UNAVAILABLE", "OK", "PERMISSION_DENIED", "INTERNAL"])
def test_the_stream_comes_back(start_go, toggle_server, status):
    start_go()
    rodent = toggle_server.rodents["go-1"]
    for _ in range(7):
        assert rodent.command("system.status", timeout=20).success
        rodent.disconnect(grpc.StatusCode[status])
    with toggle_server.faults.outage():
        rodent.wait_disconnected()
    assert rodent.command("system.status", timeout=20).success


@pytest.mark.parametrize("way", ["command", "end of stdin", "SIGTERM"])
def test_it_ends_in_order(start_go, toggle_server, way):
    driver = start_go(own_events=True, batch_timeout="1h")
    numbered(driver, range(3))
    if way == "command":
        assert driver.ask(shutdown={"timeout": 20}) == {"complete": True}
    elif way == "SIGTERM":
        driver.process.send_signal(signal.SIGTERM)
    else:
        driver.end_input()
    code, out, _ = driver.end()
    assert (code, out) == (0, "")
    toggle_server.assert_received("payload:shutdown source:system", count=1)
    assert toggle_server.events[-1].message.source == "system"


def test_the_end_has_a_limit_and_what_is_left_is_sent_by_the_next(start_go, toggle_server):
    with toggle_server.faults.hanging():
        driver = start_go(shutdown_timeout="200ms", own_events=True)
        numbered(driver, range(3))
        driver.process.send_signal(signal.SIGTERM)
        assert driver.end()[0] == 0
    toggle_server.assert_not_received("payload:pool")
    assert start_go().flush()
    toggle_server.assert_received("payload:shutdown", count=1)
    toggle_server.assert_in_order("pool_name:p0", "pool_name:p1", "pool_name:p2")


def test_a_second_instance_does_not_send_what_the_first_has(start_go, toggle_server, tmp_path):
    first = start_go(batch_timeout="1h")
    numbered(first, range(3))
    second = start_go(batch_timeout="1h", batch_size=1)
    numbered(second, [3])
    assert second.flush()
    assert names(toggle_server) == ["p3"]
    first.kill()
    toggle_server.wait_for(
        "payload:pool", count=4, timeout=30
    )  # what it has left, the second takes
    assert names(toggle_server) == ["p3", "p0", "p1", "p2"]
    assert second.flush()
    assert second.stats()["delivered"] == 4
    second.ask(shutdown={"timeout": 10})
    second.end()
    assert [path.name for path in (tmp_path / "events").iterdir()] == [".lock"]


def test_tls_is_verified(start_go, toggle_ca_file, tls_toggle_server, tmp_path):
    environment = {
        "TOGGLE_ADDRESS": f"https://{tls_toggle_server.address}",
        "TOGGLE_JWT": tls_toggle_server.jwt(),
        "TOGGLE_CA_FILE": str(toggle_ca_file),
    }
    driver = start_go(environment=environment)
    driver.emit()
    assert driver.flush()
    other = tmp_path / "other.pem"
    other.write_bytes(Authority().root)
    stranger = start_go(environment=environment | {"TOGGLE_CA_FILE": str(other)})
    stranger.emit()
    assert not stranger.flush(0.5)


def test_what_is_not_to_be_sent_is_counted(start_go, toggle_server):
    driver = start_go(levels="WARN,ERROR")
    for level in ("INFO", "WARN", "DEBUG", "ERROR"):
        driver.emit(level=level)
    assert driver.flush()
    assert [event.level for event in toggle_server.events] == ["WARN", "ERROR"]
    assert driver.stats()["filtered"] == 2


def test_beyond_its_limit_it_says_so(start_go, toggle_server):
    with toggle_server.faults.outage():
        driver = start_go(max_bytes=1000)
        answer = driver.ask(emit={"payload": "StoragePoolPayload", "count": 100})
        assert re.match(r"\d+ of 100 were taken: \d+ bytes wait in .*", answer["error"])
        assert 0 < driver.stats()["waiting"] < 100
