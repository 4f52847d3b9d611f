"""The mock Toggle as a client meets it."""

import asyncio
import socket
import struct
import threading
from contextlib import ExitStack

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from msgspec import structs
from support.raw_rodent import bearer

from rodent_events import (
    Acknowledgement,
    Event,
    EventBatch,
    EventBatchResponse,
    EventBus,
    EventClient,
    RegisterRequest,
    RegisterResponse,
    RodentRequest,
    StoragePoolPayload,
    StorageTransferPayload,
    SystemInfo,
)
from rodent_events.client import SEND_EVENTS
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from rodent_events.retry_policy import Status
from toggle_mock import NotReceivedError, ToggleServer, Tokens, UnexpectedEventError
from toggle_mock.recording.records import MESSAGES

Code = grpc.StatusCode


def batch(*payloads: StorageTransferPayload, batch_id: str = "b1") -> EventBatch:
    result = EventBatch(batch_id=batch_id, batch_timestamp=1)
    for number, payload in enumerate(payloads):
        event = result.events.add(event_id=f"e{number}", level=1, category=2, source="test")
        event.storage_event.transfer_event.CopyFrom(payload)
    return result


TRANSFER = StorageTransferPayload(source="tank/a", destination="backup/a", size_bytes=7)


class Decoder:
    """Stands for a message class, and counts how often something is decoded."""

    DESCRIPTOR = EventBatch.DESCRIPTOR

    def __init__(self) -> None:
        self.count = 0

    def FromString(self, raw: bytes) -> EventBatch:  # noqa: N802 - protobuf's name
        self.count += 1
        return EventBatch.FromString(raw)


def test_a_batch_is_decoded_once(toggle_server, channel, bearer, monkeypatch):
    decoder = Decoder()
    monkeypatch.setitem(MESSAGES, "SendEvents", (decoder, EventBatchResponse))
    monkeypatch.setattr("toggle_mock.recording.decoded.EventBatch", decoder)
    stub = RodentServiceStub(channel)
    toggle_server.on_send_events.always(Code.OK, matching="size_bytes:7")
    for number in range(3):
        stub.SendEvents(batch(TRANSFER, TRANSFER, batch_id=f"b{number}"), metadata=bearer)
    for _ in range(2):
        toggle_server.assert_received("source:test", count=6)
        toggle_server.assert_only("payload:transfer size_bytes:7")
        assert [event.level for event in toggle_server.events] == ["INFO"] * 6
    assert toggle_server.events.under("2025-12-09")[0].event_id == "e0"
    assert decoder.count == 3


def test_send_events_is_recorded_as_it_arrived(toggle_server, channel, bearer):
    sent = batch(TRANSFER)
    response = RodentServiceStub(channel).SendEvents(sent, metadata=bearer)
    assert response.success
    (call,), (recorded,) = toggle_server.calls, toggle_server.batches
    assert (call.method, call.status) == ("SendEvents", "OK")
    assert call.claims["rid"] == "r7"
    assert call.claims["sub"] == "o7"
    assert call.claims["prv"] is True
    assert call.peer.startswith("ipv4:127.0.0.1:")
    assert recorded.raw == sent.SerializeToString()
    assert recorded.message == sent
    assert recorded.batch_id == "b1"
    (event,) = toggle_server.events
    assert (event.event_id, event.level, event.category) == ("e0", "INFO", "STORAGE")
    assert event.payload == TRANSFER


def test_unknown_fields_are_kept(toggle_server, channel, bearer):
    unknown = batch(TRANSFER).SerializeToString() + b"\xfa\x3f\x03new"
    send = channel.unary_unary("/rodent.RodentService/SendEvents")
    send(unknown, metadata=bearer)
    assert toggle_server.batches[0].raw == unknown
    assert len(toggle_server.events) == 1


def test_unknown_fields_are_seen(toggle_server, channel, bearer):
    import json

    from toggle_mock.recording.text import as_line, as_object

    new = StorageTransferPayload.FromString(TRANSFER.SerializeToString() + b"\xfa\x3f\x03new")
    RodentServiceStub(channel).SendEvents(batch(new), metadata=bearer)
    (event,) = toggle_server.events
    (unknown,) = event.unknown_fields
    assert (unknown.path, unknown.value) == ("storage_event.transfer_event.1023", b"new")
    assert "?storage_event.transfer_event.1023=b'new'" in as_line(event)
    assert json.loads(json.dumps(as_object(event)))["unknown_fields"] == {
        "storage_event.transfer_event.1023": b"new".hex()
    }


def test_events_are_found_wherever_they_stand_in_the_bytes(toggle_server, channel, bearer):
    first, second = (batch(TRANSFER, batch_id=name).SerializeToString() for name in ("x", "y"))
    channel.unary_unary("/rodent.RodentService/SendEvents")(first + second, metadata=bearer)
    assert len(toggle_server.events) == 2
    assert toggle_server.batches[0].batch_id == "y"


@pytest.mark.parametrize(
    ("metadata", "details"),
    [
        ((), "authorization is missing"),
        ((("authorization", ""),), "another scheme"),
        ((("authorization", "Basic abc"),), "another scheme"),
        ((("authorization", "bearer a.b.c"),), "another scheme"),
        ((("authorization", "Bearer "),), "no JWT"),
        ((("authorization", "Bearer not-a-jwt"),), "no JWT"),
        ((("authorization", "Bearer a.b.c"),), "no JWT"),
        ((("authorization", "Bearer e30.W10.x"),), "no JWT"),
        ((("authorization", "Bearer x"), ("authorization", "Bearer y")), "stands 2 times"),
    ],
)
@pytest.mark.parametrize("method", ["SendEvents", "Register"])
def test_no_or_malformed_tokens_are_unauthenticated_and_nothing_is_taken(
    toggle_server, channel, method, metadata, details
):
    call = channel.unary_unary(f"/rodent.RodentService/{method}")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", metadata=metadata)
    assert caught.value.code() is Code.UNAUTHENTICATED
    assert details in caught.value.details()
    (recorded,) = toggle_server.calls
    assert (recorded.status, recorded.claims) == ("UNAUTHENTICATED", {})
    assert toggle_server.batches == []


def test_no_token_on_connect_is_unauthenticated(channel, toggle_server):
    with pytest.raises(grpc.RpcError) as caught:
        next(RodentServiceStub(channel).Connect(iter(())))
    assert caught.value.code() is Code.UNAUTHENTICATED


def test_tokens_are_never_recorded(toggle_server, channel, bearer):
    RodentServiceStub(channel).SendEvents(batch(), metadata=(*bearer, ("x-trace", "t1")))
    (call,) = toggle_server.calls
    assert dict(call.metadata)["authorization"] == "[redacted]"
    assert dict(call.metadata)["x-trace"] == "t1"
    assert bearer[0][1].removeprefix("Bearer ") not in repr(structs.asdict(call))


def test_garbage_is_refused_as_by_grpc_and_recorded(toggle_server, channel, bearer):
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/rodent.RodentService/SendEvents")(b"\x0a\x7f", metadata=bearer)
    assert caught.value.code() is Code.INTERNAL
    assert "no rodent.EventBatch" in caught.value.details()
    (call,) = toggle_server.calls
    assert (call.status, call.requests) == ("INTERNAL", [b"\x0a\x7f"])
    assert toggle_server.events[:] == []


def test_the_rodents_register_succeeds_as_it_is_on_the_wire(toggle_server, channel, bearer):
    request = RegisterRequest(system_info=SystemInfo())
    assert request.SerializeToString() == b"\x0a\x00"
    response = RodentServiceStub(channel).Register(request, metadata=bearer)
    assert response.success
    assert response == RegisterResponse(success=True, message=response.message)
    assert toggle_server.calls[0].requests == [b"\x0a\x00"]


def test_connect_stays_open_and_is_recorded_message_by_message(
    toggle_server, channel, bearer, wait_until
):
    proceed = threading.Event()
    first = RodentRequest(request_id="1", ack=Acknowledgement(success=True))

    def requests():
        yield first
        proceed.wait(30)

    stream = RodentServiceStub(channel).Connect(requests(), metadata=bearer)
    wait_until(lambda: toggle_server.calls and toggle_server.calls[0].messages)
    (call,) = toggle_server.calls
    assert call.requests == [first.SerializeToString()]
    assert call.status is None
    proceed.set()
    assert list(stream) == []
    wait_until(lambda: call.status == "OK")


def test_a_message_beyond_the_limit_is_told_as_too_large(make_toggle_server):
    server = make_toggle_server(max_message_bytes=1000)
    with EventClient(target=server.address, jwt=server.jwt()) as client:
        small, large = b"\x1a\x01x", b"\x1a\xd0\x0f" + b"x" * 2000
        assert client.send_batch(small).status is Status.OK
        outcome = client.send_batch(large)
        assert outcome.status is Status.RESOURCE_EXHAUSTED
        assert outcome.too_large


def test_the_server_and_its_service_are_healthy(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ("", "rodent.RodentService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_the_services(channel):
    services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert set(services) == {
        "rodent.RodentService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


def test_wait_for_wakes_on_arrival(toggle_server, event_bus):
    emitting = threading.Timer(0.05, lambda: event_bus.emit(TRANSFER))
    emitting.start()
    (event,) = toggle_server.wait_for(StorageTransferPayload(source="tank/a"), timeout=30)
    assert event.payload == TRANSFER
    emitting.join()


def test_wait_for_takes_counts_and_all_kinds_of_matchers(toggle_server, event_bus):
    for number in range(3):
        event_bus.emit(StorageTransferPayload(size_bytes=number), metadata={"n": str(number)})
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    assert len(toggle_server.wait_for(StorageTransferPayload, count=3)) == 3
    assert len(toggle_server.wait_for(count=4)) == 4
    assert len(toggle_server.wait_for(lambda event: event.metadata.get("n") == "2")) == 1
    with pytest.raises(TypeError, match="a matcher is"):
        toggle_server.wait_for(5)


def test_a_miss_explains_itself(toggle_server, event_bus):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    event_bus.emit(StorageTransferPayload(source="tank/b", size_bytes=7))
    toggle_server.wait_for(count=2)
    with pytest.raises(NotReceivedError) as caught:
        toggle_server.wait_for(TRANSFER, timeout=0.01)
    text = str(caught.value)
    assert "waited 0.01 s for 1 event that matches, received 0" in text
    assert "source: wanted 'tank/a', got 'tank/b'" in text
    assert "destination: wanted 'backup/a', got ''" in text
    assert text.index("destination: wanted") < text.index("is StoragePoolPayload")


def test_a_miss_tells_what_was_refused(toggle_server, channel):
    with pytest.raises(grpc.RpcError):
        channel.unary_unary("/rodent.RodentService/SendEvents")(b"")
    with pytest.raises(NotReceivedError, match="SendEvents: UNAUTHENTICATED: author"):
        toggle_server.wait_for(timeout=0.01)


def test_events_behave_as_a_sequence(toggle_server, channel, bearer):
    stub = RodentServiceStub(channel)
    for name in ("x", "y"):
        stub.SendEvents(batch(TRANSFER, TRANSFER, TRANSFER, batch_id=name), metadata=bearer)
    stub.SendEvents(batch(batch_id="empty"), metadata=bearer)
    events = toggle_server.events
    assert len(events) == 6
    assert [event.event_id for event in events] == ["e0", "e1", "e2"] * 2
    assert events[-1].event_id == "e2"
    assert [event.batch.batch_id for event in events[2:4]] == ["x", "y"]
    for position in (6, -7):
        with pytest.raises(IndexError):
            events[position]


def test_clear_forgets_everything(toggle_server, channel, bearer):
    RodentServiceStub(channel).SendEvents(batch(TRANSFER), metadata=bearer)
    toggle_server.clear()
    assert toggle_server.calls == toggle_server.batches == []
    assert len(toggle_server.events) == 0


async def test_it_runs_and_waits_in_asyncio(tmp_path):
    async with ToggleServer() as toggle:
        bus = EventBus(target=toggle.address, jwt=toggle.jwt(), events_dir=tmp_path)
        async with bus:
            waiting = asyncio.create_task(toggle.aio.wait_for(TRANSFER, timeout=30))
            bus.emit(TRANSFER)
            assert await bus.flush_async()
            (event,) = await waiting
            assert event.payload == TRANSFER


def test_it_begins_and_ends_in_trio_and_waits_there():
    trio = pytest.importorskip("trio", reason="Trio is not installed")

    async def program():
        async with ToggleServer() as toggle:
            assert toggle.serving
            with trio.move_on_after(0.01) as scope:
                await toggle.aio.wait_for(TRANSFER)
            assert scope.cancelled_caught
        assert not toggle.serving

    trio.run(program)


async def test_it_begins_and_ends_without_a_thread_of_the_loop_s_executor():
    loop = asyncio.get_running_loop()
    await loop.shutdown_default_executor()
    async with ToggleServer() as toggle:
        assert await toggle.aio.assert_received(TRANSFER, count=0) == []


def outcome_of(function, *arguments, **more):
    try:
        return function(*arguments, **more)
    except (NotReceivedError, UnexpectedEventError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    ("name", "arguments", "more"),
    [
        ("wait_for", [TRANSFER], {"count": 2}),
        ("wait_for", ["event_id:none"], {"timeout": 0.01}),
        ("wait_for", [TRANSFER], {"count": 3, "timeout": 0.02}),
        ("wait_for_sequence", [TRANSFER, TRANSFER], {}),
        ("wait_for_sequence", [TRANSFER, "event_id:none"], {"timeout": 0.01}),
        ("wait_for_call", ["SendEvents"], {"status": "OK"}),
        ("wait_for_call", ["Register"], {"timeout": 0.01}),
        ("wait_for_call", [], {"status": "ABORTED", "timeout": 0.02}),
        ("wait_for_call", ["SendEvents"], {"count": 3, "timeout": 0.01}),
        ("assert_received", [TRANSFER], {"count": 2}),
        ("assert_received", [TRANSFER], {"count": 1}),
        ("assert_received", ["event_id:none"], {"timeout": 0.01}),
        ("assert_not_received", ["event_id:none"], {}),
        ("assert_not_received", [TRANSFER], {}),
    ],
)
async def test_what_waits_for_asyncio_means_what_it_is_asked(
    toggle_server, channel, bearer, name, arguments, more
):
    for number in range(2):
        one = batch(TRANSFER, batch_id=f"b{number}")
        await asyncio.to_thread(RodentServiceStub(channel).SendEvents, one, metadata=bearer)
    expected = outcome_of(getattr(toggle_server, name), *arguments, **more)
    try:
        got = await getattr(toggle_server.aio, name)(*arguments, **more)
    except (NotReceivedError, UnexpectedEventError) as error:
        got = type(error), str(error)
    assert repr(got) == repr(expected)


async def test_that_nothing_comes_for_a_while_is_awaited_too(toggle_server, channel, bearer):
    send = RodentServiceStub(channel).SendEvents
    waiting = asyncio.create_task(toggle_server.aio.assert_not_received(TRANSFER, within=30))
    await asyncio.to_thread(send, batch(TRANSFER), metadata=bearer)
    with pytest.raises(UnexpectedEventError):
        await waiting


async def test_a_grpc_aio_client_in_the_tests_own_loop(toggle_server):
    async with grpc.aio.insecure_channel(toggle_server.address) as channel:
        stub = RodentServiceStub(channel)
        metadata = bearer(toggle_server.jwt())
        response: EventBatchResponse = await stub.SendEvents(batch(TRANSFER), metadata=metadata)
    assert response.success
    assert len(toggle_server.events) == 1


def test_a_port_in_use_is_an_error_that_names_it(toggle_server):
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{toggle_server.port}"):
        ToggleServer(port=toggle_server.port).start()


def test_it_starts_once_at_a_time_and_again_after_a_stop(tmp_path):
    server = ToggleServer()
    server.stop()
    server.start()
    with pytest.raises(RuntimeError, match="runs already"):
        server.start()
    port = server.port
    with EventBus(target=server.address, jwt=server.jwt(), events_dir=tmp_path) as bus:
        bus.emit(TRANSFER)
        assert bus.flush()
    server.stop()
    server.stop()
    assert server.port == port
    assert len(server.events) == 1
    with server:
        assert server.port == port


def test_many_threads_may_stop_it_at_once():
    server = ToggleServer().start()
    threads = [threading.Thread(target=server.stop) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_wait_for_ends_at_its_timeout_amid_traffic(toggle_server, channel, bearer):
    stub, stop = RodentServiceStub(channel), threading.Event()

    def send():
        while not stop.is_set():
            stub.SendEvents(batch(TRANSFER), metadata=bearer)

    sender = threading.Thread(target=send)
    sender.start()
    waited = []

    def wait():
        with pytest.raises(NotReceivedError):
            toggle_server.wait_for(lambda _event: stop.wait(0.01) and False, timeout=0.2)
        waited.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join(20)
    stop.set()
    sender.join()
    assert waited


@pytest.mark.parametrize("odd", [b"\xa3\x06\xa4\x06", b"\x08\x05"])
def test_fields_of_another_kind_do_not_hide_events(toggle_server, channel, bearer, odd):
    content = odd + batch(TRANSFER).SerializeToString()
    channel.unary_unary("/rodent.RodentService/SendEvents")(content, metadata=bearer)
    assert [event.event_id for event in toggle_server.events] == ["e0"]
    assert len(toggle_server.wait_for(TRANSFER)) == 1


def test_to_wait_for_less_than_one_is_a_mistake(toggle_server):
    with pytest.raises(ValueError, match="count is 0: give a whole number of 1 or more"):
        toggle_server.wait_for(count=0)


class HeldTokens(Tokens):
    """Hold up the event loop of their server, from the first call on until they are to go on."""

    def __init__(self):
        super().__init__()
        self.asked, self.go_on = threading.Event(), threading.Event()

    def verified(self, *call):
        self.asked.set()
        assert self.go_on.wait(60)
        return super().verified(*call)


def test_calls_that_wait_are_not_cancelled_however_many(make_toggle_server):
    tokens = HeldTokens()
    toggle = make_toggle_server(tokens=tokens, relay=False)
    metadata = bearer(toggle.jwt(rid="r1"))
    with grpc.insecure_channel(toggle.address) as channel:
        send = channel.unary_unary(SEND_EVENTS)
        calls = [send.future(b"", metadata=metadata) for _ in range(2_000)]
        assert tokens.asked.wait(60)
        tokens.go_on.set()
        assert {call.code() for call in calls} == {Code.OK}


def test_connections_of_a_storm_wait_in_a_queue_as_long_as_the_kernel_lets_it_be(
    make_toggle_server,
):
    tokens = HeldTokens()
    toggle = make_toggle_server(tokens=tokens, relay=True)
    host, _, port = toggle.address.rpartition(":")
    metadata = bearer(toggle.jwt(rid="r1"))
    with grpc.insecure_channel(toggle.address) as channel, ExitStack() as storm:
        call = channel.unary_unary(SEND_EVENTS).future(b"", metadata=metadata)
        assert tokens.asked.wait(60)
        try:
            for _ in range(120):  # each has its place, where asyncio alone would have 100 of them
                storm.enter_context(socket.create_connection((host, int(port)), timeout=0.5))
        finally:
            tokens.go_on.set()
        assert call.code() is Code.OK


@pytest.mark.parametrize("port", [-5, 70_000])
def test_a_port_out_of_range_is_told(port):
    with pytest.raises(ValueError, match=f"port is {port}: give a number from 0 to 65535"):
        ToggleServer(port=port)


# Keepalive. A Rodent pings each 40 s, also without calls; a default server takes that for abuse and
# drops the stream. Here the same happens with 100 times shorter times.

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, PING, GOAWAY, ACK = 4, 6, 7, 1


def frame(kind: int, payload: bytes = b"", flags: int = 0) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + bytes(4) + payload


def read_frame(stream) -> tuple[int, int, bytes]:
    header = stream.read(9)
    if len(header) < 9:
        raise EOFError
    payload = stream.read(int.from_bytes(header[:3], "big"))
    return header[3], header[4], payload


def ping_idle_connection(address: str, *, pings: int, pause: float) -> int:
    """Ping on a connection without calls; the number of answers before a GOAWAY."""
    host, _, port = address.rpartition(":")
    answers = 0
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        stream = connection.makefile("rb")
        connection.sendall(PREFACE + frame(SETTINGS))
        for number in range(pings):
            threading.Event().wait(pause)
            connection.sendall(frame(PING, number.to_bytes(8, "big")))
            while True:
                kind, flags, _payload = read_frame(stream)
                if kind == GOAWAY:
                    return answers
                if kind == PING and flags & ACK:
                    answers += 1
                    break
    return answers


def test_a_rodents_keepalive_is_permitted(make_toggle_server):
    server = make_toggle_server(ping_interval=0.1)
    assert ping_idle_connection(server.address, pings=8, pause=0.4) == 8


def test_the_default_allows_pings_each_10_s(make_toggle_server, monkeypatch):
    given, real_server = [], grpc.aio.server

    def server(*, options):
        given.extend(options)
        return real_server(options=options)

    monkeypatch.setattr(grpc.aio, "server", server)
    make_toggle_server()
    options = dict(given)
    assert options["grpc.keepalive_permit_without_calls"] == 1
    assert options["grpc.http2.min_ping_interval_without_data_ms"] < 10_000


def test_a_default_grpc_server_drops_such_a_connection(scripted_toggle):
    assert ping_idle_connection(scripted_toggle.address, pings=8, pause=0.4) < 8


def test_recorded_events_are_typed_as_events(toggle_server, channel, bearer):
    RodentServiceStub(channel).SendEvents(EventBatch(events=[Event()]), metadata=bearer)
    (event,) = toggle_server.events
    assert event.payload is None
    assert event.payload_type == ""
    assert repr(event) == "<RecordedEvent  UNSPECIFIED UNSPECIFIED no payload>"
