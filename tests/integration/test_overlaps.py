"""Faults, recordings and Rodents where things overlap, race, or are done in the wrong order."""

import json
import os
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from support.connections import connections_to

from rodent_events import EventBatch, EventBus, EventClient, RodentRequest, StoragePoolPayload
from rodent_events.retry_policy import Status
from toggle_mock import NotReceivedError, ToggleServer, delay, hang, reject, where
from toggle_mock.clients.fleet import simulate_fleet
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.errors import NotConnectedError, StorageError
from toggle_mock.faults.conditions import Conditions
from toggle_mock.recording.files import load

Code = grpc.StatusCode
BATCH = b"\x1a\x02b1"


def status(toggle, jwt=None, raw=BATCH, timeout=20) -> Status:
    with EventClient(
        target=toggle.address, jwt=jwt or toggle.jwt(), send_timeout=timeout
    ) as client:
        return client.send_batch(raw).status


@pytest.fixture
def toggle(make_toggle_server):
    return make_toggle_server(relay=True)


# Faults that overlap


def test_all_heals_at_once_whatever_overlaps(toggle):
    for fault in ("partition", "partition", "half_open", "refuse", "outage", "outage"):
        getattr(toggle.faults, fault)()
    session = toggle.session(own_port=True)
    session.faults.partition()
    toggle.begin_test()
    assert status(toggle) is status(session) is Status.OK


def test_outages_nest(toggle):
    with toggle.faults.outage():
        with toggle.faults.outage(), toggle.faults.refuse():
            assert not toggle.serving
        assert not toggle.serving
    assert status(toggle) is Status.OK


def test_refusals_nest(toggle):
    with toggle.faults.refuse():
        with toggle.faults.refuse():
            pass
        toggle.faults.restart()
        assert status(toggle) is Status.UNAVAILABLE
    assert status(toggle) is Status.OK


def test_what_is_healed_while_the_server_is_stopped_is_healed(toggle):
    with toggle.faults.partition(), toggle.faults.outage():
        toggle.stop()
    toggle.start()
    assert status(toggle) is Status.OK


def test_stopping_in_an_outage_leaves_nothing_open():
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        toggle = ToggleServer().start()
        toggle.faults.outage()
        toggle.stop()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 3


def test_a_latency_that_is_healed_frees_what_is_under_way(toggle):
    with EventClient(target=toggle.address, jwt=toggle.jwt(), send_timeout=30) as client:
        assert client.send_batch(BATCH).status is Status.OK
        start, outcomes = time.monotonic(), []
        with toggle.faults.latency(20):
            sending = threading.Thread(target=lambda: outcomes.append(client.send_batch(BATCH)))
            sending.start()
            sending.join(0.2)
        sending.join(20)
        assert outcomes[0].status is Status.OK
        assert time.monotonic() - start < 15


def test_a_session_heals_what_it_narrowed_and_nothing_else(toggle):
    with toggle.session() as session:
        session.on_send_events.always(Code.UNAVAILABLE, rid="r1")
        token = session.jwt(rid="r1")
        assert status(toggle, token) is Status.UNAVAILABLE
    assert status(toggle, token) is Status.OK
    with pytest.raises(ValueError, match="this session is of rodent r1"):
        toggle.session(rid="r1").on_send_events.always(Code.ABORTED, rid="r2")


def test_sessions_of_the_same_rodent_heal_their_own(toggle):
    first, second = toggle.session(rid="r1"), toggle.session(rid="r1")
    first.on_send_events.always(Code.UNAVAILABLE)
    second.on_send_events.always(Code.ABORTED)
    first.close()
    assert status(second) is Status.ABORTED
    second.close()
    assert status(second) is Status.OK


def test_healing_one_fault_does_not_release_the_calls_of_another(toggle):
    first, second = toggle.session(), toggle.session()
    outcomes = []
    fault = first.faults.hanging()
    sending = threading.Thread(target=lambda: outcomes.append(status(toggle, first.jwt())))
    sending.start()
    first.wait_for_call("SendEvents")
    with second.faults.message_limit(10):
        pass
    sending.join(0.2)
    assert sending.is_alive()
    fault.heal()
    sending.join(20)
    assert outcomes == [Status.UNAVAILABLE]


def test_a_delay_that_is_healed_is_over(toggle):
    outcomes, start = [], time.monotonic()
    with toggle.on_send_events.always(delay(60)):
        sending = threading.Thread(target=lambda: outcomes.append(status(toggle)))
        sending.start()
        toggle.wait_for_call("SendEvents")
    sending.join(20)
    assert outcomes == [Status.OK]
    assert time.monotonic() - start < 20


def test_an_outcome_may_heal_but_not_stop_the_server(toggle):
    problems = []

    def heal(_call):
        fault.heal()
        toggle.faults.heal()
        try:
            toggle.stop()
        except RuntimeError as error:
            problems.append(str(error))
        return Code.OK

    fault = toggle.on_send_events.always(heal)
    assert status(toggle) is Status.OK
    assert "cannot be stopped by what runs in it" in problems[0]
    toggle.stop()
    toggle.start()
    assert status(toggle) is Status.OK


def test_what_an_outcome_raises_is_recorded(toggle):
    toggle.on_send_events.always(lambda call: 1 / 0)
    with EventClient(target=toggle.address, jwt=toggle.jwt()) as client:
        assert client.send_batch(BATCH).status is Status.UNKNOWN
    (call,) = toggle.wait_for_call("SendEvents", status="UNKNOWN")
    assert "ZeroDivisionError" in call.details


def test_many_threads_with_all_faults_leave_none_in_force(toggle):
    names = ["outage", "refuse", "half_open", "partition"]

    def storm(seed):
        for number in range(6):
            with getattr(toggle.faults, names[(seed + number) % 4])(), toggle.faults.latency(0.01):
                pass

    threads = [threading.Thread(target=storm, args=(seed,)) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert toggle._shared.network.effect.conditions == Conditions()
    assert status(toggle) is Status.OK


# Recordings


@pytest.mark.parametrize("suffix", ["ndjson", "sqlite", "pb"])
def test_a_server_that_starts_again_does_not_record_twice(tmp_path, suffix):
    toggle = ToggleServer(record=tmp_path / f"run.{suffix}")
    for number in range(1, 3):
        with toggle:
            assert status(toggle, raw=b"\x1a\x01%d" % number) is Status.OK
        assert len(toggle.batches) == number
    assert len(load(tmp_path / f"run.{suffix}").batches) == 2


@pytest.mark.parametrize("suffix", ["ndjson", "sqlite", "pb"])
def test_two_servers_do_not_share_a_file(tmp_path, suffix):
    path = tmp_path / f"run.{suffix}"
    with ToggleServer(record=path), pytest.raises(StorageError, match="in use by another server"):
        ToggleServer(record=path).start()
    with ToggleServer(record=path):
        pass


@pytest.mark.parametrize("suffix", ["ndjson", "sqlite", "pb"])
def test_reading_changes_nothing(tmp_path, suffix):
    path = tmp_path / f"run.{suffix}"
    with ToggleServer(record=path) as toggle:
        for _ in range(20):
            status(toggle)
        assert len(load(path).batches) == 20
    if suffix == "sqlite":
        return
    whole = path.read_bytes()
    torn = whole + {"ndjson": b'{"entry": "ca', "pb": b"\xff\xff"}[suffix]
    path.write_bytes(torn)
    assert len(load(path).batches) == 20
    assert path.read_bytes() == torn
    with ToggleServer(record=path):
        pass
    assert path.read_bytes() == whole
    assert path.with_name(f"{path.name}.torn").read_bytes() == torn[len(whole) :]


def test_a_last_line_without_its_end_is_read(tmp_path):
    path = tmp_path / "run.ndjson"
    with ToggleServer(record=path) as toggle:
        status(toggle)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    (call,) = load(path).calls
    assert call.status == "OK"
    with ToggleServer(record=path) as toggle:
        status(toggle)
    assert len(load(path).calls) == 2


def test_a_foreign_database_stays_as_it_is(tmp_path):
    import sqlite3

    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="no such table"):
        load(path)
    with pytest.raises(StorageError):
        ToggleServer(record=path).start()
    assert path.read_bytes() == before


@pytest.fixture
def full_disk(monkeypatch):
    """Fills the disk, for entries of recordings, and gives it room again."""
    real = os.write

    def full(descriptor, data):
        if b'"entry"' in bytes(data):
            real(descriptor, bytes(data)[:10])
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        yield


LOST = "the recording is written to {} no more: [Errno 28] No space left on device"


def test_what_cannot_be_recorded_is_refused(tmp_path, request):
    path = tmp_path / "run.ndjson"
    with (
        ToggleServer(record=path, http_port=0) as toggle,
        SimulatedRodent(toggle.address, toggle.jwt(), pace=0.001) as rodent,
    ):
        rodent.wait_connected()
        assert toggle.rodents["rodent-1"].command("system.status").success
        request.getfixturevalue("full_disk")
        assert status(toggle) is Status.UNAVAILABLE
        assert status(toggle) is Status.UNAVAILABLE
        assert [call.details for call in toggle.calls[-2:]] == [LOST.format(path)] * 2
        refused = [batch for batch in toggle.batches if batch.batch_id == "b1"]
        assert len(refused) <= 1  # one may come before it is known
        assert toggle.unready == LOST.format(path)
        with suppress(NotConnectedError):  # where the answer to the first one did not fit any more
            toggle.rodents["rodent-1"].start_command("system.status", timeout=0)
        assert toggle.wait_for_call("Connect", status="UNAVAILABLE")
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            urllib.request.urlopen(f"http://{toggle.http_address}/readyz", timeout=20)
        with refused.value as answer:
            assert json.loads(answer.read()) == {"ready": False, "reason": LOST.format(path)}
        with urllib.request.urlopen(f"http://{toggle.http_address}/metrics", timeout=20) as answer:
            assert b"\ntoggle_mock_ready 0.0\n" in answer.read()
    assert path.read_bytes().endswith(b"\n")  # and nothing torn
    assert load(path).batches == []


def test_a_recording_by_best_effort_disturbs_no_calls(tmp_path, request):
    path = tmp_path / "run.ndjson"
    with ToggleServer(record=path, record_best_effort=True) as toggle:
        status(toggle)
        good = path.read_bytes()
        request.getfixturevalue("full_disk")
        for _ in range(3):
            assert status(toggle) is Status.OK
        assert len(toggle.batches) == 4
        assert toggle.recording.failure == LOST.format(path)
        assert toggle.unready is None
    assert path.read_bytes() == good


@pytest.mark.parametrize(
    "entry",
    [
        {"claims": 5},
        {"arrived": "x"},
        {"metadata": 5},
        {"method": "Other"},
        {"metadata": [["k", 5]]},
    ],
)
def test_entries_of_wrong_types_are_told_with_their_line(tmp_path, entry):
    path = tmp_path / "run.ndjson"
    whole = {"entry": "call", "call": 1, "method": "Register", "peer": "p", "arrived": 1.0}
    path.write_text(json.dumps(whole | {"metadata": [], "claims": {}} | entry) + "\n")
    with pytest.raises(StorageError, match="line 1"):
        load(path)


# Asking


def test_floats_of_four_bytes_are_compared_as_they_are_there():
    from support.recorded import recorded_event

    from rodent_events import UsageQuotaPayload

    event = recorded_event(UsageQuotaPayload(usage_percentage=0.1))
    assert where(usage_percentage=0.1)(event)
    assert where("usage_percentage:0.1")(event)
    assert not where("usage_percentage:0.2")(event)


def test_a_miss_in_a_large_batch_is_told_soon(toggle):
    batch = EventBatch(events=[{"event_id": f"e{n}"} for n in range(20_000)])
    assert status(toggle, raw=batch.SerializeToString()) is Status.OK
    start = time.monotonic()
    with pytest.raises(NotReceivedError):
        toggle.assert_received("payload:pool", timeout=0)
    assert time.monotonic() - start < 20


def test_what_was_rejected_or_hangs_is_told(toggle):
    toggle.on_send_events.returns([reject("who are you"), hang()])
    assert status(toggle) is Status.REJECTED
    threading.Thread(target=lambda: status(toggle, timeout=2), daemon=True).start()
    toggle.wait_for_call("SendEvents", count=2)
    with pytest.raises(NotReceivedError) as caught:
        toggle.wait_for("payload:pool", timeout=0.01)
    assert "rejected: 1 call, the last of them:\n  SendEvents of rodent-1: OK" in str(caught.value)
    assert "under way: 1 call, the last of them:" in str(caught.value)


def test_one_may_wait_without_end(toggle):
    later = threading.Timer(0.1, lambda: status(toggle))
    later.start()
    assert toggle.wait_for_call("SendEvents", timeout=float("inf"))
    later.join()


# Rodents


def test_an_earlier_tests_rodent_that_is_late_is_not_seen(toggle):
    toggle.on_connect.returns(delay(0.5))
    with SimulatedRodent(toggle.address, toggle.jwt(rid="old"), pace=0.001) as rodent:
        toggle.wait_for_call("Connect")
        toggle.begin_test()
        deadline = time.monotonic() + 20
        while rodent.connects < 3 and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        assert list(toggle.rodents) == []


def test_a_session_that_asks_for_a_rodent_does_not_hide_it(toggle):
    with SimulatedRodent(toggle.address, toggle.jwt(rid="r1"), pace=0.001):
        toggle.rodents["r1"].wait_connected()
        assert not toggle.session().rodents["r1"].connected
        assert toggle.rodents["r1"].connected


def test_an_acknowledgement_is_no_answer_to_a_command(toggle, wait_until):
    from support.raw_rodent import RawRodent

    raw = RawRodent(toggle)
    rodent = toggle.rodents["raw"]
    reply = rodent.start_command("x", timeout=20)
    request_id = next(raw.stream).request_id
    raw.send(RodentRequest(request_id=request_id, ack={"request_id": request_id}))
    wait_until(lambda: rodent.unexpected_messages)
    assert "is ack, where command_response answers" in rodent.unexpected_messages[0].reason
    answer = {"request_id": request_id, "success": True}
    raw.send(RodentRequest(request_id=request_id, command_response=answer))
    assert reply.result(20).success
    raw.close()


def test_a_simulated_rodent_starts_again_and_never_twice(toggle):
    token = toggle.jwt(rid="r1")
    rodent = SimulatedRodent(toggle.address, token, profile="guarantees", pace=0.001)
    for _ in range(2):
        with rodent:
            rodent.wait_connected()
            with pytest.raises(RuntimeError, match="runs already"):
                rodent.start()
    toggle.wait_for("payload:startup", count=2)


def test_simulated_rodents_that_have_ended_leave_no_connection(toggle, wait_until):
    with simulate_fleet(toggle, 10, pace=0.001):
        toggle.rodents.wait_connected(10)
        assert len(connections_to(toggle)) == 10
    wait_until(lambda: not connections_to(toggle))


def test_a_simulated_rodent_ends_in_a_partition(toggle):
    start = time.monotonic()
    with SimulatedRodent(toggle.address, toggle.jwt(rid="r1"), pace=0.001) as rodent:
        rodent.wait_connected()
        rodent.flush()
        toggle.faults.partition()
        rodent.emit(StoragePoolPayload(pool_name="lost"))
    assert time.monotonic() - start < 20
    assert rodent.dropped == 2  # its shutdown too


def test_a_forked_child_forgets_the_server(toggle):
    import multiprocessing
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = multiprocessing.get_context("fork").Process(target=toggle.stop)
        child.start()
    child.join(20)
    assert child.exitcode == 0
    assert status(toggle) is Status.OK


def test_a_bus_ends_in_a_partition(toggle, settings):
    start = time.monotonic()
    settings |= {"target": toggle.address, "jwt": toggle.jwt()}
    bus = EventBus(**settings).start()
    toggle.faults.partition()
    bus.emit(StoragePoolPayload(pool_name="kept"))
    bus.shutdown(2)
    assert time.monotonic() - start < 15
