"""Faults on command, met by a real client."""

import asyncio
import os
import random
import socket
import threading
import time
from pathlib import Path

import grpc
import psutil
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status as RichStatus
from support.connections import connections_to
from support.raw_rodent import bearer

from rodent_events import (
    EventBatch,
    EventBus,
    EventClient,
    RodentRequest,
    StoragePoolPayload,
    ToggleRequest,
)
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from rodent_events.retry_policy import Status
from toggle_mock import (
    NotReceivedError,
    ToggleServer,
    cut,
    delay,
    duplicate,
    fail,
    half_closed,
    hang,
    load,
    lose_answer,
    percentiles,
    read_slowly,
    reject,
    reorder,
)
from toggle_mock.cli.scenario import Scenario, Step
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.faults.first_bytes import PREFACE
from toggle_mock.faults.spec import Bandwidth, FaultSpec, Latency, SlowReads, parse
from toggle_mock.server.service import CANCELLED_WITHIN

Code = grpc.StatusCode
TRAILERS = {"x-shard": "7", "x-token-bin": b"\x00\xff"}
POOL = StoragePoolPayload(pool_name="tank")
BATCH = b"\x1a\x02b1"


@pytest.fixture
def client(toggle_server):
    token = toggle_server.jwt()
    with EventClient(target=toggle_server.address, jwt=token, send_timeout=20) as client:
        yield client


def silence(end: threading.Event):
    """The requests of a stream whose Rodent says nothing."""
    end.wait(30)
    yield from ()


@pytest.fixture
def bus(toggle_server, settings):
    settings |= {"jwt": toggle_server.jwt(), "target": toggle_server.address}
    with EventBus(**settings) as bus:
        yield bus


def status(client, batch=BATCH) -> Status:
    return client.send_batch(batch).status


def test_a_program_s_own_random_numbers_are_left_alone(toggle_server, bus):
    """Hypothesis too takes a number that another thread draws for a mistake of the strategy."""
    random.seed(7)
    before = random.getstate()
    toggle_server.faults.latency(0.001, jitter=0.001)
    toggle_server.on_send_events.returns([Code.UNAVAILABLE] * 2)
    bus.emit(POOL)
    assert bus.flush(30)
    token = toggle_server.jwt(rid="r1")
    with SimulatedRodent(toggle_server.address, token, pace=0.001) as rodent:
        rodent.wait_connected()
        toggle_server.rodents["r1"].disconnect()
        toggle_server.wait_for_call("Connect", count=2, timeout=30)
    assert random.getstate() == before


def test_scripted_statuses_come_in_turn_and_only_ok_is_a_batch(toggle_server, client):
    toggle_server.on_send_events.returns([Code.UNAVAILABLE, Code.UNAVAILABLE, Code.OK])
    assert [status(client).name for _ in range(3)] == ["UNAVAILABLE", "UNAVAILABLE", "OK"]
    assert [call.status for call in toggle_server.calls] == ["UNAVAILABLE", "UNAVAILABLE", "OK"]
    assert len(toggle_server.batches) == 1


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_every_status_reaches_the_caller_with_its_message(toggle_server, client, code):
    toggle_server.on_send_events.returns(fail(code, "as told"))
    outcome = client.send_batch(BATCH)
    assert (outcome.status.name, outcome.message) == (code.name, "as told")


def test_the_seconds_to_wait_reach_the_caller(toggle_server, client):
    toggle_server.on_send_events.returns(fail(Code.UNAVAILABLE, retry_after=7.25))
    assert client.send_batch(BATCH).retry_after == 7.25
    ((key, _details),) = toggle_server.wait_for_call("SendEvents")[0].trailers
    assert key == "grpc-status-details-bin"


@pytest.mark.parametrize(
    "outcome",
    [
        fail(Code.RESOURCE_EXHAUSTED, "slow down", retry_after=2.5, trailers=TRAILERS),
        lose_answer(retry_after=2.5, trailers=TRAILERS),
        cut(after_messages=1, retry_after=2.5, trailers=TRAILERS),
        cut(after_messages=1, status=Code.OK, message="", retry_after=2.5, trailers=TRAILERS),
    ],
)
def test_what_comes_along_with_a_status_is_what_any_client_of_grpc_reads(toggle_server, outcome):
    toggle_server.on_connect.returns(outcome)
    with grpc.insecure_channel(toggle_server.address) as channel:
        stub = RodentServiceStub(channel)
        requests = iter([RodentRequest()] * (outcome.after_messages or 1))
        call = stub.Connect(requests, metadata=bearer(toggle_server.jwt()), timeout=20)
        assert (call.code(), call.details()) == (outcome.status, outcome.message)
        trailers = dict(call.trailing_metadata())
    assert {key: trailers[key] for key in TRAILERS} == TRAILERS
    rich = RichStatus.FromString(trailers["grpc-status-details-bin"])
    assert (rich.code, rich.message) == (outcome.status.value[0], outcome.message)
    info = RetryInfo()
    assert rich.details[0].Unpack(info)
    assert info.retry_delay.ToTimedelta().total_seconds() == 2.5


def test_a_rejection_reaches_the_caller_and_is_no_batch(toggle_server, client):
    toggle_server.on_send_events.returns(reject("unknown node"))
    outcome = client.send_batch(BATCH)
    assert (outcome.status, outcome.message) == (Status.REJECTED, "unknown node")
    assert toggle_server.batches == []


def test_a_batch_whose_answer_is_lost_is_sent_again_under_the_same_id(toggle_server, bus):
    """The ambiguous outcome: recorded, yet the sender must send again, under the same id."""
    toggle_server.on_send_events.returns(lose_answer())
    bus.emit(POOL)
    assert bus.flush()
    first, second = toggle_server.batches
    assert first.batch_id == second.batch_id
    assert (first.duplicate, second.duplicate) == (False, True)
    assert toggle_server.duplicates == [second]


def test_what_the_sender_of_a_lost_answer_is_told(toggle_server, client):
    toggle_server.on_send_events.returns(lose_answer())
    outcome = client.send_batch(BATCH)
    assert (outcome.status, outcome.message) == (Status.UNAVAILABLE, "the answer was lost")


def test_a_fault_of_the_connection_is_what_was_asked_for(toggle_server):
    with toggle_server.faults.latency(0.01, jitter=0.02) as fault:
        assert fault.spec == Latency(seconds=0.01, jitter=0.02)
    with toggle_server.faults.bandwidth(7) as fault:
        assert fault.spec == Bandwidth(bytes_per_second=7)
    with toggle_server.faults.slow_reads(7) as fault:
        assert fault.spec == SlowReads(bytes_per_second=7)


def test_with_deduplication_a_batch_that_is_sent_again_counts_once(make_toggle_server, settings):
    toggle = make_toggle_server(deduplicate=True)
    toggle.on_send_events.returns(lose_answer())
    with EventBus(target=toggle.address, **settings | {"jwt": toggle.jwt()}) as bus:
        bus.emit(POOL)
        assert bus.flush()
    toggle.assert_received(POOL, count=1)
    assert len(toggle.duplicates) == 1


def test_a_delay_comes_before_the_answer(toggle_server, client):
    toggle_server.on_send_events.returns(delay(0.3))
    start = time.monotonic()
    assert status(client) is Status.OK
    assert time.monotonic() - start >= 0.3


def test_what_a_distribution_gives_is_what_the_caller_waits(toggle_server, client):
    toggle_server.on_send_events.always(delay(percentiles({0: 0.1, 100: 0.1})), seed=1)
    start = time.monotonic()
    assert status(client) is Status.OK
    assert time.monotonic() - start >= 0.1


def test_a_seed_gives_a_connection_the_same_latency_in_each_run(toggle_server):
    """One chunk of a hundred is late: by this seed, the first one from the server, its settings."""
    toggle_server.faults.latency(percentiles({99: 0.0, 99.1: 0.1}), seed=93)

    def connect() -> float:
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", toggle_server.port), timeout=30) as own:
            own.sendall(PREFACE)
            assert own.recv(1)
        return time.monotonic() - start

    assert [connect() >= 0.1 for _ in range(2)] == [True, True]


def test_a_call_hangs_until_the_caller_gives_up(toggle_server):
    toggle_server.on_send_events.returns(hang())
    token = toggle_server.jwt()
    with EventClient(target=toggle_server.address, jwt=token, send_timeout=0.2) as client:
        assert status(client) is Status.DEADLINE_EXCEEDED
        toggle_server.wait_for_call("SendEvents", status="CANCELLED")
        assert toggle_server.batches == []
        assert status(client) in {Status.OK, Status.DEADLINE_EXCEEDED}


OUTCOMES = {
    "failing": (lambda faults, **which: faults.failing(Code.ABORTED, **which), "ABORTED"),
    "hanging": (lambda faults, **which: faults.hanging(**which), "DEADLINE_EXCEEDED"),
    "losing_answers": (lambda faults, **which: faults.losing_answers(**which), "UNAVAILABLE"),
    "rates": (lambda faults, **which: faults.rates({Code.ABORTED: 1}, seed=1, **which), "ABORTED"),
    "message_limit": (lambda faults, **which: faults.message_limit(1, **which), "TOO_LARGE"),
    "returns": (
        lambda faults, **which: faults.script("SendEvents").returns([Code.ABORTED] * 9, **which),
        "ABORTED",
    ),
    "at": (
        lambda faults, **which: faults.script("SendEvents").at(0, Code.ABORTED, **which),
        "ABORTED",
    ),
}


def pools(*names: str) -> EventBatch:
    batch = EventBatch(batch_id="-".join(names))
    for name in names:
        batch.events.add(event_id=name).storage_event.pool_event.pool_name = name
    return batch


def sent(toggle, batch: EventBatch, **claims) -> str:
    jwt = toggle.jwt(**claims)
    with EventClient(target=toggle.address, jwt=jwt, send_timeout=2) as client:
        outcome = client.send_batch(batch)
        return "TOO_LARGE" if outcome.too_large else outcome.status.name


@pytest.mark.parametrize(("fault", "expected"), OUTCOMES.values(), ids=OUTCOMES)
def test_a_fault_of_one_rodent_is_nobody_elses(toggle_server, fault, expected):
    fault(toggle_server.faults, rid="r1")
    assert sent(toggle_server, pools("tank"), rid="r2") == "OK"
    assert sent(toggle_server, pools("tank"), rid="r1") == expected


@pytest.mark.parametrize(("fault", "expected"), OUTCOMES.values(), ids=OUTCOMES)
def test_a_fault_of_matching_batches_leaves_others_alone(toggle_server, fault, expected):
    fault(toggle_server.faults, matching="pool_name:bad")
    assert sent(toggle_server, pools("tank")) == "OK"
    assert sent(toggle_server, pools("tank", "bad")) == expected


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("Register", lambda faults: faults.failing(Code.ABORTED, method="Register")),
        ("Register", lambda faults: faults.rates({Code.ABORTED: 1}, seed=1, method="Register")),
        ("Connect", lambda faults: faults.failing(Code.ABORTED, method="Connect")),
        ("Connect", lambda faults: faults.rates({Code.ABORTED: 1}, seed=1, method="Connect")),
    ],
)
def test_a_fault_of_another_method_leaves_batches_alone(toggle_server, method, fault):
    fault(toggle_server.faults)
    assert sent(toggle_server, pools("tank")) == "OK"
    with SimulatedRodent(toggle_server.address, toggle_server.jwt(rid="r1"), pace=0.001):
        toggle_server.wait_for_call(method, status="ABORTED", timeout=30)


def test_hanging_calls_of_another_method_leave_batches_alone(toggle_server):
    toggle_server.faults.hanging(method="Register")
    assert sent(toggle_server, pools("tank")) == "OK"
    with SimulatedRodent(toggle_server.address, toggle_server.jwt(rid="r1"), pace=0.001):
        (call,) = toggle_server.wait_for_call("Register", timeout=30)
        assert call.status is None


def test_healing_all_ends_what_hangs(toggle_server, client, in_background):
    toggle_server.faults.hanging()
    sending = in_background(client.send_batch, BATCH)
    toggle_server.wait_for_call("SendEvents")
    toggle_server.faults.heal()
    assert sending.result(15).status is Status.UNAVAILABLE


def test_what_an_earlier_test_asked_for_is_healed(toggle_server):
    toggle_server.on_send_events.always(Code.ABORTED)
    toggle_server.faults.refuse()
    toggle_server.begin_test()
    assert sent(toggle_server, pools("tank")) == "OK"


def test_healing_one_fault_leaves_the_others(toggle_server):
    first = toggle_server.on_send_events.always(Code.ABORTED, rid="r1")
    toggle_server.on_send_events.always(Code.ABORTED, rid="r2")
    first.heal()
    assert sent(toggle_server, pools("tank"), rid="r1") == "OK"
    assert sent(toggle_server, pools("tank"), rid="r2") == "ABORTED"


def test_healing_ends_what_hangs(toggle_server, client, in_background):
    with toggle_server.faults.hanging():
        sending = in_background(client.send_batch, BATCH)
        toggle_server.wait_for_call("SendEvents")
    assert sending.result(20).status is Status.UNAVAILABLE
    assert status(client) is Status.OK


def test_healing_ends_what_was_to_hang_after_a_delay(toggle_server, client, in_background):
    fault = toggle_server.faults.failing(delay(600, hang()))
    sending = in_background(client.send_batch, BATCH)
    toggle_server.wait_for_call("SendEvents")
    fault.heal()
    assert sending.result(15).status is Status.UNAVAILABLE


def test_a_limit_of_messages_makes_a_bus_split(toggle_server, bus):
    with toggle_server.faults.message_limit(2_000):
        for _ in range(100):
            bus.emit(POOL)
        assert bus.flush(30)
    toggle_server.assert_received(POOL, count=100)
    assert len(toggle_server.batches) > 3


def test_a_poison_event_is_quarantined_and_its_neighbours_arrive_in_order(toggle_server, bus):
    with toggle_server.faults.failing(Code.INVALID_ARGUMENT, matching="pool_name:poison"):
        for name in ("a", "b", "poison", "c"):
            bus.emit(StoragePoolPayload(pool_name=name))
        assert not bus.flush(30)
    toggle_server.assert_not_received("pool_name:poison")
    toggle_server.assert_in_order("pool_name:a", "pool_name:b", "pool_name:c")
    assert bus.get_stats()["quarantined"] == 1


def test_chaos_by_chance_loses_nothing(toggle_server, bus):
    rates = {Code.UNAVAILABLE: 0.3, lose_answer(): 0.2, fail(Code.ABORTED): 0.1}
    with toggle_server.faults.rates(rates, seed=42):
        for number in range(500):
            bus.emit(StoragePoolPayload(size_bytes=number + 1))
        assert bus.flush(60)
    sizes = [event.payload.size_bytes for event in toggle_server.events]
    assert list(dict.fromkeys(sizes)) == list(range(1, 501))


# Faults of the connection


def test_a_client_that_is_told_to_go_ends_its_calls_and_connects_anew(toggle_server):
    toggle_server.on_send_events.returns([hang()])
    never = threading.Event()
    with grpc.insecure_channel(toggle_server.address) as channel:
        stub = RodentServiceStub(channel)
        metadata = bearer(toggle_server.jwt(rid="r1"))
        stream = stub.Connect(silence(never), metadata=metadata)
        hung = stub.SendEvents.future(EventBatch(batch_id="1"), metadata=metadata)
        toggle_server.wait_for_call("SendEvents", timeout=30)
        (first,) = {call.peer for call in toggle_server.calls}
        toggle_server.faults.goaway()
        for _ in range(1000):  # what crosses it on the way is answered too
            assert stub.SendEvents(EventBatch(), metadata=metadata, timeout=30).success
            if toggle_server.calls[-1].peer != first:
                break
        assert toggle_server.calls[-1].peer != first
        # The old connection serves its calls to their end.
        toggle_server.rodents["r1"].send(b"")
        assert next(stream)
        assert not hung.done()
        toggle_server.faults.heal()
        assert "hung until the fault was healed" in hung.details()
        never.set()


def test_a_client_is_told_to_go_between_two_frames_only(toggle_server):
    never, large = threading.Event(), b"\x0a\xa0\x8d\x06" + bytes(100_000)
    with grpc.insecure_channel(toggle_server.address) as channel:
        metadata = bearer(toggle_server.jwt(rid="r1"))
        stream = RodentServiceStub(channel).Connect(silence(never), metadata=metadata)
        rodent = toggle_server.rodents["r1"]
        rodent.wait_connected()
        with toggle_server.faults.bandwidth(50_000):
            rodent.send(large)
            for _ in range(20):  # wherever that catches it
                toggle_server.faults.goaway()
        assert next(stream).SerializeToString() == large
        rodent.disconnect()
        assert stream.code() is Code.OK
        never.set()


def test_a_client_whose_connection_the_server_has_ended_is_told_nothing(toggle_server):
    with socket.create_connection(("127.0.0.1", toggle_server.port), timeout=30) as own:
        own.sendall(PREFACE + b"no frame" * 20)
        while own.recv(1000):
            pass
        toggle_server.faults.goaway(grace=0)
        assert own.recv(1000) == b""
    toggle_server.faults.goaway()


def test_calls_under_way_have_the_grace_that_is_given(toggle_server):
    toggle_server.on_send_events.returns([hang()])
    with grpc.insecure_channel(toggle_server.address) as channel:
        send = RodentServiceStub(channel).SendEvents.future
        hung = send(EventBatch(), metadata=bearer(toggle_server.jwt()), timeout=30)
        toggle_server.wait_for_call("SendEvents", timeout=30)
        toggle_server.faults.goaway(grace=0.05)
        assert hung.code() is Code.UNAVAILABLE
    toggle_server.wait_for_call("SendEvents", status="CANCELLED", timeout=30)


def test_an_agent_that_is_told_to_go_again_and_again_repeats_nothing(toggle_server, bus):
    names = [str(number) for number in range(20)]
    for name in names:
        bus.emit(StoragePoolPayload(pool_name=name))
        assert bus.flush(30)
        toggle_server.faults.goaway()
    assert [event.payload.pool_name for event in toggle_server.events] == names
    assert len({call.peer for call in toggle_server.calls}) > 3


def test_a_stream_ends_once_its_connection_is_too_old(toggle_server):
    never = threading.Event()
    with grpc.insecure_channel(toggle_server.address) as channel:
        connect = RodentServiceStub(channel).Connect
        stream = connect(silence(never), metadata=bearer(toggle_server.jwt()))
        toggle_server.wait_for_call("Connect", timeout=30)
        with toggle_server.faults.max_connection_age(0.001, grace=0.02):
            assert stream.code() is Code.UNAVAILABLE
        never.set()


def test_in_an_outage_nothing_listens_and_afterwards_nothing_is_missing(toggle_server, bus):
    address = toggle_server.address
    bus.emit(POOL)
    assert bus.flush()
    with toggle_server.faults.outage():
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", toggle_server.port), timeout=5)
        bus.emit(POOL)
        assert not bus.flush(0.3)
    assert toggle_server.address == address
    assert bus.flush(30)
    toggle_server.assert_received(POOL, count=2)


def test_a_program_that_is_being_started_does_not_keep_an_outage_from_its_port(toggle_server):
    """Until it is another program, a child has what listens in its parent."""
    own = list(_listening_at(toggle_server.port))
    copies = [os.dup(fd) for fd in own]
    threading.Timer(0.05, lambda: [os.close(copy) for copy in copies]).start()
    with toggle_server.faults.outage():
        assert not toggle_server.serving
    assert own
    assert toggle_server.serving


def _listening_at(port):
    """The file descriptors of this process that listen at a port."""
    for path in Path("/proc/self/fd").iterdir():
        try:
            found = socket.socket(fileno=os.dup(int(path.name)))
        except OSError:
            continue
        with found:
            try:
                listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if listens and found.getsockname()[1] == port:
                    yield int(path.name)
            except (OSError, IndexError):
                continue


def test_a_connection_that_is_still_being_made_ends_with_the_server(toggle_server, monkeypatch):
    making = threading.Event()

    async def never(*_address):
        making.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "open_connection", never)  # to the server behind the relay
    host, port = toggle_server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        assert making.wait(30)
        with toggle_server.faults.outage(), pytest.raises(ConnectionResetError):
            client.recv(1)


def test_an_outage_needs_no_relay(make_toggle_server, settings):
    toggle = make_toggle_server()
    with EventBus(target=toggle.address, **settings | {"jwt": toggle.jwt()}) as bus:
        bus.emit(POOL)
        assert bus.flush()
        with toggle.faults.outage(), pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", toggle.port), timeout=5)
        bus.emit(POOL)
        assert bus.flush(30)
    toggle.assert_received(POOL, count=2)


def test_a_restart_forgets_nothing(toggle_server, client):
    assert status(client) is Status.OK
    toggle_server.faults.restart()
    toggle_server.faults.restart()
    with EventClient(target=toggle_server.address, jwt=toggle_server.jwt()) as other:
        assert status(other) is Status.OK
    assert len(toggle_server.batches) == 2


def test_a_reset_in_the_middle_of_a_call_is_unavailable(toggle_server, client, in_background):
    with toggle_server.faults.hanging():
        sending = in_background(client.send_batch, BATCH)
        toggle_server.wait_for_call("SendEvents")
        toggle_server.faults.reset()
        assert sending.result(20).status is Status.UNAVAILABLE


@pytest.mark.parametrize("fault", ["restart", "refuse", "outage"])
def test_a_process_that_is_just_being_started_does_not_hold_the_port(toggle_server, client, fault):
    """Until it runs its program, it has the sockets of the thread's process that starts it."""
    held = os.dup(
        next(
            connection.fd
            for connection in psutil.Process().net_connections("tcp4")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr.port == toggle_server.port
        )
    )
    try:
        getattr(toggle_server.faults, fault)()
        toggle_server.faults.heal()
    finally:
        os.close(held)
    assert client.send_batch(EventBatch(batch_id="b")).status is Status.OK


def test_refused_connections_leave_old_ones_alone(toggle_server, client):
    assert status(client) is Status.OK
    with toggle_server.faults.refuse():
        with EventClient(target=toggle_server.address, jwt=toggle_server.jwt()) as other:
            assert status(other) is Status.UNAVAILABLE
        assert status(client) is Status.OK


def test_in_a_partition_a_call_waits_until_its_end(toggle_server, client, in_background):
    assert status(client) is Status.OK
    with toggle_server.faults.partition():
        sending = in_background(client.send_batch, BATCH)
        with pytest.raises(TimeoutError):
            sending.result(0.3)
        assert len(toggle_server.calls) == 1
    assert sending.result(20).status is Status.OK


def test_of_half_open_connections_only_new_ones_work(toggle_server):
    timeouts = {"send_timeout": 0.3, "jwt": toggle_server.jwt()}
    with EventClient(target=toggle_server.address, **timeouts) as old:
        while status(old) is not Status.OK:
            pass
        with toggle_server.faults.half_open():
            assert status(old) is Status.DEADLINE_EXCEEDED
            with EventClient(
                target=toggle_server.address, jwt=toggle_server.jwt(), send_timeout=20
            ) as new:
                assert status(new) is Status.OK


def test_latency_delays_both_directions_until_it_is_healed(toggle_server, client):
    assert status(client) is Status.OK
    with toggle_server.faults.latency(0.2, jitter=0.01):
        start = time.monotonic()
        assert status(client) is Status.OK
        assert time.monotonic() - start >= 0.37
    start = time.monotonic()


@pytest.mark.parametrize("fault", ["bandwidth", "slow_reads"])
def test_bandwidth_limits_what_gets_through(toggle_server, client, fault):
    assert status(client) is Status.OK
    with getattr(toggle_server.faults, fault)(100_000):
        start = time.monotonic()
        assert status(client, b"\x1a\xc8\x86\x03" + b"x" * 50_000) is Status.OK
        assert time.monotonic() - start >= 0.3


SLOW = {
    "read_slowly": lambda toggle: toggle.on_connect.always(read_slowly(600), rid="r1"),
    "slow_reads": lambda toggle: toggle.faults.slow_reads(1000),
    "bandwidth": lambda toggle: toggle.faults.bandwidth(1000),
}


@pytest.mark.parametrize("make", SLOW.values(), ids=SLOW)
def test_a_server_that_reads_slowly_stalls_a_client_by_flow_control(
    toggle_server, make, wait_until
):
    """What is sent is asked of the sender only once there is room for it on the way."""
    sent, enough = [], threading.Event()

    def messages():
        while not enough.is_set():
            sent.append(None)
            yield RodentRequest(request_id="x" * 500_000)

    def stands_still() -> bool:
        before = len(sent)
        return not enough.wait(0.2) and 0 < len(sent) == before

    fault = make(toggle_server)
    with grpc.insecure_channel(toggle_server.address) as channel:
        metadata = bearer(toggle_server.jwt(rid="r1"))
        stream = RodentServiceStub(channel).Connect(messages(), metadata=metadata)
        wait_until(stands_still)
        before = len(sent)
        assert stream.is_active()
        fault.heal()
        wait_until(lambda: len(sent) > before)
        enough.set()


def test_a_rodent_s_stream_alone_is_read_slowly(toggle_server):
    toggle_server.on_connect.always(read_slowly(600), rid="r1")
    with grpc.insecure_channel(toggle_server.address) as channel:
        connect = RodentServiceStub(channel).Connect
        three = [RodentRequest()] * 3
        slow = connect(iter(three), metadata=bearer(toggle_server.jwt(rid="r1")))
        toggle_server.wait_for_call("Connect", timeout=30)
        other = connect(iter(three), metadata=bearer(toggle_server.jwt(rid="r2")))
        assert other.code() is Code.OK
        assert slow.is_active()
        read = {call.rid: len(call.messages) for call in toggle_server.calls}
    assert read["r2"] == 3
    assert read["r1"] <= 1


@pytest.fixture
def rodent(toggle_server):
    token = toggle_server.jwt(rid="r1")
    with SimulatedRodent(toggle_server.address, token, pace=0.001) as rodent:
        yield rodent


def sent_ids(toggle) -> list[str]:
    """Of the one stream, what Toggle has sent, by request id."""
    (call,) = toggle.wait_for_call("Connect", timeout=30)
    return [message.message.request_id for message in call.messages if message.sent]


def test_a_rodent_that_gets_a_command_twice_answers_twice(toggle_server, request, wait_until):
    fault = toggle_server.on_connect.always(duplicate(3))
    request.getfixturevalue("rodent")
    seen = toggle_server.rodents["r1"]
    assert seen.command("system.status", timeout=30).success
    wait_until(lambda: len(seen.unexpected_messages) == 2)
    assert "answers nothing" in seen.unexpected_messages[0].reason
    fault.heal()
    assert seen.command("system.status", timeout=30).success
    first, *others, last = sent_ids(toggle_server)
    assert (others, last == first) == ([first, first], False)


def test_a_command_overtakes_the_one_before_it(toggle_server, request, wait_until):
    fault = toggle_server.on_connect.always(reorder(), rid="r1")
    request.getfixturevalue("rodent")
    seen = toggle_server.rodents["r1"]
    seen.wait_connected(30)
    for name in ("first", "second", "third"):
        seen.send(ToggleRequest(request_id=name))
    wait_until(lambda: sent_ids(toggle_server) == ["second", "first"])
    fault.heal()
    seen.send(ToggleRequest(request_id="fourth"))
    wait_until(lambda: sent_ids(toggle_server) == ["second", "first", "third", "fourth"])


def test_a_half_closed_stream_goes_on_until_it_is_healed(toggle_server):
    fault = toggle_server.on_connect.always(half_closed())
    with grpc.insecure_channel(toggle_server.address) as channel:
        metadata = bearer(toggle_server.jwt(rid="r1"))
        stream = RodentServiceStub(channel).Connect(iter([]), metadata=metadata)
        ended = threading.Event()
        stream.add_callback(ended.set)
        assert not ended.wait(2 * CANCELLED_WITHIN)
        toggle_server.rodents["r1"].send(ToggleRequest(request_id="late"))
        assert next(stream).request_id == "late"
        fault.heal()
        assert stream.code() is Code.OK
    toggle_server.wait_for_call("Connect", status="OK", timeout=30)


def test_a_rodent_ends_though_its_streams_stay_half_closed(toggle_server):
    with toggle_server.faults.failing(half_closed(), method="Connect"):
        token = toggle_server.jwt(rid="r1")
        with SimulatedRodent(toggle_server.address, token, pace=0.001) as rodent:
            rodent.wait_connected(30)
        toggle_server.rodents["r1"].wait_disconnected(30)


def test_a_restart_that_forgets_takes_a_batch_that_is_sent_again_for_a_new_one(
    make_toggle_server, settings, tmp_path
):
    toggle = make_toggle_server(record=tmp_path / "file.ndjson")
    settings |= {"jwt": toggle.jwt(), "target": toggle.address}
    with EventBus(**settings) as bus:
        bus.emit(StoragePoolPayload(pool_name="acknowledged"))
        assert bus.flush(30)
        toggle.on_send_events.returns([hang(accepted=True)])
        bus.emit(StoragePoolPayload(pool_name="unanswered"))
        toggle.wait_for_call("SendEvents", count=2, timeout=30)
        toggle.faults.restart(forget=True)
        assert bus.flush(30)
    (batch,) = toggle.batches
    assert [event.payload.pool_name for event in batch.events] == ["unanswered"]
    assert not batch.duplicate
    assert toggle.duplicates == []
    toggle.stop()
    assert [batch.batch_id for batch in load(tmp_path / "file.ndjson").batches] == [batch.batch_id]


@pytest.mark.parametrize(("ahead", "problem"), [(7200, "has expired"), (-60, "not valid yet")])
def test_a_server_whose_clock_is_wrong_refuses_tokens_that_are_right(
    toggle_server, client, ahead, problem
):
    assert status(client) is Status.OK
    with toggle_server.faults.clock(ahead):
        outcome = client.send_batch(BATCH)
        assert outcome.status is Status.UNAUTHENTICATED
        assert problem in outcome.message
        assert f"by a clock that is {abs(ahead)} s wrong" in outcome.message
    assert status(client) is Status.OK


def test_a_rate_must_be_one(toggle_server):
    with pytest.raises(ValueError, match="bytes_per_second is 0"):
        toggle_server.faults.bandwidth(0)


def test_without_a_relay_there_is_a_remedy():
    with ToggleServer() as toggle, pytest.raises(RuntimeError, match="relay=True"):
        toggle.faults.latency(1)


def test_the_relay_tells_who_the_client_is(toggle_server, client):
    client.send_batch(BATCH)
    (call,) = toggle_server.calls
    assert call.peer in {f"ipv4:127.0.0.1:{port}" for port in connections_to(toggle_server)}


def test_a_stream_survives_a_partition_shorter_than_its_keepalive(toggle_server):
    with SimulatedRodent(toggle_server.address, toggle_server.jwt(rid="r1"), pace=0.001) as rodent:
        seen = toggle_server.rodents["r1"]
        seen.wait_connected()
        with toggle_server.faults.partition():
            reply = seen.start_command("system.status")
        assert reply.result(20).success
        assert rodent.connects == 1


def test_faults_heal_all_at_once(toggle_server, client):
    toggle_server.on_send_events.always(Code.UNAVAILABLE)
    toggle_server.faults.latency(5)
    toggle_server.faults.heal()
    toggle_server.faults.heal()
    start = time.monotonic()
    assert status(client) is Status.OK
    assert time.monotonic() - start < 5


def test_a_step_of_a_scenario_is_healed_when_its_time_is_over_and_not_before(toggle_server):
    def aborts(rid: str) -> FaultSpec:
        return parse({"method": "SendEvents", "rid": rid, "always": "ABORTED"})

    durations = {"ever": None, "long": 3600.0, "short": 0.05}
    steps = [Step(0.0, duration, aborts(rid)) for rid, duration in durations.items()]
    scenario = Scenario(toggle_server, steps)
    scenario.start()
    try:
        while sent(toggle_server, pools("a"), rid="short") != "OK":
            pass
        for rid in ("ever", "long"):
            assert sent(toggle_server, pools("a"), rid=rid) == "ABORTED"
    finally:
        scenario.stop()


# What the tests of others leave behind


def test_calls_of_an_earlier_test_are_answered_but_not_seen(toggle_server, client):
    toggle_server.begin_test()
    assert status(client) is Status.OK
    assert toggle_server.calls == []
    assert len(toggle_server.stale_calls.batches) == 1
    with pytest.raises(NotReceivedError):
        toggle_server.wait_for_call(timeout=0.01)


def test_calls_of_an_earlier_test_use_up_no_outcome(toggle_server, client):
    toggle_server.begin_test()
    fault = toggle_server.on_send_events.returns(Code.UNAVAILABLE)
    assert status(client) is Status.OK
    assert fault.remaining == 1


def test_a_call_under_way_does_not_leak_into_the_next_test(toggle_server, client, in_background):
    toggle_server.on_send_events.returns(delay(0.2))
    sending = in_background(client.send_batch, BATCH)
    toggle_server.wait_for_call("SendEvents")
    toggle_server.begin_test()
    assert sending.result(20).status is Status.OK
    assert toggle_server.batches == []


def test_a_stream_of_an_earlier_test_is_ended(toggle_server):
    with SimulatedRodent(toggle_server.address, toggle_server.jwt(rid="r1"), pace=0.001) as old:
        toggle_server.rodents["r1"].wait_connected()
        toggle_server.begin_test()
        assert "r1" not in toggle_server.rodents
        deadline = time.monotonic() + 20
        while old.connects < 3 and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        assert "r1" not in toggle_server.rodents
        assert toggle_server.calls == []


# Sessions


def test_sessions_do_not_see_each_other(toggle_server):
    sessions = [toggle_server.session() for _ in range(4)]
    for number, session in enumerate(sessions):
        batch = EventBatch(batch_id=f"b{number}").SerializeToString()
        with EventClient(target=session.address, jwt=session.jwt(rid="r1")) as client:
            assert status(client, batch) is Status.OK
    for number, session in enumerate(sessions):
        assert [batch.batch_id for batch in session.batches] == [f"b{number}"]
        assert len(session.calls) == 1
    sessions[0].clear()
    assert sessions[0].calls == []
    assert len(sessions[1].calls) == 1
    assert len(toggle_server.calls) == 4


def test_a_session_fails_for_itself(toggle_server):
    mine, other = toggle_server.session(), toggle_server.session()
    tokens = {"mine": mine.jwt(), "other": other.jwt()}
    with mine.faults.failing(Code.UNAVAILABLE):
        for name, expected in (("mine", Status.UNAVAILABLE), ("other", Status.OK)):
            with EventClient(target=mine.address, jwt=tokens[name]) as client:
                assert status(client) is expected
    with mine:
        mine.on_send_events.always(Code.ABORTED)
    with EventClient(target=mine.address, jwt=tokens["mine"]) as client:
        assert status(client) is Status.OK


def test_a_session_heals_nobody_elses_faults(toggle_server):
    mine, other = toggle_server.session(), toggle_server.session()
    mine.on_send_events.always(Code.ABORTED)
    other.on_send_events.always(Code.ABORTED)
    toggle_server.on_send_events.always(Code.ABORTED, rid="r3")
    mine.heal()
    assert sent(mine, pools("tank")) == "OK"
    assert sent(other, pools("tank")) == "ABORTED"
    assert sent(toggle_server, pools("tank"), rid="r3") == "ABORTED"


def test_a_session_heals_its_own_faults_of_connections_only(toggle_server):
    with (
        toggle_server.session(own_port=True) as mine,
        toggle_server.session(own_port=True) as other,
    ):
        mine.faults.refuse()
        other.faults.refuse()
        mine.heal()
        assert sent(mine, pools("tank")) == "OK"
        assert sent(other, pools("tank")) == "UNAVAILABLE"
        toggle_server.heal()
        assert sent(other, pools("tank")) == "OK"


def test_a_session_has_its_own_rodents(toggle_server):
    mine, other = toggle_server.session(), toggle_server.session()
    with (
        SimulatedRodent(mine.address, mine.jwt(rid="same"), pace=0.001) as first,
        SimulatedRodent(other.address, other.jwt(rid="same"), pace=0.001) as second,
    ):
        first.commands["who"] = lambda _payload: "first"
        second.commands["who"] = lambda _payload: "second"
        assert mine.rodents["same"].command("who").payload == "first"
        assert other.rodents["same"].command("who").payload == "second"
        assert len(mine.rodents) == 1


def test_a_session_of_one_rodent_makes_its_tokens_and_names_its_scope(toggle_server):
    session = toggle_server.session(rid="r9")
    with EventClient(target=session.address, jwt=session.jwt()) as client:
        assert status(client) is Status.OK
    assert session.calls[0].rid == "r9"
    with pytest.raises(NotReceivedError, match="scope: rid r9"):
        session.wait_for(POOL, timeout=0.01)
